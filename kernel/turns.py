"""Turns (轮流): of some threads one computes at a time; who waits lets the next one in.

More than one that computes only fight over the interpreter, and one that waits for a disk keeps
nobody from computing. Who comes back from waiting is nearly done, and goes first. A task is taken
only by who has the turn, so tasks are begun in order, and nobody is woken for what he may not do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Task = Callable[[], None]


class _Seat:
    """Where one thread waits: for a task while it is idle, for its turn when it comes back."""

    __slots__ = ("_bell", "task")

    def __init__(self) -> None:
        self._bell = threading.Lock()
        self._bell.acquire()
        self.task: Task | None = None

    def wait(self) -> None:
        self._bell.acquire()

    def rouse(self) -> None:
        self._bell.release()


class _Here(threading.local):
    turns: Turns | None = None
    seat: _Seat


_here = _Here()


class Turns:
    """Some threads, and the turn of one of them. A task raises nothing."""

    def __init__(self, threads: int, name: str) -> None:
        self._changing = threading.Lock()
        self._tasks: deque[Task] = deque()
        self._idle: list[_Seat] = []
        """The last to become idle is roused first: it knows most of what the next one asks."""
        self._back: deque[_Seat] = deque()
        self._taken = self._closing = self._started = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}_{number}", daemon=True)
            for number in range(threads)
        ]

    def do(self, task: Task) -> None:
        """Have it done after those before it. Asked from one thread only."""
        if not self._started:
            self._started = True
            for each in self._threads:
                each.start()
        with self._changing:
            self._tasks.append(task)
            if not self._taken:
                self._give()

    def close(self) -> None:
        """Wait for what is to be done."""
        with self._changing:
            self._closing = True
            self._dismiss()
        if self._started:
            for each in self._threads:
                each.join()

    def _work(self) -> None:
        seat = _Seat()
        _here.turns, _here.seat = self, seat
        while (task := self._task(seat)) is not None:
            while task is not None:
                task()
                task = self._another()

    def _another(self) -> Task | None:
        """The next task for who has the turn, so that nobody is roused; none gives the turn on."""
        with self._changing:
            if self._tasks and not self._back:
                return self._tasks.popleft()
            self._give()
            return None

    def _task(self, seat: _Seat) -> Task | None:
        """Wait for a task, and the turn with it. None at the end."""
        with self._changing:
            if self._tasks and not self._taken:
                self._taken = True
                return self._tasks.popleft()
            if self._closing and not self._tasks:
                return None
            seat.task = None
            self._idle.append(seat)
        seat.wait()
        return seat.task

    def _give(self) -> None:
        """The turn is his who comes back, else his who can begin a task; or it is nobody's."""
        self._taken = bool(self._back or (self._tasks and self._idle))
        if self._back:
            self._back.popleft().rouse()
        elif self._taken:
            seat = self._idle.pop()
            seat.task = self._tasks.popleft()
            seat.rouse()
        self._dismiss()

    def _dismiss(self) -> None:
        """At the end those may go for whom nothing is left to begin."""
        while self._closing and self._idle and not self._tasks:
            self._idle.pop().rouse()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """In this block it is anybody else's."""
        with self._changing:
            self._give()
        try:
            yield
        finally:
            self._come_back(_here.seat)

    def _come_back(self, seat: _Seat) -> None:
        with self._changing:
            if not self._taken:
                self._taken = True
                return
            self._back.append(seat)
        seat.wait()


@contextmanager
def waiting() -> Iterator[None]:
    """This thread waits for something else now: if it has a turn, another may have it."""
    turns = _here.turns
    if turns is None:
        yield
        return
    with turns.lent():
        yield
