"""Labels told anew (重新标记): what reports ask of an act may be another one day than it was.

A stripe a transaction, worked out before anybody waits; only of events that nobody has sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection

from kernel.calendar import Zone
from stores.sqlite.database import Database
from stores.sqlite.history import columns, labels
from stores.told import Label, Told

_NEXT = "select first, last from acts where first > ? order by first limit 1"
_PACKED = "select seq, packed from events where seq between ? and ?"
_BODY = "select last, body from acts where first = ?"
_ANEW = "update acts set body = ? where first = ?"


def relabel(database: Database, zone: Zone, label: Label) -> None:
    """Label the acts of every stripe as their events are labelled now."""
    first = 0
    while True:
        with database.read() as file:
            row = file.execute(_NEXT, (first,)).fetchone()
            rows = file.execute(_PACKED, row).fetchall() if row else []
        if row is None:
            return
        first = row[0]
        told = {seq: Told.read(packed, zone, label) for seq, packed in rows}
        with database.write() as file:
            _put(file, first, {seq: (each.account, each.label) for seq, each in told.items()})


def _put(file: Connection, first: int, told: Mapping[int, tuple[str, str]]) -> None:
    """Label these acts of a stripe, which may have grown; who was erased meanwhile stays nobody."""
    row = file.execute(_BODY, (first,)).fetchone()
    if row is None:
        return
    last, body = row
    acts = columns.taken(body, last - first + 1)
    _, _, kind, label = acts
    places = [seq - first for seq in told if seq <= last and kind[seq - first]]
    fresh = labels.used(file, [told[first + place] for place in places])
    labels.unused(file, (label[place] for place in places))
    for place, number in zip(places, fresh, strict=True):
        label[place] = number
    wide = columns.wide_is(len(body), last - first + 1)
    file.execute(_ANEW, (columns.laid(acts) if wide else columns.narrowed(acts), first))
