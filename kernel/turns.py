"""Turns (轮流): of some threads one computes at a time; who waits lets the next one in.

More than one that computes only fight over the interpreter, and one that waits for a disk keeps
nobody from computing. Who comes back from waiting is nearly done, and goes first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_here = threading.local()


class Turns:
    """The turn of some threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._taken = False
        self.coming_back = 0
        """How many have waited and want their turn again."""

    @contextmanager
    def taken(self) -> Iterator[None]:
        """In this block it is this thread's turn, but for where it is `waiting`."""
        self._take(back=False)
        _here.turns = self
        try:
            yield
        finally:
            _here.turns = None
            self._give()

    def _take(self, *, back: bool) -> None:
        with self._changed:
            self.coming_back += back
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


@contextmanager
def waiting() -> Iterator[None]:
    """This thread waits for something else now: if it has a turn, another may have it."""
    turns: Turns | None = getattr(_here, "turns", None)
    if turns is None:
        yield
        return
    with turns.lent():
        yield
