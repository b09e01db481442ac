"""Stripes (列条): for stretches of arrivals, who did what when, as arrays beside the events, and
with which label.

What is asked over everybody reads these instead of a million events. Written in the transaction
that takes the events in; an erased event's place is zeroed where it lies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial, reduce
from operator import iadd
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any, NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, unpack
from stores.acts import Acts, Numbers, span
from stores.sqlite.history import columns, labels
from stores.sqlite.history.tables import (
    known_by,
    known_numbers,
    mark_of,
    numbered,
    numbers_by,
)
from stores.told import Label, Said, Told, micros

if TYPE_CHECKING:
    from array import array

    from numpy import bool_, int64
    from numpy.typing import NDArray

ROOM, LARGE = 512, 8_192
"""Acts that a stripe is filled up to by small arrivals; a large one is a stripe of its own. Once so
many lie in the last ones, these are laid together in less room."""
_TOGETHER = 16
"""Stripes that are looked through at once."""
_MANY_KINDS = 8
"""More are not looked for one by one."""
_SPANS = "select first, last, length(body) from acts order by first desc"
_BETWEEN = """
select body, last - first + 1 from acts where first between ? and ? order by first
"""
_LATEST = "select first, last, body from acts order by first desc limit 1"
_OVER = """
select body, last - first + 1, oldest >= :begin and newest < :end
from acts where newest >= :begin and oldest < :end
union all
select body, last - first + 1, oldest >= :begin and newest < :end
from past_acts where newest >= :begin and oldest < :end
"""
_SEALED = """
select first, last, body from past_acts where newest >= :begin and oldest < :end
union all
select first, last, body from acts where newest >= :begin and oldest < :end
and exists (select 1 from sealed s where s.first between acts.first and acts.last)
"""
_HOLDING = """
select first, last from {} where first <= ? and last >= ? order by first desc limit 1
"""
_HELD = """
select first, last, body from {0}
where first = (select max(first) from {0} where first <= ?) and last >= ?
"""
_OLD = "select body from past_acts where first = ? and substr(body, 1, 2) = x'78da'"
_RENEW = "update past_acts set body = ? where first = ?"
_UNSTRIPED = "select packed from events where kind = ? and seq < ? and day between ? and ?"
_UP_TO = "select seq, packed from events where seq < ? order by seq desc limit ?"
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


def acts_of(
    file: Connection, fresh: Sequence[Told], handles: Mapping[str, int], kinds: Mapping[str, int]
) -> list[Act]:
    """What a stripe keeps of arrivals; ``handles`` numbers whoever did them, ``kinds`` what."""
    used = labels.used(file, [(told.account, told.label) for told in fresh])
    numbers = {"": 0, **handles}
    return [
        Act(told.at, numbers[told.own], kinds[told.kind], label)
        for told, label in zip(fresh, used, strict=True)
    ]


def stripe(file: Connection, first: int, acts: Sequence[Act]) -> None:
    """Keep what arrived, numbered from ``first``; the stripe before it is filled up if small."""
    fresh = columns.wide(acts)
    before = file.execute(_LATEST).fetchone()
    if before is not None:
        began, last, body = before
        held = last - began + 1
        if last == first - 1 and held + len(acts) <= ROOM and columns.wide_is(len(body), held):
            kept = columns.taken(body, held)
            first, fresh = began, [one + other for one, other in zip(kept, fresh, strict=True)]
        else:
            _settle(file)
    _keep(file, first, fresh, columns.laid(fresh))


def _settle(file: Connection) -> None:
    """Lay the last of them together once they are many, so that whoever reads all of them finds
    them in few places of the disk."""
    run: list[tuple[int, int]] = []
    many = False
    for first, last, length in file.execute(_SPANS):
        if not columns.wide_is(length, last - first + 1) or (run and last != run[-1][0] - 1):
            break
        run.append((first, last))
        if many := run[0][1] - first >= LARGE:
            break
    if many:
        begin, end = run[-1][0], run[0][1]
        rows = file.execute(_BETWEEN, (begin, end)).fetchall()
        parts = (columns.taken(*row) for row in rows)
        told = [reduce(iadd, column) for column in zip(*parts, strict=True)]
        file.execute("delete from acts where first between ? and ?", (begin, end))
        _keep(file, begin, told, columns.narrowed(told))


def _keep(file: Connection, first: int, told: Sequence[array[int]], body: bytes) -> None:
    at = told[0]
    row = (first, first + len(at) - 1, min(at), max(at), body)
    file.execute("insert or replace into acts values (?, ?, ?, ?, ?)", row)


def zero(file: Connection, seqs: Collection[int]) -> None:
    """What is erased is nobody's act any more; a label that no other act has goes with it."""
    ahead, gone = sorted(seqs), list[int]()
    while ahead:
        for table in ("acts", "past_acts"):
            row = file.execute(_HOLDING.format(table), (ahead[0], ahead[0])).fetchone()
            if row is not None:
                first, last = row
                places = [seq - first for seq in ahead if seq <= last]
                gone += _zero(file, table, first, last - first + 1, places)
                ahead = ahead[len(places) :]
                break
        else:  # it came before stripes were kept
            ahead.pop(0)
    labels.unused(file, gone)


def _zero(
    file: Connection, table: str, first: int, count: int, places: Sequence[int]
) -> Iterable[int]:
    """Zero some places where they lie; the labels they had."""
    if table == "past_acts" and (old := file.execute(_OLD, (first,)).fetchone()):
        file.execute(_RENEW, (columns.narrow(old[0], count), first))
    gone = []
    with file.blobopen(table, "body", first) as body:
        hers = columns.places(body.read(4), len(body), count)
        for place in places:
            for begin, bytes_ in hers:
                body.seek(begin + bytes_ * place)
                was = body.read(bytes_)
                body.seek(begin + bytes_ * place)
                body.write(bytes(bytes_))
            gone.append(int.from_bytes(was, sys.byteorder))
    return gone


def read(
    file: Connection, kinds: Sequence[str], since: date, until: date, zone: Zone, label: Label,
    *, hers: Collection[int] | None = None,
) -> Iterator[Stretch]:  # fmt: skip
    """What was done of these kinds, each by its place among them, over days that are both included;
    labels that no number was kept for are below 0. ``hers``: only what these handles did."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    begin, end = span(since, until, zone)
    older, fresh = _unstriped(file, kinds, since, until, label)
    yield (of([*older], hers) if hers is not None else [*older]), fresh
    place = _placed(file, kinds)
    if not (place >= 0).any():
        return
    doers = None if hers is None else _among(hers)
    bodies = file.execute(_OVER, {"begin": begin, "end": end})
    while some := bodies.fetchmany(_TOGETHER):
        parts = [
            _chosen(columns.views(body, count), place, doers, None if inside else (begin, end))
            for body, count, inside in some
        ]
        yield [np.concatenate(column, dtype=np.int64) for column in zip(*parts, strict=True)], {}


def _placed(file: Connection, kinds: Sequence[str]) -> NDArray[int64]:
    """By the number of a kind, its place among these; -1 for others, as for any larger number."""
    import numpy as np

    known = known_by(file, "kinds", kinds)
    place = np.full(max(known.values(), default=0) + 2, -1, dtype=np.int64)
    for number, name in enumerate(kinds):
        if name in known:
            place[known[name]] = number
    return place


def _among(hers: Collection[int]) -> NDArray[bool_]:
    """By the number of a handle, is it one of these? The last says it of any larger one."""
    import numpy as np

    told = np.zeros(max(hers, default=0) + 2, dtype=np.bool_)
    told[list(hers)] = True
    return told


def _chosen(
    told: columns.Views, place: NDArray[int64], doers: NDArray[bool_] | None,
    within: tuple[int, int] | None,
) -> list[NDArray[Any]]:  # fmt: skip
    """Rows of one stripe: the kind is looked at first, for it leaves the least."""
    import numpy as np

    numbers = np.flatnonzero(place >= 0).tolist()
    if len(numbers) > _MANY_KINDS:
        chosen = np.flatnonzero(place.take(told.kind, mode="clip") >= 0)
    else:
        chosen = np.flatnonzero(reduce(np.logical_or, (told.kind == each for each in numbers)))
    if doers is not None:
        chosen = chosen[doers.take(told.who[chosen], mode="clip")]
    at = told.at(chosen)
    if within is not None:
        inside = (at >= within[0]) & (at < within[1])
        chosen, at = chosen[inside], at[inside]
    return [told.who[chosen], place[told.kind[chosen]], at, told.label[chosen]]


def acts(
    told: Sequence[Stretch],
    numbers: Numbers,
    named: Callable[[str, Collection[int]], Mapping[int, str]],
) -> Acts:
    """Several stretches as one; ``named``: what numbers stand for, by the table."""
    import numpy as np

    nothing = np.zeros((4, 0), np.int64)
    columns = zip(nothing, *(rows for rows, _ in told), strict=True)
    who, kind, at, label = (np.concatenate(column, dtype=np.int64) for column in columns)
    fresh = {number: name for _, some in told for number, name in some.items()}

    def labelled(asked: Collection[int]) -> Mapping[int, str]:
        return labels.bare({**named("labels", asked), **fresh})

    return Acts(who, kind, at, label, numbers, partial(named, "handles"), labelled)


def those(
    file: Connection, kinds: Sequence[str], seqs: Collection[int], who: Collection[int],
    within: tuple[int, int],
) -> list[Stretch]:  # fmt: skip
    """Which of these events were done by one of these handles, are of the kinds and lie between two
    moments, as `read` tells them."""
    import numpy as np

    place, doers = _placed(file, kinds), _among(who)
    ahead, begun, parts = np.array(sorted(seqs), np.int64), 0, list[Stretch]()
    while begun < len(ahead) and (place >= 0).any():
        row = _holding(file, int(ahead[begun]))
        if row is None:
            begun += 1
            continue
        first, last, body = row
        ended = int(np.searchsorted(ahead, last, side="right"))
        some = columns.views(body, last - first + 1).only(ahead[begun:ended] - first)
        parts.append((_chosen(some, place, doers, within), {}))
        begun = ended
    return parts


def of(rows: Sequence[NDArray[int64]], who: Collection[int]) -> list[NDArray[int64]]:
    """Those rows that tell of one of these handles."""
    import numpy as np

    hers = np.isin(rows[0], list(who))
    return [column[hers] for column in rows]


def _holding(file: Connection, seq: int) -> tuple[int, int, bytes] | None:
    for table in ("acts", "past_acts"):
        if row := file.execute(_HELD.format(table), (seq, seq)).fetchone():
            first, last, body = row
            return first, last, body
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
    for first, last, body in file.execute(_SEALED, {"begin": begin, "end": end}):
        told = columns.views(body, last - first + 1)
        at, kind = told.at(), told.kind
        right = kind > 0 if numbers is None else np.isin(kind, numbers)
        found += (first + np.flatnonzero(right & (at >= begin) & (at < end))).tolist()
    return found


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
    names: dict[str, int] = {}
    kept = [
        (
            numbers[each.handle], kinds.index(each.kind), micros(each.at),
            names.setdefault(labels.spelled(each.account, label(each)), -1 - len(names)),
        )
        for each in said
    ]  # fmt: skip
    fresh = {number: name for name, number in names.items()}
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
    kinds = numbers_by(file, "kinds", {each.kind for each in told.values()})
    kept = dict(zip(told, acts_of(file, list(told.values()), handles, kinds), strict=True))
    begin, nobody = min(kept), Act(min(each.at for each in kept.values()), 0, 0, 0)
    acts = columns.wide(kept.get(seq, nobody) for seq in range(begin, first))
    _keep(file, begin, acts, columns.narrowed(acts))
    return True
