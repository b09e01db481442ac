"""Stripes (列条): for stretches of arrivals, who did what when, as arrays beside the events, and
with which label.

What is asked over everybody reads these instead of a million events. Written in the transaction
that takes the events in; an erased event's place is zeroed where it lies.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, unpack
from stores.acts import Acts, Numbers, span
from stores.sqlite.history.tables import (
    as_json,
    known_by,
    known_numbers,
    mark_of,
    numbered,
    numbers_by,
)
from stores.told import Label, Said, Told, micros

if TYPE_CHECKING:
    from numpy import int64, uint32
    from numpy.typing import NDArray

ROOM = 512
"""Acts that a stripe is filled up to by small arrivals; a large one is a stripe of its own."""
_WIDE = 20
"""Bytes of an act: eight of its moment, four each of its handle's, kind's and label's number."""
_CODES = "qIII"
_BYTES = (8, 4, 4, 4)
_TOGETHER = 64
"""Stripes that are looked through at once."""
_LATEST = "select first, last, body from acts order by first desc limit 1"
_OVER = """
select last - first + 1, body, 0 from acts where newest >= :begin and oldest < :end
union all
select last - first + 1, body, 1 from past_acts where newest >= :begin and oldest < :end
"""
_SEALED = """
select first, last, body, 1 from past_acts where newest >= :begin and oldest < :end
union all
select first, last, body, 0 from acts where newest >= :begin and oldest < :end
and exists (select 1 from sealed s where s.first between acts.first and acts.last)
"""
_HOLDING = """
select first, last from {} where first <= ? and last >= ? order by first desc limit 1
"""
_HELD = """
select first, last, body from {0}
where first = (select max(first) from {0} where first <= ?) and last >= ?
"""
_UNSTRIPED = "select packed from events where kind = ? and seq < ? and day between ? and ?"
_UP_TO = "select seq, packed from events where seq < ? order by seq desc limit ?"
_USE = """
insert into uses values (?, ?) on conflict do update set count = count + excluded.count
"""
_UNUSED = """
delete from labels where number in (
    select label from uses where count <= 0 and label in (select value from json_each(?))
)
"""
_NOW = """
select min(coalesce((select min(first) from acts), 1 << 62),
           coalesce((select min(first) from past_acts), 1 << 62))
"""


Stretch = tuple["Sequence[NDArray[int64]]", Mapping[int, str]]
"""Rows of who, which kind, when and the label; and those labels that no number was kept for."""


class Act(NamedTuple):
    """One place of a stripe: nobody's number is 0, an erased act's kind and label, too."""

    at: int
    who: int
    kind: int
    label: int


def acts_of(file: Connection, fresh: Sequence[Told], handles: Mapping[str, int]) -> list[Act]:
    """What a stripe keeps of arrivals; ``handles`` numbers whoever did them."""
    kinds = numbers_by(file, "kinds", {told.kind for told in fresh})
    used = Counter(told.label for told in fresh if told.label)
    labels = numbers_by(file, "labels", used)
    file.executemany(_USE, [(labels[label], count) for label, count in sorted(used.items())])
    numbers = {"": 0, **handles}
    return [
        Act(told.at, numbers[told.own], kinds[told.kind], labels.get(told.label, 0))
        for told in fresh
    ]


def stripe(file: Connection, first: int, acts: Sequence[Act]) -> None:
    """Keep what arrived, numbered from ``first``; the stripe before it is filled up if small."""
    columns = _columns(acts)
    before = file.execute(_LATEST).fetchone()
    if before and before[1] == first - 1 and first - before[0] + len(acts) <= ROOM:
        kept = _arrays(before[2])
        first, columns = before[0], [one + other for one, other in zip(kept, columns, strict=True)]
    _keep(file, first, columns)


def _columns(acts: Iterable[Act]) -> list[array[int]]:
    return [
        array(code, column) for code, column in zip(_CODES, zip(*acts, strict=True), strict=True)
    ]


def _keep(file: Connection, first: int, columns: Sequence[array[int]]) -> None:
    at, body = columns[0], b"".join(column.tobytes() for column in columns)
    file.execute(
        "insert or replace into acts values (?, ?, ?, ?, ?)",
        (first, first + len(at) - 1, min(at), max(at), body),
    )


def _arrays(body: bytes) -> list[array[int]]:
    count, begin, columns = len(body) // _WIDE, 0, [array(code) for code in _CODES]
    for column in columns:
        end = begin + column.itemsize * count
        column.frombytes(body[begin:end])
        begin = end
    return columns


def zero(file: Connection, seqs: Collection[int]) -> None:
    """What is erased is nobody's act any more; a label that no other act has goes with it."""
    ahead, unused = sorted(seqs), Counter[int]()
    while ahead:
        for table, zeroed in (("acts", _zero), ("past_acts", _zero_past)):
            row = file.execute(_HOLDING.format(table), (ahead[0], ahead[0])).fetchone()
            if row is not None:
                first, last = row
                places = [seq - first for seq in ahead if seq <= last]
                unused.update(zeroed(file, first, last - first + 1, places))
                ahead = ahead[len(places) :]
                break
        else:  # it came before stripes were kept
            ahead.pop(0)
    file.executemany(_USE, [(label, -count) for label, count in unused.items()])
    file.execute(_UNUSED, (as_json(list(unused)),))


def _zero(file: Connection, first: int, count: int, places: Sequence[int]) -> Iterable[int]:
    """Zero some places where they lie; the labels they had."""
    labels = []
    with file.blobopen("acts", "body", first) as body:
        for place in places:
            body.seek(16 * count + 4 * place)
            labels.append(int.from_bytes(body.read(4), sys.byteorder))
            for begin in (8 * count, 12 * count, 16 * count):
                body.seek(begin + 4 * place)
                body.write(bytes(4))
    return labels


def _zero_past(file: Connection, first: int, count: int, places: Sequence[int]) -> Iterable[int]:
    (body,) = file.execute("select body from past_acts where first = ?", (first,)).fetchone()
    columns = _arrays(unsealed(body, count))
    labels = [columns[3][place] for place in places]
    for column in columns[1:]:
        for place in places:
            column[place] = 0
    told = sealed(b"".join(column.tobytes() for column in columns))
    file.execute("update past_acts set body = ? where first = ?", (told, first))
    return labels


def sealed(body: bytes) -> bytes:
    """A stripe that grows no more: the bytes of a number apart, so that like lies by like."""
    count, begin, told = len(body) // _WIDE, 0, bytearray()
    for wide in _BYTES:
        column = body[begin : begin + wide * count]
        told += b"".join(column[place::wide] for place in range(wide))
        begin += wide * count
    return zlib.compress(bytes(told), 9)


def unsealed(told: bytes, count: int) -> bytes:
    """What `sealed` was given."""
    flat, begin = zlib.decompress(told), 0
    body = bytearray(len(flat))
    for wide in _BYTES:
        end = begin + wide * count
        for place in range(wide):
            body[begin + place : end : wide] = flat[
                begin + place * count : begin + (place + 1) * count
            ]
        begin = end
    return bytes(body)


def _columns_of(count: int, body: bytes, over: int) -> bytes:
    return unsealed(body, count) if over else body


def read(
    file: Connection, kinds: Sequence[str], since: date, until: date, zone: Zone, label: Label
) -> Iterator[Stretch]:
    """What was done of these kinds, each by its place among them, over days that are both included;
    labels that no number was kept for are below 0."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    begin, end = span(since, until, zone)
    known = known_by(file, "kinds", kinds)
    place = np.full(max(known.values(), default=0) + 2, -1, dtype=np.int64)  # the last: any other
    for number, name in enumerate(kinds):
        if name in known:
            place[known[name]] = number
    older, fresh = _unstriped(file, kinds, since, until, label)
    yield [*older], fresh
    bodies = file.execute(_OVER, {"begin": begin, "end": end})
    while some := [_columns_of(*row) for row in bodies.fetchmany(_TOGETHER)]:
        views = zip(*map(_views, some), strict=True)
        at, who, what, labels = (np.concatenate(column) for column in views)
        kind = place.take(what, mode="clip")
        chosen = np.flatnonzero((kind >= 0) & (at >= begin) & (at < end))
        yield [who[chosen], kind[chosen], at[chosen], labels[chosen]], {}


def acts(
    told: Sequence[Stretch],
    numbers: Numbers,
    named: Callable[[str, Collection[int]], Mapping[int, str]],
) -> Acts:
    """Several stretches as one; ``named``: what numbers stand for, by the table."""
    import numpy as np

    columns = zip(*(rows for rows, _ in told), strict=True)
    who, kind, at, label = (np.concatenate(column, dtype=np.int64) for column in columns)
    fresh = {number: name for _, some in told for number, name in some.items()}

    def labels(asked: Collection[int]) -> Mapping[int, str]:
        return {**named("labels", asked), **fresh}

    return Acts(who, kind, at, label, numbers, partial(named, "handles"), labels)


def those(
    file: Connection, kind: str, seqs: Collection[int], who: Collection[int], begin: int, end: int
) -> Stretch:
    """Which of these events were done by one of these handles, are of the kind and lie between two
    moments."""
    import numpy as np

    number = known_by(file, "kinds", [kind]).get(kind, -1)
    ahead, begun, parts = np.array(sorted(seqs), np.int64), 0, [np.zeros((2, 0), np.int64)]
    while begun < len(ahead):
        row = _holding(file, int(ahead[begun]))
        if row is None:
            begun += 1
            continue
        first, last, body, sealed_ = row
        ended = int(np.searchsorted(ahead, last, side="right"))
        places = ahead[begun:ended] - first
        views = _views(_columns_of(last - first + 1, body, sealed_))
        at, doer, what, _ = (each[places] for each in views)
        right = (what == number) & (at >= begin) & (at < end)
        parts.append(np.array([doer[right], at[right]], np.int64))
        begun = ended
    did, at = np.concatenate(parts, axis=1)
    nothing = np.zeros(len(at), np.int64)
    return of([did, nothing, at, nothing], who), {}


def of(rows: Sequence[NDArray[int64]], who: Collection[int]) -> list[NDArray[int64]]:
    """Those rows that tell of one of these handles."""
    import numpy as np

    hers = np.isin(rows[0], list(who))
    return [column[hers] for column in rows]


def _holding(file: Connection, seq: int) -> tuple[int, int, bytes, int] | None:
    for place, table in enumerate(("acts", "past_acts")):
        if row := file.execute(_HELD.format(table), (seq, seq)).fetchone():
            return (*row, place)
    return None


def whole(file: Connection) -> bool:
    """Are stripes kept of every event? `backfill` makes it so."""
    before = "select 1 from events where seq < ? limit 1"
    return file.execute(before, (_first(file),)).fetchone() is None


def over(file: Connection, kinds: Sequence[str] | None, begin: int, end: int) -> list[int]:
    """The numbers of sealed events, of some kinds or of all, between two moments; of a stretch
    that is half sealed, of all its events."""
    import numpy as np

    numbers = None if kinds is None else list(known_by(file, "kinds", kinds).values())
    found: list[int] = []
    for first, last, *told in file.execute(_SEALED, {"begin": begin, "end": end}):
        at, _, kind, _ = _views(_columns_of(last - first + 1, *told))
        right = kind > 0 if numbers is None else np.isin(kind, numbers)
        found += (first + np.flatnonzero(right & (at >= begin) & (at < end))).tolist()
    return found


def _views(body: bytes) -> list[NDArray[int64] | NDArray[uint32]]:
    import numpy as np

    count = len(body) // _WIDE
    numbers = np.frombuffer(body, np.uint32, 3 * count, 8 * count)
    return [np.frombuffer(body, np.int64, count), *numbers.reshape(3, count)]


def _unstriped(
    file: Connection, kinds: Sequence[str], since: date, until: date, label: Label
) -> tuple[NDArray[int64], dict[int, str]]:
    """The same of events that came before stripes were kept; `backfill` leaves none."""
    import numpy as np

    first = _first(file)
    told: list[Event] = []
    if not whole(file):
        days = (since.isoformat(), until.isoformat())
        for kind in kinds:
            rows = file.execute(_UNSTRIPED, (kind, first, *days))
            told += [unpack(packed) for (packed,) in rows]
    said = [Said.of(each) for each in told]
    numbers = {"": 0, **known_numbers(file, {each.handle for each in said if each.handle})}
    labels = {"": 0}
    kept = [
        (
            numbers[each.handle], kinds.index(each.kind), micros(each.at),
            labels.setdefault(label(each), -len(labels)),
        )
        for each in said
    ]  # fmt: skip
    fresh = {number: name for name, number in labels.items() if name}
    return np.array(kept, dtype=np.int64).reshape(-1, 4).T, fresh


def _first(file: Connection) -> int:
    return int(file.execute(_NOW).fetchone()[0])


def backfill(file: Connection, limit: int, zone: Zone, label: Label) -> bool:
    """Keep a stripe of so many that came just before the first; False: there are none."""
    first = min(_first(file), mark_of(file, "seq") + 1)
    rows = file.execute(_UP_TO, (first, limit)).fetchall()
    if not rows:
        return False
    told = {seq: Told.of(unpack(packed), zone, label) for seq, packed in rows}
    handles = numbered(file, {each.own for each in told.values() if each.own})
    kept = dict(zip(told, acts_of(file, list(told.values()), handles), strict=True))
    begin, nobody = min(kept), Act(min(each.at for each in kept.values()), 0, 0, 0)
    _keep(file, begin, _columns(kept.get(seq, nobody) for seq in range(begin, first)))
    return True
