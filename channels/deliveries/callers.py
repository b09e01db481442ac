"""Callers (并行呼叫): threads that make calls to platforms side by side. Knows no delivery.

They are daemons, so that a platform that hangs does not keep a process that is told to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Told = TypeVar("Told")

_TOGETHER = 0.005
"""Seconds that an answer waits for those that come right behind it."""


class Callers(Generic[Told]):
    """As many as were ever needed at once."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._came: SimpleQueue[tuple[Told | None, BaseException | None]] = SimpleQueue()
        self._owed = 0

    def begin(self, call: Callable[[], Told]) -> None:
        """Make a call that nobody waits for: `come` tells of it, whenever that may be."""
        self._owed += 1
        self._begin(_carried(call, self._came))

    def come(self, patience: float) -> list[Told]:
        """What begun calls have come to since somebody asked last; waits so many seconds for the
        first, if there is one to wait for. A call that failed raises here, once all that came
        before or with it was told."""
        if not self._owed:
            return []
        try:
            group = [self._came.get(timeout=patience)]
        except Empty:
            return []
        while not self._came.empty():
            group.append(self._came.get())
        told = [each for each, _ in group if each is not None]
        failures = [lost for _, lost in group if lost is not None]
        later = failures if told else failures[1:]
        for lost in later:
            self._came.put((None, lost))
        self._owed -= len(group) - len(later)
        if failures and not told:
            raise failures[0]
        return told

    def answers(self, calls: Sequence[Callable[[], Told]]) -> Iterator[list[Told]]:
        """What the calls come to, in the groups in which they do. A call that fails raises here,
        after all the others have been told."""
        if len(calls) == 1:
            yield [calls[0]()]
            return
        done: SimpleQueue[tuple[Told | None, BaseException | None]] = SimpleQueue()
        for call in calls:
            self._begin(_carried(call, done))
        failure, left = None, len(calls)
        while left:
            group = _group(done, left)
            left -= len(group)
            failure = next((lost for _, lost in group if lost), failure)
            if told := [each for each, lost in group if lost is None and each is not None]:
                yield told
        if failure is not None:
            raise failure

    def _begin(self, work: Callable[[], None]) -> None:
        self._work.put(work)
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve, name="caller", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._work.get()()
            self._idle.release()


def _carried(
    call: Callable[[], Told], done: SimpleQueue[tuple[Told | None, BaseException | None]]
) -> Callable[[], None]:
    def work() -> None:
        try:
            done.put((call(), None))
        except BaseException as failure:  # noqa: BLE001 — raised again where the call was asked for
            done.put((None, failure))

    return work


def _group(
    done: SimpleQueue[tuple[Told | None, BaseException | None]], most: int
) -> list[tuple[Told | None, BaseException | None]]:
    """The next that come, and those right behind them."""
    group = [done.get()]
    while len(group) < most:
        try:
            group.append(done.get(timeout=_TOGETHER))
        except Empty:
            break
    return group
