"""Gating (排队过闸): deliveries that wait for a place under the caps get one, wait on, or end.

A slice at a time, the most important first, decided in the transaction that moves them on. What
lost its place to something more important waits here again. Calls no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from channels.accounts import Account
from channels.broadcasts.record import held_back
from channels.deliveries.claiming import plain
from channels.deliveries.outbox import Deliveries
from channels.deliveries.record import Delivery, Lane, State
from channels.touch_policy import GATE, Decision, Touch, TouchPolicy, Verdict
from kernel.clock import Clock
from stores import bulk
from stores.records import Records

Standing = Callable[[str, Collection[str]], Collection[str]]
"""Which of some materials stand on an account's shelf now."""
Together = Callable[[str], bool]
"""Does an account's platform take one message for many? (`channels.base.Mails`)"""
_SLICE = 200
"""Fewer than the policy takes at once: their rows are written too."""
_NOT_SOONER = timedelta(seconds=1)


class Gating:
    """Between the queue and the senders."""

    def __init__(
        self,
        records: Records,
        deliveries: Deliveries,
        policy: TouchPolicy,
        standing: Standing,
        clock: Clock,
        together: Together = lambda _account: False,
    ) -> None:
        self._records = records
        self._deliveries = deliveries
        self._policy = policy
        self._standing = standing
        self._clock = clock
        self._together = together

    def run(self, limit: int = _SLICE) -> int:
        """Decide about those whose moment has come; says how many. Harmless when repeated."""
        now = self._clock()
        due = (
            select(Delivery, Account.kind)
            .join(Account, Account.id == Delivery.account)
            .where(Delivery.state == State.DUE, Delivery.lane == Lane.GATED)
            .where(Delivery.next_at <= now, Account.paused_at.is_(None))
            .order_by(Delivery.priority.desc(), func.coalesce(Delivery.expires, now), Delivery.id)
            .limit(min(limit, _SLICE))
        )
        with self._records.read() as session:
            if held := held_back(session):
                due = due.where(Delivery.broadcast.not_in(held))
            if session.execute(due.limit(1)).first() is None:
                return self._deliveries.expire()
        with self._records.write(GATE) as session:
            rows = session.execute(due.with_for_update(skip_locked=True, of=Delivery)).all()
            found = {delivery.id: delivery for delivery, _ in rows}
            gone = self._off_shelf(found.values())
            touches = [
                touch_of(delivery, kind) for delivery, kind in rows if delivery.id not in gone
            ]
            reserved = self._policy.reserve(touches, by="worker")
            passing = [key for key, decision in reserved.decisions.items() if decision.passes]
            self._let_pass(session, [found[key] for key in passing])
            for key, decision in reserved.decisions.items():
                if not decision.passes:
                    self._hold_back(found[key], decision)
            session.flush()
            self._deliveries.gate_again(reserved.outranked)
        return len(found)

    def _off_shelf(self, waiting: Collection[Delivery]) -> set[str]:
        """End those whose content is on no shelf there any more; their keys."""
        wanted: dict[str, set[str]] = {}
        for delivery in waiting:
            if delivery.material:
                wanted.setdefault(delivery.account, set()).add(delivery.material)
        there = {account: self._standing(account, keys) for account, keys in wanted.items()}
        gone = set()
        for delivery in waiting:
            if delivery.material and delivery.material not in there[delivery.account]:
                self._deliveries.end(delivery, State.CANCELLED, "no_longer_on_shelf", {})
                gone.add(delivery.id)
        return gone

    def _let_pass(self, session: Session, passing: Collection[Delivery]) -> None:
        """They have their places, and may go."""
        on = {"next_at": self._clock(), "reason": "", "facts": {}}
        mailed = {each.account for each in passing if each.broadcast}
        mailed = {account for account in mailed if self._together(account)}

        def lane(each: Delivery) -> Lane:
            return Lane.MAILING if each.broadcast and each.account in mailed else Lane.MESSAGE

        rows = [{"id": each.id, "lane": lane(each).value, **on} for each in passing]
        bulk.change(session, Delivery, rows)

    def _hold_back(self, delivery: Delivery, decision: Decision) -> None:
        """It waits on, or ends."""
        now = self._clock()
        if decision.verdict is Verdict.DELAY and decision.next_at is not None:
            if (delivery.reason, delivery.facts) != (decision.reason, plain(decision.facts)):
                delivery.reason, delivery.facts = decision.reason, plain(decision.facts)
                delivery.step(now, decision.reason)
            delivery.next_at = max(decision.next_at, now + _NOT_SOONER)
        elif decision.verdict is Verdict.STALE:
            self._deliveries.end(delivery, State.EXPIRED, decision.reason, decision.facts)
        else:
            self._deliveries.end(delivery, State.CANCELLED, decision.reason, decision.facts)


def touch_of(delivery: Delivery, channel: str) -> Touch:
    """The touch that a delivery to one person would be."""
    return Touch(
        key=delivery.id, handle=delivery.target, account=delivery.account, channel=channel,
        purpose=delivery.purpose, material=delivery.material, campaign=delivery.campaign,
        priority=delivery.priority, expires=delivery.expires,
        rep="" if delivery.broadcast else delivery.rep, override=delivery.override,
    )  # fmt: skip
