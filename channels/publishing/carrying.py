"""Carrying (投递执行): the last question about what is due, and its calls, some side by side.

What is claimed together goes to one account, so that a slow platform keeps only its own waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from channels import conduct
from channels.accounts import Account, Accounts, Channels
from channels.base import Busy, Channel, Message, Post, Receipt, Refused
from channels.broadcasts.record import stopped
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, Gating, Lane
from channels.touch_policy import TouchPolicy
from content_hub.materials import Material, Materials
from content_hub.shelf import Shelf
from data_hub.consents import Consents
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, NotFound, Overloaded, Problem
from kernel.events import Handle
from kernel.values import dataclass
from stores.records import Records

COMPOSED = declare("publishing.composed", "texts and pictures are at hand; nothing has left")
ROUND = timedelta(seconds=3)
"""How long one round of a duty may go on, so that a worker told to stop soon does."""


class Kinship(Protocol):
    """Which handles are one person's (`data_hub.identities`)."""

    def all_alongside(self, handles: Collection[str], /) -> Mapping[str, Collection[str]]: ...


@dataclass(frozen=True, slots=True)
class Said:
    """What goes out, read in the moment of the last question."""

    what: Post | Message
    number: int | None
    """The version of its material."""
    cover: str = ""


Judged = Mapping[str, Said | Problem]
"""By delivery: what goes out, or what speaks against it."""


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
        self._gating = Gating(
            records, deliveries, policy, shelf.standing_ids, clock, channels.take_many
        )  # fmt: skip

    def _carry(self, some: Callable[[], int]) -> int:
        carried, until = 0, time.monotonic() + ROUND.total_seconds()
        while time.monotonic() < until and (more := some()):
            carried += more
        return carried

    def _say_what_is_due(self) -> int:
        return self._say_some(Lane.EXPRESS) or self._say_some(Lane.MESSAGE)

    def _publish_some(self) -> int:
        return self._carry_some(Lane.POST, self._judge_posts)

    def _say_some(self, lane: Lane) -> int:
        return self._carry_some(lane, self.judge_messages)

    def _carry_some(self, lane: Lane, judge: Callable[[Sequence[Delivery]], Judged]) -> int:
        """Claim some of one account, and make their calls side by side; how many."""

        def judged(due: Sequence[Delivery]) -> Judged:
            due = due[: self._courier.room(due[0].account)]
            told = judge(due)
            for each in due:
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

    def _judge_posts(self, due: Sequence[Delivery]) -> Judged:
        return {each.id: _answer(self._judge_post, each) for each in due}

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
        self._courier.admit(delivery.account)
        return Said(post, material.number, cover)

    def judge_messages(self, due: Sequence[Delivery]) -> Judged:
        """The last question for single persons, all on one account: does she allow it, does its
        content stand, is her place under the caps still there?"""
        account = self._accounts.one(due[0].account)
        told: dict[str, Said | Problem] = dict(self._unsendable(due, account))
        going = [each for each in due if each.id not in told]
        try:
            if going:
                self._courier.admit(account.id)
        except Busy as resting:
            return told | {each.id: resting for each in going}
        begun = self._policy.begin([each.id for each in going]) if going else set()
        materials = self._materials.many({each.material for each in going if each.material})
        for each in going:
            if each.id in begun:
                told[each.id] = _answer(partial(self._said, account, materials), each)
            else:
                each.lane, told[each.id] = Lane.GATED, Busy("waits_for_its_turn")
        return told

    def _said(
        self, account: Account, materials: Mapping[str, Material], delivery: Delivery
    ) -> Said:
        """What one person is told."""
        material = materials.get(delivery.material)
        if material is None and delivery.material:
            raise NotFound("material", delivery.material)
        message = self._composer.message(
            material, account, Handle.parse(delivery.target), delivery.words, delivery.rep,
            delivery.purpose,
        )  # fmt: skip
        return Said(message, material.number if material else None)

    def _unsendable(self, due: Sequence[Delivery], to: Account) -> dict[str, Problem]:
        """What may not go to whom it is for, and why."""
        asked = {each.id: (each.target, each.purpose, each.material) for each in due}
        stops = {key: stopped(self._records, key) for key in {each.broadcast for each in due}}
        halted = {each.id: no for each in due if (no := stops[each.broadcast])}
        return self._spoken_against(asked, to) | halted

    def _spoken_against(
        self, asked: Mapping[str, tuple[str, str, str]], to: Account
    ) -> dict[str, Problem]:
        """By any key, of handle, purpose and material: what she does not allow, or stands on no
        shelf there."""
        hers = self._identities.all_alongside({handle for handle, _, _ in asked.values()})
        allowed = self._consents.among(
            {key: (hers[handle], purpose, to.kind) for key, (handle, purpose, _) in asked.items()}
        )
        wanted = {material for _, _, material in asked.values() if material}
        stand = self._shelf.standing_ids(to.id, wanted) if wanted else set()
        told: dict[str, Problem] = {}
        for key, (_, purpose, material) in asked.items():
            if not allowed[key]:
                told[key] = Conflict("she_does_not_allow_it", purpose=purpose)
            elif material and material not in stand:
                told[key] = Conflict("no_longer_on_shelf")
        return told

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
