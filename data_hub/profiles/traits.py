"""Traits (属性): what she is, as events set, add to and take away. Pure: no store, no clock.

The verbs are those of the wires: set, set once, add a number, join a list, unset.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Traits = dict[str, list[Any]]
"""By name: the value, since when we know it, and who said so."""

SET, ONCE, ADDED, JOINED, UNSET = (
    "traits", "traits_once", "traits_added", "traits_joined", "traits_unset",
)  # fmt: skip
_LARGEST = 2**63 - 1
_MOST_JOINED = 200
"""So many values one list keeps, the latest."""
_MOST = 500
"""So many traits one customer has; what a client makes up beyond them is not kept."""


def learn(traits: Traits, detail: Mapping[str, Any], at: float, source: str) -> None:
    """Take in what one event says. Events come in the order of their time."""
    for name, value in _object(detail.get(SET)).items():
        if value is not None and _room(traits, name):
            traits[name] = [value, at, source]
    for name, value in _object(detail.get(ONCE)).items():
        if value is not None and name not in traits and _room(traits, name):
            traits[name] = [value, at, source]
    for name, value in _object(detail.get(ADDED)).items():
        if _is_number(value) and _room(traits, name):
            before = traits[name][0] if name in traits else 0
            traits[name] = [_sum(before if _is_number(before) else 0, value), at, source]
    for name, value in _object(detail.get(JOINED)).items():
        if isinstance(value, list) and _room(traits, name):
            traits[name] = [_joined(traits.get(name, [[]])[0], value), at, source]
    _unset(traits, detail.get(UNSET))


def _room(traits: Traits, name: str) -> bool:
    return name in traits or len(traits) < _MOST


def _sum(before: float, more: float) -> float:
    """As far as it can be kept: whole numbers beyond 64 bits are no longer exact, and what is
    beyond all numbers adds nothing."""
    total = before + more
    kept = float(total) if abs(total) > _LARGEST else total
    return kept if math.isfinite(kept) else before


def _joined(before: Any, more: list[Any]) -> list[Any]:
    both = [*(before if isinstance(before, list) else []), *more]
    return list({repr(each): each for each in both}.values())[-_MOST_JOINED:]


def _unset(traits: Traits, names: Any) -> None:
    for name in names if isinstance(names, list) else ():
        if name == "*":
            traits.clear()
        elif isinstance(name, str):
            traits.pop(name, None)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
