"""The outbox (发件箱): queue, claim, note, cancel. Calls no platform; the courier does.

The one question "may this still go?" is asked in the transaction that marks it ``sending``; what is
told afterwards carries the fence of that mark, so a worker that overslept changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from channels.accounts import Account
from channels.base import Busy, Progress, Receipt
from channels.deliveries.ledger import Ledger
from channels.deliveries.record import QUEUED, UP, Delivery, State, overtakes
from channels.deliveries.retries import Retries
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, NotFound, Problem
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Records

Found = TypeVar("Found")
POISON = 3
"""A delivery whose worker died this often in a row is set aside."""
_AT_ONCE = 20

BEFORE_CLAIM = declare("deliveries.claiming", "something is due and nothing is marked yet")
MARKED = declare("deliveries.marked", "marked sending and committed; nothing has left")
NOTING = declare("deliveries.noting", "the platform answered; nothing is written yet")
NOTED = declare("deliveries.noted", "the answer is written and committed")


class Deliveries(Ledger):
    """Everything that was, is or will be sent."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        clock: Clock,
        *,
        lease: float = 30,
        retries: Retries | None = None,
    ) -> None:
        super().__init__(records)
        self._changes = changes
        self._clock = clock
        self.lease = lease
        self._retries = retries or Retries()

    # queueing and claiming

    def queue(
        self,
        *,
        account: str,
        occasion: str,
        by: str,
        target: Handle | None = None,
        placement: str = "",
        material: str = "",
        words: str = "",
        purpose: str = "",
        rep: str = "",
        at: datetime | None = None,
    ) -> Delivery:
        """Ask for it to be sent, in the transaction of the decision. Queueing the same account,
        target and occasion again answers the one that is there."""
        now = self._clock()
        delivery = Delivery(
            account=account, target=str(target or ""), occasion=occasion, placement=placement,
            material=material, words=words, purpose=purpose, rep=rep, by=by, created=now,
            next_at=at or now,
        )  # fmt: skip
        if there := self._there(delivery):
            return there
        try:
            with self._records.write() as session:
                session.add(delivery)
        except IntegrityError:  # somebody queued it in this very moment
            if there := self._there(delivery):
                return there
            raise
        return delivery

    def claim(
        self, judge: Callable[[Delivery], Found], *, posts: bool
    ) -> tuple[Delivery, Found] | None:
        """Mark one due delivery ``sending``, if it may still go, and say what the judge found.

        The judge is asked inside the marking transaction: `Conflict` cancels the delivery, `Busy`
        puts it off, any other problem parks it. None when nothing is due.
        """
        crash_point(BEFORE_CLAIM)
        while True:
            with self._records.write() as session:
                due = list(session.scalars(self._due(posts)))
                claimed = self._first(session, due, judge)
            if claimed is not None or not due:
                break
        if claimed is not None:
            crash_point(MARKED)
        return claimed

    def _due(self, posts: bool) -> Select[Delivery]:
        for_all = Delivery.target == "" if posts else Delivery.target != ""
        wanted = select(Delivery).join(Account, Account.id == Delivery.account)
        return (
            wanted.where(for_all, Delivery.state == State.DUE, Delivery.next_at <= self._clock())
            .where(Account.paused_at.is_(None))
            .order_by(Delivery.next_at, Delivery.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True, of=Delivery)
        )

    def _first(
        self, session: Session, due: Sequence[Delivery], judge: Callable[[Delivery], Found]
    ) -> tuple[Delivery, Found] | None:
        now = self._clock()
        for delivery in due:
            try:
                found = judge(delivery)
            except Busy as later:
                delivery.next_at = now + timedelta(seconds=later.seconds or 1)
            except Conflict as stop:
                delivery.state, delivery.reason = State.CANCELLED, stop.reason
                delivery.next_at, delivery.settled = None, now
                self._told("delivery_cancelled", delivery, reason=stop.reason)
            except Problem as no:
                delivery.state, delivery.reason = State.PARKED, no.reason
                delivery.facts, delivery.next_at, delivery.settled = _plain(no.facts), None, now
                self._told("delivery_parked", delivery, reason=no.reason)
            else:
                delivery.state, delivery.attempts = State.SENDING, delivery.attempts + 1
                delivery.first_sent, delivery.last_sent = delivery.first_sent or now, now
                _lend(delivery, now, self.lease)
                session.flush()
                return delivery, found
        return None

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

    # what came of a call; each carries the fence, and a late worker changes nothing

    def note(self, delivery: Delivery, receipt: Receipt) -> bool:
        """Write down the platform's answer. False for a worker whose lease was given away."""
        crash_point(NOTING)
        with self._records.write() as session:
            kept = self._mine(session, delivery)
            if kept is None:
                return False
            if overtakes(receipt.progress, kept.progress):
                self._take_in(kept, receipt)
        crash_point(NOTED)
        return True

    def postpone(self, delivery: Delivery, why: Busy) -> bool:
        """It did not go out and may later; parked once it was tried often and long enough."""
        now = self._clock()
        since = now - (delivery.first_sent or now)
        if self._retries.worn_out(delivery.attempts, since):
            return self.park(delivery, why)
        wait = self._retries.wait(delivery.attempts, why.seconds)
        return self._turn(delivery, why, state=State.DUE, next_at=now + wait, crashes=0)

    def give_back(self, delivery: Delivery, why: Problem | None = None) -> bool:
        """Nothing was shown: as if it had not been claimed."""
        attempts = max(0, delivery.attempts - 1)
        now = self._clock()
        return self._turn(
            delivery, why, state=State.DUE, next_at=now, attempts=attempts, crashes=0
        )  # fmt: skip

    def park(self, delivery: Delivery, why: Problem) -> bool:
        """It will not work by itself."""
        return self._turn(
            delivery, why, act="delivery_parked", state=State.PARKED, next_at=None, crashes=0,
            settled=self._clock(),
        )  # fmt: skip

    def doubt(self, delivery: Delivery, why: Problem, look: timedelta | None) -> bool:
        """Nobody answered. ``look`` is when to look for it; None leaves it to a person."""
        at = None if look is None else self._clock() + look
        return self._turn(delivery, why, state=State.UNKNOWN, next_at=at, crashes=0)

    def again(self, delivery: Delivery) -> bool:
        """It is certain that it never went through: send it once more."""
        return self._turn(delivery, state=State.DUE, next_at=self._clock())

    def look_later(self, delivery: Delivery, wait: timedelta | None) -> bool:
        """Nothing new was learned of it: look again after a while; None leaves it to a person."""
        at = None if wait is None else self._clock() + wait
        return self._turn(delivery, next_at=at)

    def _turn(
        self, delivery: Delivery, why: Problem | None = None, *, act: str = "", **values: Any
    ) -> bool:
        with self._records.write() as session:
            kept = self._mine(session, delivery)
            if kept is None:
                return False
            if why is not None:
                kept.reason, kept.facts = why.reason, _plain(why.facts)
            for name, value in values.items():
                setattr(kept, name, value)
            if act:
                self._told(act, kept, reason=kept.reason)
        return True

    def _mine(self, session: Session, delivery: Delivery) -> Delivery | None:
        """The row, if the caller's lease still stands; the lease ends with this transaction."""
        mine = select(Delivery).where(Delivery.id == delivery.id, Delivery.fence == delivery.fence)
        leased = mine.where(Delivery.lease_until.is_not(None))
        kept = session.scalar(leased.with_for_update().execution_options(populate_existing=True))
        if kept is not None:
            kept.lease_until = None
        return kept

    def _take_in(self, kept: Delivery, receipt: Receipt) -> None:
        now = self._clock()
        state, look = _after(receipt.progress)
        kept.state, kept.progress, kept.ref = state, receipt.progress, receipt.ref or kept.ref
        kept.reason, kept.facts, kept.crashes = receipt.reason, {}, 0
        kept.settled, kept.next_at = now, now + timedelta(seconds=look) if look else None
        act = _ACTS[receipt.progress]
        if act == "published" and kept.target:
            act = "sent"
        self._told(act, kept, reason=receipt.reason)

    # looking after what is under way

    def lost(self) -> list[Delivery]:
        """Take over what a dead worker was sending: a fresh lease and fence for the taker. What
        killed its worker too often is parked instead."""
        now = self._clock()
        gone = select(Delivery).where(
            Delivery.state == State.SENDING, Delivery.lease_until <= now
        ).limit(_AT_ONCE)  # fmt: skip
        taken = []
        with self._records.write() as session:
            for delivery in session.scalars(gone.with_for_update(skip_locked=True)):
                delivery.crashes += 1
                if delivery.crashes >= POISON:
                    delivery.state, delivery.reason = State.PARKED, "crashes_worker"
                    delivery.lease_until, delivery.next_at, delivery.settled = None, None, now
                    self._told("delivery_parked", delivery, reason="crashes_worker")
                else:
                    _lend(delivery, now, self.lease)
                    taken.append(delivery)
        return taken

    def after_crash(self, delivery: Delivery, state: State, look: timedelta | None) -> bool:
        """Say what is to become of one that `lost` answered."""
        at = None if look is None else self._clock() + look
        return self._turn(delivery, Conflict("worker_lost"), state=state, next_at=at)

    def borrow(self, *which: ColumnElement[bool]) -> Delivery | None:
        """Lease one that is to be looked at now, so that no two workers ask the same thing."""
        now = self._clock()
        free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
        wanted = select(Delivery).join(Account, Account.id == Delivery.account).where(
            free, Delivery.state != State.SENDING, Account.paused_at.is_(None), *which
        )  # fmt: skip
        wanted = wanted.order_by(Delivery.next_at, Delivery.id).limit(1)
        with self._records.write() as session:
            delivery = session.scalar(wanted.with_for_update(skip_locked=True, of=Delivery))
            if delivery is not None:
                _lend(delivery, now, self.lease)
        return delivery

    def in_doubt(self) -> Delivery | None:
        """Borrow one whose answer was lost and that should be looked for now."""
        return self.borrow(Delivery.state == State.UNKNOWN, Delivery.next_at <= self._clock())

    def asking(self) -> Delivery | None:
        """Borrow one whose outcome the platform still owes us."""
        owed = Delivery.progress.in_([Progress.SUBMITTED, Progress.AWAITING_PERSON])
        return self.borrow(owed, Delivery.next_at <= self._clock())

    def note_outcome(self, account: str, receipt: Receipt) -> bool:
        """Write down what a callback or a poll told. Older news never overwrites newer; what
        nobody sent (or is not noted yet) changes nothing."""
        crash_point(NOTING)
        told_of = select(Delivery).where(Delivery.account == account, Delivery.ref == receipt.ref)
        with self._records.write() as session:
            kept = session.scalar(told_of.limit(1).with_for_update())
            if kept is None or not overtakes(receipt.progress, kept.progress):
                return False
            self._take_in(kept, receipt)
        crash_point(NOTED)
        return True

    def cancel(self, *which: ColumnElement[bool], reason: str, by: str) -> int:
        """Cancel what is queued, joining the decision's transaction, and say how many that were."""
        now = self._clock()
        with self._records.write() as session:
            queued = select(Delivery).where(Delivery.state.in_(QUEUED), *which)
            found = list(session.scalars(queued.with_for_update()))
            for delivery in found:
                delivery.state, delivery.reason = State.CANCELLED, reason
                delivery.next_at, delivery.settled = None, now
                self._told("delivery_cancelled", delivery, by=by, reason=reason)
        return len(found)

    def hasten(self, *which: ColumnElement[bool]) -> None:
        """What is up is looked at now and not when it would be, joining the decision's write."""
        up = update(Delivery).where(Delivery.progress.in_(UP), *which)
        with self._records.write() as session:
            session.execute(
                up.values(next_at=self._clock()), execution_options={"synchronize_session": False}
            )

    def retry(self, key: str, *, by: str) -> Delivery:
        """A person has mended the cause: send what was parked, or what she saw did not arrive."""
        with self._records.write() as session:
            delivery = session.get(Delivery, key, with_for_update=True)
            if delivery is None:
                raise NotFound("delivery", key)
            if delivery.state not in (State.PARKED, State.UNKNOWN):
                raise Conflict("delivery_not_parked", delivery=key, state=delivery.state)
            delivery.state, delivery.next_at, delivery.reason = State.DUE, self._clock(), ""
            delivery.attempts = delivery.crashes = 0
            delivery.first_sent, delivery.progress = None, ""
            delivery.fence, delivery.lease_until = delivery.fence + 1, None
            self._told("delivery_retried", delivery, by=by)
        return delivery

    def _told(self, act: str, delivery: Delivery, *, by: str = "worker", **detail: Any) -> None:
        self._changes.note(
            act, "delivery", delivery.id, by=by, handle=delivery.target or None,
            account=delivery.account, material=delivery.material, placement=delivery.placement,
            rep=delivery.rep, **{name: value for name, value in detail.items() if value},
        )  # fmt: skip


_ACTS = {
    Progress.SHOWN: "published",
    Progress.SUBMITTED: "submitted",
    Progress.AWAITING_PERSON: "submitted",
    Progress.REFUSED: "delivery_refused",
    Progress.WITHDRAWN: "withdrawn",
}


def _after(progress: Progress) -> tuple[State, float]:
    """Our state after such an answer, and after how many seconds to ask again (0: never)."""
    if progress is Progress.SUBMITTED:
        return State.DONE, 1
    if progress is Progress.AWAITING_PERSON:
        return State.AWAITING_PERSON, 60
    return (State.PARKED if progress is Progress.REFUSED else State.DONE), 0


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v if isinstance(v, int | float) else str(v)[:200] for name, v in facts.items()}


def _lend(delivery: Delivery, now: datetime, seconds: float) -> None:
    delivery.fence += 1
    delivery.lease_until = now + timedelta(seconds=seconds)
