"""Pages of customers (客户分页): who was heard of last, of everybody or of some, however many."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from data_hub.profiles import ProfileRow
from kernel.ids import cursor, read_cursor, read_moment
from stores.spelling import chunks

Key = tuple[datetime, str]
"""When somebody was heard of last, and who it is."""
_KEY = (ProfileRow.last_at, ProfileRow.customer)


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
