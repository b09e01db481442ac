"""The events of one kind (同类行为), sealed or not: of some people, or of everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from itertools import chain
from sqlite3 import Connection
from typing import NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, Handle, unpack
from stores.acts import span
from stores.sqlite.history import blocks, past, stripes
from stores.sqlite.history.tables import as_json, known_by, mark_of, numbers_of
from stores.told import micros, unlabelled

_TOGETHER = 500
_HERS = """
select e.seq, e.packed from (
    select distinct seq from mentions
    where handle in (select value from json_each(:handles)) and at >= :begin and at < :end
) m cross join events e on e.seq = m.seq
where e.kind = :kind and (:account is null or e.account = :account)
and (:material is null or e.material = :material)
"""
_MENTIONED = """
select distinct seq from mentions
where handle in (select value from json_each(:handles)) and at >= :begin and at < :end limit :most
"""
_FEW, _A_STRIPE = 100, 1_000
"""Events of which one column is read for each cost what reading all columns does."""
_ALL = """
select seq, packed from events where kind = :kind
and (:account is null or account = :account) and (:material is null or material = :material)
"""


class Some(NamedTuple):
    """Whose, told by which account, about what; None is any."""

    handles: frozenset[Handle] | None
    account: str | None
    material: str | None

    def has(self, event: Event) -> bool:
        return (
            (self.handles is None or event.handle in self.handles)
            and self.account in (None, event.account)
            and self.material in (None, event.material)
        )


def in_columns(
    file: Connection, kind: str, handles: Collection[Handle], days: tuple[date, date], zone: Zone
) -> list[stripes.Stretch] | None:
    """Who of these did it when, without a look at any event; None where events are older than
    columns. Of many acts all columns are gone through, of a few those that hold them."""
    if not stripes.whole(file):
        return None
    numbers, (begin, end) = numbers_of(file, handles), span(*days, zone)
    most = _FEW + mark_of(file, "seq") // _A_STRIPE
    asked = {"handles": as_json(numbers), "begin": begin, "end": end, "most": most}
    seqs = {seq for (seq,) in file.execute(_MENTIONED, asked)}
    number = known_by(file, "kinds", [kind]).get(kind)
    if len(seqs) < most and number is not None:
        seqs |= past.seqs_between(file, numbers, number, begin, end)
    if len(seqs) < most:
        return [stripes.those(file, kind, seqs, numbers, begin, end)]
    told = stripes.read(file, [kind], *days, zone, unlabelled)
    return [(stripes.of(rows, numbers), {}) for rows, _ in told]


def of_kind(file: Connection, kind: str, some: Some, begin: int, end: int) -> Iterator[Event]:
    """Each once, from one moment until before another."""
    numbers = None if some.handles is None else numbers_of(file, some.handles)
    asked = {
        "kind": kind, "handles": as_json(numbers), "begin": begin, "end": end,
        "account": some.account, "material": some.material,
    }  # fmt: skip
    rows = file.execute(_ALL if numbers is None else _HERS, asked)
    lines = chain((row[1] for row in rows), _sealed(file, kind, numbers, begin, end))
    for event in map(unpack, lines):
        if event.kind == kind and begin <= micros(event.at) < end and some.has(event):
            yield event


def _sealed(
    file: Connection, kind: str, handles: Collection[int] | None, begin: int, end: int
) -> Iterator[bytes]:
    """Maybe others of about that time, too: mentions say kinds and moments coarsely."""
    if (number := known_by(file, "kinds", [kind]).get(kind)) is None:
        return
    if handles is None:
        seqs = stripes.over(file, [kind], begin, end)
    else:
        seqs = sorted(past.seqs_between(file, handles, number, begin, end))
    for first in range(0, len(seqs), _TOGETHER):
        yield from blocks.lines_of(file, seqs[first : first + _TOGETHER]).values()
