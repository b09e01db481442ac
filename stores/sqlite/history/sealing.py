"""Sealing (封存): what arrived of months that are over is laid together, a block a transaction.

A stretch is sealed once everything in it happened before a moment, in the order of arrival; what
comes late is a stretch of its own, sealed the next time. Dying anywhere and going on does no harm:
an event is either here or there. Unsealing gives back exactly what was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import NamedTuple

from kernel.calendar import Zone
from kernel.crash import declare
from stores.sqlite.history import blocks, columns, days, past, tallies
from stores.sqlite.history.arrivals import ROLL
from stores.sqlite.history.tables import (
    as_json,
    known_by,
    known_numbers,
    numbered,
    numbers_by,
)
from stores.sqlite.history.zones import CountedBy
from stores.told import Told

DRAFTED = declare("sealing.drafted", "a block is worked out and nothing is written")
SEALED = declare("sealing.sealed", "a block is kept instead of its events; its stretch is open")
CLOSED = declare("sealing.closed", "a stretch is sealed with the columns beside it")

_STRIPE = """
select first, last from acts where newest < ? order by first limit 1
"""
_ROWS = """
select seq, material, day, account, kind, packed from events
where seq between ? and ? order by seq limit ?
"""
_STILL = "select seq from events where seq between ? and ? limit 1"
_SAME = "select seq, packed from events where seq between ? and ? order by seq"
_UNMENTION = "delete from mentions where (handle, at, id, seq) = (?, ?, ?, ?)"
_UNROLL = """
delete from rollups where (material, day, account, kind) = (?, ?, ?, ?) and count = 0
"""


class Draft(NamedTuple):
    """A block that is ready to be kept, worked out before anybody waits."""

    seqs: Sequence[int]
    lines: Sequence[bytes]
    body: bytes
    told: Mapping[int, Told]
    counted: Mapping[tuple[str, str, str, str], int]


def over(file: Connection, before: int) -> tuple[int, int] | None:
    """The next stretch of arrivals in which everything happened before a moment."""
    row = file.execute(_STRIPE, (before,)).fetchone()
    return (row[0], row[1]) if row else None


def draft(file: Connection, first: int, last: int, zone: Zone) -> Draft | None:
    """The next block of a stretch; None: all of it is sealed."""
    rows = file.execute(_ROWS, (first, last, blocks.EVENTS)).fetchall()
    if not rows:
        return None
    packed, begin = {row[0]: row[5] for row in rows}, rows[0][0]
    lines = [packed.get(seq, b"") for seq in range(begin, rows[-1][0] + 1)]
    numbers = known_numbers(file, blocks.owners(lines))
    if len(rows) < blocks.EVENTS:
        body = blocks.squeezed(lines, numbers)
    else:
        count, body = blocks.filled(lines, numbers)
        lines, rows = lines[:count], [row for row in rows if row[0] < begin + count]
    told = {row[0]: Told.read(row[5], zone) for row in rows}
    counted = Counter(tuple(row[1:5]) for row in rows)
    return Draft(list(told), lines, body, told, counted)


def seal(file: Connection, made: Draft) -> None:
    """Keep a block instead of its events; nothing happens if one of them was erased or written
    anew meanwhile."""
    first, last = made.seqs[0], made.seqs[-1]
    drafted = [(seq, told.packed) for seq, told in made.told.items()]
    if file.execute(_SAME, (first, last)).fetchall() != drafted:
        return
    blocks.keep(file, first, made.lines, made.body)
    file.execute("delete from events where seq between ? and ?", (first, last))
    numbers = known_numbers(file, {name for told in made.told.values() for name in told.names})
    file.executemany(
        _UNMENTION,
        sorted(
            (numbers[name], told.at, told.id, seq)
            for seq, told in made.told.items()
            for name in told.names
        ),
    )
    kinds = known_by(file, "kinds", {told.kind for told in made.told.values()})
    mentions: dict[int, list[past.Mention]] = {}
    for seq, told in made.told.items():
        mention = past.Mention(past.step_of(told.at), seq, past.room_for(kinds[told.kind]))
        for name in told.names:
            mentions.setdefault(numbers[name], []).append(mention)
    past.mention(file, mentions)
    file.executemany(ROLL, [(*key, -count) for key, count in sorted(made.counted.items())])
    file.executemany(_UNROLL, sorted(made.counted))
    tallies.roll(file, made.counted, 1)


def close(file: Connection, first: int) -> None:
    """Seal the columns beside a stretch, too, once all its events are; it may have grown since."""
    row = file.execute("select * from acts where first = ?", (first,)).fetchone()
    if row and not file.execute(_STILL, row[:2]).fetchone():
        body = columns.narrow(row[4], row[1] - row[0] + 1)
        file.execute("insert into past_acts values (?, ?, ?, ?, ?)", (*row[:4], body))
        file.execute("delete from acts where first = ?", (first,))


def take_out(file: Connection, seqs: Iterable[int], zone: Zone) -> int:
    """Erase sealed events with all that points at them but their stripes' places."""
    counted_by = CountedBy(file, zone).zone
    taken = blocks.take_out(file, set(seqs))
    gone = {seq: Told.read(line, counted_by(seq)) for seq, line in taken.items()}
    names = known_numbers(file, {name for told in gone.values() for name in told.names})
    mentioned: dict[int, set[int]] = {}
    for seq, told in gone.items():
        for name in told.names & names.keys():
            mentioned.setdefault(names[name], set()).add(seq)
    past.unmention(file, mentioned)
    tallies.roll(file, Counter(map(_key, gone.values())), -1)
    days.stale(file, (told.day for told in gone.values()))
    return len(gone)


def unseal(file: Connection, zone: Zone) -> bool:
    """Give one block's events back to where they were; False: nothing is sealed any more."""
    row = file.execute("select first, body from sealed order by first limit 1").fetchone()
    if row is None:
        return _unseal_rest(file)
    first, body = row
    counted_by = CountedBy(file, zone).zone
    told = {
        seq: Told.read(line, counted_by(seq))
        for seq, line in enumerate(blocks.all_of(file, body), first)
        if line
    }
    numbers = numbered(file, {name for each in told.values() for name in each.names})
    kinds = numbers_by(file, "kinds", {each.kind for each in told.values()})
    file.executemany(
        "insert or replace into events values (?, ?, ?, ?, ?, ?, ?)",
        [
            (seq, each.account, each.id, each.kind, each.material, each.day, each.packed)
            for seq, each in told.items()
        ],
    )
    file.executemany(
        "insert or ignore into mentions values (?, ?, ?, ?, ?)",
        [
            (numbers[name], each.at, each.id, seq, kinds[each.kind])
            for seq, each in told.items()
            for name in each.names
        ],
    )
    counted = Counter(map(_key, told.values()))
    file.executemany(ROLL, [(*key, count) for key, count in sorted(counted.items())])
    tallies.roll(file, counted, -1)
    file.execute("delete from sealed where first = ?", (first,))
    return True


def _unseal_rest(file: Connection) -> bool:
    """Stripes, a few a time; then what pointed at sealed events points nowhere."""
    rows = file.execute("select * from past_acts order by first limit 10").fetchall()
    for first, last, *edges, body in rows:
        told = columns.narrow(body, last - first + 1)
        file.execute("insert into acts values (?, ?, ?, ?, ?)", (first, last, *edges, told))
    firsts = as_json([row[0] for row in rows])
    file.execute("delete from past_acts where first in (select value from json_each(?))", (firsts,))
    if rows:
        return True
    left = file.execute(
        "delete from past_mentions where (handle, part) in"
        " (select handle, part from past_mentions limit 2000)"
    ).rowcount
    left += file.execute(
        "delete from past_rollups where (material, day, account, kind) in"
        " (select material, day, account, kind from past_rollups limit 2000)"
    ).rowcount
    return left > 0


def _key(told: Told) -> tuple[str, str, str, str]:
    return told.material, told.day, told.account, told.kind
