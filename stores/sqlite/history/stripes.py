"""Stripes (列条): for stretches of arrivals, who did what when, as arrays beside the events.

What is asked over everybody reads these instead of a million events. Written in the transaction
that takes the events in; an erased event's place is zeroed where it lies.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, unpack
from stores.acts import span
from stores.sqlite.history.tables import as_json, known_numbers, mark_of, numbered
from stores.told import Told, micros

if TYPE_CHECKING:
    from numpy import int64, uint32
    from numpy.typing import NDArray

ROOM = 512
"""Acts that a stripe is filled up to by small arrivals; a large one is a stripe of its own."""
_WIDE = 16
"""Bytes of an act: eight of its moment, four of its handle's number, four of its kind's."""
_TOGETHER = 64
"""Stripes that are looked through at once."""
_LATEST = "select first, last, body from stripes order by first desc limit 1"
_OVER = "select body from stripes where newest >= ? and oldest < ?"
_HOLDING = """
select first, last from stripes
where first <= ? and last >= ? order by first desc limit 1
"""
_UNSTRIPED = "select packed from events where kind = ? and seq < ? and day between ? and ?"
_UP_TO = "select seq, packed from events where seq < ? order by seq desc limit ?"
_NOW = "select coalesce(min(first), 1 << 62) from stripes"


class Act(NamedTuple):
    """One place of a stripe; zeros for what nobody did."""

    at: int
    who: int
    kind: int


def acts_of(file: Connection, fresh: Sequence[Told], handles: Mapping[str, int]) -> list[Act]:
    """What a stripe keeps of arrivals; ``handles`` numbers whoever did them."""
    kinds = _kinds(file, {told.kind for told in fresh})
    return [
        Act(told.at, handles[told.own], kinds[told.kind]) if told.own else Act(told.at, 0, 0)
        for told in fresh
    ]


def _kinds(file: Connection, names: Collection[str]) -> dict[str, int]:
    """A number for each kind, new ones where needed."""
    known = _known(file, names)
    for name in sorted(set(names) - known.keys()):
        known[name] = int(
            file.execute("insert into kinds (name) values (?)", (name,)).lastrowid or 0
        )
    return known


def _known(file: Connection, names: Collection[str]) -> dict[str, int]:
    wanted = "select name, number from kinds where name in (select value from json_each(?))"
    return dict(file.execute(wanted, (as_json(list(names)),)))


def stripe(file: Connection, first: int, acts: Sequence[Act]) -> None:
    """Keep what arrived, numbered from ``first``; the stripe before it is filled up if small."""
    at, who, kind = _columns(acts)
    before = file.execute(_LATEST).fetchone()
    if before and before[1] == first - 1 and first - before[0] + len(acts) <= ROOM:
        first, kept = before[0], _arrays(before[2])
        at, who, kind = kept[0] + at, kept[1] + who, kept[2] + kind
    _keep(file, first, at, who, kind)


def _columns(acts: Iterable[Act]) -> tuple[array[int], array[int], array[int]]:
    told = list(acts)
    return (
        array("q", [act.at for act in told]), array("I", [act.who for act in told]),
        array("I", [act.kind for act in told]),
    )  # fmt: skip


def _keep(file: Connection, first: int, at: array[int], who: array[int], kind: array[int]) -> None:
    body = b"".join((at.tobytes(), who.tobytes(), kind.tobytes()))
    file.execute(
        "insert or replace into stripes values (?, ?, ?, ?, ?)",
        (first, first + len(at) - 1, min(at), max(at), body),
    )


def _arrays(body: bytes) -> tuple[array[int], array[int], array[int]]:
    count = len(body) // _WIDE
    at, who, kind = (array(code) for code in "qII")
    at.frombytes(body[: 8 * count])
    who.frombytes(body[8 * count : 12 * count])
    kind.frombytes(body[12 * count :])
    return at, who, kind


def zero(file: Connection, seqs: Collection[int]) -> None:
    """What is erased is nobody's act any more."""
    ahead = sorted(seqs)
    while ahead:
        row = file.execute(_HOLDING, (ahead[0], ahead[0])).fetchone()
        if row is None:  # it came before stripes were kept
            ahead.pop(0)
            continue
        first, last = row
        count = last - first + 1
        with file.blobopen("stripes", "body", first) as body:
            while ahead and ahead[0] <= last:
                place = ahead.pop(0) - first
                for begin in (8 * count + 4 * place, 12 * count + 4 * place):
                    body.seek(begin)
                    body.write(bytes(4))


def read(
    file: Connection, kinds: Sequence[str], since: date, until: date, zone: Zone
) -> NDArray[int64]:
    """Rows of who, which of the kinds and when, over days that are both included."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    begin, end = span(since, until, zone)
    known = _known(file, kinds)
    place = np.full(max(known.values(), default=0) + 1, -1, dtype=np.int64)
    for number, name in enumerate(kinds):
        if name in known:
            place[known[name]] = number
    parts = [_unstriped(file, kinds, since, until)]
    bodies = file.execute(_OVER, (begin, end))
    while some := [body for (body,) in bodies.fetchmany(_TOGETHER)]:
        at, who, what = (np.concatenate(column) for column in zip(*map(_views, some), strict=True))
        kind = place[np.where(what < len(place), what, 0)]
        chosen = np.flatnonzero((kind >= 0) & (at >= begin) & (at < end))
        parts.append(np.stack((who[chosen], kind[chosen], at[chosen])))
    return np.concatenate(parts, axis=1)


def _views(body: bytes) -> tuple[NDArray[int64], NDArray[uint32], NDArray[uint32]]:
    import numpy as np

    count = len(body) // _WIDE
    return (
        np.frombuffer(body, np.int64, count), np.frombuffer(body, np.uint32, count, 8 * count),
        np.frombuffer(body, np.uint32, count, 12 * count),
    )  # fmt: skip


def _unstriped(file: Connection, kinds: Sequence[str], since: date, until: date) -> NDArray[int64]:
    """The same of events that came before stripes were kept; `backfill` leaves none."""
    import numpy as np

    first = _first(file)
    told: list[Event] = []
    if file.execute("select 1 from events where seq < ? limit 1", (first,)).fetchone():
        days = (since.isoformat(), until.isoformat())
        for kind in kinds:
            rows = file.execute(_UNSTRIPED, (kind, first, *days))
            told += [unpack(packed) for (packed,) in rows]
    hers = [(str(each.handle), each) for each in told if each.handle]
    numbers = known_numbers(file, {name for name, _ in hers})
    kept = [(numbers[name], kinds.index(each.kind), micros(each.at)) for name, each in hers]
    return np.array(kept, dtype=np.int64).reshape(-1, 3).T


def _first(file: Connection) -> int:
    return int(file.execute(_NOW).fetchone()[0])


def backfill(file: Connection, limit: int, zone: Zone) -> bool:
    """Keep a stripe of so many that came just before the first; False: there are none."""
    first = min(_first(file), mark_of(file, "seq") + 1)
    rows = file.execute(_UP_TO, (first, limit)).fetchall()
    if not rows:
        return False
    told = {seq: Told.of(unpack(packed), zone) for seq, packed in rows}
    handles = numbered(file, {each.own for each in told.values() if each.own})
    kept = dict(zip(told, acts_of(file, list(told.values()), handles), strict=True))
    begin, nobody = min(kept), Act(min(each.at for each in kept.values()), 0, 0)
    _keep(file, begin, *_columns(kept.get(seq, nobody) for seq in range(begin, first)))
    return True
