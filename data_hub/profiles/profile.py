"""What is known of one customer (画像): kept as numbers and names, read as what they mean.

Says nothing of how an event changes it (`folding`), nor where it is kept (`keeping`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from data_hub.details import text, yes
from kernel.calendar import LunarDay, Yearly, Zone
from kernel.values import dataclass

HALF_LIFE = timedelta(days=14).total_seconds()
"""After so many seconds an interest counts half."""
SHAPE = 10
CENT = 0.005
"""Less than this is nothing: sums of yuan are no whole numbers."""
RISK_VALID = timedelta(days=365)
DISPLEASED = timedelta(days=14)
"""A displeased word is forgotten after so long, if no better one came before."""
_FEWEST_HOURS = 5
"""Fewer things done than this say nothing about her favourite hour."""


class Trait(NamedTuple):
    """Something she is, from when we know it, and who said so."""

    value: Any
    at: datetime
    source: str


class Seen(NamedTuple):
    """A material she had to do with."""

    material: str
    at: datetime
    weight: float
    kind: str


class Purchase(NamedTuple):
    """Something she bought."""

    at: datetime
    amount: float
    product: str
    category: str
    number: str = ""


class Agreed(NamedTuple):
    """Her last word on one purpose and kind of channel ("" is all), where she said so, and which
    version of the text she was shown."""

    purpose: str
    channel: str
    allowed: bool
    at: datetime
    source: str
    wording: str = ""


class Holding(NamedTuple):
    """A policy or product that she has."""

    number: str
    product: str
    category: str
    due: date | None
    matures: date | None
    since: datetime | None = None
    ended: bool = False
    """It matured or was given up, whatever its dates say."""

    def in_force(self, today: date) -> bool:
        return not self.ended and (self.matures is None or self.matures >= today)


@dataclass(slots=True)
class Profile:
    """What one customer's events tell. Moments inside are seconds since 1970, for the store."""

    events: int = 0
    last: tuple[float, str] = (0.0, "")
    """The (at, id) of the last event folded; older ones need a fold from the start."""
    began: float = 0.0
    active: float = 0.0
    """When she last did something herself."""
    traits: dict[str, list[Any]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    accounts: dict[str, list[float]] = field(default_factory=dict)
    tags: dict[str, list[float]] = field(default_factory=dict)
    materials: list[list[Any]] = field(default_factory=list)
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    purchases: list[list[Any]] = field(default_factory=list)
    """The last of them: when, amount, product, category, number, what was paid back of it, who
    told of it and of that, and the account of the shop that told of it, if one did."""
    owed: list[list[Any]] = field(default_factory=list)
    """What was paid back of orders that nobody has told of yet: amount, number, and who told
    of it, with the account if that is a shop's."""
    orders: list[list[Any]] = field(default_factory=list)
    """What happened to orders besides, the last of it: when, amount, kind, which part, number, who
    told of it, and the account of the shop that did, if one did."""
    month_ends: list[str] = field(default_factory=list)
    """Months such as ``2026-02`` in whose last three days she bought."""
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    spans: dict[str, list[float]] = field(default_factory=dict)
    """The first and the last time of each kind."""
    trail: list[list[Any]] = field(default_factory=list)
    nodes: dict[str, float] = field(default_factory=dict)
    """When she first reached each node of `strands.NODES`."""
    desire: list[float] = field(default_factory=lambda: [0, 0.0])
    """How far along `strands.DESIRES`, and since when; a purchase begins it anew."""
    buying: list[float] = field(default_factory=list)
    """Occasions, first, last, spend, gaps, Σ gap and Σ gap² in days; empty before the first."""
    consents: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    cases: dict[str, list[Any]] = field(default_factory=dict)
    displeased: float = 0.0
    added: float = 0.0
    removed: float = 0.0
    place: list[float] = field(default_factory=list)
    offered: dict[str, list[int]] = field(default_factory=dict)
    """On which days each content was recommended for her since she last acted on it."""
    shape: int = SHAPE
    """Which version of this fold made it; another one's is folded from the start."""

    @classmethod
    def unpack(cls, body: bytes) -> Profile:
        told = orjson.loads(body)
        told["last"] = (told["last"][0], told["last"][1])
        if told.setdefault("shape", 1) != SHAPE or not told.keys() <= _FIELDS:
            told = {name: value for name, value in told.items() if name in _FIELDS}
        return cls(**told)

    def pack(self) -> bytes:
        return orjson.dumps(self)

    def trait(self, name: str) -> Any:
        """The last value told, None if nobody told it."""
        kept = self.traits.get(name)
        return kept[0] if kept else None

    def told(self) -> dict[str, Trait]:
        """Every trait, with its moment and source."""
        return {
            name: Trait(value, _moment(at), source)
            for name, (value, at, source) in self.traits.items()
        }

    def agreed(self) -> list[Agreed]:
        """What she allows and what not, by purpose and channel."""
        return [
            Agreed(purpose, channel, allowed, _moment(at), proof, *more[1:])
            for purpose, words in sorted(self.consents.items())
            for channel, (allowed, at, proof, *more) in sorted(words.items())
        ]

    def count(self, kind: str, days: int, today: date) -> int:
        """How often within the last ``days`` days (at most 90), today included."""
        first, last = (today - timedelta(days=days - 1)).isoformat(), today.isoformat()
        return sum(n for day, n in self.days.get(kind, {}).items() if first <= day <= last)

    def affinity(self, now: datetime) -> dict[str, float]:
        """How much each tag interests her at this moment, the strongest first."""
        return dict(sorted(self.felt(now).items(), key=lambda item: (-item[1], item[0])))

    def felt(self, now: datetime) -> dict[str, float]:
        """The same in no order."""
        present, exp2 = now.timestamp(), math.exp2
        return {
            tag: value * exp2((since - present) / HALF_LIFE) if since < present else value
            for tag, (value, since) in self.tags.items()
        }

    def recent(self) -> list[Seen]:
        """The materials she had to do with, the latest first."""
        at = datetime.fromtimestamp
        return [Seen(m, at(when, UTC), weight, k) for m, when, weight, k in self.materials[::-1]]

    def kept(self) -> list[list[Any]]:
        """Her purchases without what was paid back whole."""
        return [each for each in self.purchases if not each[5] or paid(each) >= CENT]

    def occasions(self) -> list[float]:
        """When she bought, oldest first; what is bought within a day is one occasion."""
        times: list[float] = []
        for at, *_ in self.kept():
            if not times or at - times[-1] >= 86_400:
                times.append(at)
        return times

    def bought(self) -> list[Purchase]:
        """What she bought and kept, the latest first, less what was paid back of it."""
        return [
            Purchase(_moment(each[0]), paid(each), *each[2:5]) for each in reversed(self.kept())
        ]

    def holdings(self) -> list[Holding]:
        """What she has, by number."""
        return [
            Holding(
                number, kept.get("product", ""), kept.get("category", ""),
                _day(kept.get("due")), _day(kept.get("matures")),
                _moment(kept["since"]) if "since" in kept else None, bool(kept.get("ended")),
            )
            for number, kept in sorted(self.held.items())
        ]  # fmt: skip

    def last_seen(self) -> dict[str, datetime]:
        """When each account last told of her."""
        return {account: _moment(at) for account, (_, at) in self.accounts.items()}

    @property
    def favourite_hour(self) -> int | None:
        """The hour of the company's day at which she is most active, if that shows."""
        if sum(self.hours) < _FEWEST_HOURS:
            return None
        return max(range(24), key=lambda hour: (self.hours[hour], -hour))

    @property
    def active_at(self) -> datetime | None:
        return _moment(self.active) if self.active else None

    @property
    def name(self) -> str:
        return text(self.trait("name"))

    @property
    def phone(self) -> str:
        """As she told it; some front ends send it as a number."""
        told = self.trait("phone")
        return str(told) if type(told) in (int, str) else ""

    @property
    def birthday(self) -> tuple[Yearly, bool] | None:
        """Her birthday, and whether it is a day of the lunar year."""
        lunar = yes(self.trait("birthday_lunar"))
        told = self.trait("birthday")
        born = _day(told) or (_lunar_day(told) if lunar else None)
        return (born, lunar) if born else None

    @property
    def risk(self) -> str:
        """Her assessed risk level, C1 to C5, empty if she was not assessed."""
        return text(self.trait("risk_level"))

    def risk_until(self, today: date, zone: Zone) -> date | None:
        """The last day on which her risk level may be used; None if there is none by then.

        As told beside it, else a year after the company's day on which it was assessed.
        """
        if not self.risk:
            return None
        told = _day(self.trait("risk_valid_until"))
        until = told or zone.day(_moment(self.traits["risk_level"][1])) + RISK_VALID
        return until if until >= today else None

    def windows(self, today: date) -> dict[str, tuple[int, int, int]]:
        """Every kind of the last 90 days: how often within 7, 30 and 90 days."""
        told = {}
        for kind in sorted(self.days):
            seven, thirty, ninety = (self.count(kind, days, today) for days in (7, 30, 90))
            if ninety:
                told[kind] = (seven, thirty, ninety)
        return told

    def mood_hold(self, now: datetime) -> str:
        """Why marketing to her is held: a case that is open, or her last tone; empty if not."""
        if self.cases:
            return "open_case"
        calm = self.displeased + DISPLEASED.total_seconds()
        return "negative_mood" if self.displeased and now.timestamp() < calm else ""

    def same_as(self, other: Profile) -> bool:
        """Counts exactly, decayed values within 1e-9."""
        mine, theirs = asdict(self), asdict(other)
        my_tags, their_tags = mine.pop("tags"), theirs.pop("tags")
        return (
            mine == theirs
            and my_tags.keys() == their_tags.keys()
            and all(
                my_tags[tag][1] == their_tags[tag][1]
                and abs(my_tags[tag][0] - their_tags[tag][0]) < 1e-9
                for tag in my_tags
            )
        )


_FIELDS = frozenset(each.name for each in fields(Profile))


def paid(purchase: Sequence[Any]) -> float:
    """What she paid and did not get back."""
    told: float = purchase[1] - purchase[5]
    return told


def faded(seconds: float) -> float:
    """What is left of one after so many seconds."""
    return math.exp2(-seconds / HALF_LIFE)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _lunar_day(value: Any) -> LunarDay | None:
    try:
        return LunarDay.read(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _day(value: Any) -> date | None:
    """The day, if it is one of our time: systems write the year 1 or 9999 for none at all."""
    try:
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day and _FIRST_YEAR <= day.year <= _LAST_YEAR else None


_FIRST_YEAR, _LAST_YEAR = 1900, 2200
