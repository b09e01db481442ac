"""Dealing (成交归总): how many deals every rep has closed, over all handles of each customer.

Lines of orders come in by handle; what they come to is counted for all handles of a customer
together, and again whenever she bought, gave something back or turned out to be another. What a
line came to is kept with it, so that counting again adds the difference alone. Lines beyond the
last `KEPT` of a handle go once they are counted: their deals stay as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from data_hub.identities import Known
from matching.counters.deals import KEPT, Deals, Line, Sold, closed
from matching.counters.records import Deal, DealsDue, Sales
from stores.bulk import change
from stores.records import Records, insert, upsert
from stores.spelling import chunks

FEW = 50
"""Handles that are counted at a time."""


def due(session: Session, handles: Collection[str]) -> None:
    """The deals of these are to be counted. Joins whoever writes."""
    if handles:
        put = insert(session, DealsDue)
        again = {"times": DealsDue.__table__.c.times + 1}
        put = put.on_conflict_do_update(index_elements=["handle"], set_=again)
        session.execute(put, [{"handle": each, "times": 1} for each in sorted(handles)])


class Dealt(NamedTuple):
    """What counting comes to."""

    due: Sequence[tuple[str, int]]
    """What was asked for, by handle and how often: asked again meanwhile it is counted again."""
    sales: list[dict[str, Any]]
    deals: Deals

    def keep(self, session: Session) -> None:
        change(session, Sales, self.sales)
        _add(session, {deal: by for deal, by in self.deals.items() if by})
        for handle, times in self.due:
            done = DealsDue.handle == handle, DealsDue.times == times
            session.execute(delete(DealsDue).where(*done))


def dealt(people: Records, limit: int = FEW) -> Dealt | None:
    """Count the deals of some of whom it is due; None if there is nobody."""
    asked = select(DealsDue.handle, DealsDue.times).order_by(DealsDue.handle).limit(limit)
    with people.read() as session:
        waiting = [(handle, times) for handle, times in session.execute(asked)]
        if not waiting:
            return None
        owners = _owners(session, [handle for handle, _ in waiting])
        rows = [
            row
            for some in chunks(owners)
            for row in session.execute(
                select(Sales.handle, Sales.lines, Sales.counted).where(Sales.handle.in_(some))
            )
        ]
    hers = defaultdict[str, list[Any]](list)
    for row in rows:
        hers[owners[row.handle]].append(row)
    told = Dealt(waiting, [], Counter())
    for customer in sorted(hers):
        _count(sorted(hers[customer], key=lambda row: str(row.handle)), told)
    return told


def _owners(session: Session, handles: Collection[str]) -> dict[str, str]:
    """Every handle of whoever has one of these, and whose it is; who is not known yet is nobody
    else."""
    owners = {handle: handle for handle in handles}
    for some in chunks(handles):
        whose = select(Known.customer).where(Known.handle.in_(some))
        known = select(Known.handle, Known.customer).where(Known.customer.in_(whose))
        owners.update((handle, customer) for handle, customer in session.execute(known))
    return owners


def _count(rows: Sequence[Any], told: Dealt) -> None:
    """The deals of one customer; those of all her lines stand with the first of her handles."""
    lines = {row.handle: [Line(*each) for each in orjson.loads(row.lines)] for row in rows}
    told.deals.update(closed(_merged(lines.values())))
    for row in rows:
        told.deals.subtract(_read(row.counted))
    kept = {handle: each[-KEPT:] for handle, each in lines.items()}
    whole = closed(_merged(kept.values()))
    for place, (handle, each) in enumerate(kept.items()):
        told.sales.append(
            {"handle": handle, "lines": packed(each), "counted": _told({} if place else whole)}
        )


def _merged(lines: Iterable[Iterable[Line]]) -> list[Line]:
    return sorted(line for each in lines for line in each)


def packed(lines: Iterable[Line]) -> bytes:
    return orjson.dumps([tuple(each) for each in lines])


def _told(deals: Mapping[tuple[str, Sold], int]) -> bytes:
    return orjson.dumps([(rep, *sold, count) for (rep, sold), count in sorted(deals.items())])


def _read(counted: bytes) -> Deals:
    return Counter({(rep, Sold(*sold)): count for rep, *sold, count in orjson.loads(counted)})


def _add(session: Session, deals: Mapping[tuple[str, Sold], int]) -> None:
    rows = [{"rep": rep, **sold._asdict(), "count": by} for (rep, sold), by in deals.items()]
    if not rows:
        return
    put, table = insert(session, Deal), Deal.__table__.c
    more = {"count": table["count"] + put.excluded["count"]}
    keys = ["rep", "material", "category", "product"]
    put = put.on_conflict_do_update(index_elements=keys, set_=more)
    session.execute(put, sorted(rows, key=lambda row: [row[name] for name in keys]))
    if min(deals.values()) < 0:
        session.execute(delete(Deal).where(Deal.count <= 0))


def keep_lines(session: Session, sales: Mapping[str, Sequence[Line]]) -> None:
    """Lines that came in, of whom deals are due."""
    upsert(session, Sales, [{"handle": h, "lines": packed(lines)} for h, lines in sales.items()])
    due(session, sales.keys())
