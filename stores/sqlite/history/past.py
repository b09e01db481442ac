"""Whose timelines sealed events are on (封存索引), and their way back onto them.

A handle's sealed events lie in parts of some dozens, each sorted by time; the time is coarse,
so that whoever needs the exact order looks at the events.
"""

from __future__ import annotations

import heapq
import itertools
import operator
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from sqlite3 import Connection
from typing import NamedTuple

import orjson

from stores.sqlite.history.blocks import lines_of
from stores.sqlite.history.tables import as_json, known_by
from stores.told import micros

Key = tuple[int, str, int]
"""(at, id, seq): the order of a timeline, total even where two events share time and id."""

PART = 96
"""Mentions of one handle that lie together: as many as fit into a quarter of a page. A longer row
would go on in a page of its own."""
_SINCE, _STEP = -2_208_988_800_000_000, 2_000_000  # from 1900, in steps of two seconds
_MOST_STEPS = (1 << 32) - 1
_WIDE = 10
_NEWEST = """
select newest, handle, part from past_mentions
where handle in (select value from json_each(?)) and oldest <= ? order by newest desc
"""
_OLDEST = """
select oldest, handle, part from past_mentions
where handle in (select value from json_each(?)) and newest >= ? order by oldest
"""
_LAST = "select part, body from past_mentions where handle = ? order by part desc limit 1"
_PARTS = "select handle, part, body from past_mentions where handle = ?"
_BETWEEN = """
select body from past_mentions where handle = ? and newest >= ? and oldest <= ?
"""
_BODY = "select body from past_mentions where (handle, part) = (?, ?)"
_PUT = "insert or replace into past_mentions values (?, ?, ?, ?, ?)"


class Mention(NamedTuple):
    """That a sealed event is on somebody's timeline."""

    step: int
    """Its moment, coarsely."""
    seq: int
    kind: int
    """The number of its kind, or `OTHER`."""


_STEP_OF = operator.itemgetter(0)
OTHER = (1 << 16) - 1
"""A kind with a larger number: there is no room for it, so the event has to be looked at."""


def step_of(at: int) -> int:
    """A moment in microseconds, coarsely, in the same order."""
    return min(max((at - _SINCE) // _STEP, 0), _MOST_STEPS)


def room_for(kind: int) -> int:
    return min(kind, OTHER)


def mention(file: Connection, told: Mapping[int, Sequence[Mention]]) -> None:
    """Add what is sealed now, by the numbers of handles."""
    for handle in sorted(told):
        fresh = list(told[handle])
        last = file.execute(_LAST, (handle,)).fetchone()
        part, kept = (last[0], _mentions(last[1])) if last else (0, [])
        if len(kept) + len(fresh) <= PART:
            fresh += kept
        else:
            part += 1
        for begin in range(0, len(fresh), PART):
            _keep(file, handle, part, fresh[begin : begin + PART])
            part += 1


def unmention(file: Connection, gone: Mapping[int, Collection[int]]) -> None:
    """Take events out of the timelines of handles."""
    for handle, seqs in gone.items():
        for _, part, body in file.execute(_PARTS, (handle,)).fetchall():
            kept = _mentions(body)
            left = [each for each in kept if each.seq not in seqs]
            if len(left) < len(kept):
                _keep(file, handle, part, left)


def _keep(file: Connection, handle: int, part: int, mentions: Iterable[Mention]) -> None:
    told = sorted(mentions)
    if not told:
        file.execute("delete from past_mentions where (handle, part) = (?, ?)", (handle, part))
        return
    columns = zip("IIH", zip(*told, strict=True), strict=True)
    body = b"".join(array(code, column).tobytes() for code, column in columns)
    file.execute(_PUT, (handle, part, told[0].step, told[-1].step, body))


def _mentions(body: bytes, kinds: AbstractSet[int] | None = None) -> list[Mention]:
    """All of them, or those of some kinds."""
    columns = _columns(body)
    if kinds is None:
        return [Mention(*each) for each in zip(*columns, strict=True)]
    if kinds.isdisjoint(columns[2]):
        return []
    return [Mention(*each) for each in zip(*columns, strict=True) if each[2] in kinds]


def _columns(body: bytes) -> tuple[array[int], array[int], array[int]]:
    """Steps, numbers of events and of kinds."""
    count = len(body) // _WIDE
    steps, seqs, kinds = array("I"), array("I"), array("H")
    steps.frombytes(body[: 4 * count])
    seqs.frombytes(body[4 * count : 8 * count])
    kinds.frombytes(body[8 * count :])
    return steps, seqs, kinds


def newest(
    file: Connection, handles: Collection[int], key: Key, kinds: Collection[str] | None, limit: int
) -> dict[Key, bytes]:
    """So many sealed events before a key at least, the latest first, as far as there are any."""
    wanted = None if kinds is None else frozenset(kinds)
    walk = _walk(file, _NEWEST, handles, step_of(key[0]), -1, _numbers(file, wanted))
    return _recalled(file, walk, key, wanted, limit)


def oldest(
    file: Connection, handles: Collection[int], key: Key, kinds: Collection[str] | None, limit: int
) -> dict[Key, bytes]:
    """So many sealed events after a key at least, the earliest first."""
    wanted = None if kinds is None else frozenset(kinds)
    walk = _walk(file, _OLDEST, handles, step_of(key[0]), 1, _numbers(file, wanted))
    return _recalled(file, walk, key, wanted, limit, forth=True)


def _numbers(file: Connection, kinds: frozenset[str] | None) -> set[int] | None:
    """What mentions may say of an event of these kinds."""
    if kinds is None:
        return None
    return {OTHER, *map(room_for, known_by(file, "kinds", kinds).values())}


def _recalled(
    file: Connection, walk: Iterator[Mention], key: Key, kinds: frozenset[str] | None, limit: int,
    *, forth: bool = False,
) -> dict[Key, bytes]:  # fmt: skip
    """The events of mentions in their exact order, which within a step only they tell."""
    found: dict[Key, bytes] = {}
    ahead: set[int] = set()
    for _, together in itertools.groupby(walk, key=_STEP_OF):
        ahead |= {each.seq for each in together}
        if len(ahead) + len(found) >= limit:
            found |= _exactly(file, ahead, key, kinds, forth)
            ahead = set()
            if len(found) >= limit:
                break
    return found | _exactly(file, ahead, key, kinds, forth)


def _exactly(
    file: Connection, seqs: Collection[int], key: Key, kinds: frozenset[str] | None, forth: bool
) -> dict[Key, bytes]:
    rows: dict[Key, bytes] = {}
    for seq, line in lines_of(file, seqs).items():
        told = orjson.loads(line)
        its = (micros(datetime.fromisoformat(told["at"])), told["id"], seq)
        if (its > key if forth else its < key) and (kinds is None or told["kind"] in kinds):
            rows[its] = line
    return {its: rows[its] for its in sorted(rows, reverse=not forth)}


def _walk(
    file: Connection, asked: str, handles: Collection[int], step: int, sign: int,
    kinds: AbstractSet[int] | None,
) -> Iterator[Mention]:  # fmt: skip
    """Parts are read when their turn comes: of many thousands the next few cost no more."""
    ahead: list[tuple[int, Mention]] = []
    for edge, handle, part in file.execute(asked, (as_json(list(handles)), step)).fetchall():
        while ahead and ahead[0][0] < sign * edge:
            yield heapq.heappop(ahead)[1]
        (body,) = file.execute(_BODY, (handle, part)).fetchone()
        for each in _mentions(body, kinds):
            if sign * each.step >= sign * step:
                heapq.heappush(ahead, (sign * each.step, each))
    while ahead:
        yield heapq.heappop(ahead)[1]


def seqs_of(file: Connection, handles: Collection[int], limit: int = 1 << 62) -> set[int]:
    """The numbers of the sealed events of these handles, all or so many."""
    found: set[int] = set()
    for handle in handles:
        for _, _, body in file.execute(_PARTS, (handle,)):
            found.update(each.seq for each in _mentions(body))
            if len(found) >= limit:
                return set(itertools.islice(found, limit))
    return found


def seqs_between(
    file: Connection, handles: Collection[int], kinds: Collection[int], begin: int, end: int
) -> set[int]:
    """The numbers of sealed events of these handles that may be of some kinds, from one moment
    until before another, as exactly as mentions tell."""
    asked, first, last = {OTHER, *map(room_for, kinds)}, step_of(begin), step_of(end)
    found: set[int] = set()
    for handle in handles:
        for (body,) in file.execute(_BETWEEN, (handle, first, last)):
            columns = _columns(body)
            if not asked.isdisjoint(columns[2]):
                found.update(
                    seq
                    for step, seq, its in zip(*columns, strict=True)
                    if its in asked and first <= step <= last
                )
    return found
