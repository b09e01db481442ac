"""Sharing (分享): a material and a rep's words on their way to one customer.

Through an account that knows her (queued, consent asked again at the last moment), or as a tracked
link that the rep sends by herself. Either way it is written down; nobody fills in a form for it.
The workbench and GraphQL share through here, so the same words are refused at both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from channels.accounts import Account, Accounts, Channels
from channels.base import AsksContact
from channels.composing import CONTACT_CARD
from channels.deliveries.record import Delivery
from channels.publishing import Publishing
from channels.touch_policy import GATE, Decision, Touch, TouchPolicy
from channels.touch_policy.record import Touched
from content_hub.compliance import Compliance
from content_hub.materials import Material
from content_hub.shelf import Shelf
from content_hub.tracking import Links
from data_hub.consents import MARKETING, Consents
from data_hub.customers import Customer
from engagement.reminders import Reminders
from kernel.actors import Actor
from kernel.errors import Conflict, Flaw, Invalid, Problem
from kernel.events import Handle
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Records

LINK = "link"
"""The way that is always there: the rep sends a tracked link by herself."""
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Way:
    """One way to her."""

    key: str
    """An account's id, or ``link``."""
    name: str
    kind: str
    handle: Handle | None = None
    refuses: str = ""
    """Why it cannot be used, as a key of `kernel.wording`."""
    asks: bool = False
    """Can a card go along on which she leaves her contact?"""


class Script(NamedTuple):
    """The script that a rep's words began as, filled in for her whom they are said to."""

    id: str
    words: str


class Sharing:
    """Shares for reps; asks and writes in one transaction."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        publishing: Publishing,
        touch_policy: TouchPolicy,
        shelf: Shelf,
        links: Links,
        consents: Consents,
        compliance: Compliance,
        reminders: Reminders,
        base_url: str,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._publishing = publishing
        self._touch_policy = touch_policy
        self._shelf = shelf
        self._links = links
        self._consents = consents
        self._compliance = compliance
        self._reminders = reminders
        self._base_url = base_url

    def ways(self, customer: Customer, material: Material) -> list[Way]:
        """Every account that knows her and shows the material, and the link last.

        A script is for the rep's mouth: its words go out alone, so no shelf and no link are asked
        for.
        """
        found = []
        for account in self._accounts.all():
            handle = self._handle(account, customer)
            if handle is None or not (_spoken(material) or self._stands(account.id, material)):
                continue
            allowed = self._consents.allows(customer.handles, MARKETING, account.kind)
            refuses = "" if allowed else "she_wants_nothing_here"
            asks = self._asks(account)
            found.append(Way(account.id, account.name, account.kind, handle, refuses, asks))
        return found if _spoken(material) else [*found, Way(LINK, "", LINK)]

    def link(self, actor: Actor, customer: Customer, material: Material) -> str:
        """The address of her `own_link`."""
        return f"{self._base_url}/t/{self.own_link(actor, customer, material)[0]}"

    def own_link(self, actor: Actor, customer: Customer, material: Material) -> tuple[str, str]:
        """The rep's link to a material, for this customer alone: its code and its account. Raises
        `Conflict` if it is on no shelf."""
        placed = dict.fromkeys(each.account for each in self._shelf.of_material(material.id))
        standing = [account for account in placed if self._stands(account, material)]
        if not standing:
            raise Conflict("no_longer_on_shelf")
        hers = {way.key for way in self.ways(customer, material)}
        account = next((each for each in standing if each in hers), standing[0])
        return self._links.make(material.id, account, actor.staff, customer.id), account

    def share(
        self,
        actor: Actor,
        customer: Customer,
        material: Material,
        *,
        channel: str,
        words: str,
        occasion: str,
        override: str = "",
        script: Script | None = None,
    ) -> Delivery | None:
        """Queue it through the account, or note that she sends the ``link`` herself (None). The
        same occasion shares once. ``script`` is where her words began: that it went along is
        noted, and that she reworded it.

        Raises `Invalid` for words that may not be said and a way that does not lead to her,
        `Advised` if the touch policy is against it and the rep does not say why in ``override``.
        """
        words, override = words.strip(), override.strip()
        if flaws := [*self._flaws(words), *self._barred(customer, material, channel)]:
            raise Invalid.because(flaws)
        handles = list(map(str, customer.handles))
        delivery = None
        with self._records.write(GATE) as session:
            key = f"{actor.staff}/{customer.id}/{occasion}"
            if channel != LINK:  # told of by its delivery, once it has gone
                there = self.handle_at(channel, customer)
                again = self._publishing.sends(there, channel, occasion)
                delivery = self._publishing.send(
                    there, channel, occasion=occasion,
                    purpose=MARKETING, by=actor.id, rep=actor.staff, words=words,
                    material="" if _spoken(material) else material.id, override=override,
                )  # fmt: skip
            elif not (again := session.get(Touched, key) is not None):
                self._note(actor, handles[0], material, key, override)
            if script and not again:  # the same form sent again counts once
                self._note_words(actor, handles[0], script, words)
            self._reminders.finish_about(actor.staff, handles)
        return delivery

    def _note(self, actor: Actor, handle: str, material: Material, key: str, override: str) -> None:
        touch = Touch(
            key=key, handle=handle, account=LINK, channel=LINK, material=material.id,
            rep=actor.staff, override=override,
        )  # fmt: skip
        self._touch_policy.count_own(touch, by=actor.id)
        self._changes.note(
            "sent", "material", material.id, by=actor.id, handle=handle, rep=actor.staff, via=LINK
        )

    def _note_words(self, actor: Actor, handle: str, script: Script, words: str) -> None:
        """How she sent a script: as it was, or reworded. What she said stands elsewhere."""
        said = words.removesuffix(CONTACT_CARD).split()
        for act in ("sent_script", *(["edited_script"] if said != script.words.split() else [])):
            self._changes.note(
                act, "script", script.id, by=actor.id, handle=handle, rep=actor.staff,
                material=script.id,
            )  # fmt: skip

    def _flaws(self, words: str) -> Iterator[Flaw]:
        """Why these words may not be said; what needs an answer in a material is hers to say."""
        if len(words) > _LONGEST:
            yield Flaw("words", "too_long", {"limit": _LONGEST, "length": len(words)})
        if said := self._compliance.barred(words):
            yield Flaw("words", "words_may_not_be_said", {"words": [*said]})
        if "＿＿" in words:
            yield Flaw("words", "words_have_gaps")

    def _barred(self, customer: Customer, material: Material, channel: str) -> Iterator[Flaw]:
        """Why this way does not lead to her."""
        for way in self.ways(customer, material):
            if way.key == channel:
                if way.refuses:
                    yield Flaw("channel", way.refuses)
                return
        account = next((each for each in self._accounts.all() if each.id == channel), None)
        if account is None:
            yield Flaw("channel", "no_way_to_her")
        elif self._handle(account, customer) is None:
            yield Flaw("channel", "not_reached_on_this_channel", {"channel": account.code})
        else:
            yield Flaw("channel", "no_longer_on_shelf")

    def advice(self, actor: Actor, customer: Customer, account: str, material: str) -> Decision:
        """What the touch policy would say to marketing that goes to her now."""
        handle = self.handle_at(account, customer)
        return self._publishing.advice(handle, account, material=material, rep=actor.staff)

    def handle_at(self, account: str, customer: Customer) -> Handle:
        """By what the account writes to her. Raises `Conflict` if it does not know her."""
        there = self._accounts.one(account)
        handle = self._handle(there, customer)
        if handle is None:
            raise Conflict("not_reached_on_this_channel", channel=there.code)
        return handle

    def _handle(self, account: Account, customer: Customer) -> Handle | None:
        """Her newest one there of the kind that its channel writes to; none while the account
        cannot be used."""
        there = [handle for handle in customer.handles if handle.scope == account.id]
        if not there:
            return None
        try:
            wanted = self._channels.of(account).writes_to
        except Problem:
            return None
        return next((handle for handle in reversed(there) if handle.kind == wanted), None)

    def _asks(self, account: Account) -> bool:
        channel = self._channels.of(account)
        return isinstance(channel, AsksContact) and channel.asks_contact

    def _stands(self, account: str, material: Material) -> bool:
        return material.id in self._shelf.standing_ids(account, [material.id])


def _spoken(material: Material) -> bool:
    return material.type == "script"
