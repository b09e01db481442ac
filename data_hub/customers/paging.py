"""Pages of customers (客户分页): who was heard of last, of everybody or of some, however many."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from data_hub.profiles import ProfileRow
from kernel.ids import cursor, read_cursor, read_moment
from stores.spelling import chunks

Key = tuple[datetime, str]
"""When somebody was heard of last, and who it is."""
_STEP, _FURTHEST = 200, 2_000
"""People of the list of everybody who are looked at together, and in all."""
_KEY = (ProfileRow.last_at, ProfileRow.customer)


class Asked(NamedTuple):
    """Which page: what they must match, behind whom, how many at most, and whether they are
    counted."""

    session: Session
    wanted: Sequence[ColumnElement[bool]]
    before: Key | None
    limit: int
    counted: bool


def key_of(after: str) -> Key:
    """The key that a cursor of ours names. Raises `Invalid` for another."""
    at, customer = read_cursor(after, str, str)
    return read_moment(at), str(customer)


def cursor_of(key: Key) -> str:
    return cursor(key[0].isoformat(), key[1])


def of_all(
    session: Session,
    wanted: Sequence[ColumnElement[bool]],
    before: Key | None,
    limit: int,
    *,
    count: bool,
) -> tuple[list[Key], int | None]:
    """Who of everybody was heard of last, and how many there are if that is asked."""
    newest = select(*_KEY).where(*wanted).order_by(*(each.desc() for each in _KEY)).limit(limit)
    if before is not None:
        newest = newest.where(tuple_(*_KEY) < before)
    total = select(func.count()).select_from(ProfileRow).where(*wanted)
    keys = [(at, customer) for at, customer in session.execute(newest)]
    return keys, session.scalar(total) if count else None


def of_some(
    session: Session,
    scope: Collection[str],
    wanted: Sequence[ColumnElement[bool]],
    before: Key | None,
    limit: int,
) -> tuple[list[Key], int]:
    """The same of these, however many they are: more than a statement takes."""
    met: list[Key] = []
    for few in chunks(scope):
        told = session.execute(select(*_KEY).where(ProfileRow.customer.in_(few), *wanted))
        met += [(at, customer) for at, customer in told]
    return heapq.nlargest(limit, (key for key in met if before is None or key < before)), len(met)


def of_many(
    session: Session,
    mine: Callable[[Collection[str]], Collection[str]],
    wanted: Sequence[ColumnElement[bool]],
    before: Key | None,
    limit: int,
    *,
    step: int = _STEP,
    furthest: int = _FURTHEST,
) -> list[Key] | None:
    """The same of so many that they are soon met with going down the list of everybody; ``mine``
    says who of some they are. None: they stand too far apart in it."""
    met: list[Key] = []
    for _ in range(0, furthest, step):
        some, _ = of_all(session, wanted, before, step, count=False)
        hers = mine([customer for _, customer in some])
        met += [key for key in some if key[1] in hers]
        if len(met) >= limit or len(some) < step:
            return met[:limit]
        before = some[-1]
    return None
