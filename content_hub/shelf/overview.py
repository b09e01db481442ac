"""The overview (排期与覆盖): what is promised when, and where there are gaps. Changes nothing.

For pictures where people look rather than read: the calendar, and how much there is for every stage
and purpose. Who may see which unit's content is an argument of the question, as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from content_hub import terms
from content_hub.placements import Placement
from content_hub.showcase import ShelfRow
from stores.records import Records
from stores.told import micros

_MOST = 2_000
_SOME = 5
LONGEST = timedelta(days=62)
"""No calendar shows more than two months at once."""


class Overview:
    """All accounts at once, from above."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def between(
        self,
        since: datetime,
        until: datetime,
        *,
        account: str = "",
        sight: Collection[str] | None = None,
    ) -> list[Placement]:
        """What opens in that stretch of time and was not retired, the soonest first."""
        wanted = select(Placement).where(
            Placement.opens >= since,
            Placement.opens < min(until, since + LONGEST),
            Placement.retired.is_(None),
        )
        if account:
            wanted = wanted.where(Placement.account == account)
        if sight is not None:
            wanted = wanted.where(Placement.unit.in_(sight))
        with self._records.read() as session:
            found = wanted.order_by(Placement.opens, Placement.id).limit(_MOST)
            return list(session.scalars(found))

    def standing_by(
        self,
        column: str,
        tags: Collection[str],
        now: datetime,
        *,
        accounts: Collection[str],
        sight: Collection[str] | None = None,
    ) -> Mapping[tuple[str, str], int]:
        """How many materials stand, by (tag, ``type`` or ``account``); a tag counts for what lies
        under it."""
        other: Any = {"type": ShelfRow.type, "account": ShelfRow.account}[column]
        wanted = (
            select(ShelfRow.tag, other, func.count(ShelfRow.material.distinct()))
            .where(ShelfRow.account.in_(accounts), ShelfRow.tag.in_(tags))
            .where(ShelfRow.opens <= micros(now), ShelfRow.closes > micros(now))
            .where(ShelfRow.placement.not_in(terms.barred(now)))
            .group_by(ShelfRow.tag, other)
        )
        if sight is not None:
            wanted = wanted.where(ShelfRow.unit.in_(sight))
        with self._records.read() as session:
            return {(tag, value): count for tag, value, count in session.execute(wanted)}

    def standing_without(
        self,
        tags: Collection[str],
        now: datetime,
        *,
        accounts: Collection[str],
        sight: Collection[str] | None = None,
    ) -> tuple[int, list[str]]:
        """How many materials stand that wear none of these tags, and which some of them are."""
        wearing = select(ShelfRow.material).where(ShelfRow.tag.in_(tags))
        wanted = (
            select(ShelfRow.material)
            .where(ShelfRow.account.in_(accounts), ShelfRow.tag == "")
            .where(ShelfRow.opens <= micros(now), ShelfRow.closes > micros(now))
            .where(ShelfRow.placement.not_in(terms.barred(now)))
            .where(ShelfRow.material.not_in(wearing))
            .distinct()
        )
        if sight is not None:
            wanted = wanted.where(ShelfRow.unit.in_(sight))
        with self._records.read() as session:
            count = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            some = session.scalars(wanted.order_by(ShelfRow.material.desc()).limit(_SOME))
            return count, list(some)
