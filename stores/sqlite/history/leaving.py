"""Who and what leaves the history (遗忘): a person, a kind whose time is over, whole months.

In slices, so that nobody waits long for the lock; done again after dying anywhere, it ends alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from kernel.calendar import Zone
from kernel.events import Event, Handle, unpack
from stores.naming import naming
from stores.sqlite.database import Database
from stores.sqlite.history import blocks, past, refused, stripes
from stores.sqlite.history.arrivals import unhear
from stores.sqlite.history.erasing import DOOMED, OVER, erase
from stores.sqlite.history.tables import as_json, numbers_of
from stores.told import digest_of, micros, whose

_SLICE = 500
"""How many events are erased in one transaction."""
_ALWAYS = -(1 << 62)
_THERE = "select seq from events where seq in (select value from json_each(?))"


def forget(database: Database, zone: Zone, handles: Collection[Handle]) -> int:
    """Erase every event that names one of them; how many there were."""
    gone = 0
    with database.read() as file:  # before: it is looked through while nobody waits
        numbered, sorts = refused.naming(file, naming(handles))
    while True:
        with database.write() as file:
            file.execute("pragma secure_delete=on")
            numbers = numbers_of(file, handles)
            asked = as_json(numbers)
            doomed = [seq for (seq,) in file.execute(DOOMED, (asked, _SLICE))]
            doomed += past.seqs_of(file, numbers, _SLICE - len(doomed))
            erase(file, doomed, zone)
            gone += len(doomed)
            if len(doomed) < _SLICE:
                file.execute(
                    "delete from handles where number in (select value from json_each(?))", (asked,)
                )
                refused.forget(file, numbered, sorts)
                return gone


def let_go(
    database: Database, zone: Zone, kind: str, before: date, limit: int
) -> list[Handle | None]:
    """Drop up to so many events of a kind whose day is over; whom each was about."""
    over = "select seq, packed from events where kind = ? and day < ? order by day limit ?"
    gone: list[Handle | None] = []
    while len(gone) < limit:
        with database.write() as file:
            few = min(_SLICE, limit - len(gone))
            rows = file.execute(over, (kind, before.isoformat(), few)).fetchall()
            file.execute("pragma secure_delete=on")
            erase(file, [seq for seq, _ in rows], zone)
        gone += [whose(unpack(packed)) for _, packed in rows]
        if len(rows) < few:
            break
    lines = _drop_sealed(database, zone, [kind], before, limit - len(gone))
    return gone + [whose(unpack(line)) for line in lines]


def take_back(database: Database, zone: Zone, told: Mapping[int, Event]) -> int:
    """Take events out as if nobody had heard of them; how many were there."""
    gone, numbers = 0, sorted(told)
    for begin in range(0, len(numbers), _SLICE):
        few = numbers[begin : begin + _SLICE]
        with database.write() as file:
            file.execute("pragma secure_delete=on")
            there = [seq for (seq,) in file.execute(_THERE, (as_json(few),))]
            there += blocks.lines_of(file, [seq for seq in few if seq not in set(there)])
            erase(file, there, zone)
            unhear(file, [digest_of(told[seq].account, told[seq].id) for seq in few])
        gone += len(there)
    return gone


def drop_before(database: Database, zone: Zone, first: date) -> list[str]:
    """Drop every event of a day before this one; which months they were of."""
    gone = set[str]()
    while True:
        with database.write() as file:
            file.execute("pragma secure_delete=on")
            rows = file.execute(OVER, (first.isoformat(), _SLICE)).fetchall()
            erase(file, [seq for seq, _ in rows], zone)
        gone |= {day[:7].replace("-", ".") for _, day in rows}
        if len(rows) < _SLICE:
            break
    while lines := _drop_sealed(database, zone, None, first, 100 * _SLICE):
        gone |= {f"{zone.local(unpack(line).at):%Y.%m}" for line in lines}
    return sorted(gone)


def _drop_sealed(
    database: Database, zone: Zone, kinds: list[str] | None, before: date, limit: int
) -> list[bytes]:
    """Drop so many sealed events of days before one; what they were."""
    with database.read() as file:
        doomed = stripes.over(file, kinds, _ALWAYS, micros(zone.at(before)))[:limit]
    gone: list[bytes] = []
    for begin in range(0, len(doomed), _SLICE):
        few = doomed[begin : begin + _SLICE]
        with database.write() as file:
            file.execute("pragma secure_delete=on")
            gone += blocks.lines_of(file, few).values()
            erase(file, few, zone)
    return gone
