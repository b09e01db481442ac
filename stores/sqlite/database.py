"""An SQLite file of our own (数据库文件): how it is opened, read and written. No SQLAlchemy here.

For the stores that work with the driver directly; records go through `stores.records`. A
connection a thread, opened when first asked for, so that nothing crosses a fork.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.errors import Overloaded
from stores import caches
from stores.busy import is_full, no_room_left
from stores.emptying import empty
from stores.queueing import fair_turn
from stores.sqlite import packing


def connect(
    path: Path, durability: str, *, checkpoint: int = 1_000, create: bool = True
) -> sqlite3.Connection:
    """A connection that leaves transactions to us. ``power`` means: committed is fsynced.

    Without ``create`` a file that is not there raises, instead of coming back empty.
    """
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    connection.execute("pragma busy_timeout=5000")
    connection.execute("pragma journal_mode=wal")
    connection.execute(
        "pragma synchronous=full" if durability == "power" else "pragma synchronous=normal"
    )
    connection.execute(f"pragma wal_autocheckpoint={int(checkpoint)}")
    connection.execute(f"pragma {caches.EACH}")
    connection.execute(f"pragma {caches.ALL}")
    return connection


class Database:
    """One file, many readers, one writer at a time in a fair queue."""

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        durability: str = "power",
        checkpoint: int = 1_000,
        bring_up: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        """``checkpoint`` is in pages of 4 KB; ``schema`` may be run again and again, and then
        ``bring_up``, which gives a file of before what it has not."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._schema = schema
        self._durability = durability
        self._checkpoint = checkpoint
        self._bring_up = bring_up
        self._here = threading.local()
        self._opened: list[sqlite3.Connection] = []

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot. `Overloaded` when the file cannot be read now."""
        with self._transaction("begin") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. `Overloaded` when it cannot be kept now, such as on a full disk."""
        with fair_turn(str(self._path)), self._transaction("begin immediate") as connection:
            connection.execute("pragma cache_size=-32768")  # who writes touches pages all over
            yield connection

    def emptied(self) -> bool:
        """Bring what was committed into the file and empty the log beside it, so that what was
        erased stands there no longer either; False while somebody who reads holds the log."""
        try:
            return empty(self._connection().execute, fair_turn(str(self._path)))
        except sqlite3.OperationalError as broken:
            raise _said(broken) from broken

    def pack(self, tell: packing.Tell | None = None) -> int:
        """See `packing.pack`. Whoever writes waits for it in the queue."""
        with fair_turn(str(self._path)):
            try:
                return packing.pack(self._connection(), self._path, tell)
            except sqlite3.OperationalError as broken:
                raise _said(broken) from broken

    @contextmanager
    def _transaction(self, opening: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connection()
            connection.execute(opening)
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled it back already
                    connection.execute("rollback")
                raise
        except sqlite3.OperationalError as broken:
            raise _said(broken) from broken

    def _connection(self) -> sqlite3.Connection:
        kept: sqlite3.Connection | None = getattr(self._here, "connection", None)
        if kept is None:
            kept = connect(self._path, self._durability, checkpoint=self._checkpoint)
            kept.executescript(self._schema)
            self._bring_up(kept)
            self._here.connection = kept
            self._opened.append(kept)
        return kept

    def close(self) -> None:
        """Close every thread's connection. The next question opens a new one."""
        while self._opened:
            self._opened.pop().close()
        self._here = threading.local()


def _said(broken: sqlite3.OperationalError) -> Overloaded:
    return no_room_left() if is_full(broken) else Overloaded("store_is_unavailable", seconds=5)
