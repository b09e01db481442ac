"""The history in PostgreSQL (历史): events and mentions by month, counts kept in the fold's own
transaction. Writers come one after the other, so a number never lies behind a later commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kernel.calendar import Zone
from kernel.events import Event, Handle, Refusal, unpack
from kernel.ids import Page, page_of, page_size, read_cursor
from stores.acts import FIRST, LAST, Acts, Often, OneByOne, columns, often, span
from stores.examined import Examined
from stores.history import ANY, Axis, Count, Sort
from stores.naming import naming
from stores.postgres.database import Database
from stores.postgres.history import amending, questions, refused, remaking
from stores.postgres.history.arrivals import cleaned, insert, unhear, unheard
from stores.postgres.history.erasing import DOOMED, OVER, THESE, erase
from stores.postgres.history.tables import (
    SHAPE,
    clean,
    known_numbers,
    marks,
    month_of,
    months,
    move,
    names,
    parts,
)
from stores.told import Label, Told, digest_of, micros, told_of, unlabelled, whose

_SLICE = 500
"""How many events are erased in one transaction."""
_PAGE = 1_000
_Key = tuple[int, str, int]
"""(at, id, seq): the order of a timeline, total even where two events share time and id."""
_FIRST: _Key = (-(1 << 62), "", 0)
_LAST: _Key = (1 << 62, "", 0)


class PostgresHistory(OneByOne):
    """See `stores.history.History`."""

    def __init__(
        self,
        url: str,
        *,
        owner: Callable[[], str],
        zone: Zone | None = None,
        label: Label = unlabelled,
    ) -> None:
        self._database = Database(url, SHAPE, owner=owner)
        self.zone = zone or Zone()
        self.label = label

    def prepare(self) -> str:
        """Make the tables if they are not there; months are made as events come."""
        return self._database.prepare()

    def examine(self) -> Examined:
        return self._database.examine()

    def put(self, entries: Sequence[Event | Told | Refusal], *, upto: int) -> int:
        # Everything that can be worked out before is: others wait for the lock.
        told = [
            cleaned(told_of(entry, self.zone))
            for entry in entries
            if not isinstance(entry, Refusal)
        ]
        with self._database.write("put") as run:
            kept = marks(run)
            moved = {}
            if upto > kept.get("watermark", 0):  # else a repeat, and refusals have no id
                refused.refuse(run, [entry for entry in entries if isinstance(entry, Refusal)])
                moved["watermark"] = upto
            fresh, today = unheard(run, told, kept.get("arrival", 0))
            if fresh:
                seq = kept.get("seq", 0)
                insert(run, fresh, seq + 1)
                moved |= {"seq": seq + len(fresh), "arrival": today}
            if moved:
                move(run, moved)
        return len(fresh)

    def watermark(self) -> int:
        with self._database.glance() as run:
            return marks(run).get("watermark", 0)

    def newest(self) -> int:
        with self._database.glance() as run:
            return marks(run).get("seq", 0)

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        with self._database.glance() as run:
            rows = run.cursor(binary=True).execute(questions.AFTER, (seq, limit)).fetchall()
        return [(number, unpack(packed)) for number, packed in rows]

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
        some = None if kinds is None else sorted(map(clean, kinds))
        rows = self._keyed(questions.NEWEST, handles, key, some, limit + 1)
        page = page_of(rows, limit, key=lambda row: row[:3])
        return page.map(lambda row: unpack(row[-1]))

    def of(
        self, handles: Collection[Handle], *, since: datetime | None = None,
        until: datetime | None = None, kinds: Collection[str] | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        end = micros(until) if until is not None else _LAST[0]
        key = (micros(since), "", 0) if since is not None else _FIRST
        some = None if kinds is None else list(kinds)
        while True:
            rows = self._keyed(questions.OLDEST, handles, key, some, _PAGE, end=end)
            yield from (unpack(packed) for *_, packed in rows)
            if len(rows) < _PAGE:
                return
            key = rows[-1][:3]

    def _keyed(
        self,
        wanted: str,
        handles: Collection[Handle],
        key: _Key,
        kinds: list[str] | None,
        limit: int,
        *,
        end: int = _LAST[0],
    ) -> list[Any]:
        at, id_, seq = key
        told = {
            "names": names(handles), "at": at, "id": id_, "seq": seq, "kinds": kinds,
            "limit": limit, "end": end,
        }  # fmt: skip
        with self._database.glance() as run:
            return run.cursor(binary=True).execute(wanted.encode(), told).fetchall()

    def total(self, handles: Collection[Handle]) -> int:
        with self._database.glance() as run:
            row = run.execute(questions.TOTAL, (names(handles),)).fetchone()
        return int(row[0]) if row else 0

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
        asked |= {"material = %s": material, "account = %s": account, "kind = %s": kind}
        asked |= {"day >= %s": since.isoformat() if since else None}
        asked |= {"day <= %s": until.isoformat() if until else None}
        told = {clause: clean(value) for clause, value in asked.items() if value is not None}
        axes = ", ".join(axis.value for axis in by)
        wanted = (
            f"select {axes}{', ' if axes else ''}sum(count)::bigint from juzhen_history.rollups"  # noqa: S608 - an enum's words
        )
        if told:
            wanted += f" where {' and '.join(told)}"
        if axes:
            wanted += f" group by {axes} order by {axes}"
        with self._database.glance() as run:
            rows = run.execute(wanted.encode(), list(told.values())).fetchall()
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
        first, last = months(since, until)
        told = {
            "kinds": sorted(map(clean, kinds)), "since": since.isoformat() if since else "",
            "until": until.isoformat() if until else "9999", "day": day, "seq": seq,
            "account": account, "material": material, "first": first, "last": last,
            "limit": limit + 1,
        }  # fmt: skip
        with self._database.glance() as run:
            rows = run.cursor(binary=True).execute(questions.OF_KINDS, told).fetchall()
        page = page_of(rows, limit, key=lambda row: row[:2])
        return page.map(lambda row: unpack(row[-1]))

    def acts(self, kinds: Sequence[str], *, since: date, until: date) -> Acts:
        return columns(self._of_days(kinds, since, until), kinds, self.label)

    def stretches(self, kinds: Sequence[str], *, since: date, until: date) -> Iterator[Acts]:
        yield self.acts(kinds, since=since, until=until)

    def often(
        self,
        kind: str,
        *,
        handles: Collection[Handle] | None = None,
        account: str | None = None,
        material: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[Often]:
        first, last = months(since, until)
        begin, end = span(since or FIRST, until or LAST, self.zone)
        told: dict[str, Any] = {
            "kind": clean(kind), "account": account and clean(account),
            "material": material and clean(material), "first": first, "last": last,
            "since": since.isoformat() if since else "", "begin": begin, "end": end,
            "until": until.isoformat() if until else "9999",
        }  # fmt: skip
        asked, older, spelled = questions.ALL_OFTEN, questions.ALL_OLDER, dict[str, str]()
        if handles is not None:
            asked, older = questions.HERS_OFTEN, questions.HERS_OLDER
            spelled = {clean(str(handle)): str(handle) for handle in handles}
            told["names"] = list(spelled)
        with self._database.read() as run:
            if handles is None:  # it walks all of those days
                run.execute("set local statement_timeout = 0")
            found = run.execute(asked.encode(), told).fetchall()
        yield from (Often(spelled.get(name, name), times, at) for name, times, at in found)
        hers = self._paged(older, told)
        whose = None if handles is None else frozenset(handles)
        own = (each for each in hers if whose is None or each.handle in whose)
        yield from often(columns(own, [kind]))

    def _of_days(self, kinds: Sequence[str], since: date, until: date) -> Iterator[Event]:
        first, last = months(since, until)
        told = {
            "kinds": [clean(kind) for kind in kinds], "since": since.isoformat(),
            "until": until.isoformat(), "first": first, "last": last,
        }  # fmt: skip
        return self._paged(questions.OF_DAYS, told)

    def _paged(self, wanted: str, told: dict[str, Any]) -> Iterator[Event]:
        """Events by their numbers, so many at a time."""
        told = {**told, "seq": 0, "many": questions.MANY}
        while True:
            with self._database.glance() as run:
                rows = run.cursor(binary=True).execute(wanted.encode(), told).fetchall()
            yield from (unpack(packed) for _, packed in rows)
            if len(rows) < questions.MANY:
                return
            told["seq"] = rows[-1][0]

    def forget(self, handles: Collection[Handle]) -> int:
        gone: list[Event] = []
        with self._database.glance() as run:
            numbered, sorts = refused.naming(run, naming(handles))
        while True:
            with self._database.write("put") as run:
                numbers = sorted(known_numbers(run, names(handles)).values())
                doomed = run.execute(DOOMED, (numbers, _SLICE)).fetchall()
                gone += erase(run, doomed)
                if len(doomed) < _SLICE:
                    named = "delete from juzhen_history.handles where number = any(%b::bigint[])"
                    run.execute(named, (numbers,))
                    refused.forget(run, numbered, sorts)
                    break
        if gone:
            self._scrub({month_of(self.zone.day(event.at).isoformat()) for event in gone})
        return len(gone)

    def _scrub(self, touched: Collection[int]) -> None:
        """Let the space of what was erased be written over."""
        tables = [f"juzhen_history.{t}_{m}" for m in touched for t in ("events", "mentions")]
        self._database.vacuum([*sorted(tables), "juzhen_history.handles"])

    def drop_before(self, day: date) -> list[str]:
        old: list[int] = []
        with self._database.write("put") as run:
            for table in ("mentions", "events"):
                there = parts(run, table)
                old = [month for month in there if month < month_of(day.isoformat())]
                for month in old:
                    run.execute(f"drop table {there[month]}".encode())
            if old:
                first = day.replace(day=1).isoformat()
                run.execute("delete from juzhen_history.rollups where day < %s", (first,))
        return [f"{month // 100}.{month % 100:02}" for month in old]

    def refusals(self, *, limit: int = 50) -> list[tuple[Refusal, int]]:
        with self._database.glance() as run:
            return refused.refusals(run, limit)

    def waiting(self) -> Mapping[Sort, int]:
        with self._database.glance() as run:
            return refused.waiting(run)

    def refused(
        self, *, only: Sort = ANY, after: int = 0, limit: int = 200
    ) -> list[tuple[int, Refusal]]:
        with self._database.glance() as run:
            return refused.kept(run, only, after, limit)

    def settle(self, numbers: Collection[int]) -> None:
        with self._database.write() as run:
            refused.settle(run, numbers)

    def unsample(self, sorts: Collection[Sort]) -> None:
        with self._database.write() as run:
            refused.unsample(run, sorts)

    def let_go(self, kind: str, before: date, limit: int) -> list[Handle | None]:
        gone: list[Handle | None] = []
        while len(gone) < limit:
            few = min(_SLICE, limit - len(gone))
            with self._database.write("put") as run:
                doomed = run.execute(OVER, (clean(kind), before.isoformat(), few)).fetchall()
                gone += [whose(event) for event in erase(run, doomed)]
            if len(doomed) < few:
                break
        return gone

    def take_back(self, told: Mapping[int, Event]) -> int:
        done, numbers = 0, sorted(told)
        for begin in range(0, len(numbers), _SLICE):
            few = numbers[begin : begin + _SLICE]
            with self._database.write("put") as run:
                done += len(erase(run, run.execute(THESE, (few,)).fetchall()))
                unhear(run, [digest_of(told[n].account, told[n].id) for n in few])
        return done

    def amend(self, told: Mapping[int, Event]) -> int:
        done, numbers = 0, sorted(told)
        for begin in range(0, len(numbers), _SLICE):
            with self._database.write("put") as run:
                few = numbers[begin : begin + _SLICE]
                done += amending.amend(run, {number: told[number] for number in few})
        return done

    def emptied(self) -> bool:
        """Its server writes over what is gone in its own time: here it is told to."""
        with self._database.glance() as run:
            there = [
                table for name in ("events", "mentions") for table in parts(run, name).values()
            ]
        self._database.vacuum([*there, "juzhen_history.handles"])
        return True

    def seal(self, before: date, limit: int) -> int:
        return 0  # its server packs what it keeps

    def pack(self, tell: Callable[[int, int], None] | None = None) -> int:
        return 0  # as above

    def remake(self, tell: Callable[[int], None] | None = None) -> int:
        done, seq = 0, 0
        while True:
            with self._database.write("put") as run:
                count, seq = remaking.remention(run, seq, self.zone)
            if not count:
                break
            done += count
            if tell:
                tell(seq)
        with self._database.glance() as run:
            last = (run.execute(remaking.LAST_HANDLE).fetchone() or (0,))[0]
            kinds = run.execute(remaking.DAYS_OF_KINDS).fetchall()
        for first in range(0, last + 1, remaking.HANDLES):
            with self._database.write("put") as run:
                run.execute(remaking.STRAYS, (first, first + remaking.HANDLES - 1))
        for kind, day in kinds:
            with self._database.write("put") as run:
                remaking.recount(run, kind, day)
        return done

    def flaws(self) -> Iterator[str]:
        with self._database.read() as run:
            run.execute("set local statement_timeout = 0")
            for wanted, complaint in questions.FLAWS:
                for row in run.execute(wanted).fetchall():
                    yield f"history: {complaint.format(*row)}"

    def close(self) -> None:
        self._database.close()


def _read_key(text: str) -> _Key:
    at, told, seq = read_cursor(text, int, str, int, field="before")
    return int(at), clean(str(told)), int(seq)
