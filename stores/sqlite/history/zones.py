"""By which zone days were counted (计日时区), as far back as there are events.

Whoever moves the company to another zone moves no day that was counted before: what is erased, or
looked for behind a count, is found under the day that it was counted on.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection, Iterator
from datetime import date
from sqlite3 import Connection

from kernel.calendar import Zone
from stores.acts import span
from stores.sqlite.history import stripes

_LAST = "select name from zones order by since desc limit 1"
_PUT = "insert or replace into zones values (?, ?)"
_EVER = 1 << 62


def note(file: Connection, zone: Zone, first: int) -> None:
    """The event of this number and those after it are counted by this zone."""
    last = file.execute(_LAST).fetchone()
    if last is None or last[0] != zone.name:
        file.execute(_PUT, (first if last else 0, zone.name))


class CountedBy:
    """The zones of one history, each from a number of arrival on."""

    def __init__(self, file: Connection, zone: Zone) -> None:
        """``zone`` is whose days are counted where nothing was noted yet."""
        rows = file.execute("select since, name from zones order by since").fetchall()
        self._since = [since for since, _ in rows] or [0]
        self._zones = [Zone(name) for _, name in rows] or [zone]

    def zone(self, seq: int) -> Zone:
        """The zone by which this event was counted."""
        return self._zones[max(bisect(self._since, seq) - 1, 0)]

    def seqs(self, file: Connection, kinds: Collection[str], day: date) -> Iterator[int]:
        """The sealed events of some kinds that were counted on this day."""
        ends = [*self._since[1:], _EVER]
        for since, end, zone in zip(self._since, ends, self._zones, strict=True):
            for seq in stripes.over(file, sorted(set(kinds)), *span(day, day, zone)):
                if since <= seq < end:
                    yield seq
