"""The last question (最后一问): may what is due still go out, and what does it say in this moment?

Asked in the transaction that marks it ``sending``, so that nothing is begun after a retirement or
an opt-out has committed. Claims nothing and calls no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from channels import conduct
from channels.accounts import Account, Accounts
from channels.base import Busy, Message, Post, Refused
from channels.broadcasts.record import stopped
from channels.composing import Composer
from channels.deliveries import Courier, Delivery, Lane
from channels.touch_policy import TouchPolicy
from content_hub.materials import Material, Materials
from content_hub.shelf import Shelf
from data_hub.consents import Consents
from kernel.errors import Conflict, NotFound, Overloaded, Problem
from kernel.events import Handle
from kernel.values import dataclass
from stores.records import Records


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


class LastQuestion:
    """Asked of deliveries that are due, all of them on one account."""

    def __init__(
        self,
        *,
        records: Records,
        shelf: Shelf,
        materials: Materials,
        accounts: Accounts,
        courier: Courier,
        composer: Composer,
        consents: Consents,
        identities: Kinship,
        policy: TouchPolicy,
    ) -> None:
        self._records = records
        self._shelf = shelf
        self._materials = materials
        self._accounts = accounts
        self._courier = courier
        self._composer = composer
        self._consents = consents
        self._identities = identities
        self._policy = policy

    def of_posts(self, due: Sequence[Delivery]) -> Judged:
        """Does it still stand, and may its account show it?"""
        return {each.id: _answer(self._post, each) for each in due}

    def of_messages(self, due: Sequence[Delivery]) -> Judged:
        """Does she allow it, does its content stand, is her place under the caps still there?"""
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
                told[each.id] = _answer(partial(self._message, account, materials), each)
            else:
                each.lane, told[each.id] = Lane.GATED, Busy("waits_for_its_turn")
        return told

    def spoken_against(
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

    def _post(self, delivery: Delivery) -> Said:
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

    def _message(
        self, account: Account, materials: Mapping[str, Material], delivery: Delivery
    ) -> Said:
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
        return self.spoken_against(asked, to) | halted


def _answer(judge: Callable[[Delivery], Said], delivery: Delivery) -> Said | Problem:
    try:
        return judge(delivery)
    except Overloaded:  # says nothing about the delivery: it is due as before
        raise
    except Problem as no:
        return no
