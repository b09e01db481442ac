"""Publishing (发布与撤下): the acts that touch shelf and deliveries, and the duties that follow.

What is promised on the shelf is the queue: a placement whose time has come and that no platform was
asked to show becomes a delivery; what stays up beyond its time is withdrawn. Decides neither what
is shown to whom nor what may be shown: that is the shelf's word, asked at the last moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from channels import conduct
from channels.accounts import Account, Accounts, Channels
from channels.base import Post
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, Gating, Lane
from channels.deliveries.gating import touch_of
from channels.deliveries.record import POST
from channels.publishing.last_question import Kinship, LastQuestion
from channels.publishing.promises import Promises
from channels.publishing.sending import Sending, whole_round
from channels.touch_policy import GATE, Decision, Touch, TouchPolicy, Verdict
from content_hub.materials import Materials
from content_hub.placements import Placement
from content_hub.shelf import Shelf
from data_hub.consents import MARKETING, Consents
from kernel.actors import VIPS
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid
from kernel.events import Handle
from kernel.values import dataclass
from stores.records import Records

_AT_ONCE = 100
_EARLIEST = 30 * 24
"""Hours by which VIPs may be shown something first."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What taking something off the shelf did at once."""

    placements: list[Placement]
    cancelled: int
    in_flight: int
    """Begun before and not back yet; none is begun after."""


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
        self._policy = policy
        self.last_question = LastQuestion(
            records=records, shelf=shelf, materials=materials, accounts=accounts, courier=courier,
            composer=composer, consents=consents, identities=identities, policy=policy,
        )  # fmt: skip
        self._promises = Promises(
            records=records, clock=clock, shelf=shelf, accounts=accounts, channels=channels,
            deliveries=deliveries, courier=courier,
        )  # fmt: skip
        self._gating = Gating(
            records, deliveries, policy, shelf.standing_ids, clock, channels.take_many
        )
        self._sending = Sending(deliveries, courier, composer, self.last_question)

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
        vip_hours: int = 0,
    ) -> Placement:
        """Promise a material to an account, if the shelf and the channel both take it; to VIPs
        some hours before everybody, if so many are told.

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
            placed = self._shelf.place(
                key, there.id, opens=opens, closes=closes, by=by, slot=slot, campaign=campaign,
                unit=unit,
            )  # fmt: skip
            if vip_hours:
                self.open_early(placed, vip_hours, by=by)
            return placed

    def open_early(self, placement: Placement, hours: int, *, by: str) -> Placement:
        """Show it to VIPs so many hours before everybody (VIP 先看), within the act that places it.

        Raises `Invalid` naming ``vip_hours`` where nobody can tell them apart: on an account whose
        platform shows a post to all, and for a branch's content, which no customer's token sees.
        """
        if not 1 <= hours <= _EARLIEST:
            raise Invalid("vip_hours", "vip_hours_out_of_range", limit=_EARLIEST)
        if not self._channels.of(placement.account).pulled or placement.unit:
            raise Invalid("vip_hours", "cannot_be_shown_to_vips_first")
        opens = placement.opens - timedelta(hours=hours)
        if opens < self._clock():
            raise Invalid("vip_hours", "too_late_for_vips_first", hours=hours)
        return self._shelf.place(
            placement.material, placement.account, opens=opens, closes=placement.opens, by=by,
            campaign=placement.campaign, unit=VIPS,
        )  # fmt: skip

    def flaws_of(self, material: str, account: Account | str) -> list[Flaw]:
        """What the account's channel would not take of a material as it stands, or punishes."""
        there = self._accounts.one(account) if isinstance(account, str) else account
        draft = self._composer.draft(self._materials.one(material), there)
        taken = self._channels.of(there).capabilities.flaws(draft, self._clock())
        return [*taken, *conduct.blocks(draft, there)]

    def warnings_of(self, material: str, account: Account | str) -> list[Flaw]:
        """What its platform may punish; it is published all the same."""
        there = self._accounts.one(account) if isinstance(account, str) else account
        draft = self._composer.draft(self._materials.one(material), there)
        return conduct.warnings(draft, there)

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
            self._deliveries.hasten(POST, which)
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
            asked = {"": (str(handle), purpose, key)}
            if no := self.last_question.spoken_against(asked, there).get(""):
                raise no
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

    def sends(self, handle: Handle, account: str, occasion: str) -> bool:
        """Was something queued for her on this occasion already?"""
        there = self._accounts.one(account)
        return self._deliveries.there(there.id, str(handle), occasion) is not None

    def queued(self, handles: Collection[Handle], occasion: str) -> list[Delivery]:
        """What was queued for her on this occasion, on any account."""
        hers = self._deliveries.of_customer(handles)
        return [each for each in hers if each.occasion == occasion]

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

    def rescue(self) -> int:
        """Settle what dead workers were sending, and what was sent and not answered."""
        return self._courier.rescue() + self._courier.settle(self._sought)

    def plan(self) -> int:
        """Make deliveries of what should be shown by now."""
        return self._promises.queue_due()

    def gate(self) -> int:
        """Give out the places under the caps."""
        return self._gating.run()

    def carry(self) -> int:
        """What one sender does in a round: whatever is due, greetings first."""
        return whole_round(lambda: self._sending.messages() or self._sending.posts())

    def greet(self) -> int:
        """The express lane: what is worth nothing in a few seconds."""
        return whole_round(self._sending.greetings)

    def poll(self) -> int:
        """Ask for the outcomes that platforms owe us."""
        return self._courier.poll()

    def withdraw_due(self) -> int:
        """Take down what stays up though its time is over, and cancel what waits in vain."""
        return self._promises.take_down()

    def flaws(self) -> Iterator[str]:
        """Where shelf and deliveries contradict each other for longer than a worker needs."""
        return self._promises.flaws()

    def _sought(self, delivery: Delivery) -> Post:
        """The post as `Channel.find` needs it: its link and title, no pictures."""
        account = self._accounts.one(delivery.account)
        return self._composer.post(self._materials.one(delivery.material), account)
