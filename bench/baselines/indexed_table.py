"""One indexed table (基线): every event in one SQLite table with the indices its questions need."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from kernel.events import Event, pack, unpack

_SCHEMA = """
create table events (
    account text not null, id text not null, handle text not null, at text not null,
    kind text not null, material text not null, day text not null, packed blob not null,
    unique (account, id)
);
create index by_handle on events (handle, at desc, id desc);
create index by_content on events (material, day, account, kind);
"""


class IndexedTable:
    """What one would write first, with its journal in WAL and one transaction a batch."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=wal", "synchronous=full", "cache_size=-32768"):
            self._file.execute(f"pragma {pragma}")
        self._file.executescript(_SCHEMA)

    def put(self, events: Sequence[Event]) -> None:
        rows = [
            (each.account, each.id, str(each.handle), each.at.isoformat(), each.kind,
             each.material, each.at.date().isoformat(), pack(each))
            for each in events
        ]  # fmt: skip
        self._file.execute("begin immediate")
        self._file.executemany("insert or ignore into events values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._file.execute("commit")

    def timeline(self, handle: str, limit: int) -> list[Event]:
        wanted = "select packed from events where handle = ? order by at desc, id desc limit ?"
        return [unpack(packed) for (packed,) in self._file.execute(wanted, (handle, limit))]

    def count(self) -> int:
        return int(self._file.execute("select count(*) from events").fetchone()[0])

    def close(self) -> None:
        self._file.close()
