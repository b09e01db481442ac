"""The history in one SQLite file (历史): events, who they mention, counts by day.

What is asked by handle is answered from an index; what is counted, from rollups kept in the
fold's own transaction. Everything in here can be worked out again but the events.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection

from kernel.calendar import Zone
from kernel.events import Event, Handle, Refusal, unpack
from kernel.ids import Page, cursor, page_size, read_cursor
from stores.acts import Acts
from stores.history import ANY, Axis, Count, Sort
from stores.sqlite.database import Database
from stores.sqlite.history import refused, remaking, stripes
from stores.sqlite.history.arrivals import insert, unheard
from stores.sqlite.history.erasing import DOOMED, OVER, erase
from stores.sqlite.history.tables import (
    SCHEMA,
    as_json,
    known_numbers,
    mark_of,
    move,
    names_by,
    numbers_of,
)
from stores.told import Label, Told, micros, told_of, unlabelled

_SLICE = 500
"""How many events are erased in one transaction."""


_Key = tuple[int, str, int]
"""(at, id, seq): the order of a timeline, total even where two events share time and id."""
_FIRST: _Key = (-(1 << 62), "", 0)
_LAST: _Key = (1 << 62, "", 0)


class SqliteHistory:
    """See `stores.history.History`."""

    def __init__(
        self,
        path: Path,
        *,
        zone: Zone | None = None,
        label: Label = unlabelled,
        durability: str = "power",
    ) -> None:
        self.zone = zone or Zone()
        self.label = label
        # The fold waits for its own checkpoint and nobody else does: every 64 MB is 1.5 x faster.
        self._file = Database(path, SCHEMA, durability=durability, checkpoint=16_000)

    def put(self, entries: Sequence[Event | Told | Refusal], *, upto: int) -> int:
        # Everything that can be worked out before is: others wait for the lock.
        told = [
            told_of(entry, self.zone, self.label)
            for entry in entries
            if not isinstance(entry, Refusal)
        ]
        with self._file.write() as file:
            if upto > mark_of(file, "watermark"):  # else a repeat, and refusals have no id
                refused.refuse(file, [entry for entry in entries if isinstance(entry, Refusal)])
                move(file, "watermark", upto)
            fresh = unheard(file, told)
            insert(file, fresh)
        return len(fresh)

    def watermark(self) -> int:
        with self._file.read() as file:
            return mark_of(file, "watermark")

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        wanted = "select seq, packed from events where seq > ? order by seq limit ?"
        with self._file.read() as file:
            return [
                (number, unpack(packed)) for number, packed in file.execute(wanted, (seq, limit))
            ]

    def newest(self) -> int:
        with self._file.read() as file:
            return mark_of(file, "seq")

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
            numbers = numbers_of(file, handles)
            found = [_stretch(file, _NEWEST, n, key, kinds, limit + 1) for n in numbers]
            keys = list(_once(heapq.merge(*found, reverse=True)))
            shown = keys[:limit]
            events = _read(file, shown)
        more = len(keys) > limit and shown
        return Page(events, cursor(*shown[-1]) if more else None)

    def of(self, handles: Collection[Handle], *, until: datetime | None = None) -> Iterator[Event]:
        end = (micros(until), "", 0) if until is not None else _LAST
        key, page = _FIRST, 1_000
        while True:
            with self._file.read() as file:
                numbers = numbers_of(file, handles)
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
            return int(file.execute(wanted, (as_json(numbers_of(file, handles)),)).fetchone()[0])

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

    def of_kinds(
        self,
        kinds: Collection[str],
        *,
        account: str | None = None,
        material: str | None = None,
        since: date | None = None,
        until: date | None = None,
        before: str | None = None,
        limit: int = 20,
    ) -> Page[Event]:
        limit = page_size(limit, field="limit")
        day, seq = read_cursor(before, str, int, field="before") if before else ("9999", 0)
        asked = {
            "since": since.isoformat() if since else "", "day": day, "seq": seq,
            "until": until.isoformat() if until else "9999", "limit": limit + 1,
            "account": account, "material": material,
        }  # fmt: skip
        with self._file.read() as file:
            found = [
                file.execute(_OF_KIND, asked | {"kind": kind}).fetchall() for kind in set(kinds)
            ]
        rows = list(heapq.merge(*found, key=lambda row: row[:2], reverse=True))[: limit + 1]
        shown = rows[:limit]
        more = len(rows) > limit and shown
        next_ = cursor(*shown[-1][:2]) if more else None
        return Page([unpack(packed) for *_, packed in shown], next_)

    def acts(self, kinds: Sequence[str], *, since: date, until: date) -> Acts:
        with self._file.read() as file:
            rows, fresh = stripes.read(file, kinds, since, until, self.zone, self.label)

        def labels(numbers: Collection[int]) -> dict[int, str]:
            return self._named("labels", numbers) | fresh

        who, kind, at, label = rows
        names = partial(self._named, "handles")
        return Acts(who, kind, at, label, self._numbers, names, labels)

    def _numbers(self, names: Collection[str]) -> dict[str, int]:
        """The numbers of handles that are known, by their names."""
        with self._file.read() as file:
            return known_numbers(file, names)

    def _named(self, table: str, numbers: Collection[int]) -> dict[int, str]:
        with self._file.read() as file:
            return names_by(file, table, numbers)

    def forget(self, handles: Collection[Handle]) -> int:
        gone = 0
        while True:
            with self._file.write() as file:
                file.execute("pragma secure_delete=on")
                numbers = as_json(numbers_of(file, handles))
                doomed = [seq for (seq,) in file.execute(DOOMED, (numbers, _SLICE))]
                erase(file, doomed)
                gone += len(doomed)
                if len(doomed) < _SLICE:
                    file.execute(
                        "delete from handles where number in (select value from json_each(?))",
                        (numbers,),
                    )
                    refused.forget(file, handles)
                    return gone

    def refusals(self, *, limit: int = 50) -> list[tuple[Refusal, int]]:
        with self._file.read() as file:
            return refused.refusals(file, limit)

    def waiting(self) -> Mapping[Sort, int]:
        with self._file.read() as file:
            return refused.waiting(file)

    def refused(
        self, *, only: Sort = ANY, after: int = 0, limit: int = 200
    ) -> list[tuple[int, Refusal]]:
        with self._file.read() as file:
            return refused.kept(file, only, after, limit)

    def settle(self, numbers: Collection[int]) -> None:
        with self._file.write() as file:
            refused.settle(file, numbers)

    def let_go(self, kind: str, before: date, limit: int) -> list[Handle | None]:
        over = "select seq, packed from events where kind = ? and day < ? order by day limit ?"
        gone: list[Handle | None] = []
        while len(gone) < limit:
            with self._file.write() as file:
                few = min(_SLICE, limit - len(gone))
                rows = file.execute(over, (kind, before.isoformat(), few)).fetchall()
                file.execute("pragma secure_delete=on")
                erase(file, [seq for seq, _ in rows])
            gone += [unpack(packed).handle for _, packed in rows]
            if len(rows) < few:
                break
        return gone

    def drop_before(self, day: date) -> list[str]:
        first, gone = day.replace(day=1).isoformat(), set[str]()
        while True:
            with self._file.write() as file:
                file.execute("pragma secure_delete=on")
                rows = file.execute(OVER, (first, _SLICE)).fetchall()
                erase(file, [seq for seq, _ in rows])
            gone |= {day_[:7].replace("-", ".") for _, day_ in rows}
            if len(rows) < _SLICE:
                return sorted(gone)

    def remake(self, tell: Callable[[int], None] | None = None) -> int:
        done, seq = 0, 0
        while True:
            with self._file.write() as file:
                last = remaking.mention(file, seq)
            if last is None:
                break
            done, seq = done + remaking.EVENTS, last
            if tell:
                tell(done)
        more = True
        while more:
            with self._file.write() as file:
                more = stripes.backfill(file, remaking.EVENTS, self.zone, self.label)
        with self._file.read() as file:
            handles, kinds = remaking.last_handle(file), remaking.days_of_kinds(file)
        for first in remaking.firsts(handles):
            with self._file.write() as file:
                remaking.drop_strays(file, first)
        for kind, day in kinds:
            with self._file.write() as file:
                remaking.recount(file, kind, day)
        with self._file.read() as file:
            return int(file.execute("select count(*) from events").fetchone()[0])

    def flaws(self) -> Iterator[str]:
        with self._file.read() as file:
            for wanted, complaint in _FLAWS:
                for row in file.execute(wanted):
                    yield f"history: {complaint.format(*row)}"

    def close(self) -> None:
        self._file.close()


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


_OF_KIND = """
select day, seq, packed from events
where kind = :kind and day between :since and :until and (day, seq) < (:day, :seq)
and (:account is null or account = :account) and (:material is null or material = :material)
order by day desc, seq desc limit :limit
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


def _stretch(
    file: Connection, wanted: str, handle: int, key: _Key, kinds: Collection[str] | None, limit: int
) -> list[_Key]:
    told = {"handle": handle, "at": key[0], "id": key[1], "seq": key[2], "limit": limit}
    asked = told | {"kinds": None if kinds is None else as_json(sorted(kinds))}
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
    found = dict(file.execute(wanted, (as_json([seq for *_, seq in keys]),)))
    return [unpack(found[seq]) for *_, seq in keys]


def _read_key(text: str) -> _Key:
    at, told, seq = read_cursor(text, int, str, int, field="before")
    return int(at), str(told), int(seq)
