"""Strands of a profile (画像线索): journey, buying, desire, consents, mood, place, a fold each.

Every strand is a pure step from one event to the next, so that any order of arrival, once put in
order, gives the same. Says nothing of today: what depends on the clock is asked of the profile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from data_hub.catalogue import OWN_ACCOUNT
from data_hub.details import order, text, told_by
from data_hub.places import SYSTEMS, Place, from_gcj
from data_hub.profiles import purchases
from data_hub.profiles.profile import Profile
from kernel.events import Event

TRAIL = 100
"""So many of her own acts are remembered in their order, for rules about sequences."""

CASES, CONSENTS, HELD = 200, 200, 500
"""So many open cases (the latest), words on consent and holdings of one customer are kept: what a
client makes up beyond them is not."""
OFFERED, OFFERED_DAYS, OFFERED_FOR = 60, 10, 30
"""So many contents, the last days of each, no longer ago than so many days."""

NODES = ("acquire", "operate", "convert", "fission", "repurchase")
"""引入-运营-转化-裂变-复购, in the order in which a customer goes through them."""
DESIRES = ("", "viewed", "dwelled", "asked", "tried")
"""The behaviour chain; an empty desire is none."""

_OPERATED = frozenset(
    {
        "read_material", "finished_material", "shared_material", "liked_material", "commented",
        "saved_material", "saved_image", "downloaded_file", "played_video", "entered_livestream",
        "used_tool", "searched", "messaged", "clicked_menu", "left_contact", "asked_quote",
        "added_to_cart", "booked", "viewed_product", "praised",
    }
)  # fmt: skip
_REFERRED = frozenset({"shared_material", "invited"})
_DESIRE = {
    "opened_link": 1, "viewed_product": 1, "read_material": 1, "viewed_page": 1,
    "finished_material": 2, "played_video": 2, "saved_material": 2, "downloaded_file": 2,
    "entered_livestream": 2,
    "asked_quote": 3, "messaged": 3, "commented": 3, "left_contact": 3, "searched": 3,
    "used_tool": 4, "added_to_cart": 4, "booked": 4,
}  # fmt: skip
_DWELL = 30.0
"""Seconds on one thing after which looking is dwelling."""

_OPENS = frozenset({"complained", "case_opened"})
_CLOSES = {"complaint_settled": "complained", "case_closed": "case_opened"}
_ADDED = frozenset({"followed", "added_contact"})
_REMOVED = frozenset({"unfollowed", "removed_contact"})


def span(profile: Profile, kind: str, at: float) -> None:
    """The first and the last time of every kind."""
    kept = profile.spans.get(kind)
    if kept is None:
        profile.spans[kind] = [at, at]
    else:
        kept[1] = at


def journey(profile: Profile, event: Event, at: float, carried: Mapping[str, Any]) -> None:
    """The nodes she reached, each with the first moment; and how far her desire has come. Another
    line of an order is no other purchase."""
    kind, nodes = event.kind, profile.nodes
    if "acquire" not in nodes:
        nodes["acquire"] = at
    elif kind in _OPERATED:
        nodes.setdefault("operate", at)
    if kind == "bought":
        nodes.setdefault(_node_of(profile, event, at, carried), at)
        profile.desire = [0, at]
    elif kind in _REFERRED and "convert" in nodes:
        nodes.setdefault("fission", at)
    step = _DESIRE.get(kind, 0)
    if step == 1 and _number(carried.get("seconds")) >= _DWELL:
        step = 2
    if step > profile.desire[0]:
        profile.desire = [step, at]
    if kind in _ADDED:
        profile.added = profile.added or at
        profile.removed = 0.0
    elif kind in _REMOVED:
        profile.removed = at


def _node_of(profile: Profile, event: Event, at: float, carried: Mapping[str, Any]) -> str:
    """The node to which a purchase leads."""
    by = told_by(event)
    known = purchases.known(profile.purchases, order(carried), at, by)
    return "repurchase" if "convert" in profile.nodes and not known else "convert"


def trail(profile: Profile, kind: str, at: float) -> None:
    """Her own acts in their order, the last hundred."""
    profile.trail.append([kind, at])
    del profile.trail[:-TRAIL]


def buying(profile: Profile, at: float, amount: float) -> None:
    """Counters that a prediction needs: occasions, first, last, spend, and the gaps between.

    What is bought again within a day is the same occasion.
    """
    if not profile.buying:
        profile.buying = [1, at, at, amount, 0, 0.0, 0.0]
        return
    kept = profile.buying
    kept[3] += amount
    gap = (at - kept[2]) / 86_400
    if gap < 1:
        return
    kept[0] += 1
    kept[2] = at
    kept[4] += 1
    kept[5] += gap
    kept[6] += gap * gap


def consent(profile: Profile, event: Event, at: float, carried: Mapping[str, Any]) -> None:
    """The last word on each purpose and channel: where she said so, who told of it, and in which
    words she was asked. No front end takes back what she told somebody else, nor takes it over. Our
    own word for what a front end told is as old as that."""
    if event.kind not in {"opted_in", "opted_out"}:
        return
    purpose = text(carried.get("consent")) or text(carried.get("purpose")) or "marketing"
    channel, account = text(carried.get("channel")), event.account
    words, agrees = profile.consents.get(purpose, {}), event.kind == "opted_in"
    asked = {"", channel} if agrees else {channel}
    if account != OWN_ACCOUNT and _refused_elsewhere(words, asked, account):
        return
    at = _number(carried.get("said")) or at if account == OWN_ACCOUNT else at
    if channel in words and words[channel][1] > at:
        return  # she has said something since
    proof = text(carried.get("source")) or account
    if channel in words or sum(map(len, profile.consents.values())) < CONSENTS:
        said = [agrees, at, proof, account, text(carried.get("wording"))]
        profile.consents[purpose] = {**words, channel: said}


def _refused_elsewhere(
    words: Mapping[str, Sequence[Any]], channels: Collection[str], account: str
) -> bool:
    said = [words[name] for name in channels if name in words]
    return any(not agrees and account not in told for agrees, _, *told in said)


def offered(profile: Profile, event: Event, day: date) -> None:
    """On which days what was recommended for her, once a day however often it was looked at."""
    if event.kind != "recommended":
        return
    today, kept = day.toordinal(), profile.offered
    for material in map(str, event.detail.get("materials", ())):
        days = kept.pop(material, [])
        kept[material] = [*days, today][-OFFERED_DAYS:] if today not in days else days
    for material in [each for each, days in kept.items() if days[-1] <= today - OFFERED_FOR]:
        del kept[material]
    for material in list(kept)[:-OFFERED]:
        del kept[material]


def mood(profile: Profile, event: Event, at: float, carried: Mapping[str, Any]) -> None:
    """Cases that are open, and whether she last sounded displeased."""
    if event.kind in _OPENS:
        profile.cases[text(carried.get("case")) or event.id] = [event.kind, at]
        for oldest in list(profile.cases)[:-CASES]:
            del profile.cases[oldest]
    elif opened := _CLOSES.get(event.kind):
        case = text(carried.get("case"))
        mended = [case] if case else [c for c, kept in profile.cases.items() if kept[0] == opened]
        for each in mended:
            profile.cases.pop(each, None)
    sentiment = text(carried.get("sentiment"))
    if sentiment:
        profile.displeased = at if sentiment == "negative" else 0.0


def place(profile: Profile, at: float, carried: Mapping[str, Any]) -> None:
    """Where she was last, in WGS-84 degrees, if she told; degrees of Chinese maps are shifted back.
    Those of any other system are no place to measure from."""
    told = carried.get("location")
    source: Mapping[str, Any] = told if isinstance(told, dict) else carried
    latitude, longitude = source.get("latitude"), source.get("longitude")
    if not (isinstance(latitude, int | float) and isinstance(longitude, int | float)):
        return
    system = carried.get("system", "wgs84")
    if system in SYSTEMS and -90 <= latitude <= 90 and -180 <= longitude <= 180:
        there = Place(float(latitude), float(longitude))
        profile.place = [*(from_gcj(there) if system == "gcj02" else there), at]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
