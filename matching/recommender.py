"""Recommender (推荐): the content and the words for this rep, this customer, this moment, and why.

Asks the profile as it is now, the shelf as it is now, and keeps what it offered: with positions,
propensities, the set of candidates and the policy, so that it can be judged and learned from. The
rules of the score are in `matching.scoring`, those of the list in `matching.assembly`. Sends
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from channels.touch_policy import Known, TouchPolicy
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from data_hub.consents import PERSONALISATION, Consents
from data_hub.customers import Customer, Customers
from data_hub.identities import Identities
from data_hub.prediction import Predictions
from data_hub.profiles import Profile, Profiles
from data_hub.segments import Segments
from data_hub.staff import Staff, StaffBook
from kernel.actors import Actor, require
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import page_size
from kernel.wording import say
from matching.abilities import Abilities
from matching.affinities import Affinities
from matching.arrays import Floats, Places, key_of
from matching.asked import Asked, Listed
from matching.assembly import Manner, assemble, best
from matching.candidates import Candidates, Unshown
from matching.counters import Counters
from matching.experiments import held_out
from matching.feedback import Feedback
from matching.needs import salutation
from matching.nightly import Nightly
from matching.occasions import Habits, Occasion
from matching.offers import Item, Offer, WhyNot, latest, shown_just_now
from matching.questions import Questions
from matching.rules import Rules, Wanted
from matching.scoring import Reason, Scores, total_of
from matching.sequels import Sequels
from matching.speaking import language_of, spoken
from matching.steering import Act, Ruling
from matching.suitability import Limits, barriers, consumed, tolerance
from stores.changes import Changes
from stores.records import Records

_SCRIPTS = 60
"""How many of the best scripts are looked at for the words beside a content."""


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
        clock: Clock,
        zone: Zone,
        candidates: Candidates,
        counters: Counters,
        affinities: Affinities,
        abilities: Abilities,
        customers: Customers,
        profiles: Profiles,
        identities: Identities,
        materials: Materials,
        taxonomy: Taxonomy,
        shelf: Shelf,
        staff: StaffBook,
        nightly: Nightly,
        people: Records,
        consents: Consents,
        touch_policy: TouchPolicy,
        rules: Rules,
        segments: Segments,
        feedback: Feedback,
        manner: Manner | None = None,
        habits: Habits | None = None,
        predictions: Predictions | None = None,
    ) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._zone = zone
        self._candidates = candidates
        self._customers = customers
        self._profiles = profiles
        self._identities = identities
        self._materials = materials
        self._shelf = shelf
        self._staff = staff
        self._nightly = nightly
        self._people = people
        self._consents = consents
        self._touch_policy = touch_policy
        self._rules = rules
        self._segments = segments
        self._feedback = feedback
        self._manner = manner or Manner()
        self._questions = Questions(
            counters=counters, nightly=nightly, affinities=affinities, abilities=abilities,
            materials=materials, taxonomy=taxonomy, zone=zone, habits=habits or Habits(),
            sequels=Sequels(records, changes), predictions=predictions,
        )  # fmt: skip

    def for_contact(self, customer_id: str, actor: Actor, first: int = 10) -> Offer:
        """What she may be told now, the best first, and keep it as offered: once, if she looks at
        the same list again at the same moment.

        Raises `NotFound` for a customer whom the asker may not know of.
        """
        asked, items = self._answered(customer_id, actor, first)
        barred: set[int] = set()
        for last in (False, False, True):
            with self._records.write() as session:
                gone = self._gone(items)
                if not gone or last:
                    return self._keep(session, asked, _without(items, gone), actor)
            barred |= {at for each in gone if (at := asked.candidates.place(each)) is not None}
            asked, items = self._answered(customer_id, actor, first, barred)
        raise AssertionError("the last turn keeps what is left")

    def answer(self, customer_id: str, actor: Actor, first: int = 10) -> list[Item]:
        """The same list, for whoever only looks: nothing is kept, and nothing is learnt of it."""
        _, items = self._answered(customer_id, actor, first)
        return _without(items, self._gone(items))

    def _answered(
        self, customer_id: str, actor: Actor, first: int, barred: Collection[int] = ()
    ) -> tuple[Asked, list[Item]]:
        size = page_size(first)
        with self._together():
            asked = self._asked(customer_id, actor)
            return asked, self._items(asked, self._chosen(asked, size, barred))

    def _gone(self, items: Sequence[Item]) -> set[str]:
        """What has left the shelf while it was scored. Asked in the write that keeps the offer."""
        told = {each for item in items for each in (item.material, item.script) if each}
        return told - self._shelf.standing_ids("", sorted(told), self._clock())

    def _keep(self, session: Session, asked: Asked, items: Sequence[Item], actor: Actor) -> Offer:
        rep = asked.rep.id if asked.rep else ""
        handle = str(asked.customer.handles[0])
        offer = Offer(
            handle=handle, rep=rep, at=asked.scores.question.now,
            items=[item.kept() for item in items], candidates=asked.candidates.digest,
            policy=self._policy(asked),
            withheld={key: len(places) for key, places in asked.barriers.items() if len(places)},
        )  # fmt: skip
        if shown := shown_just_now(session, offer):
            return shown
        session.add(offer)
        self._changes.note(
            "recommended", "offer", offer.id, by=actor.id, handle=handle, rep=rep,
            materials=[item.material for item in items],
        )  # fmt: skip
        return offer

    def _policy(self, asked: Asked) -> str:
        held = "/held" if held_out(asked.customer.id, self._manner.hold_out) else ""
        held += "/degraded" if self._candidates.degraded else ""
        return f"{asked.scores.weights.policy}@{self._nightly.number}{held}"

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A look at both stores.

        What is remembered between requests is looked at before: in a transaction nothing new is.
        """
        self._questions.warm()
        self._rules.minds_segments()
        self._touch_policy.policy()
        with self._records.together(), self._people.together():
            yield

    def why_not(self, customer_id: str, actor: Actor, material: str, first: int = 10) -> WhyNot:
        """Why a material is not on her list, or where it stands on it. Keeps nothing."""
        id_ = self._materials.one(material).id
        asked = self._asked(customer_id, actor)
        place = asked.candidates.place(id_)
        if place is None:
            anywhere = self._shelf.standing_ids("", [id_], self._clock())
            return WhyNot("why_out_of_sight" if anywhere else "why_off_shelf", {})
        listed = self._chosen(asked, first)
        chosen = listed.chosen
        reasons = tuple(asked.reasons(place, leads=place in listed.led))
        barred = ((key, places) for key, places in asked.barriers.items() if place in places)
        if against := next((key for key, _ in barred), ""):
            return WhyNot(against, {}, reasons)
        for position, each in enumerate(chosen, 1):
            if each.place == place:
                return WhyNot("why_on_list", {"position": position}, reasons)
        total = listed.total
        facts = {
            "rank": int((total > total[place]).sum()) + 1,
            "score": f"{total[place]:.3f}",
            "last": f"{min((total[each.place] for each in chosen), default=0.0):.3f}",
        }
        return WhyNot("why_outscored", facts, reasons)

    def tried(self, customer_id: str, actor: Actor, wanted: Wanted, first: int = 10) -> Tried:
        """The list that her rep gets without and with a rule that is only thought of."""
        require(actor, "read_rules")
        ruling = self._rules.ruling(wanted)
        her = self._customers.seen_by(actor).one(customer_id)
        asked = self._asked(her.id, self._staff.actor(her.rep) if her.rep else actor)
        more = asked.steered([*asked.steering.rulings, ruling])
        size = page_size(first)
        before, after = (self._items(each, self._chosen(each, size)) for each in (asked, more))
        return Tried(before, after)

    def words(self, customer_id: str, actor: Actor, script_ids: Collection[str]) -> dict[str, str]:
        """Each script as this rep says it to this customer: gaps filled, safely, in the script's
        own language."""
        customer = self._customers.seen_by(actor).one(customer_id)
        profile = self._profiles.of(customer.id)
        rep = self._rep(actor, customer)

        def said(script: str) -> str:
            tongue = language_of(script)
            name = "" if customer.masked else salutation(profile, tongue)
            return spoken(
                script, salutation=name or say("you", tongue), customer=customer.name,
                rep=rep.name if rep else "",
            )  # fmt: skip

        return {id_: said(each.body) for id_, each in self._materials.many(script_ids).items()}

    def offers(self, customer_id: str, actor: Actor, limit: int = 20) -> list[Offer]:
        """What was offered for a customer, the latest first."""
        customer = self._customers.seen_by(actor).one(customer_id)
        with self._records.read() as session:
            return latest(session, customer.handles, limit)

    def unshown(self, actor: Actor, limit: int = 20) -> Unshown:
        """What of the shelf that the asker sees was never recommended to anybody."""
        require(actor, "read_rules")
        sight = None if actor.reach is None else actor.units | actor.reach
        return self._candidates.unshown(sight, limit)

    def occasions(self, profile: Profile) -> list[Occasion]:
        """What makes today a good day to speak to her."""
        return self._questions.occasions(profile, self._clock())

    def scored(self, customer_id: str, actor: Actor) -> Scores:
        """How well everything on the shelf fits her, for who judges the score. Keeps nothing."""
        return self._asked(customer_id, actor).scores

    # How it is answered

    def _asked(self, customer_id: str, actor: Actor) -> Asked:
        require(actor, "recommend")
        customer = self._customers.seen_by(actor).one(customer_id)
        if not customer.handles:
            raise NotFound("customer", customer_id[:60])
        now = self._clock()
        sight = None if actor.reach is None else actor.units | actor.reach
        candidates = self._candidates.slice("", sight)
        rep = self._rep(actor, customer)
        weights = self._nightly.weights()
        profile = self._profiles.many([customer.id]).get(customer.id) or Profile()
        limits = self._limits(customer, profile, rep, now)
        held = held_out(customer.id, self._manner.hold_out)
        personal = not held and self._consents.allows(customer.handles, PERSONALISATION)
        known = profile if personal else Profile()
        question = self._questions.of(known, rep, now, weights, candidates)
        own = key_of(customer.id)
        draw = key_of(f"{customer.id}:{self._zone.day(now)}:{weights.policy}")
        scores = Scores(question, candidates, weights)
        barred = barriers(candidates, limits)
        barred["why_already_read"] = consumed(scores.used, scores.leading, self._manner.leading)
        again = self._questions.repeats(known, limits.tired_of, candidates)
        barred |= {} if again is None else {"why_device_again": again}
        asked = Asked(customer, rep, candidates, scores, draw / 2**64, own, barred)
        return asked.steered(self._in_force(actor, customer, now))

    def _in_force(self, actor: Actor, customer: Customer, now: datetime) -> list[Ruling]:
        """The company's rules that hold for this rep and this customer."""
        hers: Collection[str] = ()
        if self._rules.minds_segments():
            hers = self._segments.of([customer.id])[customer.id]
        return self._rules.in_force(now, actor.units | {actor.unit}, hers)

    def _limits(
        self, customer: Customer, profile: Profile, rep: Staff | None, now: datetime
    ) -> Limits:
        """What the policy of touches, her assessment and the rep's licences leave."""
        hers = Known(customer.id, customer.handles, profile.active_at)
        allowed = self._touch_policy.allowance(customer.handles[0], hers=hers)
        return Limits(
            risk=tolerance(profile, self._zone.day(now)),
            licences=frozenset(rep.licences) if rep else None,
            promo=allowed.promo, price_cut=allowed.price_cut,
            only_large=allowed.only_large_promo, tired_of=allowed.tired_of,
            unfit=self._feedback.refused([str(handle) for handle in customer.handles]),
        )  # fmt: skip

    def _rep(self, actor: Actor, customer: Customer) -> Staff | None:
        """Whoever will speak: the asker, or the customer's rep when a machine asks."""
        id_ = actor.staff or customer.rep
        return self._staff.many([id_]).get(id_) if id_ else None

    def _chosen(self, asked: Asked, first: int, barred: Collection[int] = ()) -> Listed:
        """The list, without what must not be on it, as the rules have it."""
        total = asked.total.copy()
        for places in asked.barriers.values():
            total[places] = -np.inf
        total[list(barred)] = -np.inf
        led = self._led(asked, total)
        chosen = assemble(
            total, asked.candidates, first, chance=asked.chance, seed=asked.seed,
            manner=self._manner, leads=led, fit=asked.scores.tag_part,
        )  # fmt: skip
        total[led] += asked.scores.weights.lead
        steered = asked.steering.steer(chosen, total, asked.candidates, first, asked.seed)
        return Listed(*steered, total, frozenset(led.tolist()))

    def _led(self, asked: Asked, total: Floats) -> Places:
        """The best of what her rep's persona puts at the top: as many as lead a list, and no more,
        so that the rest of it is the customer's."""
        leading = asked.scores.leading
        if not len(leading):
            return leading
        return best(total, asked.candidates, self._manner.leading, asked.seed, among=leading)

    def _items(self, asked: Asked, listed: Listed) -> list[Item]:
        candidates, scores, chosen = asked.candidates, asked.scores, listed.chosen
        nearest = {read.material for each in chosen if (read := scores.nearest_read(each.place))}
        titles = self._materials.titles(nearest)
        scripts_at = self._scripts(asked, listed)
        items = []
        for position, each in enumerate(chosen, 1):
            reasons = asked.reasons(each.place, titles, leads=each.place in listed.led)
            if ruling := listed.by_rule.get(each.place):
                reasons.append(ruling.reason("pinned" if ruling.act is Act.PIN else "quota"))
            elif each.slot != "best":
                reasons.append(Reason(each.slot, f"reason_{each.slot}", {}, 0.0))
            items.append(
                Item(
                    position=position, material=str(candidates.ids[each.place]),
                    script=scripts_at.get(each.place), score=total_of(reasons),
                    propensity=each.propensity, slot=each.slot, reasons=tuple(reasons),
                )
            )  # fmt: skip
        return items

    def _scripts(self, asked: Asked, listed: Listed) -> dict[int, str]:
        """The script that goes best with each content: about the same, good for her.

        One that stands beside another content already counts half as near, a third for two.
        """
        candidates = asked.candidates
        offered = candidates.of_type("script")
        if not len(offered):
            return {}
        pool = best(listed.total, candidates, _SCRIPTS, asked.seed, among=offered)
        if not len(pool):
            return {}
        places = np.array([each.place for each in listed.chosen], np.int64)
        worn = candidates.worn(np.concatenate((places, pool)))
        shared = worn[: len(places)] @ worn[len(places) :].T
        scripts = {each for each in places.tolist() if candidates.type_at(each) == "script"}
        used = np.zeros(len(pool))
        found = {}
        for place, alike in zip(places.tolist(), shared, strict=True):
            at = int(np.argmax(alike / (1 + used)))  # of equals the one that scores best
            used[at] += 1
            found[place] = str(candidates.ids[place if place in scripts else pool[at]])
        return found


def _without(items: Sequence[Item], gone: Collection[str]) -> list[Item]:
    """What is left of a list, and of the scripts beside it."""
    return [
        replace(item, script=None) if item.script in gone else item
        for item in items
        if item.material not in gone
    ]
