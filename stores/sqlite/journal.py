"""The journal in SQLite files (日志): a folder, one row a commit, a new file an hour or 64 MB.

A finished file is dropped whole: deleting from one that is being written cost p99 6 → 120 ms. For
the same reason a file is never checkpointed while it is written; its WAL is at most its own size.

A position is ``file number << 32 | row``. A file is numbered by the minute it was begun in, or one
above the last, so that positions go on growing even if the whole folder was lost.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import orjson

from kernel.clock import Clock, utc_now
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded
from kernel.events import Handle
from stores.journal import Entry
from stores.records import fair_turn
from stores.sqlite.database import connect

_COMMITTED = declare("journal.committed", "events are durable and nobody has been answered")

_TABLE = """
create table if not exists commits (
    number integer primary key, count integer not null, body blob not null
)
"""


class SqliteJournal:
    """See `stores.journal.Journal`. Several processes may append to one folder at once."""

    def __init__(
        self,
        folder: Path,
        *,
        durability: str = "power",
        clock: Clock = utc_now,
        size: int = 64 << 20,
        age: timedelta = timedelta(hours=1),
    ) -> None:
        """A file is finished once it has ``size`` bytes or ``age``."""
        _make(folder)
        self._folder = folder
        self._turn = str(folder / "journal.turn")
        self._durability = durability
        self._clock = clock
        self._size = size
        self._minutes = int(age.total_seconds() // 60)
        self._appending = threading.Lock()
        self._current: tuple[int, sqlite3.Connection] | None = None
        self._reading = threading.RLock()
        self._read_from: dict[int, sqlite3.Connection] = {}

    def append(self, packed: Sequence[bytes]) -> None:
        if not packed:
            return
        row = (len(packed), b"\n".join(packed))
        with self._appending:
            try:
                with fair_turn(self._turn):
                    self._writable().execute("insert into commits (count, body) values (?, ?)", row)
            except (sqlite3.Error, OSError) as broken:
                self._let_go()
                raise Overloaded("journal_is_unavailable", seconds=5) from broken
        crash_point(_COMMITTED)

    def read(self, after: int, limit: int = 5_000) -> list[Entry]:
        found: list[Entry] = []
        for number, file in self._files(after):
            rows = file.execute(
                "select number, count, body from commits where number > ? order by number",
                (_row_after(after, number),),
            )
            for row, count, body in rows:
                found.append(Entry(number << 32 | row, body.split(b"\n") if count else []))
                limit -= count
                if limit <= 0:
                    rows.close()
                    return found
        return found

    def drop(self, upto: int) -> None:
        for number in self._numbers()[:-1]:  # the newest is still being written
            with self._reading:
                file = self._open(number)
                if file is not None:
                    if number << 32 | _last_row(file) > upto:
                        return
                    self._read_from.pop(number).close()
            self._unlink(number)

    def backlog(self, after: int) -> int:
        return sum(
            file.execute(
                "select coalesce(sum(count), 0) from commits where number > ?",
                (_row_after(after, number),),
            ).fetchone()[0]
            for number, file in self._files(after)
        )

    def tip(self) -> int:
        for number in reversed(self._numbers()):
            with self._reading:
                file = self._open(number)
                if file is not None and (row := _last_row(file)):
                    return number << 32 | row
        return 0

    def forget(self, handles: Collection[Handle]) -> int:
        names = {str(handle) for handle in handles}
        gone = 0
        for _, file in self._files(0):
            file.execute("pragma secure_delete=on")
            touched = [
                row
                for row, body in file.execute("select number, body from commits")
                if _without(body.split(b"\n"), names)[1]
            ]
            for row in touched:
                with fair_turn(self._turn):
                    gone += _rewrite(file, row, names)
            if touched:
                file.execute("pragma wal_checkpoint(truncate)")
        return gone

    def close(self) -> None:
        with self._appending:
            self._let_go()
        with self._reading:
            while self._read_from:
                self._read_from.popitem()[1].close()

    def _writable(self) -> sqlite3.Connection:
        """The file to append to. Only inside the turn, so that all processes agree on it."""
        numbers = self._numbers()
        newest = numbers[-1] if numbers else 0
        if self._finished(newest):
            newest = max(newest + 1, int(self._clock().timestamp() // 60))
        if self._current is None or self._current[0] != newest:
            if self._current is not None:
                # Closing checkpoints a whole file: not while somebody waits for an answer.
                threading.Thread(target=self._current[1].close).start()
            self._current = (newest, self._connect(newest, create=True))
        return self._current[1]

    def _finished(self, number: int) -> bool:
        path = self._path(number)
        if not number or int(self._clock().timestamp() // 60) - number >= self._minutes:
            return True
        return path.stat().st_size + _size(path.with_suffix(".db-wal")) >= self._size

    def _let_go(self) -> None:
        if self._current is not None:
            self._current[1].close()
            self._current = None

    def _files(self, after: int) -> Iterator[tuple[int, sqlite3.Connection]]:
        """Every file that may hold something after the position, oldest first."""
        with self._reading:
            numbers = self._numbers()
            for dropped in self._read_from.keys() - numbers:  # by another process
                self._read_from.pop(dropped).close()
            for number in numbers:
                if number >= after >> 32:
                    file = self._open(number)
                    if file is not None:
                        yield number, file

    def _open(self, number: int) -> sqlite3.Connection | None:
        """A connection to read from; None if the file has been dropped by another process."""
        if number not in self._read_from:
            try:
                self._read_from[number] = self._connect(number, create=False)
            except sqlite3.OperationalError:
                if self._path(number).exists():
                    raise
                return None
        return self._read_from[number]

    def _connect(self, number: int, *, create: bool) -> sqlite3.Connection:
        file = connect(self._path(number), self._durability, checkpoint=0, create=create)
        file.execute(_TABLE)
        return file

    def _unlink(self, number: int) -> None:
        path = self._path(number)
        for file in (path, path.with_suffix(".db-wal"), path.with_suffix(".db-shm")):
            file.unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        names = os.listdir(self._folder)  # noqa: PTH208 - once a commit: a third of iterdir's cost
        return sorted(int(name[:-3]) for name in names if name.endswith(".db"))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.db"


def _make(folder: Path) -> None:
    """The folder, its own name durable too."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parent = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def _row_after(position: int, number: int) -> int:
    return position & 0xFFFFFFFF if position >> 32 == number else 0


def _last_row(file: sqlite3.Connection) -> int:
    last: int = file.execute("select coalesce(max(number), 0) from commits").fetchone()[0]
    return last


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _rewrite(file: sqlite3.Connection, row: int, names: set[str]) -> int:
    """Write one commit again without them; it keeps its position."""
    (body,) = file.execute("select body from commits where number = ?", (row,)).fetchone()
    kept, gone = _without(body.split(b"\n"), names)
    file.execute(
        "update commits set count = ?, body = ? where number = ?",
        (len(kept), b"\n".join(kept), row),
    )
    return gone


def _without(lines: list[bytes], names: set[str]) -> tuple[list[bytes], int]:
    kept = [line for line in lines if not _names(line) & names]
    return kept, len(lines) - len(kept)


def _names(line: bytes) -> set[str]:
    """The handles that one journal line names."""
    told = orjson.loads(line) if line else {}
    return {told.get("handle", ""), *told.get("links", ())} - {""}
