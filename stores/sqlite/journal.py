"""The journal in SQLite files (日志): a folder, one row a commit, a new file an hour or 64 MB.

A finished file is dropped whole: deleting from one that is being written cost p99 6 → 120 ms. For
the same reason a file is never checkpointed while it is written; its WAL is at most its own size.

A position is ``file number << 32 | row``. A file is numbered by the minute it was begun in, or one
above the last, so that positions go on growing even if the whole folder was lost.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from kernel.clock import Clock, utc_now
from kernel.crash import crash_point
from kernel.errors import Overloaded
from kernel.events import Handle
from stores.busy import is_full, no_room_left
from stores.journal import COMMITTED, Entry, without
from stores.sqlite.database import connect

_LOOKED_AT = 16
"""The folder is looked at once in so many commits, or when another process has begun a file: each
look lets go of the interpreter, and a busy loop gives it back late."""
_TABLE = """
create table if not exists commits (
    number integer primary key, count integer not null, body blob not null
)
"""
_WORD = 8
_PATIENT = 5_000
"""Milliseconds that a lock of SQLite's is waited for, by whoever may wait."""
_INSERT = "insert into commits (count, body) values (?, ?)"


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
        self._turn = _Turn(folder / "turn.lock")
        self._durability = durability
        self._clock = clock
        self._size = size
        self._minutes = int(age.total_seconds() // 60)
        self._appending = threading.Lock()
        self._current: tuple[str, sqlite3.Connection] | None = None
        self._uses = self._begun = self._waits = 0
        self._reading = threading.RLock()
        self._read_from: dict[int, sqlite3.Connection] = {}

    def append(self, packed: Sequence[bytes]) -> None:
        if packed:
            self.append_gathered(lambda: packed)

    def append_gathered(self, gathered: Callable[[], Sequence[bytes]]) -> None:
        with self._appending:
            try:
                with self._turn:
                    file = self._writable()
                    self._let_wait(file, _PATIENT)
                    if packed := gathered():
                        # of many rows it does not ask for the last one's number: see _LOOKED_AT
                        file.executemany(_INSERT, ((len(packed), b"\n".join(packed)),))
            except (sqlite3.Error, OSError) as broken:
                self._let_go()
                if is_full(broken):
                    raise no_room_left() from broken
                raise Overloaded("journal_is_unavailable", seconds=5) from broken
        crash_point(COMMITTED)

    @property
    def at_once(self) -> bool:
        return self._durability != "power"  # which waits for the disk

    def append_at_once(self, packed: Sequence[bytes]) -> bool:
        if not self.at_once or not self._appending.acquire(blocking=False):
            return False
        try:
            if self._current is None or not self._turn.free():
                return False
            try:
                if (file := self._at_hand()) is None:
                    return False
                self._let_wait(file, 0)
                file.executemany(_INSERT, ((len(packed), b"\n".join(packed)),))
            finally:
                self._turn.leave()
        except (sqlite3.Error, OSError):  # whoever may wait finds out what it is
            return False
        finally:
            self._appending.release()
        crash_point(COMMITTED)
        return True

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
        self._sweep()

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
        gone = 0
        for _, file in self._files(0):
            file.execute("pragma secure_delete=on")
            touched = [
                row
                for row, body in file.execute("select number, body from commits")
                if without(body.split(b"\n"), handles)[1]
            ]
            for row in touched:
                with self._appending, self._turn:
                    gone += _rewrite(file, row, handles)
            if touched:
                file.execute("pragma wal_checkpoint(truncate)")
        return gone

    def begin_above(self, position: int) -> None:
        with self._appending, self._turn:
            if self.tip() <= position:
                newest = max(self._numbers(), default=0)
                file = self._use(_name(max(newest, (position >> 32) + 1)))
                file.execute(_INSERT, (0, b""))

    def close(self) -> None:
        with self._appending:
            self._let_go()
            self._turn.close()
        with self._reading:
            while self._read_from:
                self._read_from.popitem()[1].close()

    def _writable(self) -> sqlite3.Connection:
        """The file to append to. Only inside the turn, so that all processes agree on it."""
        minute = int(self._clock().timestamp() // 60)
        self._uses += 1
        look = self._uses % _LOOKED_AT == 0
        if self._current is None or look or self._turn.files != self._begun:
            newest = max(self._names(), default="")
            self._begun = self._turn.files
        else:
            newest = self._current[0]
        old = not newest or minute - _number(newest) >= self._minutes
        if old or (look and self._full(newest)):
            return self._use(_name(max(_number(newest) + 1, minute)))
        if self._current is None or self._current[0] != newest:
            return self._use(newest)
        return self._current[1]

    def _at_hand(self) -> sqlite3.Connection | None:
        """The file last appended to; none if the folder is to be looked at, or another begun."""
        if self._current is None or self._turn.files != self._begun:
            return None
        minute = int(self._clock().timestamp() // 60)
        old = minute - _number(self._current[0]) >= self._minutes
        if old or (self._uses + 1) % _LOOKED_AT == 0:
            return None
        self._uses += 1
        return self._current[1]

    def _let_wait(self, file: sqlite3.Connection, milliseconds: int) -> None:
        if self._waits != milliseconds:
            file.execute(f"pragma busy_timeout={milliseconds}")
            self._waits = milliseconds

    def _use(self, name: str) -> sqlite3.Connection:
        if not (self._folder / name).exists():
            self._begun = self._turn.begin()
        if self._current is not None:
            # Closing checkpoints a whole file: not while somebody waits for an answer.
            threading.Thread(target=self._current[1].close).start()
        self._current, self._waits = (name, self._connect(name, create=True)), _PATIENT
        return self._current[1]

    def _full(self, name: str) -> bool:
        return sum(_size(self._folder / f"{name}{part}") for part in ("", "-wal")) >= self._size

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
                self._read_from[number] = self._connect(_name(number), create=False)
            except sqlite3.OperationalError:
                if (self._folder / _name(number)).exists():
                    raise
                return None
        return self._read_from[number]

    def _connect(self, name: str, *, create: bool) -> sqlite3.Connection:
        path = self._folder / name
        file = connect(path, self._durability, checkpoint=0, create=create)
        file.execute(_TABLE)
        return file

    def _unlink(self, number: int) -> None:
        for part in ("", "-wal", "-shm"):
            (self._folder / f"{_name(number)}{part}").unlink(missing_ok=True)

    def _sweep(self) -> None:
        """What is left of a file whose dropping was cut short."""
        listed = sorted(os.listdir(self._folder))  # noqa: PTH208 - as below
        whole = {name for name in listed if name.endswith(".db")}
        for name in listed:
            owner, dash, _ = name.partition("-")
            if dash and owner not in whole and owner < max(whole, default=""):
                (self._folder / name).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        return sorted(map(_number, self._names()))

    def _names(self) -> list[str]:
        """The files by name, which sort as their numbers do."""
        listed = os.listdir(self._folder)  # noqa: PTH208 - once a commit: a third of iterdir's cost
        return [name for name in listed if name.endswith(".db")]


class _Turn:
    """A fair queue of processes. Its lock file stays open: opening it cost more than waiting.

    The file holds how many files of the journal were begun so far, to be seen without a call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._told: mmap.mmap | None = None

    @property
    def files(self) -> int:
        return 0 if self._told is None else int.from_bytes(self._told[:_WORD], "little")

    def begin(self) -> int:
        """Tell all processes, before there is another file, that they have to look. Only inside."""
        if self._opened is None:
            raise RuntimeError("a file is begun inside a turn only")
        files = self.files + 1
        os.pwrite(self._opened[1], files.to_bytes(_WORD, "little"), 0)
        return files

    def free(self) -> bool:
        """Take it if nobody has it."""
        try:
            fcntl.flock(self._file(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __enter__(self) -> None:
        fcntl.flock(self._file(), fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        if self._opened is not None:
            fcntl.flock(self._opened[1], fcntl.LOCK_UN)

    def _file(self) -> int:
        if self._opened is not None and self._opened[0] == os.getpid():
            return self._opened[1]
        file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)  # a fork would share the lock
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_size < _WORD:
                os.pwrite(file, bytes(_WORD), 0)  # a full disk is told here, not by a signal later
            self._told = mmap.mmap(file, _WORD, access=mmap.ACCESS_READ)
        except BaseException:
            os.close(file)
            raise
        self._opened = os.getpid(), file
        return file

    def close(self) -> None:
        if self._opened is not None:
            os.close(self._opened[1])
            self._opened = None
        if self._told is not None:
            self._told.close()
            self._told = None


def _name(number: int) -> str:
    return f"{number:010d}.db"


def _number(name: str) -> int:
    return int(name[:-3] or 0)


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


def _rewrite(file: sqlite3.Connection, row: int, handles: Collection[Handle]) -> int:
    """Write one commit again without them; it keeps its position."""
    (body,) = file.execute("select body from commits where number = ?", (row,)).fetchone()
    kept, gone = without(body.split(b"\n"), handles)
    file.execute(
        "update commits set count = ?, body = ? where number = ?",
        (len(kept), b"\n".join(kept), row),
    )
    return gone
