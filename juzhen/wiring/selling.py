"""Who does what next (运营与跟进): the keepers of engagement."""

from __future__ import annotations

from collections.abc import Collection

from engagement.approaching import Approaches
from engagement.books import Books
from engagement.customer_acts import CustomerActs
from engagement.day_round import DayRound
from engagement.fans import Fans
from engagement.livestreams import Livestreams
from engagement.own_links import OwnLinks
from engagement.pressing import Priorities
from engagement.put_back import PutBack
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
from juzhen.wiring.matching import Matching
from kernel.values import dataclass
from matching.occasions import Habits
from matching.recommender import Recommender


@dataclass(kw_only=True)
class Selling:
    """The keepers of engagement."""

    receptions: Receptions
    livestreams: Livestreams
    reminders: Reminders
    own_links: OwnLinks
    books: Books
    triggers: Triggers
    day_round: DayRound
    responses: Responses
    turnovers: Turnovers
    unadvised: Unadvised
    put_back: PutBack
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
    matched: Matching,
    *,
    base_url: str,
    hold_out: float,
    habits: Habits,
    daily: int,
    to_customers: Collection[str] = (),
    desire: Collection[str] = (),
    fans: Fans,
) -> Selling:
    """One constructor call after another."""
    recommender = matched.recommender
    reminders = Reminders(s.records, s.changes, s.clock)
    sharing = _sharing(s, content, data, front, reminders, base_url)
    approaches = _approaches(content, data, front, recommender, sharing)
    own_links = OwnLinks(s.records, s.changes, data.findings, data.identities, content.links)
    responses = Responses(s.records, s.people, data.identities, s.clock, s.zone, hold_out=hold_out)
    priorities = Priorities(data.identities, data.standings, data.predictions)
    return Selling(
        responses=responses, own_links=own_links, reminders=reminders, sharing=sharing,
        books=_books(s, data, front),
        receptions=Receptions(matched.counters, s.history, matched.feedback, s.clock, s.zone),
        livestreams=Livestreams(s.history, data.findings, data.identities, s.clock, s.zone),
        triggers=_triggers(s, data, reminders, own_links, desire, fans),
        day_round=_day_round(s, data, reminders, approaches, to_customers, habits),
        turnovers=Turnovers(s.records, data.identities, data.profiles, s.clock, hold_out=hold_out),
        unadvised=Unadvised(s.records, s.people, data.identities, data.customers, s.clock),
        worths=Worths(responses, s.people),
        put_back=PutBack(s.records, s.people, s.clock),
        priorities=priorities,
        rep_cards=_rep_cards(s, content, data, front, recommender, priorities, base_url, daily),
        customer_acts=_customer_acts(s, content, data, front),
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
    s: Stores, data: DataHub, reminders: Reminders, own_links: OwnLinks, desire: Collection[str],
    fans: Fans,
) -> Triggers:  # fmt: skip
    return Triggers(
        records=s.records, findings=data.findings, history=s.history, reminders=reminders,
        profiles=data.profiles, identities=data.identities, customers=data.customers,
        staff=data.staff, clock=s.clock, zone=s.zone, desire=desire, fans=fans,
        own_links=own_links,
    )  # fmt: skip


def _day_round(
    s: Stores, data: DataHub, reminders: Reminders, approaches: Approaches,
    to_customers: Collection[str], habits: Habits,
) -> DayRound:  # fmt: skip
    return DayRound(
        records=s.records, people=s.people, reminders=reminders, profiles=data.profiles,
        identities=data.identities, customers=data.customers, clock=s.clock, zone=s.zone,
        habits=habits, predictions=data.predictions, approaches=approaches,
        to_customers=to_customers, vips=data.vips.among,
        settled=lambda: not data.digest.behind(),
    )  # fmt: skip


def _customer_acts(s: Stores, content: ContentHub, data: DataHub, front: Ends) -> CustomerActs:
    return CustomerActs(
        records=s.records, shelf=content.shelf, draws=content.draws, consents=data.consents,
        preferences=front.preferences, identities=data.identities, intake=data.intake,
        clock=s.clock, zone=s.zone,
    )  # fmt: skip
