"""What is known of a customer (客户画像): where she stands, what she is and who said so, what she
allows. As far as the asker may see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from data_hub.catalogue import kind_of
from data_hub.customers import Customer, mask_trait, spell_trait
from data_hub.profiles import Agreed, Holding, Profile
from data_hub.standings import StandingRow
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_MOST = 40


class Known(NamedTuple):
    """Everything of it, as the page shows it."""

    standing: StandingRow | None
    limits: Mapping[str, int]
    """What the reason of her grade says of the company's limits."""
    mood: str
    holdings: Sequence[Holding]
    risk: str
    risk_until: date | None
    hour: int | None
    segments: Sequence[tuple[str, str, datetime]]
    traits: Sequence[tuple[str, str, datetime, str]]
    """Name, value, since when, and which account said so: the latest word won."""
    consents: Sequence[tuple[str, str, Agreed]]
    """The purpose and the channel in words, and what she said of them."""
    seen: Sequence[tuple[str, datetime]]
    windows: Sequence[tuple[str, int, int, int]]
    as_of: datetime


def known(platform: Platform, her: Customer, profile: Profile, tongue: str) -> Known:
    now = platform.clock()
    today = platform.zone.day(now)

    def shown(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return say("yes" if value else "no", tongue)
        return mask_trait(name, value, tongue) if her.masked else spell_trait(value, tongue)

    return Known(
        standing=platform.standings.rows([her.id]).get(her.id),
        limits=platform.standings.terms.grades.facts,
        mood=platform.standings.mood(profile),
        holdings=profile.holdings(),
        risk=profile.risk, risk_until=profile.risk_until(today, platform.zone),
        hour=profile.favourite_hour,
        segments=_segments(platform, her.id),
        traits=[
            (
                _word(f"trait_{name}", name, tongue), shown(name, each.value)[:200], each.at,
                each.source,
            )
            for name, each in sorted(profile.told().items())[:_MOST]
        ],
        consents=[
            (
                _word(f"purpose_{each.purpose}", each.purpose, tongue),
                _word(f"account_kind_{each.channel}", each.channel, tongue),
                each._replace(source=_word(f"consent_at_{each.source}", each.source, tongue)),
            )
            for each in profile.agreed()
        ],
        seen=sorted(profile.last_seen().items(), key=lambda each: each[1], reverse=True),
        windows=[
            (kind_of(kind).label(tongue), *counts)
            for kind, counts in list(profile.windows(today).items())[:_MOST]
        ],
        as_of=now,
    )  # fmt: skip


def _word(key: str, name: str, tongue: str) -> str:
    """What people call it, if we have a word."""
    said = say(key, tongue)
    return name if said == key else said


def _segments(platform: Platform, customer: str) -> list[tuple[str, str, datetime]]:
    """Code, name and since when of each that she is in."""
    since = platform.segments.of([customer]).get(customer, {})
    found = {each.id: each for each in platform.segments.all() if each.id in since}
    return [(each.code, each.name, since[each.id]) for each in found.values()]
