"""Claiming (认领): one due delivery is marked ``sending``, if it may still go. Calls no platform.

Accounts take turns: whichever has the fewest calls under way is served next, and none has more
than its share, so that a platform that answers slowly delays no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from channels.accounts import Account
from channels.base import Busy
from channels.deliveries.ledger import Ledger
from channels.deliveries.record import Delivery, Lane, State
from channels.deliveries.retries import Retries
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, Problem
from stores.changes import Changes
from stores.records import Records

Found = TypeVar("Found")
_AT_ONCE = 4

_ANY = (
    select(Delivery.id)
    .where(Delivery.state == State.DUE, Delivery.next_at <= bindparam("now"))
    .where(Delivery.lane == bindparam("lane"))
    .limit(1)
)

BEFORE_CLAIM = declare("deliveries.claiming", "something is due and nothing is marked yet")
MARKED = declare("deliveries.marked", "marked sending and committed; nothing has left")


class Places(Protocol):
    """The places under the caps that deliveries to single persons hold."""

    def release(self, keys: Collection[str], /) -> None: ...


class _NoPlaces:
    """Where nothing is capped."""

    def release(self, keys: Collection[str], /) -> None:
        """Nothing was held."""


class Claiming(Ledger):
    """Who is served next."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        clock: Clock,
        *,
        lease: float = 30,
        retries: Retries | None = None,
        places: Places | None = None,
        share: int = 4,
    ) -> None:
        """``share`` is how many calls to one account may be under way at once."""
        super().__init__(records)
        self._changes = changes
        self._clock = clock
        self.lease = lease
        self._retries = retries or Retries()
        self._places: Places = places or _NoPlaces()
        self._share = share

    def claim(
        self, judge: Callable[[Delivery], Found], *, lane: Lane
    ) -> tuple[Delivery, Found] | None:
        """Mark one due delivery ``sending``, if it may still go, and say what the judge found.

        The judge is asked inside the marking transaction: `Conflict` cancels the delivery, `Busy`
        puts it off, any other problem parks it. None when nothing is due.
        """
        crash_point(BEFORE_CLAIM)
        if not self._any(lane):
            return None  # most rounds find nothing and take no turn
        while True:
            with self._records.write() as session:
                due = self._due(session, lane)
                claimed = self._first(session, due, judge)
            if claimed is not None or not due:
                break
        if claimed is not None:
            crash_point(MARKED)
        return claimed

    def _any(self, lane: Lane) -> bool:
        with self._records.glance() as connection:
            told = connection.execute(_ANY, {"lane": lane.value, "now": self._clock()})
            return told.first() is not None

    def _due(self, session: Session, lane: Lane) -> Sequence[Delivery]:
        """The next of the account whose turn it is."""
        now = self._clock()
        queue = Delivery.state == State.DUE, Delivery.lane == lane, Delivery.next_at <= now
        account = session.scalar(self._turn_of(*queue, busy=Delivery.state == State.SENDING))
        if account is None:
            return ()
        wanted = select(Delivery).where(Delivery.account == account, *queue)
        wanted = wanted.order_by(Delivery.next_at, Delivery.id).limit(_AT_ONCE)
        return session.scalars(wanted.with_for_update(skip_locked=True, of=Delivery)).all()

    def _turn_of(self, *queue: ColumnElement[bool], busy: ColumnElement[bool]) -> Select[str]:
        """The account to be served next among those that have something and room for a call."""
        hers = Delivery.account == Account.id
        under_way = select(func.count()).select_from(Delivery).where(hers, busy)
        moment = func.coalesce(Delivery.next_at, self._clock())
        first = select(moment).where(hers, *queue).order_by(Delivery.next_at).limit(1)
        calls = under_way.correlate(Account).scalar_subquery()
        since = first.correlate(Account).scalar_subquery()
        return (
            select(Account.id)
            .where(Account.paused_at.is_(None), since.is_not(None), calls < self._share)
            .order_by(calls, since)
            .limit(1)
        )

    def _first(
        self, session: Session, due: Sequence[Delivery], judge: Callable[[Delivery], Found]
    ) -> tuple[Delivery, Found] | None:
        now = self._clock()
        for delivery in due:
            if delivery.expires is not None and delivery.expires <= now:
                self._ended(delivery, State.EXPIRED, "its_time_went_by")
                continue
            try:
                found = judge(delivery)
            except Busy as later:
                delivery.next_at = now + timedelta(seconds=later.seconds or 1)
                delivery.reason, delivery.facts = later.reason, plain(later.facts)
            except Conflict as stop:
                self._ended(delivery, State.CANCELLED, stop.reason, stop.facts)
            except Problem as no:
                self._ended(delivery, State.PARKED, no.reason, no.facts)
            else:
                delivery.state, delivery.attempts = State.SENDING, delivery.attempts + 1
                delivery.first_sent, delivery.last_sent = delivery.first_sent or now, now
                lend(delivery, now, self.lease)
                delivery.step(now)
                session.flush()
                return delivery, found
        return None

    def _ended(
        self,
        delivery: Delivery,
        state: State,
        reason: str,
        facts: Mapping[str, Any] | None = None,
        by: str = "worker",
    ) -> None:
        """It goes no further by itself, and holds no place any more."""
        self._ended_all([delivery], state, reason, facts, by)

    def _ended_all(
        self,
        deliveries: Sequence[Delivery],
        state: State,
        reason: str,
        facts: Mapping[str, Any] | None = None,
        by: str = "worker",
    ) -> None:
        """The same for some, with the statements of one."""
        now = self._clock()
        for each in deliveries:
            each.state, each.reason, each.facts = state, reason, plain(facts or {})
            each.next_at, each.settled, each.lease_until = None, now, None
            each.step(now, reason, "" if by == "worker" else by)
        self._places.release([each.id for each in deliveries if each.target])
        self._changes.note_all(
            f"delivery_{state.value}", "delivery",
            {each.id: _detail(each, reason=reason) for each in deliveries}, by=by,
            handles={each.id: each.target for each in deliveries if each.target},
        )  # fmt: skip

    def renew(self, held: Mapping[str, int]) -> None:
        """Push the leases of these back, each if its fence still stands."""
        until = self._clock() + timedelta(seconds=self.lease)
        mine = or_(*((Delivery.id == key) & (Delivery.fence == held[key]) for key in held))
        with self._records.write() as session:
            session.execute(
                update(Delivery).where(mine, Delivery.lease_until.is_not(None)),
                {"lease_until": until},
                execution_options={"synchronize_session": False},
            )

    def borrow(self, *which: ColumnElement[bool]) -> Delivery | None:
        """Lease one that is to be looked at now, so that no two workers ask the same thing.

        Accounts take turns here too.
        """
        now = self._clock()
        free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
        queue = free, Delivery.state != State.SENDING, *which
        turn = self._turn_of(*queue, busy=Delivery.lease_until > now)
        with self._records.read() as session:
            if session.scalar(turn) is None:
                return None
        with self._records.write() as session:
            account = session.scalar(turn)
            wanted = select(Delivery).where(Delivery.account == account, *queue)
            wanted = wanted.order_by(Delivery.next_at, Delivery.id).limit(1)
            delivery = session.scalar(wanted.with_for_update(skip_locked=True, of=Delivery))
            if delivery is not None:
                lend(delivery, now, self.lease)
        return delivery

    def _told(self, act: str, delivery: Delivery, *, by: str = "worker", **detail: Any) -> None:
        self._changes.note(
            act, "delivery", delivery.id, by=by, handle=delivery.target or None,
            **_detail(delivery, **detail),
        )  # fmt: skip


def _detail(delivery: Delivery, **more: Any) -> dict[str, Any]:
    """What is told of it wherever it comes to."""
    told = {name: value for name, value in more.items() if value}
    return {
        "account": delivery.account, "material": delivery.material,
        "placement": delivery.placement, "rep": delivery.rep, **told,
    }  # fmt: skip


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a reason is completed by, as it may be kept."""
    return {name: v if isinstance(v, int | float) else str(v)[:200] for name, v in facts.items()}


def lend(delivery: Delivery, now: datetime, seconds: float) -> None:
    """Give it to somebody for a while, under a higher fence."""
    delivery.fence += 1
    delivery.lease_until = now + timedelta(seconds=seconds)
