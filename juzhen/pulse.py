"""The pulse (脉搏): tells the worker's lanes that something was committed, so none asks in vain.

One thread looks, in microseconds, whether a store moved; the lanes sleep until it did. Knows no
duty and no table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence

Stir = Callable[[], Hashable]
"""Another answer after every commit of one store."""


class Pulse:
    """Counts how often anything moved."""

    def __init__(self, stirs: Sequence[Stir] = ()) -> None:
        self._stirs = stirs
        self._seen: tuple[Hashable, ...] = ()
        self._beats = 0
        self._moved = threading.Condition()

    def still(self, since: int) -> bool:
        """Is it certain that nothing moved since then? Never, if no store is listened to."""
        return bool(self._stirs) and self._beats == since

    @property
    def beats(self) -> int:
        return self._beats

    def listen(self) -> None:
        """Look whether a store moved. Always from the same thread."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            self.beat()

    def absorb(self) -> None:
        """What was committed just now was our own, and nobody needs to look for it."""
        self._seen = self._look()

    def beat(self) -> None:
        """Something moved."""
        with self._moved:
            self._beats += 1
            self._moved.notify_all()

    def wait(self, since: int, seconds: float) -> None:
        """Sleep until it beats again, but no longer."""
        with self._moved:
            self._moved.wait_for(lambda: self._beats != since, seconds)

    def _look(self) -> tuple[Hashable, ...]:
        return tuple(stir() for stir in self._stirs)
