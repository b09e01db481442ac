"""Sums (累加): what a slice of events adds to the counts. Pure: no store, no clock."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

import numpy as np
import orjson

from data_hub.catalogue import OWN_ACCOUNT, kind_of
from kernel.events import Event
from kernel.values import dataclass
from matching.counters.deals import Line
from matching.counters.fading import worth, worth_lately
from matching.trails import Path, Step, follow

_NOWHERE = Path([], [])


@dataclass(slots=True)
class Sums:
    """What one slice of events adds up to."""

    popular: dict[str, float] = field(default_factory=dict)
    lately: dict[str, float] = field(default_factory=dict)
    readers: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    clicked: dict[str, int] = field(default_factory=dict)
    scoped: dict[tuple[str, str], float] = field(default_factory=dict)
    near: dict[tuple[str, str], float] = field(default_factory=dict)
    sales: dict[str, list[Line]] = field(default_factory=dict)
    trails: dict[str, Path] = field(default_factory=dict)

    def take(
        self,
        event: Event,
        trails: Mapping[str, Path],
        sales: Mapping[str, Sequence[Line]] | None = None,
    ) -> None:
        """What we do ourselves is no interest of hers: only what was shown is counted of it."""
        if event.account == OWN_ACCOUNT:
            if event.kind == "recommended":
                for name in ("materials", "scripts"):
                    for material in event.detail.get(name, ()):
                        _add(self.shown, str(material), 1)
            return
        if event.handle is None or event.detail.get("bot"):
            return
        if traded(event):
            self._trade(event, sales or {})
        if event.material and _shows_interest(event.kind):
            self._walk(event, trails)

    def _trade(self, event: Event, sales: Mapping[str, Sequence[Line]]) -> None:
        """Another line of what she bought or gave back; `dealing` says what it comes to."""
        handle = str(event.handle)
        lines = self.sales[handle] if handle in self.sales else [*sales.get(handle, ())]
        insort(lines, Line.of(event))
        self.sales[handle] = lines

    def _walk(self, event: Event, trails: Mapping[str, Path]) -> None:
        handle = str(event.handle)
        path = self.trails.get(handle)
        if path is None:
            steps, met = trails.get(handle, _NOWHERE)
            path = Path([*steps], [*met])
        at = event.at.timestamp()
        turn = follow(path, Step(at, event.id, event.material, event.account, event.rep))
        if turn is None:
            return
        self.trails[handle] = path
        if turn.instead_of is None and event.kind == "opened_link" and event.rep:
            _add(self.clicked, event.material, 1)
        self._count(turn.began, 1)
        if turn.instead_of is not None:
            self._count(turn.instead_of, -1)
        for pair, near in turn.nearer.items():
            _add(self.near, pair, near)

    def _count(self, step: Step, sign: int) -> None:
        gain = sign * worth(step.at)
        _add(self.popular, step.material, gain)
        _add(self.lately, step.material, sign * worth_lately(step.at))
        _add(self.readers, step.material, sign)
        _add(self.scoped, (f"account:{step.account}", step.material), gain)
        if step.rep:
            _add(self.scoped, (f"rep:{step.rep}", step.material), gain)


def traded(event: Event) -> bool:
    """May it change how many deals a rep has closed?"""
    return event.kind == "refunded" or (event.kind == "bought" and bool(event.rep))


def _add(sums: dict[Any, Any], key: Any, by: float) -> None:
    sums[key] = sums.get(key, 0) + by


def _shows_interest(kind: str) -> bool:
    known = kind_of(kind)
    return bool(known.owner == "customer" and known.weight > 0)


class Rows(NamedTuple):
    """What a slice writes, ready before the lock is taken."""

    counts: list[dict[str, Any]]
    nearer: set[str]
    """Contents that fared as before, and to which others are nearer or less near."""
    scoped: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    trails: list[dict[str, Any]]


def rows_of(sums: Sums, upto: int) -> Rows:
    near = {material for pair in sums.near for material in pair}
    fared = {*sums.popular, *sums.shown, *sums.clicked}
    stale = near | sums.popular.keys()
    return Rows(
        counts=[
            {
                "material": material, "popular": sums.popular.get(material, 0.0),
                "lately": sums.lately.get(material, 0.0),
                "readers": sums.readers.get(material, 0), "shown": sums.shown.get(material, 0),
                "clicked": sums.clicked.get(material, 0), "moved": upto,
                "stale": material in stale,
            }
            for material in fared
        ],
        nearer=near - fared,
        scoped=[
            {"scope": scope, "material": material, "popular": gain}
            for (scope, material), gain in sums.scoped.items()
        ],
        pairs=[
            {"one": one, "two": two, "near": by} for (one, two), by in sorted(sums.near.items())
        ],
        trails=[
            {
                "handle": handle, "steps": orjson.dumps([tuple(step) for step in path.steps]),
                "met": np.array(path.met, np.uint64).tobytes(),
                "moved": path.steps[-1].at if path.steps else 0.0,
            }
            for handle, path in sums.trails.items()
        ],
    )  # fmt: skip
