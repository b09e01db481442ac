"""The history in one SQLite file (历史): events, who they mention, counts by day.

What is asked by handle is answered from an index; what is counted, from rollups kept in the
fold's own transaction. Everything in here can be worked out again but the events.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from types import MappingProxyType

from kernel.calendar import Zone
from kernel.crash import crash_point
from kernel.events import Event, Handle, Refusal, unpack
from kernel.ids import Page, page_of, page_size, read_cursor
from stores.acts import FIRST, LAST, Acts, Often, Wanted, columns, often, span
from stores.history import ANY, Axis, Count, Sort
from stores.sqlite.database import Database
from stores.sqlite.history import (
    amending,
    behind,
    blocks,
    days,
    deeds,
    labels,
    leaving,
    past,
    recent,
    refused,
    relabelling,
    remaking,
    sealing,
    stripes,
    tallies,
    zones,
)
from stores.sqlite.history.arrivals import insert, unheard
from stores.sqlite.history.past import Key
from stores.sqlite.history.tables import (
    SCHEMA,
    as_json,
    bring_up,
    known_numbers,
    mark_of,
    move,
    names_by,
    numbers_of,
)
from stores.told import Label, Told, micros, told_of, unlabelled

_COUNT = partial(tuple.__new__, Count)
"""A count of its two parts, of which there may be a hundred thousand."""
_FIRST: Key = (-(1 << 62), "", 0)
_LAST: Key = (1 << 62, "", 0)


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
        self._file = Database(
            path, SCHEMA, durability=durability, checkpoint=16_000, bring_up=bring_up
        )

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
            zones.note(file, self.zone, mark_of(file, "seq") + 1)
            insert(file, fresh)
        return len(fresh)

    def watermark(self) -> int:
        with self._file.read() as file:
            return mark_of(file, "watermark")

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        wanted = "select seq, packed from events where seq > ? order by seq limit ?"
        with self._file.read() as file:
            rows = file.execute(wanted, (seq, limit)).fetchall() + blocks.after(file, seq, limit)
        return [(number, unpack(packed)) for number, packed in sorted(rows)[:limit]]

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
            found = recent.newest(file, numbers, key, kinds, limit + 1)
            over = past.newest(file, numbers, key, kinds, limit + 1)
            keys = list(_once(heapq.merge(*found, over, reverse=True)))
            page = page_of(keys, limit, key=lambda key: key)
            events = _read(file, page.items, over)
        return Page(events, page.next)

    def of(
        self, handles: Collection[Handle], *, since: datetime | None = None,
        until: datetime | None = None, kinds: Collection[str] | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        end = (micros(until), "", 0) if until is not None else _LAST
        key, page = (micros(since), "", 0) if since is not None else _FIRST, 1_000
        while True:
            with self._file.read() as file:
                numbers = numbers_of(file, handles)
                found = recent.oldest(file, numbers, key, kinds, page)
                over = past.oldest(file, numbers, key, kinds, page)
                keys = list(_once(heapq.merge(*found, over)))[:page]
                events = _read(file, [each for each in keys if each < end], over)
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
            numbers = numbers_of(file, handles)
            live = int(file.execute(wanted, (as_json(numbers),)).fetchone()[0])
            return live + len(past.seqs_of(file, numbers))

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
        words = {"material": material, "account": account, "kind": kind}
        asked = {axis: word for axis, word in words.items() if word is not None}
        span_ = (since or date.min, until or date.max)
        with self._file.read() as file:
            rest = days.besides(file, *span_) if material is None else None
            laid = [] if rest is None else days.counted(file, by, asked, *span_)
            rows = Counter[tuple[str, ...]]()
            for some in [span_] if rest is None else rest:
                rows.update(tallies.live(file, by, asked, *some))
                rows.update(tallies.over(file, by, asked, *some))
        if Axis.DAY not in by:  # else no day is counted in both ways
            rows.update(dict(laid))
            laid = []
        return list(map(_COUNT, sorted([*laid, *sorted(rows.items())])))

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
            found.append(behind.rows(file, kinds, asked, self.zone))
        rows = list(heapq.merge(*found, key=lambda row: row[:2], reverse=True))
        page = page_of(rows, limit, key=lambda row: row[:2])
        return page.map(lambda row: unpack(row[-1]))

    def acts(self, kinds: Sequence[str], *, since: date, until: date) -> Acts:
        with self._file.read() as file:
            told = list(stripes.read(file, kinds, since, until, self.zone, self.label))
        return stripes.acts(told, self._numbers, self._named)

    def stretches(self, kinds: Sequence[str], *, since: date, until: date) -> Iterator[Acts]:
        with self._file.read() as file:
            for told in stripes.read(file, kinds, since, until, self.zone, self.label):
                yield stripes.acts([told], partial(known_numbers, file), partial(names_by, file))

    def often(
        self, kind: str, *, handles: Collection[Handle] | None = None,
        account: str | None = None, material: str | None = None,
        since: date | None = None, until: date | None = None,
    ) -> Iterator[Often]:  # fmt: skip
        span_ = (since or FIRST, until or LAST)
        if handles is not None:
            wanted = [Wanted(kind, account, material, since, until)]
            return (told for _, told in self.often_each(wanted, handles))
        acts = self.acts([kind], since=span_[0], until=span_[1]) if material is None else None
        if acts is not None and account is None:
            return often(acts)
        with self._file.read() as file:
            if acts is not None and account is not None:
                by = labels.told_by(file, acts.label, account)
                if by is not None:
                    return often(acts.where(by))
            begin, end = span(*span_, self.zone)
            told = deeds.of_kinds(
                file, [kind], None, begin, end, account=account, material=material
            )
            return often(columns(told, [kind]))

    def often_each(
        self, wanted: Sequence[Wanted], handles: Collection[Handle]
    ) -> Iterator[tuple[int, Often]]:
        with self._file.read() as file:
            found = [
                (place, told)
                for place, acts in deeds.often_each(file, wanted, handles, self.zone)
                for told in often(acts)
            ]
        yield from found

    def _numbers(self, names: Collection[str]) -> dict[str, int]:
        """The numbers of handles that are known, by their names."""
        with self._file.read() as file:
            return known_numbers(file, names)

    def _named(self, table: str, numbers: Collection[int]) -> dict[int, str]:
        with self._file.read() as file:
            return names_by(file, table, numbers)

    def forget(self, handles: Collection[Handle]) -> int:
        return leaving.forget(self._file, self.zone, handles)

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
            file.execute("pragma secure_delete=on")
            refused.settle(file, numbers)

    def unsample(self, sorts: Collection[Sort]) -> None:
        with self._file.write() as file:
            file.execute("pragma secure_delete=on")
            refused.unsample(file, sorts)

    def let_go(self, kind: str, before: date, limit: int) -> list[Handle | None]:
        return leaving.let_go(self._file, self.zone, kind, before, limit)

    def take_back(self, told: Mapping[int, Event]) -> int:
        return leaving.take_back(self._file, self.zone, told)

    def amend(self, told: Mapping[int, Event]) -> int:
        return amending.amend(self._file, told)

    def drop_before(self, day: date) -> list[str]:
        return leaving.drop_before(self._file, self.zone, day.replace(day=1))

    def seal(self, before: date, limit: int) -> int:
        days.lay(self._file)
        done, end = 0, micros(self.zone.at(before.replace(day=1)))
        while done < limit:
            with self._file.read() as file:
                stretch = sealing.over(file, end)
                made = sealing.draft(file, *stretch, self.zone) if stretch else None
            if stretch is None:
                break
            crash_point(sealing.DRAFTED)
            with self._file.write() as file:
                if made is None:
                    sealing.close(file, stretch[0])
                else:
                    sealing.seal(file, made)
                    done += len(made.seqs)
            crash_point(sealing.SEALED if made else sealing.CLOSED)
        return done

    def pack(self, tell: Callable[[int, int], None] | None = None) -> int:
        return self._file.pack(tell)

    def emptied(self) -> bool:
        return self._file.emptied()

    def remake(self, tell: Callable[[int], None] | None = None) -> int:
        seq, more = 0, True
        while more:
            with self._file.write() as file:
                more = sealing.unseal(file, self.zone)
        while True:
            with self._file.write() as file:
                last = remaking.mention(file, seq)
            if last is None:
                break
            seq = last
            if tell:
                tell(seq)
        more = True
        while more:
            with self._file.write() as file:
                more = stripes.backfill(file, remaking.EVENTS, self.zone, self.label)
        relabelling.relabel(self._file, self.zone, self.label)
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
            for wanted, complaint in remaking.FLAWS:
                for row in file.execute(wanted):
                    yield f"history: {complaint.format(*row)}"

    def close(self) -> None:
        self._file.close()


_OF_KIND = """
select day, seq, packed from events
where kind = :kind and day between :since and :until and (day, seq) < (:day, :seq)
and (:account is null or account = :account) and (:material is null or material = :material)
order by day desc, seq desc limit :limit
"""


def _once(keys: Iterable[Key]) -> Iterator[Key]:
    """Sorted keys without the repeats that an event with several handles brings."""
    last = None
    for key in keys:
        if key != last:
            yield key
        last = key


def _read(
    file: Connection, keys: Sequence[Key], over: Mapping[Key, bytes] = MappingProxyType({})
) -> list[Event]:
    """The events; ``over`` are those that are known already."""
    wanted = "select seq, packed from events where seq in (select value from json_each(?))"
    asked = as_json([key[2] for key in keys if key not in over])
    found = dict(file.execute(wanted, (asked,)))
    return [unpack(over[key] if key in over else found[key[2]]) for key in keys]


def _read_key(text: str) -> Key:
    at, told, seq = read_cursor(text, int, str, int, field="before")
    return int(at), str(told), int(seq)
