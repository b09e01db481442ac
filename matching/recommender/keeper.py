"""The recommender (推荐者): answers with a list for a customer, and keeps what it offered.

What was on it is asked of the shelf again in the write that keeps it, row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from content_hub.materials import Materials
from content_hub.shelf import Shelf
from data_hub.customers import Customer
from data_hub.profiles import Profile
from data_hub.staff import Staff
from kernel.actors import Actor, require
from kernel.clock import Clock
from kernel.ids import page_size
from kernel.turns import waiting
from kernel.wording import say
from matching.asked import Asked, Listed
from matching.candidates import Unshown
from matching.needs import salutation
from matching.occasions import Occasion
from matching.offers import Item, Offer, WhyNot, keep, latest, shown_just_now
from matching.recommender.asking import Asking
from matching.recommender.listing import chosen, items, nearest_reads, why_not_listed, without
from matching.rules import Wanted
from matching.scoring import Scores
from matching.speaking import language_of, spoken
from stores.changes import Changes
from stores.gathered import Gathered
from stores.records import Records, in_transaction


class Offered(NamedTuple):
    """An offer as it is kept, and what it was made from."""

    offer: Offer
    items: Sequence[Item]
    asked: Asked


class Tried(NamedTuple):
    """What a rule would change on one customer's list, kept nowhere."""

    before: list[Item]
    after: list[Item]


class Recommender:
    """What to say to whom, with reasons."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        gathered: Gathered,
        asking: Asking,
        materials: Materials,
        shelf: Shelf,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._gathered = gathered
        self._asking = asking
        self._materials = materials
        self._shelf = shelf
        self._clock = clock

    def warm(self) -> None:
        """Make ready for the first question; harmless when it came already."""
        self._asking.candidates.warm()

    def close(self) -> None:
        """Let go what works aside."""
        self._asking.candidates.close()

    def for_contact(
        self, customer_id: str, actor: Actor, first: int = 10, account: str = ""
    ) -> Offer:
        """What she may be told now, the best first, and keep it as offered: once, if she looks at
        the same list again at the same moment. ``account``: of what stands on its shelf alone.

        Raises `NotFound` for a customer whom the asker may not know of.
        """
        return self.offered(customer_id, actor, first, account).offer

    def offered(
        self, customer_id: str, actor: Actor, first: int = 10, account: str = ""
    ) -> Offered:
        """The same, with what it was made from."""
        asked, told = self._answered(customer_id, actor, first, account)
        barred: set[str] = set()
        for last in (False, False, True):
            kept = self._written(asked, told, actor, last=last)
            if isinstance(kept, Offered):
                return kept
            barred |= kept
            asked, told = self._answered(customer_id, actor, first, account, barred)
        raise AssertionError("the last turn keeps what is left")

    def _written(
        self, asked: Asked, told: Sequence[Item], actor: Actor, *, last: bool
    ) -> Offered | set[str]:
        """The offer once it is durable, one commit for all that are kept at the same moment; or
        what has left the shelf meanwhile, unless this is the last try."""
        found: list[Offered | set[str]] = []

        def write() -> None:
            gone = self._gone(asked, told, actor)
            here = gone if gone and not last else self._keep(asked, without(told, gone), actor)
            found[:] = [here]

        if in_transaction():  # who gathers would wait for this one
            with self._records.part():
                write()
        else:
            with waiting():
                self._gathered.do(write)
        return found[0]

    def answer(self, customer_id: str, actor: Actor, first: int = 10) -> list[Item]:
        """The same list, for whoever only looks: nothing is kept, and nothing is learnt of it."""
        asked, told = self._answered(customer_id, actor, first)
        return without(told, self._gone(asked, told, actor))

    def _answered(
        self,
        customer_id: str,
        actor: Actor,
        first: int,
        account: str = "",
        barred: Collection[str] = (),
    ) -> tuple[Asked, list[Item]]:
        size = page_size(first)
        with self._changes.as_of_now(), self._asking.together():
            asked = self._asking.of(customer_id, actor, account)
            asked = asked._replace(version=self._changes.version())
            return asked, self._items(asked, chosen(asked, self._asking.manner, size, barred))

    def _items(self, asked: Asked, listed: Listed) -> list[Item]:
        return items(asked, listed, self._materials.titles(nearest_reads(asked, listed)))

    def _gone(self, asked: Asked, told: Sequence[Item], actor: Actor) -> set[str]:
        """What has left the shelf while it was scored, or was edited meanwhile so that it must not
        be offered. Asked in the write that keeps the offer."""
        named = sorted({each for item in told for each in (item.material, item.script) if each})
        now, edited = self._clock(), self._changes.version() != asked.version
        if not edited and asked.candidates.holds(now) and not self._records.on_postgres:
            return set()  # of one file, edits are seen in the order in which they are counted
        gone = set(named) - self._shelf.standing_ids(asked.account, named, now, early=True)
        if named and edited:
            gone |= self._asking.amiss(asked, named, actor)
        return gone

    def _keep(self, asked: Asked, told: Sequence[Item], actor: Actor) -> Offered:
        rep = asked.rep.id if asked.rep else ""
        handle = str(asked.customer.handles[0])
        offer = Offer(
            handle=handle, rep=rep, at=asked.scores.question.now,
            items=[item.kept() for item in told], candidates=asked.sight.digest,
            policy=asked.policy, withheld=asked.withheld,
        )  # fmt: skip
        if shown := shown_just_now(self._records, offer):
            return Offered(shown, shown.told(), asked)
        keep(self._records, offer)
        self._changes.note_all(
            "recommended", "offer",
            {offer.id: {"rep": rep, **_named(told)}},
            by=actor.id, handles={offer.id: handle},
        )  # fmt: skip
        return Offered(offer, told, asked)

    def why_not(self, customer_id: str, actor: Actor, material: str, first: int = 10) -> WhyNot:
        """Why a material is not on her list, or where it stands on it. Keeps nothing."""
        return self._why_not(self._asking.of(customer_id, actor), material, first)

    def why_withheld(self, customer_id: str, actor: Actor, material: str) -> WhyNot:
        """The same of the list that her rep gets, for who looks after her reps."""
        return self._why_not(self._asking.for_her_rep(customer_id, actor), material, 10)

    def _why_not(self, asked: Asked, material: str, first: int) -> WhyNot:
        id_ = self._materials.one(material).id
        place = asked.candidates.place(id_)
        if place is None or asked.sight.hides(place):
            return WhyNot(self._out_of_sight(id_), {})
        listed = chosen(asked, self._asking.manner, first)
        reasons = tuple(asked.reasons(place, leads=place in listed.led))
        barred = ((key, places) for key, places in asked.barriers.items() if place in places)
        if against := next((key for key, _ in barred), ""):
            if against == "why_unfit" and (said := self._asking.unfit(asked, id_)):
                return WhyNot("why_unfit_because", said, reasons)
            return WhyNot(against, {}, reasons)
        return WhyNot(*why_not_listed(listed, place), reasons)

    def _out_of_sight(self, material: str) -> str:
        """Why the asker does not see it."""
        now = self._clock()
        if self._shelf.standing_ids("", [material], now):
            return "why_out_of_sight"
        anywhere = self._shelf.standing_ids("", [material], now, early=True)
        return "why_for_vips_first" if anywhere else "why_off_shelf"

    def tried(self, customer_id: str, actor: Actor, wanted: Wanted, first: int = 10) -> Tried:
        """The list that her rep gets without and with a rule that is only thought of."""
        both = self._asking.under(customer_id, actor, wanted)
        size = page_size(first)
        listed = (chosen(each, self._asking.manner, size) for each in both)
        return Tried(*map(self._items, both, listed))

    def words(self, customer_id: str, actor: Actor, script_ids: Collection[str]) -> dict[str, str]:
        """Each script as this rep says it to this customer: gaps filled, safely, in the script's
        own language."""
        return self._spoken(*self._asking.speakers(customer_id, actor), script_ids)

    def said(self, asked: Asked, script_ids: Collection[str]) -> dict[str, str]:
        """The same for whoever a question was about."""
        return self._spoken(asked.customer, asked.profile, asked.rep, script_ids)

    def _spoken(
        self, customer: Customer, profile: Profile, rep: Staff | None, script_ids: Collection[str]
    ) -> dict[str, str]:
        def said(script: str) -> str:
            tongue = language_of(script)
            name = "" if customer.masked else salutation(profile, tongue)
            return spoken(
                script, salutation=name or say("you", tongue), customer=customer.name,
                rep=rep.name if rep else "",
            )  # fmt: skip

        return {id_: said(body) for id_, body in self._materials.bodies(script_ids).items()}

    def offers(self, customer_id: str, actor: Actor, limit: int = 20) -> list[Offer]:
        """What was offered for a customer, the latest first."""
        customer = self._asking.customer(customer_id, actor)
        with self._records.read() as session:
            return latest(session, customer.handles, limit)

    def unshown(self, actor: Actor, limit: int = 20) -> Unshown:
        """What of the shelf that the asker sees was never recommended to anybody."""
        require(actor, "read_rules")
        return self._asking.candidates.unshown(actor.seen_units, limit)

    def occasions(self, profile: Profile) -> list[Occasion]:
        """What makes today a good day to speak to her."""
        return self._asking.questions.occasions(profile, self._clock())

    def scored(self, customer_id: str, actor: Actor) -> Scores:
        """How well everything on the shelf fits her, for who judges the score. Keeps nothing."""
        return self._asking.of(customer_id, actor).scores


def _named(told: Sequence[Item]) -> dict[str, list[str]]:
    """What a list holds: its contents, and the scripts that stand beside them."""
    materials = [item.material for item in told]
    scripts = {item.script: None for item in told if item.script and item.script not in materials}
    return {"materials": materials, **({"scripts": [*scripts]} if scripts else {})}
