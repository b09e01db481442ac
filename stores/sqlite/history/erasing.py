"""What leaves the history (删除): events and everything that pointed at them, counts too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from sqlite3 import Connection

from kernel.calendar import Zone
from kernel.events import unpack
from stores.sqlite.history import days
from stores.sqlite.history.arrivals import ROLL
from stores.sqlite.history.sealing import take_out
from stores.sqlite.history.stripes import zero
from stores.sqlite.history.tables import as_json, known_numbers
from stores.told import micros, names_of

DOOMED = """
select distinct seq from mentions where handle in (select value from json_each(?)) limit ?
"""
OVER = """
with recursive kinds(kind) as (
    select min(kind) from events
    union all select (select min(kind) from events e where e.kind > kinds.kind) from kinds
    where kinds.kind is not null
)
select seq, day from kinds join events using (kind) where day < ? limit ?
"""
"""Events of days before one, by the index of kinds and days."""


def erase(file: Connection, doomed: Sequence[int], zone: Zone) -> None:
    """Take out events by their numbers, with every mention of them."""
    zero(file, doomed)
    take_out(file, doomed, zone)
    asked = (as_json(list(doomed)),)
    events = file.execute(
        "delete from events where seq in (select value from json_each(?))"
        " returning seq, material, day, account, kind, packed",
        asked,
    ).fetchall()
    rolled = Counter(tuple(row[1:5]) for row in events)
    days.stale(file, (row[2] for row in events))
    file.executemany(ROLL, [(*key, -count) for key, count in rolled.items()])
    file.executemany(
        "delete from rollups where (material, day, account, kind) = (?, ?, ?, ?) and count = 0",
        list(rolled),
    )
    told = [(seq, unpack(packed)) for seq, *_, packed in events]
    numbers = known_numbers(file, {name for _, event in told for name in names_of(event)})
    file.executemany(
        "delete from mentions where (handle, at, id, seq) = (?, ?, ?, ?)",
        [
            (numbers[name], micros(event.at), event.id, seq)
            for seq, event in told
            for name in names_of(event)
        ],
    )
