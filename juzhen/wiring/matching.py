"""What to say to whom (匹配): the keepers of matching."""

from __future__ import annotations

from collections.abc import Mapping

from juzhen.wiring.content import ContentHub
from juzhen.wiring.data import DataHub
from juzhen.wiring.ends import Ends
from juzhen.wiring.engines import Stores
from kernel.values import dataclass
from matching.abilities import Abilities
from matching.affinities import Affinities
from matching.assembly import Manner
from matching.book_lifts import BookLifts
from matching.candidates import Candidates
from matching.conversions import Conversions
from matching.counters import Counters
from matching.effects import Effects
from matching.exclusivity import Exclusivity
from matching.feedback import Feedback
from matching.nearby import Nearby, Vicinity
from matching.nightly import Nightly
from matching.occasions import Habits
from matching.questions import Questions
from matching.recommender import Asking, Recommender
from matching.rules import Rules
from matching.sayings import Sayings
from matching.sequels import Sequels


@dataclass(kw_only=True)
class Matching:
    """The keepers of matching."""

    counters: Counters
    affinities: Affinities
    abilities: Abilities
    nightly: Nightly
    rules: Rules
    feedback: Feedback
    nearby: Nearby
    conversions: Conversions
    effects: Effects
    sayings: Sayings
    recommender: Recommender


def matching(
    s: Stores,
    content: ContentHub,
    data: DataHub,
    front: Ends,
    *,
    hold_out: float,
    exclusivity: Mapping[str, float],
    habits: Habits,
    vicinity: Vicinity,
) -> Matching:
    """One constructor call after another."""
    common, materials, taxonomy = (s.records, s.changes), content.materials, content.taxonomy
    counters, affinities = Counters(s.people, s.history), Affinities(*common)
    abilities = Abilities(*common, counters, materials, taxonomy, s.clock)
    nightly = Nightly(s.people, s.changes, materials, s.clock, s.zone)
    rules = Rules(*common, materials, taxonomy, content.types, s.clock)
    feedback, sequels = Feedback(*common, s.clock), Sequels(*common)
    candidates = Candidates(*common, counters, s.clock, nightly)
    questions = Questions(
        counters=counters, books=BookLifts(counters, candidates.company), nightly=nightly,
        affinities=affinities, abilities=abilities, materials=materials, taxonomy=taxonomy,
        zone=s.zone, habits=habits, sequels=sequels, predictions=data.predictions,
        exclusivity=Exclusivity(front.accounts, exclusivity),
    )  # fmt: skip
    asking = Asking(
        records=s.records, people=s.people, clock=s.clock, zone=s.zone, candidates=candidates,
        questions=questions, nightly=nightly, customers=data.customers, profiles=data.profiles,
        staff=data.staff, consents=data.consents, touch_policy=front.touch_policy, rules=rules,
        segments=data.segments, feedback=feedback, manner=Manner(hold_out=hold_out),
    )  # fmt: skip
    recommender = Recommender(
        records=s.records, changes=s.changes, gathered=s.gathered, asking=asking,
        materials=materials, shelf=content.shelf, clock=s.clock,
    )  # fmt: skip
    return Matching(
        counters=counters, affinities=affinities, abilities=abilities, nightly=nightly,
        rules=rules, feedback=feedback, recommender=recommender,
        nearby=Nearby(data.customers, data.profiles, data.consents, s.clock, vicinity),
        conversions=Conversions(s.people, data.profiles, sequels),
        effects=Effects(
            records=s.records, people=s.people, changes=s.changes, findings=data.findings,
            digest=data.digest, profiles=data.profiles, clock=s.clock,
        ),
        sayings=Sayings(content.finding, content.shelf, taxonomy, recommender, s.clock),
    )  # fmt: skip
