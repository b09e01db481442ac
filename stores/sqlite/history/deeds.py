"""The events of one kind (同类行为), sealed or not: of some people, or of everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import chain
from sqlite3 import Connection

from kernel.calendar import Zone
from kernel.events import Event, Handle, unpack
from stores.acts import FIRST, LAST, Acts, Wanted, columns, span
from stores.sqlite.history import blocks, labels, past, stripes
from stores.sqlite.history.tables import (
    as_json,
    known_by,
    known_numbers,
    mark_of,
    names_by,
    numbers_of,
)
from stores.told import micros, unlabelled

_TOGETHER = 500
_HERS = """
select e.seq, e.packed from (
    select distinct seq from mentions
    where handle in (select value from json_each(:handles)) and at >= :begin and at < :end
    and (kind is null or kind in (select value from json_each(:numbers)))
) m cross join events e on e.seq = m.seq
where e.kind in (select value from json_each(:kinds)) and (:account is null or e.account = :account)
and (:material is null or e.material = :material)
"""
_MENTIONED = """
select distinct seq from mentions
where handle in (select value from json_each(:handles)) and at >= :begin and at < :end
and (kind is null or kind in (select value from json_each(:numbers))) limit :most
"""
_FEW, _A_STRIPE, _ACTS = 100, 1_000, 4
"""Events of which one column is read for each cost what reading all columns does; how many of them
a handle may have."""
_ALL = """
select seq, packed from events where kind in (select value from json_each(:kinds))
and (:account is null or account = :account) and (:material is null or material = :material)
"""


def in_columns(
    file: Connection, kinds: Sequence[str], handles: Collection[Handle], days: tuple[date, date],
    zone: Zone,
) -> list[stripes.Stretch] | None:  # fmt: skip
    """Who of these did any of it when, without a look at any event; None where events are older
    than columns. Of many acts all columns are gone through, of a few those that hold them."""
    if not stripes.whole(file):
        return None
    numbers, (begin, end) = numbers_of(file, handles), span(*days, zone)
    most = _FEW + mark_of(file, "seq") // _A_STRIPE
    if len(numbers) < most // _ACTS:
        known = list(known_by(file, "kinds", kinds).values())
        asked = {
            "handles": as_json(numbers), "begin": begin, "end": end, "most": most,
            "numbers": as_json(known),
        }  # fmt: skip
        seqs = {seq for (seq,) in file.execute(_MENTIONED, asked)}
        if len(seqs) < most:
            seqs |= past.seqs_between(file, numbers, known, begin, end)
        if len(seqs) < most:
            return stripes.those(file, kinds, seqs, numbers, (begin, end))
    return list(stripes.read(file, kinds, *days, zone, unlabelled, hers=numbers))


def of_kinds(
    file: Connection, kinds: Collection[str], handles: Collection[Handle] | None, begin: int,
    end: int, *, account: str | None = None, material: str | None = None,
) -> Iterator[Event]:  # fmt: skip
    """Each once, from one moment until before another."""
    numbers = None if handles is None else numbers_of(file, handles)
    known = known_by(file, "kinds", list(kinds)).values()
    asked = {
        "kinds": as_json(sorted(kinds)), "numbers": as_json(list(known)),
        "handles": as_json(numbers), "begin": begin, "end": end,
        "account": account, "material": material,
    }  # fmt: skip
    rows = file.execute(_ALL if numbers is None else _HERS, asked)
    lines = chain((row[1] for row in rows), _sealed(file, kinds, numbers, begin, end))
    for event in map(unpack, lines):
        if (
            event.kind in kinds
            and begin <= micros(event.at) < end
            and (handles is None or event.handle in handles)
            and account in (None, event.account)
            and material in (None, event.material)
        ):
            yield event


def _sealed(
    file: Connection, kinds: Collection[str], handles: Collection[int] | None, begin: int, end: int
) -> Iterator[bytes]:
    """Maybe others of about that time, too: mentions say kinds and moments coarsely."""
    if not (known := known_by(file, "kinds", list(kinds))):
        return
    if handles is None:
        seqs = stripes.over(file, list(known), begin, end)
    else:
        seqs = sorted(past.seqs_between(file, handles, known.values(), begin, end))
    for first in range(0, len(seqs), _TOGETHER):
        yield from blocks.lines_of(file, seqs[first : first + _TOGETHER]).values()


def often_each(
    file: Connection, wanted: Sequence[Wanted], handles: Collection[Handle], zone: Zone
) -> Iterator[tuple[int, Acts]]:
    """What answers each of several questions about the same handles, with its place: out of the
    columns, if there are columns of it, else out of the events, of which each is read once."""
    answered = dict(_in_columns(file, wanted, handles, zone))
    yield from answered.items()
    if rest := {place: each for place, each in enumerate(wanted) if place not in answered}:
        hers, kinds = frozenset(handles), list({each.kind for each in rest.values()})
        events = list(of_kinds(file, kinds, hers, *span(*_widest(rest.values()), zone)))
        for place, each in rest.items():
            yield place, columns(filter(each.has, events), [each.kind]).of(0, *each.span(zone))


def _in_columns(
    file: Connection, wanted: Sequence[Wanted], handles: Collection[Handle], zone: Zone
) -> Iterator[tuple[int, Acts]]:
    """As many of them as columns tell: which content an act is about stands in none."""
    asked = {place: each for place, each in enumerate(wanted) if each.material is None}
    kinds = list(dict.fromkeys(each.kind for each in asked.values()))
    told = in_columns(file, kinds, handles, _widest(asked.values()), zone) if asked else None
    if told is None:
        return
    acts = stripes.acts(told, partial(known_numbers, file), partial(names_by, file))
    for place, each in asked.items():
        hers = acts.of(kinds.index(each.kind), *each.span(zone))
        if each.account is None:
            yield place, hers
        elif (by := labels.told_by(file, hers.label, each.account)) is not None:
            yield place, hers.where(by)


def _widest(wanted: Collection[Wanted]) -> tuple[date, date]:
    """The days that any of these asks of."""
    return (
        min(each.since or FIRST for each in wanted), max(each.until or LAST for each in wanted)
    )  # fmt: skip
