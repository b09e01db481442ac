"""The ledger (投放台账): what the outbox holds, asked in every way pages need. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, select

from channels.deliveries.record import IN_FLIGHT, POST, STUCK, TO_ONE, UP, Delivery, Lane, State
from channels.deliveries.remedies import Pile
from kernel.errors import NotFound
from kernel.events import Handle
from kernel.ids import Page
from stores.paging import newest_first
from stores.records import Records


class Reuse(NamedTuple):
    """How often one material is used (素材复用率)."""

    deliveries: int
    materials: int

    @property
    def ratio(self) -> float:
        return self.deliveries / self.materials if self.materials else 0.0


class Ledger:
    """Questions about deliveries."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def one(self, key: str) -> Delivery:
        with self._records.read() as session:
            if delivery := session.get(Delivery, key):
                return delivery
        raise NotFound("delivery", key)

    def reuse(self) -> Reuse:
        """Deliveries that were begun, by the distinct materials in them."""
        begun = select(func.count(), func.count(Delivery.material.distinct())).where(
            Delivery.material != "", Delivery.first_sent.is_not(None)
        )
        with self._records.read() as session:
            deliveries, materials = session.execute(begun).one()
        return Reuse(deliveries, materials)

    def page(
        self,
        *which: ColumnElement[bool],
        account: str = "",
        state: str = "",
        material: str = "",
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Delivery]:
        """Newest first."""
        given = {"account": account, "state": state, "material": material}
        where = [*which, *(getattr(Delivery, name) == v for name, v in given.items() if v)]
        wanted = select(Delivery).where(*where)
        return newest_first(
            self._records, wanted, Delivery.id, first=first, after=after, count=count
        )

    def of_placement(self, placement: str) -> list[Delivery]:
        """Oldest first; more than one if it was taken down and put up again."""
        return _in_turn(self._where(Delivery.placement == placement))

    def of_placements(self, placements: Collection[str]) -> dict[str, Delivery]:
        """The latest of each."""
        found = _in_turn(self._where(Delivery.placement.in_(placements)))
        return {delivery.placement: delivery for delivery in found}

    def of_customer(self, handles: Collection[Handle | str]) -> list[Delivery]:
        return self._where(Delivery.target.in_([str(handle) for handle in handles]))

    def up(self) -> list[Delivery]:
        """Every post that a platform shows, or was asked to."""
        return self._where(POST, Delivery.progress.in_(UP))

    def posts(self) -> bool:
        """Is there any post that is up, or could be?"""
        return bool(self._records.rows(_POSTS))

    def any(self, *which: ColumnElement[bool]) -> bool:
        """Is there one such?"""
        with self._records.read() as session:
            return session.scalar(select(Delivery.id).where(*which).limit(1)) is not None

    def in_flight(self, *which: ColumnElement[bool]) -> int:
        """How many were begun and have not come back."""
        running = select(func.count()).select_from(Delivery)
        with self._records.read() as session:
            return session.scalar(running.where(Delivery.state.in_(IN_FLIGHT), *which)) or 0

    def tally(self) -> dict[tuple[str, str], int]:
        """How many there are by account and state."""
        counted = select(Delivery.account, Delivery.state, func.count())
        with self._records.read() as session:
            rows = session.execute(counted.group_by(Delivery.account, Delivery.state)).all()
        return {(account, state): count for account, state, count in rows}

    def piles(self, *, account: str = "") -> list[Pile]:
        """What waits for a person, by account and reason, the largest first."""
        stuck = Delivery.state.in_(STUCK)
        alike = Delivery.account, Delivery.state, Delivery.reason
        since = func.min(func.coalesce(Delivery.settled, Delivery.last_sent, Delivery.created))
        counted = select(*alike, func.count(), since, func.min(Delivery.id)).where(stuck)
        counted = counted.where(Delivery.account == account) if account else counted
        with self._records.read() as session:
            rows = session.execute(counted.group_by(*alike)).all()
            told = {
                each.id: each.facts
                for each in session.scalars(
                    select(Delivery).where(Delivery.id.in_([row[5] for row in rows]))
                )
            }
        piles = [Pile(*row[:5], told[row[5]]) for row in rows]
        return sorted(piles, key=lambda pile: (-pile.count, pile.since))

    def overdue(self) -> dict[str, datetime]:
        """By account, since when the oldest that could go has been waiting."""
        waits = select(Delivery.account, func.min(Delivery.next_at))
        ready = Delivery.state == State.DUE, Delivery.lane != Lane.GATED
        with self._records.read() as session:
            rows = session.execute(waits.where(*ready).group_by(Delivery.account)).all()
        return {account: since for account, since in rows if since is not None}

    def said_since(self, moment: datetime) -> dict[str, int]:
        """By account, to how many single persons something went since then."""
        with self._records.read() as session:
            rows = session.execute(said(moment)).all()
        return {row[0]: row[1] for row in rows}

    def _where(self, *which: ColumnElement[bool]) -> list[Delivery]:
        with self._records.read() as session:
            return list(session.scalars(select(Delivery).where(*which).order_by(Delivery.id)))

    def flaws(self, late: datetime) -> Iterator[str]:
        """What has been under way since before ``late``, or is up twice."""
        stuck = (Delivery.state == State.SENDING) & (Delivery.lease_until < late)
        for delivery in self._where(stuck):
            yield f"deliveries: {delivery.id} was being sent by a worker that is gone"
        twice = select(Delivery.placement).where(POST, Delivery.progress.in_(UP))
        twice = twice.group_by(Delivery.placement).having(func.count() > 1)
        with self._records.read() as session:
            for placement in session.scalars(twice):
                yield f"deliveries: {placement} is up more than once"


def _in_turn(deliveries: list[Delivery]) -> list[Delivery]:
    return sorted(deliveries, key=lambda delivery: delivery.turn)


def said(moment: datetime) -> Select[str, int]:
    """By account, how many went to one person since then. By no column itself, or SQLite walks
    through all that there ever were in the order of it."""
    account = Delivery.account.concat("")
    lately = TO_ONE, Delivery.last_sent >= moment
    return select(account, func.count()).where(*lately).group_by(account)


_POSTS = (
    "SELECT 1 FROM deliveries WHERE target = '' AND progress IN ('', 'submitted', 'shown') LIMIT 1"
)
