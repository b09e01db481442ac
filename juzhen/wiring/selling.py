"""What to say to whom, and who does what next (匹配与跟进): matching and engagement."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engagement.approaching import Approaches
from engagement.books import Books
from engagement.customer_acts import CustomerActs
from engagement.fans import Fans
from engagement.livestreams import Livestreams
from engagement.own_links import OwnLinks
from engagement.pressing import Priorities
from engagement.receptions import Receptions
from engagement.reminders import Reminders
from engagement.rep_cards import RepCards
from engagement.responses import Responses
from engagement.sharing import Sharing
from engagement.triggers import Triggers
from engagement.turnovers import Turnovers
from engagement.unadvised import Unadvised
from engagement.worth import Worths
from juzhen.wiring.content import ContentHub
from juzhen.wiring.data import DataHub
from juzhen.wiring.ends import Ends
from juzhen.wiring.engines import Stores
from kernel.values import dataclass
from matching.abilities import Abilities
from matching.affinities import Affinities
from matching.assembly import Manner
from matching.candidates import Candidates
from matching.conversions import Conversions
from matching.counters import Counters
from matching.effects import Effects
from matching.exclusivity import Exclusivity
from matching.feedback import Feedback
from matching.nearby import Nearby, Vicinity
from matching.nightly import Nightly
from matching.occasions import Habits
from matching.recommender import Recommender
from matching.rules import Rules
from matching.sayings import Sayings
from matching.sequels import Sequels


@dataclass(kw_only=True)
class Selling:
    """The keepers of matching and engagement."""

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
    receptions: Receptions
    livestreams: Livestreams
    reminders: Reminders
    own_links: OwnLinks
    books: Books
    triggers: Triggers
    responses: Responses
    turnovers: Turnovers
    unadvised: Unadvised
    worths: Worths
    priorities: Priorities
    rep_cards: RepCards
    sharing: Sharing
    customer_acts: CustomerActs


def selling(
    s: Stores,
    content: ContentHub,
    data: DataHub,
    front: Ends,
    *,
    base_url: str,
    hold_out: float = 0.0,
    exclusivity: Mapping[str, float] | None = None,
    habits: Habits,
    vicinity: Vicinity,
    daily: int,
    to_customers: Collection[str] = (),
    desire: Collection[str] = (),
    fans: Fans,
) -> Selling:
    """One constructor call after another."""
    counters = Counters(s.people, s.history)
    affinities = Affinities(s.records, s.changes)
    abilities = _abilities(s, content, counters)
    nightly = Nightly(s.people, s.changes, content.materials, s.clock, s.zone)
    rules = Rules(s.records, s.changes, content.materials, content.taxonomy, content.types, s.clock)
    feedback = Feedback(s.records, s.changes, s.clock)
    reminders = Reminders(s.records, s.changes, s.clock)
    recommender = Recommender(
        records=s.records, changes=s.changes, clock=s.clock, zone=s.zone, counters=counters,
        candidates=Candidates(s.records, s.changes, counters, s.clock, nightly),
        affinities=affinities, abilities=abilities, customers=data.customers, gathered=s.gathered,
        profiles=data.profiles, materials=content.materials, taxonomy=content.taxonomy,
        shelf=content.shelf, staff=data.staff, nightly=nightly, people=s.people,
        consents=data.consents, touch_policy=front.touch_policy, rules=rules,
        segments=data.segments, feedback=feedback, manner=Manner(hold_out=hold_out), habits=habits,
        predictions=data.predictions, exclusivity=Exclusivity(front.accounts, exclusivity or {}),
    )  # fmt: skip
    sharing = _sharing(s, content, data, front, reminders, base_url)
    approaches = _approaches(content, data, front, recommender, sharing)
    own_links = OwnLinks(s.records, s.changes, data.findings, data.identities, content.links)
    responses = Responses(s.records, s.people, data.identities, s.clock, s.zone, hold_out=hold_out)
    priorities = Priorities(data.identities, data.standings, data.predictions)
    return Selling(
        counters=counters, affinities=affinities, abilities=abilities, nightly=nightly,
        rules=rules, feedback=feedback, responses=responses, own_links=own_links,
        books=_books(s, data, front),
        nearby=Nearby(data.customers, data.profiles, data.consents, s.clock, vicinity),
        conversions=Conversions(s.people, data.profiles, Sequels(s.records, s.changes)),
        effects=_effects(s, data),
        sayings=Sayings(content.finding, content.shelf, content.taxonomy, recommender, s.clock),
        recommender=recommender, reminders=reminders, sharing=sharing,
        receptions=Receptions(counters, s.history, feedback, s.clock, s.zone),
        livestreams=Livestreams(s.history, data.findings, data.identities, s.clock, s.zone),
        triggers=_triggers(
            s, data, reminders, approaches, own_links, to_customers, desire, fans, habits),
        turnovers=Turnovers(s.records, data.identities, data.profiles, s.clock, hold_out=hold_out),
        unadvised=Unadvised(s.records, s.people, data.identities, data.customers, s.clock),
        worths=Worths(responses, s.people),
        priorities=priorities,
        rep_cards=_rep_cards(s, content, data, front, recommender, priorities, base_url, daily),
        customer_acts=_customer_acts(s, content, data, front),
    )  # fmt: skip


def _abilities(s: Stores, content: ContentHub, counters: Counters) -> Abilities:
    return Abilities(
        s.records, s.changes, counters, content.materials, content.taxonomy, s.clock
    )  # fmt: skip


def _approaches(
    content: ContentHub, data: DataHub, front: Ends, recommender: Recommender, sharing: Sharing
) -> Approaches:
    return Approaches(
        recommender=recommender, sharing=sharing, publishing=front.publishing,
        materials=content.materials, customers=data.customers, staff=data.staff,
    )  # fmt: skip


def _books(s: Stores, data: DataHub, front: Ends) -> Books:
    return Books(
        s.records, data.findings, data.identities, data.customers, data.staff, front.transfers
    )


def _rep_cards(
    s: Stores, content: ContentHub, data: DataHub, front: Ends, recommender: Recommender,
    priorities: Priorities, url: str, daily: int,
) -> RepCards:  # fmt: skip
    return RepCards(
        records=s.records, changes=s.changes, accounts=front.accounts, channels=front.channels,
        recommender=recommender, materials=content.materials, identities=data.identities,
        staff=data.staff, clock=s.clock, zone=s.zone, priorities=priorities, base_url=url,
        daily=daily,
    )  # fmt: skip


def _effects(s: Stores, data: DataHub) -> Effects:
    return Effects(
        records=s.records, people=s.people, changes=s.changes, findings=data.findings,
        digest=data.digest, profiles=data.profiles, clock=s.clock,
    )  # fmt: skip


def _sharing(
    s: Stores, content: ContentHub, data: DataHub, front: Ends, reminders: Reminders, base_url: str
) -> Sharing:
    return Sharing(
        records=s.records, changes=s.changes, accounts=front.accounts, channels=front.channels,
        publishing=front.publishing, touch_policy=front.touch_policy, shelf=content.shelf,
        links=content.links, consents=data.consents, compliance=content.compliance,
        reminders=reminders, base_url=base_url,
    )  # fmt: skip


def _triggers(
    s: Stores,
    data: DataHub,
    reminders: Reminders,
    approaches: Approaches,
    own_links: OwnLinks,
    to_customers: Collection[str],
    desire: Collection[str],
    fans: Fans,
    habits: Habits,
) -> Triggers:
    return Triggers(
        records=s.records, people=s.people, findings=data.findings, history=s.history,
        reminders=reminders, profiles=data.profiles, identities=data.identities,
        customers=data.customers, staff=data.staff, clock=s.clock, zone=s.zone,
        predictions=data.predictions, approaches=approaches, to_customers=to_customers,
        desire=desire, vips=data.vips.among, fans=fans, own_links=own_links, habits=habits,
    )  # fmt: skip


def _customer_acts(s: Stores, content: ContentHub, data: DataHub, front: Ends) -> CustomerActs:
    return CustomerActs(
        records=s.records, shelf=content.shelf, draws=content.draws, consents=data.consents,
        preferences=front.preferences, identities=data.identities, intake=data.intake,
        clock=s.clock, zone=s.zone,
    )  # fmt: skip
