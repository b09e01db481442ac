"""Stripes (列条): for stretches of arrivals, who did what when, as arrays beside the events, and
with which label.

What is asked over everybody reads these instead of a million events. Written in the transaction
that takes the events in; an erased event's place is zeroed where it lies.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, unpack
from stores.acts import span
from stores.sqlite.history.tables import as_json, known_numbers, mark_of, numbered
from stores.told import Label, Said, Told, micros

if TYPE_CHECKING:
    from numpy import int64, uint32
    from numpy.typing import NDArray

ROOM = 512
"""Acts that a stripe is filled up to by small arrivals; a large one is a stripe of its own."""
_WIDE = 20
"""Bytes of an act: eight of its moment, four each of its handle's, kind's and label's number."""
_CODES = "qIII"
_TOGETHER = 64
"""Stripes that are looked through at once."""
_LATEST = "select first, last, body from acts order by first desc limit 1"
_OVER = "select body from acts where newest >= ? and oldest < ?"
_HOLDING = """
select first, last from acts
where first <= ? and last >= ? order by first desc limit 1
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
_NOW = "select coalesce(min(first), 1 << 62) from acts"


class Act(NamedTuple):
    """One place of a stripe: nobody's number is 0, an erased act's kind and label, too."""

    at: int
    who: int
    kind: int
    label: int


def acts_of(file: Connection, fresh: Sequence[Told], handles: Mapping[str, int]) -> list[Act]:
    """What a stripe keeps of arrivals; ``handles`` numbers whoever did them."""
    kinds = _numbered(file, "kinds", {told.kind for told in fresh})
    used = Counter(told.label for told in fresh if told.label)
    labels = _numbered(file, "labels", used)
    file.executemany(_USE, [(labels[label], count) for label, count in sorted(used.items())])
    numbers = {"": 0, **handles}
    return [
        Act(told.at, numbers[told.own], kinds[told.kind], labels.get(told.label, 0))
        for told in fresh
    ]


def _numbered(file: Connection, table: str, names: Collection[str]) -> dict[str, int]:
    """A number for each kind or label, new ones where needed."""
    known = _known(file, table, names)
    insert = f"insert into {table} (name) values (?)"  # noqa: S608 - one of two words
    for name in sorted(set(names) - known.keys()):
        known[name] = int(file.execute(insert, (name,)).lastrowid or 0)
    return known


def _known(file: Connection, table: str, names: Collection[str]) -> dict[str, int]:
    wanted = f"select name, number from {table} where name in (select value from json_each(?))"  # noqa: S608 - as above
    return dict(file.execute(wanted, (as_json(list(names)),)))


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
        row = file.execute(_HOLDING, (ahead[0], ahead[0])).fetchone()
        if row is None:  # it came before stripes were kept
            ahead.pop(0)
            continue
        first, last = row
        count = last - first + 1
        with file.blobopen("acts", "body", first) as body:
            while ahead and ahead[0] <= last:
                place = ahead.pop(0) - first
                body.seek(16 * count + 4 * place)
                unused[int.from_bytes(body.read(4), sys.byteorder)] += 1
                for begin in (8 * count, 12 * count, 16 * count):
                    body.seek(begin + 4 * place)
                    body.write(bytes(4))
    file.executemany(_USE, [(label, -count) for label, count in unused.items()])
    file.execute(_UNUSED, (as_json(list(unused)),))


def read(
    file: Connection, kinds: Sequence[str], since: date, until: date, zone: Zone, label: Label
) -> tuple[NDArray[int64], dict[int, str]]:
    """Rows of who, which of the kinds, when and with which label, over days that are both
    included; and the labels that no number was kept for, which are below 0."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    begin, end = span(since, until, zone)
    known = _known(file, "kinds", kinds)
    place = np.full(max(known.values(), default=0) + 1, -1, dtype=np.int64)
    for number, name in enumerate(kinds):
        if name in known:
            place[known[name]] = number
    older, fresh = _unstriped(file, kinds, since, until, label)
    parts = [older]
    bodies = file.execute(_OVER, (begin, end))
    while some := [body for (body,) in bodies.fetchmany(_TOGETHER)]:
        views = zip(*map(_views, some), strict=True)
        at, who, what, labels = (np.concatenate(column) for column in views)
        kind = place[np.where(what < len(place), what, 0)]
        chosen = np.flatnonzero((kind >= 0) & (at >= begin) & (at < end))
        parts.append(np.stack((who[chosen], kind[chosen], at[chosen], labels[chosen])))
    return np.concatenate(parts, axis=1), fresh


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
    if file.execute("select 1 from events where seq < ? limit 1", (first,)).fetchone():
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
