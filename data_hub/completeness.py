"""Completeness (完整度): which kinds are heard, what they lack how often, which figures use them.

Counted over the latest arrivals, however few there are, so that a front end that forgot something
shows the same day. Refuses nothing: an incomplete event is still an event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data_hub.catalogue import KINDS, OWN_ACCOUNT, EventKind, kind_of
from data_hub.details import AMOUNTS, details, order
from data_hub.measures.kpis import KPIS
from kernel.clock import Clock
from kernel.events import Event
from kernel.values import dataclass
from stores.history import History

LOOKED_AT = 5_000
"""How many of the latest arrivals are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One kind of the catalogue, and what was heard of it lately."""

    kind: EventKind
    count: int
    lacking: Mapping[str, int]
    """Of these, how many lacked each thing that they should carry."""
    figures: Sequence[str]
    """The codes of the figures that are counted from it."""

    def rate(self, name: str) -> float | None:
        """The share without it; None while nothing was heard."""
        return self.lacking.get(name, 0) / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole catalogue as it is used."""

    kinds: Sequence[Heard]
    strangers: Sequence[tuple[str, int]]
    """Names that front ends made up and nobody gave a meaning yet, the most frequent first."""
    looked_at: int
    as_of: datetime


def catalogue(history: History, clock: Clock) -> Catalogue:
    """Every kind, with what the latest arrivals show of it."""
    arrived = [event for _, event in history.after(max(history.newest() - LOOKED_AT, 0), LOOKED_AT)]
    counted = Counter(event.kind for event in arrived)
    lacking: dict[str, Counter[str]] = {}
    for event in arrived:
        for name in lacks(event):
            lacking.setdefault(event.kind, Counter())[name] += 1
    kinds = [
        Heard(
            kind=kind, count=counted[name], lacking=lacking.get(name, {}), figures=figures_of(name)
        )
        for name, kind in KINDS.items()
    ]
    made_up = Counter(event.kind for event in arrived if event.account != OWN_ACCOUNT)
    strange = [(name, count) for name, count in made_up.most_common() if name not in KINDS]
    return Catalogue(kinds, strange[:100], len(arrived), clock())


def figures_of(kind: str) -> list[str]:
    """The figures that are counted from this kind."""
    return [code for code, kpi in KPIS.items() if kind in kpi.kinds]


def lacks(event: Event) -> list[str]:
    """What it should carry and does not. A price of nothing is told, and so is a place at 0°."""
    required = kind_of(event.kind).required
    if not required:
        return []
    told = details(event)
    bought = order(told)
    known = {
        "material": event.material,
        "amount": next((told[name] for name in AMOUNTS if _is_told(told.get(name))), None),
        "product": bought.product or told.get("product_id"),
    }
    return [
        name for name in required if not (_is_told(known.get(name)) or _is_told(told.get(name)))
    ]


def _is_told(value: Any) -> bool:
    return value is not None and value not in ("", [], {})
