"""Publishing (发布与撤下): the acts that touch shelf and deliveries, and the duties that follow.

What is promised on the shelf is the queue: a placement whose time has come and that no platform was
asked to show becomes a delivery; what stays up beyond its time is withdrawn. Decides neither what
is shown to whom nor what may be shown: that is the shelf's word, asked at the last moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import or_, select

from channels.accounts import Account, Accounts, Channels
from channels.base import Busy, Message, Post, Progress
from channels.broadcasts.record import check_going_on
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, Gating, Lane, State
from channels.deliveries.gating import touch_of
from channels.touch_policy import GATE, Decision, Touch, TouchPolicy, Verdict
from content_hub.materials import Materials
from content_hub.placements import Placement
from content_hub.placements import State as Standing
from content_hub.shelf import Shelf
from data_hub.consents import MARKETING, Consents
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, Flaw, Invalid, Problem
from kernel.events import Handle
from stores.records import Records

QUEUED = declare("publishing.queued", "a placement has become a delivery; nothing is claimed")
COMPOSED = declare("publishing.composed", "texts and pictures are at hand; nothing has left")
ROUND = timedelta(seconds=3)
"""How long one round of a duty may go on, so that a worker told to stop soon does."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Retired:
    """What taking something off the shelf did at once."""

    placements: list[Placement]
    cancelled: int
    in_flight: int
    """Begun before and not back yet; none is begun after."""


class Kinship(Protocol):
    """Which handles are one person's (`data_hub.identities`)."""

    def alongside(self, handle: Handle, /) -> Collection[str]: ...


class Publishing:
    """From the shelf to the channels and back."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        shelf: Shelf,
        materials: Materials,
        accounts: Accounts,
        channels: Channels,
        deliveries: Deliveries,
        courier: Courier,
        composer: Composer,
        consents: Consents,
        identities: Kinship,
        policy: TouchPolicy,
    ) -> None:
        self._records = records
        self._clock = clock
        self._shelf = shelf
        self._materials = materials
        self._accounts = accounts
        self._channels = channels
        self._deliveries = deliveries
        self._courier = courier
        self._composer = composer
        self._consents = consents
        self._identities = identities
        self._policy = policy
        self._gating = Gating(records, deliveries, policy, shelf.standing_ids, clock)

    # acts

    def place(
        self,
        material: str,
        account: str,
        *,
        opens: datetime | None,
        closes: datetime | None,
        by: str,
        slot: str = "",
        campaign: str = "",
        unit: str | None = None,
    ) -> Placement:
        """Promise a material to an account, if the shelf and the channel both take it.

        Raises one `Invalid` that lists everything either of them minds.
        """
        there = self._accounts.one(account)
        key = self._shelf.material_id(material)
        minded = self.flaws_of(material, there)
        with self._records.write(f"placement:{key}"):
            if minded:
                lacking = self._shelf.flaws(
                    key, there.id, opens=opens, closes=closes, slot=slot, campaign=campaign
                )
                raise Invalid.because([*lacking, *minded])
            return self._shelf.place(
                key, there.id, opens=opens, closes=closes, by=by, slot=slot, campaign=campaign,
                unit=unit,
            )  # fmt: skip

    def flaws_of(self, material: str, account: Account | str) -> list[Flaw]:
        """What the account's channel would not take of a material as it stands."""
        there = self._accounts.one(account) if isinstance(account, str) else account
        draft = self._composer.draft(self._materials.one(material), there)
        return self._channels.of(there).capabilities.flaws(draft, self._clock().date())

    def retire(self, key: str, *, by: str) -> Retired:
        """Take a placement, or a material everywhere, off the shelf; cancel what is queued for it.

        One act: none of it is begun after it is committed. Retiring twice does no harm.
        """
        whole = not key.startswith("plc_")
        material = self._shelf.material_id(key) if whole else self._shelf.one(key).material
        which = Delivery.material == material if whole else Delivery.placement == key
        cancel = partial(self._deliveries.cancel, which, reason="retired", by=by, limit=_AT_ONCE)
        with self._records.write(f"placement:{material}"):
            retired = self._shelf.retire(key, by=by)
            cancelled = more = cancel()
            in_flight = self._deliveries.in_flight(which)
            self._deliveries.hasten(Delivery.target == "", which)
        while more == _AT_ONCE:  # none of them begins any more; the rest say so in slices
            cancelled += (more := cancel())
        return Retired(retired, cancelled, in_flight)

    def send(
        self,
        handle: Handle,
        account: str,
        *,
        occasion: str,
        purpose: str,
        by: str,
        material: str = "",
        words: str = "",
        rep: str = "",
        at: datetime | None = None,
        **more: Any,
    ) -> Delivery:
        """Queue something for one person. Raises `Conflict` at once if it could not go now; it is
        asked again at the last moment. The same occasion sends once.

        Marketing takes a place under the caps here, or waits for one; what a rep sends herself is
        refused with the reason instead (`Advised`), unless she says why in ``override``. Raises
        `Invalid` for neither material nor words, `NotFound` for an account or a material that
        there is not. ``more`` is anything else that a delivery remembers: campaign, priority,
        expires, override.
        """
        there = self._accounts.one(account)
        key = self._shelf.material_id(material) if material else ""
        if not key and not words.strip():
            raise Invalid("words", "nothing_to_send")
        with self._records.write(GATE):
            self._check_sendable(there, handle, purpose, key)
            if known := self._deliveries.there(there.id, str(handle), occasion):
                return known
            delivery = self._deliveries.queue(
                account=there.id, target=handle, occasion=occasion, material=key, words=words,
                purpose=purpose, rep=rep, by=by, at=at, **more,
            )  # fmt: skip
            if purpose == MARKETING and (at is not None and at > self._clock()):
                delivery.lane = Lane.GATED
            else:
                self._take_place(delivery, there, by)
        return delivery

    def advice(
        self, handle: Handle, account: str, *, material: str = "", rep: str = ""
    ) -> Decision:
        """What the touch policy would say to marketing that goes to her now."""
        there = self._accounts.one(account)
        return self._policy.explain(
            Touch(
                key="", handle=str(handle), account=there.id, channel=there.kind,
                material=material, rep=rep,
            )
        )  # fmt: skip

    def _take_place(self, delivery: Delivery, account: Account, by: str) -> None:
        """Its place under the caps, joining the write that queues it."""
        touch = touch_of(delivery, account.kind)
        if touch.rep:
            self._policy.count_own(touch, by=by)
            return
        reserved = self._policy.reserve([touch], by=by)
        decision = reserved.decisions[touch.key]
        self._deliveries.gate_again(reserved.outranked)
        if decision.passes:
            return
        if decision.verdict is Verdict.REFUSE:
            raise Conflict(decision.reason, **decision.facts)
        delivery.lane = Lane.GATED
        delivery.next_at = decision.next_at
        delivery.reason, delivery.facts = decision.reason, dict(decision.facts)
        delivery.step(self._clock(), decision.reason)

    # duties, each harmless when repeated and by several workers at once

    def publish_due(self) -> int:
        """Ask the platforms to show what should be shown by now; says how many were carried."""
        return self.rescue() + self.plan() + self._carry(self._publish_one)

    def send_due(self) -> int:
        """Say what is due to single persons; says how many were carried."""
        return self.gate() + self._carry(self._send_one)

    def rescue(self) -> int:
        """Settle what dead workers were sending, and what was sent and not answered."""
        return self._courier.rescue() + self._courier.settle(self._composed)

    def plan(self) -> int:
        """Make deliveries of what should be shown by now."""
        if queued := self._queue_due():
            crash_point(QUEUED)
        return queued

    def gate(self) -> int:
        """Give out the places under the caps."""
        return self._gating.run()

    def carry(self) -> int:
        """What one sender does in a round: whatever is due, greetings first."""
        return self._carry(lambda: self._send_one() or self._publish_one())

    def greet(self) -> int:
        """The express lane: what is worth nothing in a few seconds."""
        return self._carry(lambda: self._say_one(Lane.EXPRESS))

    def poll(self) -> int:
        """Ask for the outcomes that platforms owe us."""
        return self._courier.poll()

    def withdraw_due(self) -> int:
        """Take down what stays up though its time is over, and cancel what waits in vain."""
        gone = select(Placement.id).where(self._shelf.not_standing(self._clock()))
        queued = Delivery.placement.in_(gone)
        if self._deliveries.page(queued, state=State.DUE, first=1).items:
            self._deliveries.cancel(queued, reason="no_longer_on_shelf", by="worker")
        up = Delivery.progress.in_([Progress.SUBMITTED, Progress.SHOWN])
        ready = or_(Delivery.next_at.is_(None), Delivery.next_at <= self._clock())
        withdrawn = 0
        while delivery := self._deliveries.borrow(up, queued, ready):
            withdrawn += self._courier.withdraw(delivery)
        return withdrawn

    def flaws(self) -> Iterator[str]:
        """Where shelf and deliveries contradict each other for longer than a worker needs."""
        late = self._clock() - timedelta(minutes=15)
        for delivery in self._deliveries.up():
            placement = self._shelf.one(delivery.placement)
            ended = min(placement.retired or placement.closes, placement.closes)
            if ended < late and placement.state(self._clock()) is not Standing.STANDING:
                yield f"publishing: {delivery.id} is still up though {placement.id} has ended"
        for account, standing in self._promised():
            known = self._deliveries.of_placements([placement.id for placement in standing])
            for placement in standing:
                if placement.id not in known and max(placement.opens, placement.placed_at) < late:
                    yield f"publishing: {placement.id} on {account.code} has no delivery"
        yield from self._deliveries.flaws(late)

    # the steps

    def _queue_due(self) -> int:
        """A hundred at a time in one transaction, an account after the other."""
        queued = 0
        for account, standing in self._promised():
            known = self._deliveries.of_placements([placement.id for placement in standing])
            due = [(each, why) for each in standing if (why := self._occasion(each, known))]
            if not due:
                continue
            with self._records.write():
                for placement, occasion in due[:_AT_ONCE]:
                    self._deliveries.queue(
                        account=account.id, occasion=occasion, placement=placement.id,
                        material=placement.material, by=placement.placed_by,
                    )  # fmt: skip
                    queued += 1
        return queued

    def _occasion(self, placement: Placement, known: dict[str, Delivery]) -> str | None:
        """Why it is to be shown now; None if a platform was asked already. What we took down, or
        never put up, because the placement was moved is shown again when it stands again."""
        latest = known.get(placement.id)
        if latest is None:
            return placement.id
        ours = latest.progress == Progress.WITHDRAWN and not latest.reason
        if not ours and latest.state != State.CANCELLED:
            return None
        return f"{placement.id}/{len(self._deliveries.of_placement(placement.id)) + 1}"

    def _promised(self) -> Iterator[tuple[Account, list[Placement]]]:
        """What stands now on every account that we publish to, by account."""
        for account in self._accounts.all():
            try:
                pulled = self._channels.of(account).pulled
            except Problem:
                continue  # an account that cannot be used holds up no other
            if not pulled and (standing := self._shelf.standing(account.id)):
                yield account, standing

    def _carry(self, one: Callable[[], bool]) -> int:
        carried, until = 0, time.monotonic() + ROUND.total_seconds()
        while time.monotonic() < until and one():
            carried += 1
        return carried

    def _publish_one(self) -> bool:
        claimed = self._deliveries.claim(self._judge_post, lane=Lane.POST)
        if claimed is None:
            return False
        delivery, (post, cover) = claimed

        def illustrated() -> Post:
            whole = self._composer.illustrated(post, cover)
            crash_point(COMPOSED)
            return whole

        self._courier.carry(
            delivery, lambda channel: channel.publish(illustrated(), key=delivery.id)
        )
        return True

    def _judge_post(self, delivery: Delivery) -> tuple[Post, str]:
        """The last question: does it still stand? Its content is read in this very moment."""
        placement = self._shelf.one(delivery.placement)
        if not self._shelf.stands(placement.id):
            raise Conflict("no_longer_on_shelf")
        material = self._materials.one(delivery.material)
        self._courier.admit(delivery)
        delivery.number = material.number
        return self._composer.post(material, self._accounts.one(delivery.account)), material.cover

    def _send_one(self) -> bool:
        return self._say_one(Lane.EXPRESS) or self._say_one(Lane.MESSAGE)

    def _say_one(self, lane: Lane) -> bool:
        claimed = self._deliveries.claim(self._judge_message, lane=lane)
        if claimed is None:
            return False
        delivery, message = claimed
        self._courier.carry(delivery, lambda channel: channel.send(message, key=delivery.id))
        return True

    def _judge_message(self, delivery: Delivery) -> Message:
        """The last question for one person: does she allow it, and does its content stand?"""
        account = self._accounts.one(delivery.account)
        handle = Handle.parse(delivery.target)
        check_going_on(self._records, delivery.broadcast)
        self._check_sendable(account, handle, delivery.purpose, delivery.material)
        material = self._materials.one(delivery.material) if delivery.material else None
        self._courier.admit(delivery)
        self._begin(delivery)
        delivery.number = material.number if material else None
        return self._composer.message(
            material, account, handle, delivery.words, delivery.rep, delivery.purpose
        )

    def _begin(self, delivery: Delivery) -> None:
        """Is its place under the caps still there, in this very moment?"""
        try:
            self._policy.begin(delivery.id)
        except Busy:
            delivery.lane = Lane.GATED
            raise

    def _check_sendable(self, to: Account, handle: Handle, purpose: str, material: str) -> None:
        hers = self._identities.alongside(handle)
        if not self._consents.allows(hers, purpose, to.kind):
            raise Conflict("she_does_not_allow_it", purpose=purpose)
        if material and material not in self._shelf.standing_ids(to.id, [material]):
            raise Conflict("no_longer_on_shelf")

    def _composed(self, delivery: Delivery) -> Post:
        """The post as `find` needs it: its link and title, no pictures."""
        account = self._accounts.one(delivery.account)
        return self._composer.post(self._materials.one(delivery.material), account)
