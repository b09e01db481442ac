"""Carrying (投递执行): the last question about what is due, and its calls, some side by side.

What is claimed together goes to one account, so that a slow platform keeps only its own waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from channels import conduct
from channels.accounts import Account, Accounts, Channels
from channels.base import Busy, Channel, Message, Post, Receipt, Refused
from channels.broadcasts.record import check_going_on
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, Gating, Lane
from channels.touch_policy import TouchPolicy
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from data_hub.consents import Consents
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, Overloaded, Problem
from kernel.events import Handle
from stores.records import Records

COMPOSED = declare("publishing.composed", "texts and pictures are at hand; nothing has left")
ROUND = timedelta(seconds=3)
"""How long one round of a duty may go on, so that a worker told to stop soon does."""


class Kinship(Protocol):
    """Which handles are one person's (`data_hub.identities`)."""

    def alongside(self, handle: Handle, /) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Said:
    """What goes out, read in the moment of the last question."""

    what: Post | Message
    number: int | None
    """The version of its material."""
    cover: str = ""


class Carrying:
    """Whatever is due goes out."""

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

    def _carry(self, some: Callable[[], int]) -> int:
        carried, until = 0, time.monotonic() + ROUND.total_seconds()
        while time.monotonic() < until and (more := some()):
            carried += more
        return carried

    def _say_what_is_due(self) -> int:
        return self._say_some(Lane.EXPRESS) or self._say_some(Lane.MESSAGE)

    def _publish_some(self) -> int:
        return self._carry_some(Lane.POST, self._judge_post)

    def _say_some(self, lane: Lane) -> int:
        return self._carry_some(lane, self._judge_message)

    def _carry_some(self, lane: Lane, judge: Callable[[Delivery], Said]) -> int:
        """Claim some of one account, and make their calls side by side; how many."""

        def judged(due: Sequence[Delivery]) -> Mapping[str, Said | Problem]:
            room = self._courier.room(due[0].account)
            told = {each.id: _answer(judge, each) for each in due[:room]}
            for each in due[:room]:
                if isinstance(said := told[each.id], Said):
                    each.number = said.number
            return told

        claimed = self._deliveries.claim_some(judged, lane=lane)
        self._courier.carry([(delivery, self._call(delivery, said)) for delivery, said in claimed])
        return len(claimed)

    def _call(self, delivery: Delivery, said: Said) -> Callable[[Channel], Receipt]:
        what, cover, key = said.what, said.cover, delivery.id
        if isinstance(what, Message):
            return lambda channel: channel.send(what, key=key)

        def publish(channel: Channel) -> Receipt:
            whole = self._composer.illustrated(what, cover)
            crash_point(COMPOSED)
            return channel.publish(whole, key=key)

        return publish

    def _judge_post(self, delivery: Delivery) -> Said:
        """The last question: does it still stand? Its content is read in this very moment."""
        placement = self._shelf.one(delivery.placement)
        if not self._shelf.stands(placement.id):
            raise Conflict("no_longer_on_shelf")
        material = self._materials.one(delivery.material)
        account = self._accounts.one(delivery.account)
        post, cover = self._composer.whole(material, account)
        if punished := conduct.blocks(post, account):
            raise Refused(punished[0].reason, **punished[0].facts)
        self._courier.admit(delivery)
        return Said(post, material.number, cover)

    def _judge_message(self, delivery: Delivery) -> Said:
        """The last question for one person: does she allow it, and does its content stand?"""
        account = self._accounts.one(delivery.account)
        handle = Handle.parse(delivery.target)
        check_going_on(self._records, delivery.broadcast)
        self._check_sendable(account, handle, delivery.purpose, delivery.material)
        material = self._materials.one(delivery.material) if delivery.material else None
        self._courier.admit(delivery)
        self._begin(delivery)
        message = self._composer.message(
            material, account, handle, delivery.words, delivery.rep, delivery.purpose
        )
        return Said(message, material.number if material else None)

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


def _answer(judge: Callable[[Delivery], Said], delivery: Delivery) -> Said | Problem:
    try:
        return judge(delivery)
    except Overloaded:  # says nothing about the delivery: it is due as before
        raise
    except Problem as no:
        return no
