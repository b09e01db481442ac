"""Funnels (漏斗): how far people come along some steps within a window, as ClickHouse defines it.

`windowFunnel`: the longest chain of the steps in their order, each not later than the window after
the chain's first; other events in between do no harm. Pure; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kernel.events import Event


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step, and who came at least so far."""

    kind: str
    reached: int
    rate: float | None
    """Of who reached the step before; None for the first and after nobody."""


def level(events: Sequence[tuple[float, str]], steps: Sequence[str], window: float) -> int:
    """How many steps one person came along. ``events`` are (seconds, kind), in any order.

    Steps at the very same moment count in the order of the steps, as ClickHouse's do.
    """
    begun: list[float | None] = [None] * len(steps)
    places: dict[str, list[int]] = {}
    for place, kind in enumerate(steps):
        places.setdefault(kind, []).append(place)
    told = [(at, min(places[kind]), kind) for at, kind in events if kind in places]
    for at, _, kind in sorted(told):
        for place in reversed(places[kind]):
            if place == 0:
                begun[0] = at
                continue
            first = begun[place - 1]
            if first is not None and at <= first + window:
                begun[place] = first
    return max((place + 1 for place, at in enumerate(begun) if at is not None), default=0)


def funnel(
    events: Iterable[Event],
    steps: Sequence[str],
    window: timedelta,
    whose: Mapping[str, str],
) -> list[FunnelStep]:
    """The funnel of everybody; ``whose`` names the customer behind each handle."""
    hers: dict[str, list[tuple[float, str]]] = {}
    for event in events:
        if event.handle is not None:
            her = whose.get(str(event.handle), str(event.handle))
            hers.setdefault(her, []).append((event.at.timestamp(), event.kind))
    levels = [level(each, steps, window.total_seconds()) for each in hers.values()]
    told: list[FunnelStep] = []
    before: int | None = None
    for place, kind in enumerate(steps, 1):
        reached = sum(each >= place for each in levels)
        told.append(FunnelStep(kind, reached, reached / before if before else None))
        before = reached
    return told
