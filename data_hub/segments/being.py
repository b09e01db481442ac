"""Conditions about what she is (状态条件): traits, tags, stage, grade, consent, place, holdings."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import time, timedelta
from typing import Any, ClassVar

from data_hub.grades import Grade
from data_hub.lifecycle import Node, Stage
from data_hub.profiles.profile import DISPLEASED, HALF_LIFE
from data_hub.profiles.strands import DESIRES
from data_hub.segments.behaviour import quoted
from data_hub.segments.subject import NEVER, Subject
from data_hub.segments.tree import OPS, Leaf, plain
from kernel.calendar import birthday_near
from kernel.errors import Invalid
from kernel.values import dataclass

_DAY = 86_400.0
TRAIT_OPS = (*OPS, "in", "contains", "exists")


@dataclass(frozen=True, slots=True)
class TraitIs(Leaf):
    """Something she is, as it was last told."""

    word: ClassVar[str] = "trait"
    name: str
    op: str = "exists"
    value: Any = None

    def check(self) -> None:
        fits = self.op in TRAIT_OPS and isinstance(self.name, str) and self.name
        if not fits or (self.op == "in") != isinstance(self.value, tuple):
            raise Invalid("rule", "rule_is_odd", what=f"trait {self.name} {self.op}")

    def holds(self, s: Subject) -> bool:
        kept = s.profile.traits.get(self.name)
        if kept is None:
            return False
        return _compared(kept[0], self.op, self.value)

    def text(self) -> str:
        plain = self.name.isascii() and self.name.isidentifier()  # 或 alone would be read as or
        name = self.name if plain else quoted(self.name)
        if self.op == "exists":
            return f"trait {name} exists"
        if isinstance(self.value, tuple):
            return f"trait {name} in ({', '.join(map(_written, self.value))})"
        return f"trait {name} {self.op} {_written(self.value)}"

    def facts(self, s: Subject) -> dict[str, Any]:
        kept = s.profile.traits.get(self.name)
        return {"name": self.name, "value": "" if kept is None else str(kept[0])[:60]}

    def source(self) -> str:
        if self.op != "=" or not isinstance(self.value, str) or _number(self.value) is not None:
            return ""
        return f"p.traits.get({self.name!r}, _none)[0] == {self.value!r}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, int | float) else quoted(str(value))


def _compared(told: Any, op: str, value: Any) -> bool:
    match op:
        case "exists":
            return True
        case "=":
            return _alike(told, value)
        case "!=":
            return not _alike(told, value)
        case "in":
            return any(_alike(told, each) for each in value)
        case "contains":
            return _contains(told, value)
    one, other = _number(told), _number(value)
    if one is not None and other is not None:
        return OPS[op](one, other)
    return isinstance(told, str) and isinstance(value, str) and OPS[op](told, value)


def _alike(told: Any, value: Any) -> bool:
    """One front end tells 42 where another tells "42"; of two texts every letter counts."""
    if told == value:
        return True
    if isinstance(told, str) == isinstance(value, str):
        return False
    number = _number(told)
    return number is not None and number == _number(value)


def _contains(told: Any, value: Any) -> bool:
    if isinstance(told, list):
        return any(_alike(each, value) for each in told)
    return isinstance(told, str) and (value if isinstance(value, str) else _written(value)) in told


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Leans(Leaf):
    """How much a tag, with all under it, interests her now. A fortnight later it is half."""

    word: ClassVar[str] = "tag"
    tag: str
    weight: float = 1.0

    def check(self) -> None:
        if not self.tag or not isinstance(self.weight, int | float) or self.weight <= 0:
            raise Invalid("rule", "rule_is_odd", what=f"tag {self.tag} {self.weight}")

    def value(self, s: Subject) -> float:
        tags, total = s.profile.tags, 0.0
        for tag in s.under.get(self.tag, frozenset((self.tag,))):
            if kept := tags.get(tag):
                total += kept[0] * math.exp2(-max(s.present - kept[1], 0.0) / HALF_LIFE)
        return total

    def holds(self, s: Subject) -> bool:
        return bool(s.profile.tags) and self.value(s) >= self.weight

    def until(self, s: Subject) -> float:
        value = self.value(s)
        if value < self.weight:
            return NEVER
        return s.present + HALF_LIFE * math.log2(value / self.weight) + 1.0

    def text(self) -> str:
        return f"tag {quoted(self.tag)} >= {plain(self.weight)}"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"tag": self.tag, "n": round(self.value(s), 1)}


@dataclass(frozen=True, slots=True)
class Stands(Leaf):
    """Her stage, node, grade, desire or risk level is one of these."""

    word: ClassVar[str] = "stands"
    what: str
    among: tuple[str, ...]

    def check(self) -> None:
        choices = CHOICES.get(self.what)
        if choices is None or not self.among or not set(self.among) <= set(choices):
            raise Invalid("rule", "not_a_choice", choices=[*(choices or CHOICES)])

    def now(self, s: Subject) -> str:
        if self.what == "risk":
            return s.profile.risk if s.profile.risk_until(s.today, s.zone) else ""
        return str(getattr(s, self.what))

    def holds(self, s: Subject) -> bool:
        return self.now(s) in self.among

    def until(self, s: Subject) -> float:
        if self.what == "stage":
            return s.standing.until
        if self.what == "risk" and (last := s.profile.risk_until(s.today, s.zone)):
            return s.zone.at(last + timedelta(days=1), time()).timestamp()
        return NEVER

    def text(self) -> str:
        if len(self.among) == 1:
            return f"{self.what} = {self.among[0]}"
        return f"{self.what} in ({', '.join(self.among)})"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"what": self.what, "value": self.now(s) or "–"}

    def source(self) -> str:
        return "" if self.what == "risk" else f"s.{self.what} in {self.among!r}"


CHOICES: dict[str, Collection[str]] = {
    "stage": [each.value for each in Stage],
    "node": [each.value for each in Node],
    "grade": [each.value for each in Grade],
    "desire": DESIRES[1:],
    "risk": ("C1", "C2", "C3", "C4", "C5"),
}


@dataclass(frozen=True, slots=True)
class Vip(Leaf):
    """She is among the customers who bring most."""

    word: ClassVar[str] = "vip"

    def holds(self, s: Subject) -> bool:
        return s.vip

    def text(self) -> str:
        return "vip"

    def source(self) -> str:
        return "s.vip"


@dataclass(frozen=True, slots=True)
class Held(Leaf):
    """Marketing to her is held: an open case, or a displeased word."""

    word: ClassVar[str] = "held"

    def holds(self, s: Subject) -> bool:
        return bool(s.profile.mood_hold(s.now))

    def until(self, s: Subject) -> float:
        at = s.profile.displeased + DISPLEASED.total_seconds()
        return at if s.profile.displeased and at > s.present else NEVER

    def text(self) -> str:
        return "held"


@dataclass(frozen=True, slots=True)
class Allows(Leaf):
    """She may be written to for this purpose there."""

    word: ClassVar[str] = "consent"
    purpose: str = "marketing"
    channel: str = ""

    def holds(self, s: Subject) -> bool:
        said = s.profile.consents.get(self.purpose, {})
        last = max(
            ((at, not allowed) for name, (allowed, at, *_) in said.items()
             if name in {"", self.channel}),
            default=None,
        )  # fmt: skip
        return self.purpose in s.assumed if last is None else not last[1]

    def text(self) -> str:
        on = f" on {quoted(self.channel)}" if self.channel else ""
        return f"consent {quoted(self.purpose)}{on}"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"purpose": self.purpose, "channel": self.channel}


@dataclass(frozen=True, slots=True)
class Holds(Leaf):
    """She holds a policy or product in force, of this product or category, due within days."""

    word: ClassVar[str] = "holds"
    of: str = ""
    due: int = 0
    """Only what is due or matures within so many days; 0 is any."""

    def check(self) -> None:
        if not isinstance(self.due, int) or not 0 <= self.due <= 3_650:
            raise Invalid("rule", "rule_window", most=3_650)

    def held(self, s: Subject) -> list[Any]:
        last = s.today + timedelta(days=self.due)
        return [
            each for each in s.profile.holdings()
            if each.in_force(s.today) and (not self.of or self.of in (each.product, each.category))
            and (not self.due or any(
                day is not None and s.today <= day <= last for day in (each.due, each.matures)
            ))
        ]  # fmt: skip

    def holds(self, s: Subject) -> bool:
        return bool(s.profile.held) and bool(self.held(s))

    def until(self, s: Subject) -> float:
        return (
            s.zone.at(s.today + timedelta(days=1), time()).timestamp() if s.profile.held else NEVER
        )

    def text(self) -> str:
        of = f" {quoted(self.of)}" if self.of else ""
        return f"holds{of}" + (f" due in {self.due}d" if self.due else "")

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"n": len(self.held(s)), "of": self.of, "days": self.due}


@dataclass(frozen=True, slots=True)
class Birthday(Leaf):
    """Her birthday is today or within so many days."""

    word: ClassVar[str] = "birthday"
    days: int = 7

    def check(self) -> None:
        if not isinstance(self.days, int) or not 0 <= self.days <= 60:
            raise Invalid("rule", "rule_window", most=60)

    def holds(self, s: Subject) -> bool:
        born = s.profile.birthday
        if born is None:
            return False
        day, lunar = born
        return birthday_near(s.today, day, before=self.days, after=0, lunar=lunar) is not None

    def until(self, s: Subject) -> float:
        if s.profile.birthday is None:
            return NEVER
        return s.zone.at(s.today + timedelta(days=1), time()).timestamp()

    def text(self) -> str:
        return f"birthday in {self.days}d"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"days": self.days}


@dataclass(frozen=True, slots=True)
class Buys(Leaf):
    """How likely she is to buy within so many weeks. Nobody is, while there are too few data."""

    word: ClassVar[str] = "buys"
    weeks: int
    op: str = ">="
    chance: float = 0.5

    def check(self) -> None:
        if self.op not in OPS or not 0 < self.weeks <= 52 or not 0 <= self.chance <= 1:
            raise Invalid("rule", "rule_is_odd", what=f"buys in {self.weeks}w")

    def value(self, s: Subject) -> float | None:
        return s.model.chance(s.profile.buying, s.present, self.weeks) if s.model else None

    def holds(self, s: Subject) -> bool:
        value = self.value(s) if s.profile.buying else None
        return value is not None and OPS[self.op](value, self.chance)

    def until(self, s: Subject) -> float:
        return s.present + _DAY if s.profile.buying and s.model else NEVER

    def text(self) -> str:
        return f"buys in {self.weeks}w {self.op} {plain(self.chance)}"

    def facts(self, s: Subject) -> dict[str, Any]:
        value = self.value(s) if s.profile.buying else None
        return {"n": "–" if value is None else f"{value:.0%}", "weeks": self.weeks}


@dataclass(frozen=True, slots=True)
class In(Leaf):
    """She is in another segment or on a static list."""

    word: ClassVar[str] = "in"
    segment: str

    def holds(self, s: Subject) -> bool:
        """On a list. Of segments with a rule the book knows more than this leaf."""
        return self.segment in s.lists

    def text(self) -> str:
        return f"in {quoted(self.segment)}"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"segment": self.segment}
