"""Terms (口径): where a company draws its lines between stages, grades, VIPs and healthy groups.

Read from how settings spell them. Decides about nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, field
from datetime import timedelta
from typing import Any

import orjson

from data_hub.consents import PURPOSES
from data_hub.grades import Thresholds
from data_hub.lifecycle import Cycles
from kernel.values import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """What a company has set about stages, grades, consent and expected purchases."""

    cycles: Cycles = field(default_factory=Cycles)
    grades: Thresholds = field(default_factory=Thresholds)
    assumed: Collection[str] = PURPOSES
    """What counts as allowed while nobody has said anything."""
    ahead: timedelta = timedelta(days=7)
    """So long before somebody is likely to buy it is told (R162)."""

    @property
    def signature(self) -> str:
        """The same for the same terms, and another for others."""
        told = orjson.dumps(asdict(self), default=_plain, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(told).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Alarms:
    """From where on a report tells somebody to look (D)."""

    group_days: int = 7
    """Days of a group that are looked at."""
    group_ads: float = 0.5
    """A larger share of advertising in a group than this is told of."""
    response: float = 60.0
    """Seconds within which 95 of 100 triggers should be a task that the rep sees."""


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset | set) else str(value)


def cycles(stages: str, holding: str) -> Cycles:
    """From ``usual=30/60/120,snack=7/14/30+rhythm`` and the categories that hold."""
    by_category: dict[str, tuple[int, int, int]] = {}
    by_rhythm: set[str] = set()
    for each in filter(None, _plain_text(stages).split(",")):
        name, _, limits = each.partition("=")
        category = "" if name == USUAL else name
        limits, _, rhythm = limits.partition("+")
        silent, sleeping, churned = map(int, limits.split("/"))
        by_category[category] = silent, sleeping, churned
        if rhythm:
            by_rhythm.add(category)
    return Cycles(
        by_category.pop("", Cycles().usual), by_category, frozenset(by_rhythm),
        frozenset(filter(None, _plain_text(holding).split(","))),
    )  # fmt: skip


USUAL = "usual"
"""What the cycle of every category is called that has none of its own."""


def thresholds(spelled: str) -> Thresholds:
    """From ``at_once=24,talks=6,silent=7``: hours, messages, days."""
    usual, told = Thresholds(), named(spelled)
    return Thresholds(
        timedelta(hours=told["at_once"]) if "at_once" in told else usual.at_once,
        told.get("talks", usual.talks),
        timedelta(days=told["silent"]) if "silent" in told else usual.silent,
    )


def named(spelled: str) -> dict[str, int]:
    """From ``days=365,enter=20``: numbers by their names."""
    parts = (each.partition("=") for each in _plain_text(spelled).split(",") if each)
    return {name: int(number) for name, _, number in parts}


def _plain_text(spelled: str) -> str:
    return spelled.replace(" ", "")
