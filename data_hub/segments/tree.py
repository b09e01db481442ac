"""The tree of a rule (规则树): and, or, not, and what every leaf can do. Knows no leaf by name."""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from data_hub.profiles.folding import KEPT_DAYS
from data_hub.segments.subject import NEVER, Subject
from kernel.errors import Invalid
from kernel.values import dataclass

OPS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_DEEPEST = 12
_MOST_LEAVES = 200


class Asked(NamedTuple):
    """Acts of some kinds, one by one."""

    kinds: frozenset[str]
    days: int
    """No longer ago than this; 0 is ever."""

    def many(self, s: Subject) -> int:
        """How many of hers there are, about."""
        days = self.days if self.days <= KEPT_DAYS else 0
        return sum(s.count(kind, days) for kind in self.kinds)


def together(asked: Collection[Asked]) -> Asked:
    """All that any of these asks for."""
    kinds = frozenset(kind for each in asked for kind in each.kinds)
    days = [each.days for each in asked]
    return Asked(kinds, max(days, default=0) if all(days) else 0)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition."""

    word: ClassVar[str] = ""
    """What it is called in JSON."""

    @abstractmethod
    def holds(self, s: Subject) -> bool:
        """Is it true of her now?"""

    def until(self, s: Subject) -> float:
        """Seconds since 1970 from which on time alone may change the answer. Never too late."""
        return NEVER

    @property
    def one_by_one(self) -> Asked | None:
        """What she did that it asks for one by one, of which profiles keep the last only."""
        return None

    def beyond(self, s: Subject) -> bool:
        """Of what she did one by one, does the answer lie further back than her profile keeps?"""
        return False

    @abstractmethod
    def text(self) -> str:
        """As people write it."""

    def facts(self, s: Subject) -> dict[str, Any]:
        """What there is to say about her, for the sentence ``rule_<word>``."""
        return {}

    def source(self) -> str:
        """The condition as a Python expression over ``s`` and ``p``; empty: call `holds`."""
        return ""

    def check(self) -> None:
        """Raises `Invalid` for values that make no sense."""

    def told(self) -> dict[str, Any]:
        return {"is": self.word} | {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them; none at all is everybody."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whoever it is not true of."""

    part: Rule


Rule = AllOf | AnyOf | Not | Leaf


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Every condition in it, left to right."""
    match rule:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield rule


def changed(rule: Rule, change: Callable[[Leaf], Leaf]) -> Rule:
    """The same rule over other conditions."""
    match rule:
        case AllOf(parts):
            return AllOf(tuple(changed(part, change) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(changed(part, change) for part in parts))
        case Not(part):
            return Not(changed(part, change))
        case _:
            return change(rule)


def plain(number: float) -> str:
    """A number as rules write it, in digits alone: reading it gives the same."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def holds(rule: Rule, s: Subject, leaf: Callable[[Leaf, Subject], bool] | None = None) -> bool:
    """Is it true of her? The plain way, which the compiled one must agree with."""
    match rule:
        case AllOf(parts):
            return all(holds(part, s, leaf) for part in parts)
        case AnyOf(parts):
            return any(holds(part, s, leaf) for part in parts)
        case Not(part):
            return not holds(part, s, leaf)
        case _:
            return leaf(rule, s) if leaf else rule.holds(s)


def text(rule: Rule, outer: str = "") -> str:
    """The rule as people write it; reading it gives the same rule."""
    match rule:
        case AllOf(()):
            return "everyone"
        case AllOf(parts) | AnyOf(parts) if len(parts) == 1:
            return text(parts[0], outer)
        case AllOf(parts):
            told = " and ".join(text(part, "and") for part in parts)
            return f"({told})" if outer in {"not", "and"} else told
        case AnyOf(()):
            return "not everyone"
        case AnyOf(parts):
            told = " or ".join(text(part, "or") for part in parts)
            return f"({told})" if outer else told
        case Not(part):
            return f"not {text(part, 'not')}"
        case _:
            return rule.text()


def told(rule: Rule) -> dict[str, Any]:
    """The rule as JSON."""
    match rule:
        case AllOf(parts):
            return {"all": [told(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [told(part) for part in parts]}
        case Not(part):
            return {"not": told(part)}
        case _:
            return rule.told()


def read(said: Any, kinds: Mapping[str, type[Leaf]], depth: int = 0) -> Rule:
    """The rule that JSON tells. Raises `Invalid` naming what is wrong."""
    if not isinstance(said, dict) or depth > _DEEPEST:
        raise Invalid("rule", "rule_is_odd", what=str(said)[:60])
    if "all" in said or "any" in said:
        join: type[AllOf | AnyOf] = AllOf if "all" in said else AnyOf
        parts = said["all"] if "all" in said else said["any"]
        if not isinstance(parts, list):
            raise Invalid("rule", "rule_is_odd", what=str(said)[:60])
        return join(tuple(read(part, kinds, depth + 1) for part in parts))
    if "not" in said:
        return Not(read(said["not"], kinds, depth + 1))
    kind = kinds.get(str(said.get("is")))
    if kind is None:
        raise Invalid("rule", "rule_is_odd", what=str(said)[:60])
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in said.items() if name != "is"
    }  # fmt: skip
    try:
        leaf = kind(**values)
        if not _sound(leaf):
            raise TypeError
        leaf.check()
    except (TypeError, ValueError, AttributeError) as wrong:
        raise Invalid("rule", "rule_is_odd", what=str(said)[:60]) from wrong
    return leaf


def _sound(leaf: Leaf) -> bool:
    """Is each of its values of the sort that it says? JSON may hold anything."""
    return all(_SORTS[str(each.type)](getattr(leaf, each.name)) for each in fields(leaf))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _value(value: Any) -> bool:
    return _text(value) or _number(value) or isinstance(value, bool)


_SORTS: Mapping[str, Callable[[Any], bool]] = {
    "str": _text, "int": lambda value: type(value) is int, "float": _number,
    "tuple[str, ...]": lambda value: isinstance(value, tuple) and all(map(_text, value)),
    "Any": lambda value: value is None or all(
        map(_value, value if isinstance(value, tuple) else (value,))
    ),
}  # fmt: skip


def fits(rule: Rule) -> Rule:
    """The rule, if it is neither too deep nor too long. Raises `Invalid`."""
    if sum(1 for _ in leaves(rule)) > _MOST_LEAVES or _depth(rule) > _DEEPEST:
        raise Invalid("rule", "rule_too_large", most=_MOST_LEAVES, deep=_DEEPEST)
    return rule


def _depth(rule: Rule) -> int:
    match rule:
        case AllOf(parts) | AnyOf(parts):
            return 1 + max((_depth(part) for part in parts), default=0)
        case Not(part):
            return 1 + _depth(part)
        case _:
            return 1
