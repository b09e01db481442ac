"""Asking (提问的人): who asks about whom, put together with everything that the answer depends on.

The customer as the asker may see her, her profile as it is now, what may be shown, how it scores,
what must not be offered to her, and the company's rules that hold for the two. Lists nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np

from channels.touch_policy import Known, TouchPolicy
from data_hub.consents import PERSONALISATION, Consents
from data_hub.customers import Customer, Customers
from data_hub.profiles import Profile, Profiles
from data_hub.segments import Segments
from data_hub.staff import Staff, StaffBook
from kernel.actors import Actor, require
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.wording import LANGUAGES, say
from matching.arrays import Whole, key_of
from matching.asked import Asked
from matching.assembly import Manner
from matching.candidates import Candidates
from matching.experiments import held_out
from matching.feedback import HELD as UNFIT
from matching.feedback import Feedback
from matching.needs import read_here
from matching.nightly import Nightly
from matching.offers import DEGRADED, HELD, REFUSED
from matching.placed import rows
from matching.questions import Questions
from matching.rules import Rules, Wanted, concerns
from matching.scoring import Scores, Weights
from matching.steering import Act, Ruling
from matching.suitability import Limits, barriers, consumed, tolerance
from stores.records import Records


class Asking:
    """Everything that one question is answered from."""

    def __init__(
        self,
        *,
        records: Records,
        people: Records,
        clock: Clock,
        zone: Zone,
        candidates: Candidates,
        questions: Questions,
        nightly: Nightly,
        customers: Customers,
        profiles: Profiles,
        staff: StaffBook,
        consents: Consents,
        touch_policy: TouchPolicy,
        rules: Rules,
        segments: Segments,
        feedback: Feedback,
        manner: Manner | None = None,
    ) -> None:
        self._records = records
        self._people = people
        self._clock = clock
        self._zone = zone
        self.candidates = candidates
        self.questions = questions
        self._nightly = nightly
        self._customers = customers
        self._profiles = profiles
        self._staff = staff
        self._consents = consents
        self._touch_policy = touch_policy
        self._rules = rules
        self._segments = segments
        self._feedback = feedback
        self.manner = manner or Manner()

    @contextmanager
    def together(self) -> Iterator[None]:
        """A look at both stores.

        What is remembered between requests is looked at before: in a transaction nothing new is.
        """
        with self._records.steady(), self._people.steady():
            self.questions.warm()
            self._rules.minds_segments()
            self._touch_policy.policy()
            with self._records.together(), self._people.together():
                yield

    def of(self, customer_id: str, actor: Actor, account: str = "") -> Asked:
        """About what stands on an account's shelf, or on any. Raises `NotFound` for a customer whom
        the asker may not know of."""
        require(actor, "recommend")
        customer = self.customer(customer_id, actor)
        if not customer.handles:
            raise NotFound("customer", customer_id[:60])
        now = self._clock()
        rep = self._rep(actor, customer)
        weights = self._nightly.weights()
        profile = self._profiles.many([customer.id]).get(customer.id) or Profile()
        limits = self._limits(customer, profile, rep, now)
        candidates = self.candidates.slice(account)
        sight = candidates.sight(actor.seen_units, early=limits.early)
        held = held_out(customer.id, self.manner.hold_out)
        allowed = self._consents.allows(customer.handles, PERSONALISATION)
        personal = allowed and not held
        known = profile if personal else Profile()
        question = self.questions.of(known, rep, now, weights, candidates)
        own = key_of(customer.id)
        draw = key_of(f"{customer.id}:{self._zone.day(now)}:{weights.policy}")
        scores = Scores(question, candidates, weights, sight)
        barred = barriers(candidates, limits)
        used = read_here(profile, candidates) if held and allowed else scores.used
        barred["why_already_read"] = consumed(used, scores.leading, self.manner.leading)
        again = self.questions.repeats(known, limits.tired_of, candidates)
        barred |= {} if again is None else {"why_device_again": again}
        policy = self._policy(weights, held=held, refused=not allowed)
        asked = Asked(customer, rep, candidates, scores, draw / 2**64, own, barred, policy, profile)
        asked = asked._replace(account=account)
        return asked.steered(self._in_force(actor, customer, now, personal=personal))

    def amiss(self, asked: Asked, materials: Collection[str], actor: Actor) -> set[str]:
        """Which of these must not be offered any more, by their rows and by what holds of her and
        her rep at this moment: the very filters of the question."""
        now, customer = self._clock(), asked.customer
        profile = self._profiles.many([customer.id]).get(customer.id) or Profile()
        limits = self._limits(customer, profile, self._rep(actor, customer), now)
        with self._records.read() as session:
            there = Whole.of(rows(session, materials)).slice(asked.account, now)
        seen = there.sight(actor.seen_units, early=limits.early)
        barred = [seen.unseen, *barriers(there, limits).values()]
        rulings = self._in_force(actor, customer, now)
        barred += [each.aimed(there) for each in rulings if each.act is Act.EXCLUDE]
        allowed = np.setdiff1d(np.arange(len(there)), np.concatenate(barred))
        return set(materials) - {str(each) for each in there.ids[allowed]}

    def unfit(self, asked: Asked, material: str) -> dict[str, Any]:
        """What a rep said against it, when, and until when that holds; nothing if nobody did."""
        said = self._feedback.said([str(each) for each in asked.customer.handles], material)
        if said is None:
            return {}
        days = {"day": said.at, "until": said.at + UNFIT}
        why = {language: say(f"unfit_{said.why}", language) for language in LANGUAGES}
        return {"why": why} | {name: self._zone.day(at).isoformat() for name, at in days.items()}

    def for_her_rep(self, customer_id: str, actor: Actor) -> Asked:
        """The question as her rep would ask it, for who looks after rules and reps."""
        her, speaker = self._looked_after(customer_id, actor)
        return self.of(her.id, speaker)

    def under(self, customer_id: str, actor: Actor, wanted: Wanted) -> tuple[Asked, Asked]:
        """The same without and with a rule that is only thought of; twice without where it is not
        about her or her rep."""
        ruling = self._rules.ruling(wanted)
        her, speaker = self._looked_after(customer_id, actor)
        asked = self.of(her.id, speaker)
        hers = self._segments.of([her.id])[her.id] if wanted.segment else ()
        if not concerns(wanted, speaker.units | {speaker.unit}, hers):
            return asked, asked
        return asked, asked.steered([*asked.steering.rulings, ruling])

    def _looked_after(self, customer_id: str, actor: Actor) -> tuple[Customer, Actor]:
        """The customer, and who asks about her: her rep, if one still works here."""
        require(actor, "read_rules")
        her = self.customer(customer_id, actor)
        rep = self._staff.many([her.rep]).get(her.rep) if her.rep else None
        return her, actor if rep is None or rep.left else self._staff.actor(rep.id)

    def customer(self, customer_id: str, actor: Actor) -> Customer:
        """The customer as the asker may see her. Raises `NotFound`."""
        return self._customers.seen_by(actor).one(customer_id)

    def speakers(self, customer_id: str, actor: Actor) -> tuple[Customer, Profile, Staff | None]:
        """Who is spoken to, what is known of her, and who speaks."""
        customer = self.customer(customer_id, actor)
        return customer, self._profiles.of(customer.id), self._rep(actor, customer)

    def _policy(self, weights: Weights, *, held: bool, refused: bool) -> str:
        """What the list is made by, as an offer keeps it."""
        told = f"{weights.policy}@{self._nightly.number}"
        return told + HELD * held + REFUSED * refused + DEGRADED * self.candidates.degraded

    def _in_force(
        self, actor: Actor, customer: Customer, now: datetime, *, personal: bool = True
    ) -> list[Ruling]:
        """The company's rules that hold for who will speak, the asker or the rep for whom a
        machine asks, and for this customer."""
        hers: Collection[str] = ()
        if self._rules.minds_segments():
            hers = self._segments.of([customer.id])[customer.id]
        units = actor.units | {actor.unit}
        if not actor.staff and (rep := self._rep(actor, customer)):
            units = self._staff.above(rep.unit) | {rep.unit}
        return self._rules.in_force(now, units, hers, personal=personal)

    def _limits(
        self, customer: Customer, profile: Profile, rep: Staff | None, now: datetime
    ) -> Limits:
        """What the policy of touches, her assessment and the rep's licences leave."""
        hers = Known(customer.id, customer.handles, profile.active_at)
        allowed = self._touch_policy.allowance(customer.handles[0], hers=hers)
        return Limits(
            risk=tolerance(profile, self._zone.day(now), self._zone),
            licences=frozenset(rep.licences) if rep else None,
            promo=allowed.promo, price_cut=allowed.price_cut,
            only_large=allowed.only_large_promo, tired_of=allowed.tired_of,
            unfit=self._feedback.refused([str(handle) for handle in customer.handles]),
            early=allowed.vip,
        )  # fmt: skip

    def _rep(self, actor: Actor, customer: Customer) -> Staff | None:
        """Whoever will speak: the asker, or the customer's rep when a machine asks."""
        id_ = actor.staff or customer.rep
        return self._staff.many([id_]).get(id_) if id_ else None
