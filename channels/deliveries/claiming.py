"""Claiming (认领): what is due is marked ``sending``, if it may still go. Calls no platform.

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
from kernel.errors import Conflict, Overloaded, Problem
from stores import bulk
from stores.changes import Changes
from stores.records import Moment, Records
from stores.spelling import spelled

Found = TypeVar("Found")

TOGETHER = 8
"""So many of one account are claimed, called and noted together."""


def _turn_of(
    free: Sequence[ColumnElement[bool]], busy: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """The account to be served next among those that have something and room for a call."""
    hers = Delivery.account == Account.id
    under_way = select(func.count()).select_from(Delivery).where(hers, *busy)
    moment = func.coalesce(Delivery.next_at, bindparam("now", type_=Moment))
    first = select(moment).where(hers, *free).order_by(Delivery.next_at).limit(1)
    calls = under_way.correlate(Account).scalar_subquery()
    since = first.correlate(Account).scalar_subquery()
    return (
        select(Account.id)
        .where(Account.paused_at.is_(None), since.is_not(None), calls < bindparam("share"))
        .order_by(calls, since)
        .limit(1)
    )


_TURNS = (
    "SELECT (SELECT count(*) FROM deliveries WHERE account = accounts.id AND state = 'sending'"
    " AND lane IN ('post', 'message', 'express')),"
    " (SELECT next_at FROM deliveries WHERE account = accounts.id AND state = 'due' AND lane = ?"
    " AND next_at <= ? ORDER BY next_at LIMIT 1), id FROM accounts WHERE paused_at IS NULL"
)
"""Of every account: how many calls to it are under way (what left in a mailing is none), and since
when its first one waits."""


_QUEUE = (
    Delivery.state == State.DUE,
    Delivery.lane == bindparam("lane"),
    Delivery.next_at <= bindparam("now"),
)
_NEXT = (
    select(Delivery)
    .where(Delivery.account == bindparam("account"), *_QUEUE)
    .order_by(Delivery.next_at, Delivery.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Delivery)
)
_MARK = (
    "id", "state", "attempts", "first_sent", "last_sent", "fence", "lease_until", "number", "steps",
)  # fmt: skip
"""What marking writes."""
_MARK_MAILED = (*_MARK, "mailing", "next_at")

BEFORE_CLAIM = declare("deliveries.claiming", "something is due and nothing is marked yet")
MARKED = declare("deliveries.marked", "marked sending and committed; nothing has left")


class Places(Protocol):
    """The places under the caps that deliveries to single persons hold."""

    def release(self, keys: Collection[str], /) -> None: ...


class _NoPlaces:
    """Where nothing is capped."""

    def release(self, keys: Collection[str], /) -> None:
        """Nothing was held."""


class Rates(Protocol):
    """How many calls each account lets through."""

    def room(self, account: str, /) -> int | None: ...

    def used_up(self) -> Collection[str]: ...


class _NoRates:
    """Where nobody counts calls."""

    def room(self, account: str, /) -> int | None:
        return None

    def used_up(self) -> Collection[str]:
        return ()


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
        rates: Rates | None = None,
        share: int = 4,
    ) -> None:
        """``share`` is how many calls to one account may be under way at once; an account whose
        rate is used up is not served before it has calls again."""
        super().__init__(records)
        self._changes = changes
        self._clock = clock
        self.lease = lease
        self._retries = retries or Retries()
        self._places: Places = places or _NoPlaces()
        self._rates: Rates = rates or _NoRates()
        self._share = share

    def claim(
        self, judge: Callable[[Delivery], Found], *, lane: Lane
    ) -> tuple[Delivery, Found] | None:
        """The same for one alone; its judge raises what speaks against it."""

        def judged(due: Sequence[Delivery]) -> dict[str, Found | Problem]:
            try:
                return {due[0].id: judge(due[0])}
            except Overloaded:
                raise
            except Problem as no:
                return {due[0].id: no}

        claimed = self.claim_some(judged, lane=lane, most=1)
        return claimed[0] if claimed else None

    def claim_some(
        self,
        judge: Callable[[Sequence[Delivery]], Mapping[str, Found | Problem]],
        *,
        lane: Lane,
        most: int = TOGETHER,
    ) -> list[tuple[Delivery, Found]]:
        """Mark what is due on one account ``sending``, as far as it may still go and the account
        has room, and say what the judge found of each.

        The judge is asked inside the marking transaction: a `Conflict` of it cancels a delivery,
        `Busy` puts it off, any other problem parks it; what it says nothing about stays due. None
        of them when nothing is due.
        """
        crash_point(BEFORE_CLAIM)
        if self._served_next(lane, self._clock()) is None:
            return []  # most rounds find nothing and take no turn
        while True:
            with self._records.write() as session:
                due = self._due(session, lane, most)
                claimed = self._marked(session, due, judge(due)) if due else []
            if claimed or not due:
                break
        if claimed:
            crash_point(MARKED)
        return claimed

    def _served_next(self, lane: Lane, now: datetime) -> tuple[int, str] | None:
        """The account to be served now, and how many calls to it are under way: among those that
        have something and room for a call, and whose rate is not used up."""
        turns = self._records.rows(_TURNS, [lane.value, spelled(self._records, now)])
        resting = set(self._rates.used_up())
        waiting = [
            (calls, since, account) for calls, since, account in turns
            if since is not None and calls < self._share and account not in resting
        ]  # fmt: skip
        if not waiting:
            return None
        calls, _, account = min(waiting)
        return calls, account

    def _due(self, session: Session, lane: Lane, most: int) -> Sequence[Delivery]:
        """The next of the account whose turn it is. What its worker died of goes alone, so that it
        takes nothing else along; nobody takes more than half of what is free, so that a worker
        that dies leaves room for others."""
        now = self._clock()
        while True:
            turn = self._served_next(lane, now)
            if turn is None:
                return ()
            calls, account = turn
            room = min(most, (self._share - calls + 1) // 2)
            if (left := self._rates.room(account)) is not None:
                room = min(room, left)
            if room:  # else its rate is used up, and it has no turn any more
                break
        asked = {"lane": lane.value, "now": now, "account": account, "most": room}
        due = session.scalars(_NEXT, asked).all()
        if due and due[0].crashes:
            return due[:1]
        return [each for each in due if not each.crashes]

    def _marked(
        self, session: Session, due: Sequence[Delivery], told: Mapping[str, Found | Problem]
    ) -> list[tuple[Delivery, Found]]:
        now = self._clock()
        claimed = self._may_go(due, told)
        for delivery, _ in claimed:
            session.expunge(delivery)  # written below, all of them together
            _begun(delivery, now)
            lend(delivery, now, self.lease)
        bulk.change(session, Delivery, [picked(each, _MARK) for each, _ in claimed])
        return claimed

    def mark_mailed(
        self,
        session: Session,
        due: Sequence[Delivery],
        told: Mapping[str, Any],
        mailing: str,
    ) -> int:
        """The same for some that leave together with others: the lease is their mailing's."""
        now = self._clock()
        going = [delivery for delivery, _ in self._may_go(due, told)]
        for delivery in going:
            session.expunge(delivery)
            _begun(delivery, now)
            delivery.mailing, delivery.fence = mailing, delivery.fence + 1
            delivery.next_at = delivery.lease_until = None
        bulk.change(session, Delivery, [picked(each, _MARK_MAILED) for each in going])
        return len(going)

    def _may_go(
        self, due: Sequence[Delivery], told: Mapping[str, Found | Problem]
    ) -> list[tuple[Delivery, Found]]:
        """Those that nothing speaks against; the others are put off, or end here."""
        now = self._clock()
        going = []
        for delivery in due:
            if delivery.id not in told:
                continue
            found = told[delivery.id]
            if delivery.expires is not None and delivery.expires <= now:
                self._ended(delivery, State.EXPIRED, "its_time_went_by")
            elif isinstance(found, Busy):
                delivery.next_at = now + timedelta(seconds=found.seconds or 1)
                delivery.reason, delivery.facts = found.reason, plain(found.facts)
            elif isinstance(found, Conflict):
                self._ended(delivery, State.CANCELLED, found.reason, found.facts)
            elif isinstance(found, Problem):
                self._ended(delivery, State.PARKED, found.reason, found.facts)
            else:
                going.append((delivery, found))
        return going

    def _ended(
        self,
        delivery: Delivery,
        state: State,
        reason: str,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """It goes no further by itself, and holds no place any more."""
        self._ended_all([delivery], state, reason, facts)

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
        self._told(f"delivery_{state.value}", deliveries, by=by)

    def renew(self, held: Mapping[str, int]) -> None:
        """Push the leases of these back, each if its fence still stands. One whose answer is just
        being written down has its lease ended there: it is not waited for."""
        until = self._clock() + timedelta(seconds=self.lease)
        mine = or_(*((Delivery.id == key) & (Delivery.fence == held[key]) for key in held))
        free = select(Delivery.id).where(mine, Delivery.lease_until.is_not(None))
        with self._records.write() as session:
            session.execute(
                update(Delivery).where(Delivery.id.in_(free.with_for_update(skip_locked=True))),
                {"lease_until": until},
                execution_options={"synchronize_session": False},
            )

    def borrow(self, *which: ColumnElement[bool]) -> Delivery | None:
        """Lease one that is to be looked at now, so that no two workers ask the same thing.

        Accounts take turns here too. What is lent further off than any lease lasts was lent by a
        clock that has been put back, and is free.
        """
        now = self._clock()
        hers = Delivery.state != State.SENDING, *which
        until, latest = Delivery.lease_until, now + timedelta(seconds=2 * self.lease)
        queue = or_(until.is_(None), until <= now, until > latest), *hers
        turn = _turn_of(queue, busy=(until > now, until <= latest, *hers))
        asked: dict[str, Any] = {"now": now, "share": self._share}
        with self._records.read() as session:
            if session.scalar(turn, asked) is None:
                return None
        with self._records.write() as session:
            account = session.scalar(turn, asked)
            wanted = select(Delivery).where(Delivery.account == account, *queue)
            wanted = wanted.order_by(Delivery.next_at, Delivery.id).limit(1)
            delivery = session.scalar(wanted.with_for_update(skip_locked=True, of=Delivery))
            if delivery is not None:
                lend(delivery, now, self.lease)
        return delivery

    def _told(self, act: str, those: Collection[Delivery], *, by: str = "worker") -> None:
        """Write the act down, of each with why it is where it came to."""
        self._changes.note_all(
            act, "delivery", {each.id: _detail(each) for each in those}, by=by,
            handles={each.id: each.target for each in those if each.target},
        )  # fmt: skip


def _detail(delivery: Delivery) -> dict[str, Any]:
    """What is told of it wherever it comes to."""
    told = {
        "account": delivery.account, "material": delivery.material,
        "placement": delivery.placement, "rep": delivery.rep,
    }  # fmt: skip
    return told | ({"reason": delivery.reason} if delivery.reason else {})


def picked(delivery: Delivery, names: Sequence[str]) -> dict[str, Any]:
    """Some of its columns, as they are to be written."""
    return {name: getattr(delivery, name) for name in names}


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a reason is completed by, as it may be kept."""
    return {name: _plain(fact) for name, fact in facts.items()}


def _plain(fact: Any) -> Any:
    if isinstance(fact, list):
        return [_plain(each) for each in fact[:20]]
    return fact if isinstance(fact, int | float) else str(fact)[:200]


def lend(delivery: Delivery, now: datetime, seconds: float) -> None:
    """Give it to somebody for a while, under a higher fence."""
    delivery.fence += 1
    delivery.lease_until = now + timedelta(seconds=seconds)


def _begun(delivery: Delivery, now: datetime) -> None:
    delivery.state, delivery.attempts = State.SENDING.value, delivery.attempts + 1
    delivery.first_sent, delivery.last_sent = delivery.first_sent or now, now
    delivery.step(now)
