"""The sealed events behind a count (计数明细): the newest day first, in a day the latest arrival.

A day is looked through only if its counts say that there is something.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from sqlite3 import Connection
from typing import Any

import orjson

from kernel.calendar import Zone
from stores.sqlite.history import blocks, tallies
from stores.sqlite.history.zones import CountedBy

_TOGETHER = 500
Row = tuple[str, int, bytes]


def rows(
    file: Connection, kinds: Collection[str], asked: Mapping[str, Any], zone: Zone
) -> list[Row]:
    """As many as are asked for: day, number and event."""
    if file.execute("select 1 from sealed limit 1").fetchone() is None:
        return []
    words = {axis: asked[axis] for axis in ("account", "material") if asked[axis] is not None}
    since = date.fromisoformat(asked["since"]) if asked["since"] else date.min
    latest = min(asked["until"], asked["day"])
    until = date.max if latest == "9999" else date.fromisoformat(latest)
    found: list[Row] = []
    counted_by = CountedBy(file, zone)
    for day in tallies.days_of(file, sorted(set(kinds)), words, since, until):
        seqs = sorted(counted_by.seqs(file, kinds, day), reverse=True)
        if day.isoformat() == asked["day"]:
            seqs = [seq for seq in seqs if seq < asked["seq"]]
        found += _of_day(file, day.isoformat(), seqs, words, asked["limit"] - len(found))
        if len(found) >= asked["limit"]:
            break
    return found


def _of_day(
    file: Connection, day: str, seqs: list[int], words: Mapping[str, str], limit: int
) -> list[Row]:
    found: list[Row] = []
    for begin in range(0, len(seqs), _TOGETHER):
        lines = blocks.lines_of(file, seqs[begin : begin + _TOGETHER])
        found += [(day, seq, lines[seq]) for seq in sorted(lines, reverse=True)
                  if _says(lines[seq], words)]  # fmt: skip
        if len(found) >= limit:
            break
    return found[:limit]


def _says(line: bytes, words: Mapping[str, str]) -> bool:
    told = orjson.loads(line) if words else {}
    return all(told.get(axis, "") == word for axis, word in words.items())
