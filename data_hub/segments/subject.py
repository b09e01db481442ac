"""The subject (被判定的客户): all that a rule may ask about a customer at one moment. No store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from data_hub.consents import PURPOSES
from data_hub.lifecycle import Standing
from data_hub.profiles import Profile
from data_hub.profiles.folding import Lived
from kernel.calendar import Zone
from kernel.values import dataclass

NEVER = float("inf")


class Deed(NamedTuple):
    """What a rule counts."""

    kind: str
    days: int
    """The window, today included; 0 is ever."""
    of: str = ""
    """Only about this material."""
    on: str = ""
    """Only as this channel account told of it."""


class Counted(NamedTuple):
    """How often somebody did it, and when for the first time of these."""

    times: int = 0
    oldest: float = NEVER

    def more(self, times: int, oldest: float) -> Counted:
        return Counted(self.times + times, min(self.oldest, oldest))


class Expected(Protocol):
    """A likely moment, and the stretch around it, in seconds since 1970."""

    @property
    def likely(self) -> float: ...
    @property
    def earliest(self) -> float: ...
    @property
    def latest(self) -> float: ...


class Chances(Protocol):
    """Predicts purchases; `data_hub.prediction` does."""

    def chance(self, buying: Sequence[float], present: float, weeks: float) -> float | None:
        """How likely she buys within so many weeks; None where too little is known."""
        ...

    def window(self, buying: Sequence[float], present: float) -> Expected | None:
        """When she is likely to buy next; None where that cannot be said."""
        ...


@dataclass(slots=True, kw_only=True)
class Subject:
    """One customer, now."""

    customer: str
    profile: Profile
    now: datetime
    zone: Zone
    standing: Standing
    grade: str = ""
    reason: str = ""
    """Why she has that grade, as a key of `kernel.wording`."""
    grade_until: float = NEVER
    vip: bool = False
    lists: frozenset[str] = frozenset()
    """The static lists she stands on, by segment id."""
    under: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tags by how a rule names them: that tag and all under it."""
    past: Mapping[Deed, Counted] = field(default_factory=dict)
    """What the history says of her that her profile does not; what it does not name she never
    did."""
    model: Chances | None = None
    """What next purchases are predicted with, if there are data enough."""
    assumed: Collection[str] = PURPOSES
    """What she counts as allowing while she has said nothing."""
    present: float = 0.0
    today: date = date.min
    stage: str = ""
    """As a text, "" for who never bought: what rules compare with."""
    node: str = ""
    desire: str = ""
    firsts: dict[int, str] = field(default_factory=dict)
    trail: list[list[Any]] = field(default_factory=list)
    """Her acts, the contents she had to do with and her purchases: the last of them, as her profile
    keeps them, or all where a rule needs more."""
    materials: list[list[Any]] = field(default_factory=list)
    purchases: list[list[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.learn(self.profile)
        self.present = self.now.timestamp()
        self.today = self.zone.day(self.now)
        self.stage = self.standing.stage.value if self.standing.stage else ""
        self.node = self.standing.node.value
        self.desire = self.standing.desire

    def learn(self, told: Profile | Lived) -> None:
        """Know this of what she did one by one."""
        self.trail, self.materials, self.purchases = told.trail, told.materials, told.purchases

    def first_day(self, days: int) -> str:
        """The first day of a window of so many days that ends today."""
        if days not in self.firsts:
            self.firsts[days] = _before(self.today, days)
        return self.firsts[days]

    def count(self, kind: str, days: int) -> int:
        """How often she did it within the window; 0 days is ever."""
        if not days:
            return self.profile.kinds.get(kind, 0)
        kept = self.profile.days.get(kind)
        if not kept:
            return 0
        first = self.first_day(days)
        return sum([n for day, n in kept.items() if day >= first])

    def leaves(self, deed: Deed) -> float:
        """When the oldest of what the history counts now will no longer."""
        oldest = self.past.get(deed, Counted()).oldest
        if not deed.days or oldest == NEVER:
            return NEVER
        day = self.zone.day(datetime.fromtimestamp(oldest, UTC))
        return leaves(day.isoformat(), deed.days, self.zone)

    def falls_out(self, kind: str, days: int) -> float:
        """When the oldest day that counts now will no longer."""
        kept = self.profile.days.get(kind)
        if not kept:
            return NEVER
        first = self.first_day(days)
        counted = [day for day in kept if day >= first]
        return leaves(min(counted), days, self.zone) if counted else NEVER


@lru_cache(maxsize=4096)
def leaves(day: str, days: int, zone: Zone) -> float:
    """The moment at which a day leaves a window of so many days."""
    return zone.at(date.fromisoformat(day) + timedelta(days=days), time()).timestamp()


@lru_cache(maxsize=256)
def _before(today: date, days: int) -> str:
    return (today - timedelta(days=days - 1)).isoformat()
