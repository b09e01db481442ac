"""Remaking the history's indices (重建历史): mentions and counts, out of the events alone.

Works in slices beside the fold; stopped anywhere, it may begin again. Touches no event.
"""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection
from typing import Any

from kernel.events import unpack
from stores.sqlite.history import days
from stores.sqlite.history.tables import numbered, numbers_by
from stores.told import micros, names_of

EVENTS = 500
HANDLES = 500
_STRAY = """
delete from mentions where handle between ? and ?
and not exists (select 1 from events e where e.seq = mentions.seq)
"""
_MENTION = """
insert into mentions values (?, ?, ?, ?, ?)
on conflict do update set kind = excluded.kind where kind is not excluded.kind
"""
_COUNTED = """
insert into rollups select material, day, account, kind, count(*) from events
where kind = ? and day = ? group by 1, 2, 3, 4
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
_LAID = """
select day, held, coalesce(sum(count), 0) total from counted_days left join (
    select day, count from rollups union all select date(day + 1721424.5), count from past_rollups
) using (day) group by day having held != total
"""
_BEHIND = """
select seq, value from events, marks where name = 'seq' and seq > value limit 10
"""
_HELD = """
select held, counted from (select coalesce(sum(held), 0) held from sealed),
(select coalesce(sum(count), 0) counted from past_rollups) where held != counted
"""
FLAWS = (
    (_RECOUNT, "the count of ({0}, {1}, {2}, {3}) differs from its events by {4}"),
    (_UNFOUND, "event {0} is mentioned and not there"),
    (_HELD, "{0} events are sealed and {1} are counted"),
    (_LAID, "of {0} {1} events are counted together and {2} one by one"),
    (_BEHIND, "event {0} lies behind the last number given out, {1}"),
)
"""Where the store contradicts itself, and how that is told."""


def mention(file: Connection, after: int) -> int | None:
    """Mention everybody of the next events; the last one's number, None when all are done."""
    rows = file.execute(
        "select seq, packed from events where seq > ? order by seq limit ?", (after, EVENTS)
    ).fetchall()
    if not rows:
        return None
    told = [(seq, unpack(packed)) for seq, packed in rows]
    numbers = numbered(file, {name for _, event in told for name in names_of(event)})
    kinds = numbers_by(file, "kinds", {event.kind for _, event in told})
    file.executemany(
        _MENTION,
        [
            (numbers[name], micros(event.at), event.id, seq, kinds[event.kind])
            for seq, event in told
            for name in names_of(event)
        ],
    )
    return int(rows[-1][0])


def drop_strays(file: Connection, first: int) -> None:
    """Take out mentions of events that are not there."""
    file.execute(_STRAY, (first, first + HANDLES - 1))


def last_handle(file: Connection) -> int:
    return int(file.execute("select coalesce(max(number), 0) from handles").fetchone()[0])


def days_of_kinds(file: Connection) -> list[tuple[Any, Any]]:
    """Every kind and day of which there are events or counts."""
    wanted = "select kind, day from events group by 1, 2 union select kind, day from rollups"
    return file.execute(wanted).fetchall()


def recount(file: Connection, kind: str, day: str) -> None:
    file.execute("delete from rollups where kind = ? and day = ?", (kind, day))
    file.execute(_COUNTED, (kind, day))
    days.stale(file, [day])


def firsts(last: int) -> Iterator[int]:
    yield from range(0, last + 1, HANDLES)
