"""Turns (轮流): of some threads one computes at a time; who waits lets the next one in.

More than one that computes only fight over the interpreter, and one that waits for a disk keeps
nobody from computing. Who comes back from waiting is nearly done, and goes first. A task is taken
only by who has the turn, so tasks are begun in order, and nobody is woken for what he may not do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

Task = Callable[[], None]


class _Here(threading.local):
    turns: Turns | None = None


_here = _Here()


class Turns:
    """Some threads, and the turn of one of them. A task raises nothing."""

    def __init__(self, threads: int, name: str) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._changed = threading.Condition(threading.Lock())
        self._taken = False
        self.coming_back = 0
        """How many have waited and want their turn again."""
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}_{number}", daemon=True)
            for number in range(threads)
        ]
        self._started = False

    def do(self, task: Task) -> None:
        """Have it done after those before it. Asked from one thread only."""
        if not self._started:
            self._started = True
            for each in self._threads:
                each.start()
        self._tasks.put(task)

    def close(self) -> None:
        """Wait for what is to be done."""
        if self._started:
            for _ in self._threads:
                self._tasks.put(None)
            for each in self._threads:
                each.join()

    def _work(self) -> None:
        _here.turns = self
        self._take(back=False)
        try:
            while (task := self._tasks.get()) is not None:
                task()
                if self.coming_back:
                    self._give()
                    self._take(back=False)
        finally:
            self._give()

    def _take(self, *, back: bool) -> None:
        with self._changed:
            self.coming_back += back
            if back and self._taken:
                self._tasks.put(_nothing)  # who has the turn may be waiting for a task
            self._changed.wait_for(lambda: not self._taken and (back or not self.coming_back))
            self.coming_back -= back
            self._taken = True

    def _give(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """In this block it is anybody else's."""
        self._give()
        try:
            yield
        finally:
            self._take(back=True)


def _nothing() -> None:
    pass


@contextmanager
def waiting() -> Iterator[None]:
    """This thread waits for something else now: if it has a turn, another may have it."""
    turns = _here.turns
    if turns is None:
        yield
        return
    with turns.lent():
        yield
