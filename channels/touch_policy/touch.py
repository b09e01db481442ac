"""The words of a light touch (触达用语): a touch, who it is for, what was said before, a decision.

Plain values. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from channels.touch_policy.policy import Caps, Policy
from channels.touchpoints import Touchpoint, touchpoint_of
from data_hub.consents import MARKETING
from kernel.calendar import Zone
from kernel.errors import Conflict
from kernel.events import Handle
from kernel.values import dataclass

FAR = datetime.max.replace(tzinfo=UTC)


def rank(priority: int, expires: datetime | None) -> tuple[int, datetime]:
    """Smaller goes first: the higher priority, then what ends earlier."""
    return -priority, expires or FAR


class Verdict(StrEnum):
    """What is decided about one touch."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    DELAY = "delay"
    REFUSE = "refuse"
    STALE = "stale"
    """It could go later, but by then nobody wants it any more."""


class Advised(Conflict):
    """The policy advises a rep against it; she may say why she sends it anyway."""


class Kind(StrEnum):
    """What a touch counts as."""

    MARKETING = "marketing"
    SERVICE = "service"
    ANSWER = "answer"
    """A rep answers somebody who has just written or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One thing that somebody wants to say to one person."""

    key: str
    """What it is reserved under: the delivery's id."""
    handle: str
    account: str
    channel: str
    """The kind of the account."""
    purpose: str = MARKETING
    material: str = ""
    campaign: str = ""
    priority: int = 50
    """0 to 100: who gets the last place of a cap."""
    expires: datetime | None = None
    rep: str = ""
    """Set if a rep sends it herself."""
    override: str = ""
    """Why it is sent although the policy advises against it."""

    @property
    def group(self) -> bool:
        """Does it go to a group, where it disturbs little?"""
        return touchpoint_of(self.channel, self.handle) is Touchpoint.GROUP


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What a content is, as far as the policy minds."""

    promo: bool = False
    large: bool = False
    price_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who would be touched."""

    customer: str
    handles: tuple[str, ...]
    lifecycle: str = ""
    """``active``, ``silent``, ``sleeping``, ``churned``, or unknown."""
    vip: bool = False
    active: datetime | None = None
    """When she last wrote or read."""


class Known(NamedTuple):
    """A customer whom whoever asks has looked up already."""

    customer: str
    handles: Collection[Handle]
    active: datetime | None


class Past(NamedTuple):
    """Something that was said to her, or has its place reserved."""

    key: str
    day: date
    channel: str
    kind: str
    weight: float
    promo: bool = False
    material: str = ""
    held: bool = False
    """Reserved and not begun: a more important one may take its place."""
    priority: int = 50
    expires: datetime | None = None

    @property
    def rank(self) -> tuple[int, datetime]:
        return rank(self.priority, self.expires)


class Objection(NamedTuple):
    """Why a touch may not go now. ``until`` is when this reason ends; None is never."""

    rule: str
    reason: str
    until: datetime | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and everything that spoke against it."""

    verdict: Verdict
    kind: Kind
    weight: float
    against: tuple[Objection, ...] = ()
    next_at: datetime | None = None
    forced: bool = False
    """Somebody of ours sends it against the advice."""

    @property
    def passes(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def reason(self) -> str:
        return self.against[0].reason if self.against else ""

    @property
    def facts(self) -> dict[str, Any]:
        return self.against[0].facts if self.against else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that is known when the question is asked."""

    touch: Touch
    person: Person
    at: datetime
    zone: Zone
    policy: Policy
    nature: Nature = field(default_factory=Nature)
    mega_sale: bool = False
    """Its campaign is a big sale."""
    allowed: bool = True
    """Does she consent?"""
    held: tuple[str, datetime] | None = None
    """Why and until when her mood forbids marketing."""
    past: Sequence[Past] = ()
    platform: Caps = field(default_factory=Caps)

    today: date = field(init=False)
    """The company's day of that moment."""
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.zone.day(self.at))
        weight = self.policy.group_weight if self.touch.group else 1.0
        object.__setattr__(self, "weight", weight)
