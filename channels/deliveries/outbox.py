"""The outbox (发件箱): queue, cancel, retry. Calls no platform; the courier does.

The one question "may this still go?" is asked in the transaction that marks it ``sending``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from channels.deliveries.record import OPTED_OUT, QUEUED, RETRYABLE, UP, Delivery, Lane, State
from channels.deliveries.settling import POISON, Settling
from kernel.errors import Conflict, NotFound
from kernel.events import Handle
from kernel.ids import new_id
from stores import bulk
from stores.records import insert

__all__ = ["POISON", "Deliveries"]

RETRIED_AT_ONCE = 100
"""Deliveries that one press of a button puts back."""
_ENDED_AT_ONCE = 100
"""Deliveries whose end one write notes."""


class Deliveries(Settling):
    """Everything that was, is or will be sent."""

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
        lane: Lane | None = None,
        campaign: str = "",
        broadcast: str = "",
        priority: int = 50,
        expires: datetime | None = None,
        override: str = "",
    ) -> Delivery:
        """Ask for it to be sent, in the transaction of the decision. Queueing the same account,
        target and occasion again answers the one that is there."""
        now = self._clock()
        delivery = Delivery(
            account=account, target=str(target or ""), occasion=occasion, placement=placement,
            material=material, words=words, purpose=purpose, rep=rep, by=by, created=now,
            next_at=at or now, lane=lane or (Lane.MESSAGE if target else Lane.POST),
            campaign=campaign, broadcast=broadcast, priority=priority, expires=expires,
            override=override,
        )  # fmt: skip
        delivery.step(now, by=by)
        if there := self.there(account, delivery.target, occasion):
            return there
        try:
            with self._records.write() as session:
                session.add(delivery)
        except IntegrityError:  # somebody queued it in this very moment
            if there := self.there(account, delivery.target, occasion):
                return there
            raise
        return delivery

    def queue_many(
        self,
        *,
        account: str,
        occasion: str,
        by: str,
        targets: Mapping[str, datetime],
        reps: Mapping[str, str] | None = None,
        **more: Any,
    ) -> int:
        """The same for many handles, each from its own moment on and in the name of her rep, if
        one is told; joins the decision's write. Whoever has it queued already keeps that; says
        how many were new."""
        if not targets:
            return 0
        now = self._clock()
        alike = Delivery(account=account, occasion=occasion, by=by, created=now, **more)
        alike.step(now, by=by)
        told = {each.name: getattr(alike, each.name) for each in Delivery.__table__.columns}
        hers = reps or {}
        rows = [
            told | {"id": new_id("dlv"), "target": target, "next_at": at, "rep": rep}
            for target, at in targets.items()
            for rep in [hers.get(target, alike.rep)]
        ]
        with self._records.write() as session:
            put = insert(session, Delivery).on_conflict_do_nothing()
            return bulk.many(session, Delivery, put, rows)

    def there(self, account: str, target: str, occasion: str) -> Delivery | None:
        """What was queued for this occasion already."""
        wanted = select(Delivery).where(
            Delivery.account == account, Delivery.target == target, Delivery.occasion == occasion
        )
        with self._records.read() as session:
            return session.scalar(wanted)

    def end(self, delivery: Delivery, state: State, reason: str, facts: Mapping[str, Any]) -> None:
        """It goes no further, for a reason that somebody else decided on; joins that write."""
        self._ended(delivery, state, reason, facts)

    def cancel(
        self, *which: ColumnElement[bool], reason: str, by: str, limit: int | None = None
    ) -> int:
        """Cancel what is queued, joining the decision's transaction, and say how many that were."""
        with self._records.write() as session:
            queued = select(Delivery).where(Delivery.state.in_(QUEUED), *which).limit(limit)
            found = list(session.scalars(queued.order_by(Delivery.id).with_for_update()))
            self._ended_all(found, State.CANCELLED, reason, by=by)
        return len(found)

    def take_back(self, *which: ColumnElement[bool]) -> None:
        """What waits for a person's confirmation is withdrawn at the next poll, joining the
        decision's write; what left together waits for one confirmation and stays."""
        waits = update(Delivery).where(
            Delivery.state == State.AWAITING_PERSON, Delivery.mailing == "", *which
        )  # fmt: skip
        with self._records.write() as session:
            session.execute(
                waits.values(reason=OPTED_OUT, next_at=self._clock()),
                execution_options={"synchronize_session": False},
            )

    def expire(self) -> int:
        """End what nobody confirmed, or let go, in time; says how many that were."""
        now = self._clock()
        waits = (Delivery.state == State.AWAITING_PERSON) & (Delivery.mailing == "")
        gated = (Delivery.state == State.DUE) & Delivery.lane.in_([Lane.GATED, Lane.MAILING])
        waiting = Delivery.state.in_((State.AWAITING_PERSON, State.DUE))  # of all that ever was
        late = select(Delivery).where(waiting, Delivery.expires <= now, waits | gated)
        late = late.limit(_ENDED_AT_ONCE)
        with self._records.read() as session:
            if session.scalar(late.with_only_columns(Delivery.id).limit(1)) is None:
                return 0
        with self._records.write() as session:
            found = list(session.scalars(late.with_for_update(skip_locked=True)))
            self._ended_all(found, State.EXPIRED, "its_time_went_by")
        return len(found)

    def hasten(self, *which: ColumnElement[bool]) -> None:
        """What is up is looked at now and not when it would be, joining the decision's write."""
        up = update(Delivery).where(Delivery.progress.in_(UP), *which)
        with self._records.write() as session:
            session.execute(
                up.values(next_at=self._clock()), execution_options={"synchronize_session": False}
            )

    def gate_again(self, keys: Collection[str]) -> None:
        """These lost their places under the caps and must wait for another."""
        if not keys:
            return
        waiting = update(Delivery).where(Delivery.id.in_(keys), Delivery.state == State.DUE)
        with self._records.write() as session:
            session.execute(
                waiting.values(lane=Lane.GATED.value, next_at=self._clock()),
                execution_options={"synchronize_session": False},
            )

    def retry(self, key: str, *, by: str) -> Delivery:
        """A person has mended the cause: send what was parked, or what she saw did not arrive.

        Raises `NotFound`, and `Conflict` for one that is not waiting for a person.
        """
        with self._records.write() as session:
            delivery = session.get(Delivery, key, with_for_update=True)
            if delivery is None:
                raise NotFound("delivery", key)
            if delivery.state not in RETRYABLE:
                raise Conflict("delivery_not_parked", delivery=key, state=delivery.state)
            self._again_by([delivery], by)
        return delivery

    def retry_many(
        self, keys: Sequence[str] = (), *, account: str = "", reason: str | None = None, by: str
    ) -> int:
        """The same for up to a hundred that were parked: those named, or all of one account or
        reason. What may have arrived is left to be looked at one by one. Says how many."""
        certain = [state for state in RETRYABLE if state != State.UNKNOWN]
        with self._records.write() as session:
            found = self._stuck(session, certain, keys, account, reason)
            self._again_by(found, by)
        return len(found)

    def drop_many(
        self, keys: Sequence[str] = (), *, account: str = "", reason: str | None = None, by: str
    ) -> int:
        """Let up to a hundred of them go for good. Says how many."""
        with self._records.write() as session:
            found = self._stuck(session, RETRYABLE, keys, account, reason)
            self._ended_all(found, State.CANCELLED, "dropped_by_person", by=by)
        return len(found)

    def _stuck(
        self,
        session: Session,
        states: Collection[State],
        keys: Sequence[str],
        account: str,
        reason: str | None,
    ) -> list[Delivery]:
        """Up to a hundred that wait for a person, locked, the longest waiting first."""
        stuck = select(Delivery).where(Delivery.state.in_(states))
        if account:
            stuck = stuck.where(Delivery.account == account)
        if reason is not None:
            stuck = stuck.where(Delivery.reason == reason)
        if keys:
            stuck = stuck.where(Delivery.id.in_(list(keys)[:RETRIED_AT_ONCE]))
        rows = stuck.order_by(Delivery.settled, Delivery.id).limit(RETRIED_AT_ONCE)
        return list(session.scalars(rows.with_for_update(skip_locked=True)))

    def _again_by(self, deliveries: Collection[Delivery], by: str) -> None:
        now = self._clock()
        for each in deliveries:
            each.state, each.next_at = State.DUE, now
            each.reason, each.facts = "", {}
            each.attempts = each.crashes = 0
            each.first_sent, each.progress, each.mailing = None, "", ""
            each.fence, each.lease_until = each.fence + 1, None
            if each.target:
                each.lane = Lane.GATED  # its place was let go
            if each.expires is not None and each.expires <= now:
                each.expires = None
            each.step(now, by=by)
        self._told("delivery_retried", deliveries, by=by)
