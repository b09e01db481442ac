"""Sightings (瞭望): what stands on a server, asked once for everybody who waits for it.

The first question of every request is the same: is what I know still so? Whoever comes while one
is under way waits for the next, so what she is told was read after she asked. A file needs none of
this: `stores.looks` tells in microseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Seen = TypeVar("Seen")


class Sightings(Generic[Seen]):
    """One question, and a thread of its own to ask it, once somebody wants to know."""

    def __init__(self, look: Callable[[], Seen]) -> None:
        self._look = look
        self._turn = threading.Lock()
        self._coming: Future[Seen] | None = None
        self._thread = ThreadPoolExecutor(1, "sightings")

    def next(self) -> Future[Seen]:
        """The answer to a question that is asked from now on, shared with all who wait too."""
        with self._turn:
            if self._coming is None:
                self._coming = self._thread.submit(self._looked)
            return self._coming

    def _looked(self) -> Seen:
        with self._turn:
            self._coming = None  # whoever comes now might be told too early
        return self._look()

    def close(self) -> None:
        self._thread.shutdown()
