"""The history in one SQLite file (历史): events, who they mention, counts by day.

What is asked by handle is answered from an index; what is counted, from rollups kept in the
fold's own transaction. Everything in here can be worked out again but the events.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import orjson

from kernel.calendar import Zone
from kernel.events import Event, Handle, Refusal, pack, unpack
from kernel.ids import Page, cursor, page_size, read_cursor
from stores.history import Axis, Count
from stores.sqlite.database import Database

_SCHEMA = """
create table if not exists events (
    seq integer primary key, account text not null, id text not null,
    kind text not null, material text not null, day text not null, packed blob not null
);
create table if not exists handles (number integer primary key, name text not null unique);
create table if not exists mentions (
    handle integer not null, at integer not null, id text not null, seq integer not null,
    primary key (handle, at, id, seq)
) without rowid;
create table if not exists rollups (
    material text not null, day text not null, account text not null, kind text not null,
    count integer not null, primary key (material, day, account, kind)
) without rowid;
create table if not exists heard (
    day integer not null, told text not null, primary key (day, told)
) without rowid;
create table if not exists refusals (
    door text not null, reason text not null, field text not null, account text not null,
    sample text not null, at integer not null, count integer not null,
    primary key (door, reason, field)
) without rowid;
create table if not exists marks (name text primary key, value integer not null) without rowid;
"""

_REMEMBERED = 3
"""How many arrival days back a repeat is recognised, besides the day it arrives on."""
_SLICE = 500
"""How many events are erased in one transaction."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_Key = tuple[int, str, int]
"""(at, id, seq): the order of a timeline, total even where two events share time and id."""
_FIRST: _Key = (-(1 << 62), "", 0)
_LAST: _Key = (1 << 62, "", 0)


class SqliteHistory:
    """See `stores.history.History`."""

    def __init__(self, path: Path, *, zone: Zone | None = None, durability: str = "power") -> None:
        self._zone = zone or Zone()
        # The fold waits for its own checkpoint and nobody else does: every 64 MB is 1.5 x faster.
        self._file = Database(path, _SCHEMA, durability=durability, checkpoint=16_000)

    def put(self, entries: Sequence[Event | Refusal], *, upto: int) -> int:
        events = [entry for entry in entries if isinstance(entry, Event)]
        with self._file.write() as file:
            mark = _mark(file, "watermark")
            if upto > mark:  # else it is a repeat, and refusals have no id to be known by
                _refuse(file, [entry for entry in entries if isinstance(entry, Refusal)])
                _move(file, "watermark", upto)
            fresh = _fresh(file, events)
            self._insert(file, fresh)
        return len(fresh)

    def watermark(self) -> int:
        with self._file.read() as file:
            return _mark(file, "watermark")

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        wanted = "select seq, packed from events where seq > ? order by seq limit ?"
        with self._file.read() as file:
            return [
                (number, unpack(packed)) for number, packed in file.execute(wanted, (seq, limit))
            ]

    def timeline(
        self,
        handles: Collection[Handle],
        *,
        before: str | None = None,
        limit: int = 20,
        kinds: Collection[str] | None = None,
    ) -> Page[Event]:
        limit = page_size(limit, field="limit")
        key = _read_key(before) if before is not None else _LAST
        with self._file.read() as file:
            numbers = _numbers(file, handles)
            found = [_stretch(file, _NEWEST, n, key, kinds, limit + 1) for n in numbers]
            keys = list(_once(heapq.merge(*found, reverse=True)))
            shown = keys[:limit]
            events = _read(file, shown)
        more = len(keys) > limit and shown
        return Page(events, cursor(*shown[-1]) if more else None)

    def of(self, handles: Collection[Handle], *, until: datetime | None = None) -> Iterator[Event]:
        end = (_micros(until), "", 0) if until is not None else _LAST
        key, page = _FIRST, 1_000
        while True:
            with self._file.read() as file:
                numbers = _numbers(file, handles)
                found = [_stretch(file, _OLDEST, n, key, None, page) for n in numbers]
                keys = list(_once(heapq.merge(*found)))[:page]
                events = _read(file, [each for each in keys if each < end])
            yield from events
            if len(events) < page:
                return
            key = keys[-1]

    def total(self, handles: Collection[Handle]) -> int:
        wanted = (
            "select count(distinct seq) from mentions"
            " where handle in (select value from json_each(?))"
        )
        with self._file.read() as file:
            return int(file.execute(wanted, (_json(_numbers(file, handles)),)).fetchone()[0])

    def counts(
        self,
        by: Sequence[Axis],
        *,
        material: str | None = None,
        account: str | None = None,
        kind: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[Count]:
        asked: dict[str, str | None] = {}
        asked |= {"material = ?": material, "account = ?": account, "kind = ?": kind}
        asked |= {"day >= ?": since.isoformat() if since else None}
        asked |= {"day <= ?": until.isoformat() if until else None}
        told = {clause: value for clause, value in asked.items() if value is not None}
        axes = ", ".join(axis.value for axis in by)
        wanted = f"select {axes}{', ' if axes else ''}sum(count) from rollups"  # noqa: S608 - an enum's words
        if told:
            wanted += f" where {' and '.join(told)}"
        if axes:
            wanted += f" group by {axes} order by {axes}"
        with self._file.read() as file:
            rows = file.execute(wanted, list(told.values())).fetchall()
        return [Count(tuple(row[:-1]), row[-1]) for row in rows if row[-1]]

    def forget(self, handles: Collection[Handle]) -> int:
        gone = 0
        while True:
            with self._file.write() as file:
                file.execute("pragma secure_delete=on")
                numbers = _json(_numbers(file, handles))
                doomed = [seq for (seq,) in file.execute(_DOOMED, (numbers, _SLICE))]
                _erase(file, doomed)
                gone += len(doomed)
                if len(doomed) < _SLICE:
                    file.execute(
                        "delete from handles where number in (select value from json_each(?))",
                        (numbers,),
                    )
                    _blank_samples(file, handles)
                    return gone

    def refusals(self, *, limit: int = 50) -> list[tuple[Refusal, int]]:
        wanted = (
            "select at, door, reason, field, account, sample, count from refusals"
            " order by at desc, door, reason, field limit ?"
        )
        names = ("door", "reason", "field", "account", "sample")
        with self._file.read() as file:
            return [
                (Refusal(at=_moment(at), **dict(zip(names, told, strict=True))), count)
                for at, *told, count in file.execute(wanted, (limit,))
            ]

    def flaws(self) -> Iterator[str]:
        with self._file.read() as file:
            for wanted, complaint in _FLAWS:
                for row in file.execute(wanted):
                    yield f"history: {complaint.format(*row)}"

    def close(self) -> None:
        self._file.close()

    def _insert(self, file: Connection, fresh: Sequence[Event]) -> None:
        last = _mark(file, "seq")
        rolled: Counter[tuple[str, str, str, str]] = Counter()
        rows, mentions = [], []
        numbers = _number(file, {name for event in fresh for name in _names(event)})
        for seq, event in enumerate(fresh, last + 1):
            day = self._zone.day(event.at).isoformat()
            rolled[event.material, day, event.account, event.kind] += 1
            rows.append(
                (seq, event.account, event.id, event.kind, event.material, day, pack(event))
            )
            at = _micros(event.at)
            mentions += [(numbers[name], at, event.id, seq) for name in _names(event)]
        file.executemany("insert into events values (?, ?, ?, ?, ?, ?, ?)", rows)
        file.executemany("insert into mentions values (?, ?, ?, ?)", sorted(mentions))
        file.executemany(_ROLL, [(*key, count) for key, count in rolled.items()])
        _move(file, "seq", last + len(fresh))


_ROLL = """
insert into rollups values (?, ?, ?, ?, ?)
on conflict do update set count = count + excluded.count
"""
_NEWEST = """
select at, id, seq from mentions
where handle = :handle and (at, id, seq) < (:at, :id, :seq) and (:kinds is null or (
    select kind from events e where e.seq = mentions.seq
) in (select value from json_each(:kinds)))
order by at desc, id desc, seq desc limit :limit
"""
_OLDEST = """
select at, id, seq from mentions
where handle = :handle and (at, id, seq) > (:at, :id, :seq)
order by at, id, seq limit :limit
"""
_DOOMED = """
select distinct seq from mentions where handle in (select value from json_each(?)) limit ?
"""
_RECOUNT = """
select material, day, account, kind, sum(count) from (
    select material, day, account, kind, count from rollups
    union all select material, day, account, kind, -count(*) from events group by 1, 2, 3, 4
) group by 1, 2, 3, 4 having sum(count) != 0
"""
_UNFOUND = """
select seq from mentions
where not exists (select 1 from events e where e.seq = mentions.seq) limit 10
"""
_BEHIND = """
select seq, value from events, marks where name = 'seq' and seq > value limit 10
"""
_FLAWS = (
    (_RECOUNT, "the count of ({0}, {1}, {2}, {3}) differs from its events by {4}"),
    (_UNFOUND, "event {0} is mentioned and not there"),
    (_BEHIND, "event {0} lies behind the last number given out, {1}"),
)


def _names(event: Event) -> set[str]:
    """Everybody whose timeline shows it."""
    handles = {str(link) for link in event.links}
    return handles | {str(event.handle)} if event.handle is not None else handles


def _fresh(file: Connection, events: Sequence[Event]) -> list[Event]:
    """Those not heard within the window, the first of each; and remember them."""
    if not events:
        return []
    arrived = max((event.received or event.at).astimezone(UTC).toordinal() for event in events)
    today = max(arrived, _mark(file, "arrival"))  # a late replay never reopens a day
    told = {_digest(event): event for event in reversed(events)}
    heard = "select told from heard where day = ? and told in (select value from json_each(?))"
    asked = _json(list(told))
    known: set[str] = set()
    for day in range(today - _REMEMBERED, today + 1):
        known.update(name for (name,) in file.execute(heard, (day, asked)))
    fresh = {name: event for name, event in reversed(told.items()) if name not in known}
    file.executemany("insert into heard values (?, ?)", [(today, name) for name in sorted(fresh)])
    _move(file, "arrival", today)
    file.execute(
        "delete from heard where (day, told) in"
        " (select day, told from heard where day < ? order by day limit ?)",
        (today - _REMEMBERED, 2 * len(told)),
    )
    return list(fresh.values())


def _digest(event: Event) -> str:
    told = hashlib.blake2b(f"{event.account}\0{event.id}".encode(), digest_size=16)
    return base64.b64encode(told.digest()).decode()[:22]


def _numbers(file: Connection, handles: Collection[Handle]) -> list[int]:
    """The numbers of those handles that are known at all."""
    return sorted(_known(file, {str(handle) for handle in handles}).values())


def _known(file: Connection, names: Collection[str]) -> dict[str, int]:
    wanted = "select name, number from handles where name in (select value from json_each(?))"
    return dict(file.execute(wanted, (_json(list(names)),)))


def _number(file: Connection, names: Collection[str]) -> dict[str, int]:
    """A number for each, new ones where needed."""
    known = _known(file, names)
    fresh = sorted(set(names) - known.keys())
    file.executemany("insert into handles (name) values (?)", [(name,) for name in fresh])
    return known | _known(file, fresh)


def _stretch(
    file: Connection, wanted: str, handle: int, key: _Key, kinds: Collection[str] | None, limit: int
) -> list[_Key]:
    told = {"handle": handle, "at": key[0], "id": key[1], "seq": key[2], "limit": limit}
    asked = told | {"kinds": None if kinds is None else _json(sorted(kinds))}
    return file.execute(wanted, asked).fetchall()


def _once(keys: Iterable[_Key]) -> Iterator[_Key]:
    """Sorted keys without the repeats that an event with several handles brings."""
    last = None
    for key in keys:
        if key != last:
            yield key
        last = key


def _read(file: Connection, keys: Sequence[_Key]) -> list[Event]:
    wanted = "select seq, packed from events where seq in (select value from json_each(?))"
    found = dict(file.execute(wanted, (_json([seq for *_, seq in keys]),)))
    return [unpack(found[seq]) for *_, seq in keys]


def _erase(file: Connection, doomed: Sequence[int]) -> None:
    asked = (_json(list(doomed)),)
    events = file.execute(
        "delete from events where seq in (select value from json_each(?))"
        " returning seq, material, day, account, kind, packed",
        asked,
    ).fetchall()
    rolled = Counter(tuple(row[1:5]) for row in events)
    file.executemany(_ROLL, [(*key, -count) for key, count in rolled.items()])
    file.executemany(
        "delete from rollups where (material, day, account, kind) = (?, ?, ?, ?) and count = 0",
        list(rolled),
    )
    told = [(seq, unpack(packed)) for seq, *_, packed in events]
    numbers = _known(file, {name for _, event in told for name in _names(event)})
    file.executemany(
        "delete from mentions where (handle, at, id, seq) = (?, ?, ?, ?)",
        [
            (numbers[name], _micros(event.at), event.id, seq)
            for seq, event in told
            for name in _names(event)
        ],
    )


def _refuse(file: Connection, refusals: Sequence[Refusal]) -> None:
    file.executemany(
        "insert into refusals values (?, ?, ?, ?, ?, ?, 1) on conflict do update set"
        " count = count + 1, at = excluded.at, account = excluded.account,"
        " sample = excluded.sample",
        [
            (told.door, told.reason, told.field, told.account, told.sample, _micros(told.at))
            for told in refusals
        ],
    )


def _blank_samples(file: Connection, handles: Collection[Handle]) -> None:
    """What was refused is shown as it came in, so it may name her too."""
    file.executemany(
        "update refusals set sample = '' where instr(sample, ?)",
        [(handle.value,) for handle in handles],
    )


def _mark(file: Connection, name: str) -> int:
    kept = file.execute("select value from marks where name = ?", (name,)).fetchone()
    return int(kept[0]) if kept else 0


def _move(file: Connection, name: str, value: int) -> None:
    file.execute("insert or replace into marks values (?, ?)", (name, value))


def _read_key(text: str) -> _Key:
    at, told, seq = read_cursor(text, int, str, int, field="before")
    return int(at), str(told), int(seq)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _json(values: Any) -> str:
    return orjson.dumps(values).decode()
