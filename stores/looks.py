"""Looks (一瞥): single statements on an SQLite file by its own driver, and whether anything moved.

A connection a thread that never writes, so that its counter of other people's commits tells of
every commit there is. Two microseconds say that nothing moved, where a statement through the ORM
costs a hundred. Knows no table.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

from kernel.errors import Overloaded
from stores import caches
from stores.busy import is_lost

_opened = count(1)
_PRAGMAS = "busy_timeout=5000", caches.EACH, caches.ALL, "mmap_size=2147418112", "query_only=on"
_HURRIED = 150_000
"""Steps of SQLite's machine that a hurried look may take: at most five milliseconds."""


class TooLong(BaseException):
    """A look that was hurried took too long and was broken off: to be asked again elsewhere.

    Nobody's error, so that nobody who notes errors on the way takes it for an answer.
    """


class _Here(threading.local):
    """One thread's connection, and what it knows of it."""

    connection: sqlite3.Connection | None = None
    number = 0
    held: int | None = None
    told: dict[tuple[str, tuple[Any, ...]], list[Any]] | None = None
    """In a snapshot: what was answered in it already."""
    hurried = False
    halves = 0


class Looks:
    """One file, looked at by many threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._here = _Here()
        self._connections: list[sqlite3.Connection] = []
        self.heard: Callable[[str], None] | None = None
        """Is told every statement, for whoever counts them."""

    def rows(
        self,
        statement: str,
        values: Sequence[Any] = (),
        through: sqlite3.Connection | None = None,
    ) -> list[Any]:
        """The rows of one statement, which is a snapshot by itself; or asked through a connection
        in whose transaction somebody is."""
        here = self._here
        if through is None and here.told is not None:
            asked = (statement, tuple(values))
            if asked not in here.told:
                here.told[asked] = self._heard(statement, values)
            return here.told[asked]
        return self._heard(statement, values, through)

    def _heard(
        self,
        statement: str,
        values: Sequence[Any],
        through: sqlite3.Connection | None = None,
    ) -> list[Any]:
        if self.heard is not None:
            self.heard(statement)
        return self._asked(statement, values, through)

    def stamp(self) -> int:
        """Another number after every commit, for this thread; as long as it is the same, so is
        everything in the file."""
        held = self._here.held
        if held is not None:
            return held
        ((told,),) = self._asked("pragma data_version", ())
        number: int = self._here.number + told
        return number

    def hold(self) -> int:
        """Ask this thread's stamp once for everything up to `let_go`: who answers one request
        without waiting may take it that nothing was committed meanwhile."""
        self._here.held = None
        number: int = self.stamp()
        self._here.held = number
        return number

    def let_go(self) -> None:
        self._here.held = None

    def held(self) -> AbstractContextManager[None]:
        """The same for a block; within another it is that one's."""
        return nullcontext() if self._here.held is not None else self._held()

    @contextmanager
    def _held(self) -> Iterator[None]:
        self.hold()
        try:
            yield
        finally:
            self.let_go()

    def snapshot(self) -> AbstractContextManager[None]:
        """In a block all looks of this thread are of one moment, which spares each of them to ask
        the file for it, and what is asked twice is answered once. Its rows are not to be changed.
        Within another it is that one's."""
        return nullcontext() if self._here.told is not None else self._snapshot()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        here = self._here
        with self.held():
            connection = here.connection or self._connection()
            connection.execute("BEGIN")
            here.told = {}
            try:
                yield
            finally:
                here.told = None
                connection.execute("COMMIT")

    def moved(self, stamp: int) -> bool:
        """Was anything committed since this thread was told this stamp? Asks anew, in any case."""
        held, self._here.held = self._here.held, None
        try:
            return self.stamp() != stamp
        finally:
            self._here.held = held

    def _asked(
        self, statement: str, values: Sequence[Any], through: sqlite3.Connection | None = None
    ) -> list[Any]:
        here = self._here
        here.halves = 0
        try:
            asked = through or here.connection or self._connection()
            return asked.execute(statement, values).fetchall()
        except sqlite3.OperationalError as refused:
            if "interrupted" in str(refused):
                raise TooLong from None
            if is_lost(refused) and "readonly" not in str(refused):  # a look that writes is a fault
                raise Overloaded("store_is_unavailable", seconds=5) from refused
            if "locked" not in str(refused):
                raise
            raise Overloaded("records_are_busy", seconds=1) from refused

    def hurry(self, steps: int = _HURRIED) -> None:
        """From now on this thread, which others wait for, breaks off every look that takes long.

        SQLite counts the steps of a statement over all its looks, so the first half of what is
        allowed may be over at once: the second is this look's own.
        """
        self._here.hurried = True
        self._connection().set_progress_handler(self._another_half, max(1, steps // 2))

    def _another_half(self) -> bool:
        self._here.halves += 1
        return bool(self._here.halves > 1)

    @property
    def hurried(self) -> bool:
        return self._here.hurried

    def close(self) -> None:
        """The next look opens a new connection."""
        while self._connections:
            self._connections.pop().close()
        self._here = _Here()

    def _connection(self) -> sqlite3.Connection:
        kept = self._here.connection
        if kept is None:
            kept = sqlite3.connect(
                Path(self._path).absolute().as_uri(),
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=64,
            )
            try:
                for pragma in _PRAGMAS:
                    kept.execute(f"pragma {pragma}")
            except sqlite3.Error:
                kept.close()
                raise
            self._here.connection = kept
            self._here.number = next(_opened) << 40  # numbers of two connections never meet
            self._connections.append(kept)
        return kept
