"""Telling (表述): reminders, profiles and timelines as a rep reads them. Asks, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from data_hub.catalogue import kind_of
from data_hub.customers import Customer, Happening
from data_hub.profiles import Profile
from engagement.fans import ASKS, answer_by
from engagement.reminders import Reminder
from engagement.sittings import spoken_time
from kernel.actors import Actor
from kernel.calendar import Yearly
from kernel.events import Handle
from kernel.values import dataclass
from kernel.wording import say
from matching.affinities import labels
from matching.offers import Item

if TYPE_CHECKING:
    from content_hub.materials import Material
    from juzhen.wiring import Platform

_INTERESTS = 6
_OUR_OWN = frozenset({"recommended", "reminded", "opened_reminder", "revealed"})
"""What happens whenever a rep looks at her."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One reminder as a line of the list."""

    id: str
    kind: str
    title: str
    who: str
    customer: str
    shown: str
    """What shows it: "看了 3 分 12 秒，第 4/6 页"."""
    material: str
    due: datetime
    when: str
    unread: bool
    why: str = ""
    """What speaks for turning to her before others."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a customer, as far as it helps to speak to her."""

    birthday: str
    hour: int | None
    interests: Sequence[str]
    holdings: Sequence[tuple[str, date | None]]
    bought: Sequence[tuple[str, float, datetime]]
    occasions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommended content with the words that go with it."""

    item: Item
    material: Material
    type: str
    words: str
    why: Sequence[str]
    """The weightiest reasons for it, as sentences."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    sentence: str
    source: str
    title: str
    mine: bool
    """It came from something that this rep had shared."""


def name_of(customer: Customer, tongue: str) -> str:
    return customer.name or customer.phone or say("nameless_customer", tongue)


def when(platform: Platform, moment: datetime) -> str:
    """A moment as short as a narrow column needs: the hour today, else the day."""
    then, now = platform.zone.local(moment), platform.zone.local(platform.clock())
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%m-%d}" if then.year == now.year else f"{then:%Y-%m-%d}"


def shown(platform: Platform, reminder: Reminder, tongue: str) -> str:
    """What a reminder's evidence says."""
    told: Mapping[str, Any] = reminder.evidence
    if reminder.kind == ASKS:
        until = answer_by(told)
        asked = say(f"shown_fan_{told['asked']}", tongue, until=when(platform, until))
        late = reminder.done is None and platform.clock() > until
        return say("shown_fan_late", tongue, told=asked) if late else asked
    if reminder.kind == "warmed":
        return say("shown_warmed", tongue, step=say(f"step_{told['step']}", tongue))
    if reminder.kind != "read_your_share":
        return say(f"shown_{told.get('occasion', reminder.kind)}", tongue, **told)
    if told.get("own_link"):
        return say("shown_by_own_link", tongue, shown=_read(told, tongue))
    return _read(told, tongue)


def _read(told: Mapping[str, Any], tongue: str) -> str:
    """How long, and how far."""
    if not told.get("seconds"):
        return say("shown_opened", tongue)
    key, facts = spoken_time(told["seconds"])
    spent = say(key, tongue, **facts)
    if told.get("page") and told.get("pages"):
        return say("shown_read_paged", tongue, spent=spent, page=told["page"], pages=told["pages"])
    return say("shown_read", tongue, spent=spent)


def dots(platform: Platform, actor: Actor, reminders: Sequence[Reminder], tongue: str) -> list[Dot]:
    """Reminders with who they are about. Those about somebody no longer hers are left out."""
    customers = platform.identities.customers_of({each.handle for each in reminders})
    seen = platform.customers.seen_by(actor).many(set(customers.values()))
    titles = platform.materials.many({each.material for each in reminders if each.material})
    return [
        Dot(
            id=each.id, kind=each.kind, title=say(f"reminder_{each.kind}", tongue),
            who=name_of(her, tongue), customer=her.id, shown=shown(platform, each, tongue),
            material=titles[each.material].title if each.material in titles else "",
            due=each.due, when=when(platform, each.due), unread=each.unread,
        )
        for each in reminders
        if (her := seen.get(customers.get(each.handle, "")))
    ]  # fmt: skip


def first(platform: Platform, actor: Actor, tongue: str) -> list[Dot]:
    """Of her unread reminders those that press most, one a customer: as many as are pushed to her
    in a day."""
    most = platform.settings.engagement_reminders
    pressing = platform.priorities.first(platform.reminders.waiting(actor.staff))
    whys = {reminder.id: each.why(tongue) for reminder, each in pressing}
    found: list[Dot] = []
    for begin in range(0, len(pressing), 2 * most):  # some of these may be another rep's by now
        some = [reminder for reminder, _ in pressing[begin : begin + 2 * most]]
        found += dots(platform, actor, some, tongue)
        if len(found) >= most:
            break
    return [replace(each, why=whys[each.id]) for each in found[:most]]


def card(platform: Platform, profile: Profile, tongue: str) -> Card:
    tree, now = platform.taxonomy.now(), platform.clock()
    liked = [tag for tag, value in profile.affinity(now).items() if value > 0]
    topics = [tag for tag in tree.tags(liked[: 2 * _INTERESTS]) if tag.facet == "topic"]
    born = profile.birthday
    return Card(
        birthday=_spoken_birthday(born, tongue) if born else "",
        hour=profile.favourite_hour,
        interests=[tag.label(tongue) for tag in topics[:_INTERESTS]],
        holdings=[
            (each.product or each.category or each.number, each.matures)
            for each in profile.holdings()
        ],
        bought=[
            (each.product or each.category, each.amount, each.at) for each in profile.bought()[:3]
        ],
        occasions=[each.text(tongue) for each in platform.recommender.occasions(profile)],
    )


def _spoken_birthday(born: tuple[Yearly, bool], tongue: str) -> str:
    day, lunar = born
    spoken = say("month_and_day", tongue, month=day.month, day=day.day)
    return say("by_the_moon", tongue, day=spoken) if lunar else spoken


def advice(
    platform: Platform, actor: Actor, customer: Customer, items: Sequence[Item], tongue: str
) -> list[Advice]:
    """Recommended contents with their words filled in, and why."""
    scripts = {item.script for item in items if item.script}
    materials = platform.materials.many({item.material for item in items} | scripts)
    words = platform.recommender.words(customer.id, actor, scripts)
    types = {each.code: each for each in platform.types.all()}
    return [
        Advice(
            item=item,
            material=material,
            type=types[material.type].en if tongue == "en" else types[material.type].zh,
            words=words.get(item.script or "", ""),
            why=[reason.text(tongue) for reason in item.reasons if reason.weight >= 0][:2],
        )
        for item in items
        if (material := materials.get(item.material))
    ]


def _by_a_share(happening: Happening) -> bool:
    """Did she come to a content by what somebody sent her? Who else names a rep says whose customer
    she is, or who spoke with her."""
    hers = kind_of(happening.kind).owner == "customer"
    return bool(happening.rep and happening.material) and hers


def lines(platform: Platform, actor: Actor, happenings: Sequence[Happening]) -> list[Line]:
    """A stretch of a timeline, with the names of accounts and contents; what only our own pages
    did is left out.
    """
    accounts = {account.id: account.name for account in platform.accounts.all()}
    titles = platform.materials.many({each.material for each in happenings if each.material})
    return [
        Line(
            at=each.at, sentence=each.sentence, source=accounts.get(each.source, ""),
            title=titles[each.material].title if each.material in titles else "",
            mine=each.rep == actor.staff and _by_a_share(each),
        )
        for each in happenings
        if each.kind not in _OUR_OWN
    ]  # fmt: skip


def persona(platform: Platform, tags: Sequence[str], tongue: str) -> list[tuple[str, str]]:
    """(tag id, label) of what a rep stands for."""
    return [(tag.id, labels([tag])[tongue]) for tag in platform.taxonomy.tags(tags)]


def handle_keys(handles: Sequence[Handle]) -> list[str]:
    return list(map(str, handles))
