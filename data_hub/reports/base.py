"""What a report is (报表结构): columns, rows, a chart's bars, alerts, and as of when.

Every report is told the same way, so that a page, a CSV and GraphQL need to know only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from kernel.errors import Invalid
from kernel.events import Ecosystem
from kernel.values import dataclass

Cell = str | int | float | None
NOWHERE = "none"
WORLDS = (*(each.value for each in Ecosystem), NOWHERE)
"""What figures may be split by; all of them make up the whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its word is ``report_<name>``; ``kind`` says how its numbers are written."""

    name: str
    kind: str = "count"
    """``text``, ``count``, ``share``, ``money``, ``ratio``, ``days`` or ``seconds``."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something in it that somebody should look at: a key of `kernel.wording` and its values."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One report, ready to be shown."""

    code: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    as_of: datetime
    bars: tuple[tuple[str, float], ...] = ()
    """What the chart shows: a name and a number each."""
    totals: tuple[Cell, ...] = ()
    """The sum of the rows, where sums mean something; told beside them and reconciling."""
    alerts: tuple[Alert, ...] = ()
    whole: bool = True
    """False: it tells of a fair sample of the customers."""


@dataclass(frozen=True, slots=True)
class End:
    """One channel account, as far as a report needs it."""

    id: str
    name: str
    ecosystem: str
    owned: bool = False
    """Whoever is reachable there is reachable again, at no price of the platform's."""
    reach_cost: float = 0.0
    """What reaching one customer once costs."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The accounts that a report is asked of: all, or those of one ecosystem (R7)."""

    every: Sequence[End]
    world: str | None = None
    """One of the four; empty for what none of them told: our own acts and imports."""

    def __iter__(self) -> Iterator[End]:
        return (end for end in self.every if self.world in {None, end.ecosystem})

    def told(self, account: str) -> bool:
        """Is what this account told of asked for?"""
        if self.world is None:
            return True
        found = (end.ecosystem for end in self.every if end.id == account)
        return next(found, "") == self.world


def world_of(asked: str) -> str | None:
    """Which part is asked for: empty for what is in none of the four, None for the whole. Raises
    `Invalid`."""
    if not asked:
        return None
    if asked not in WORLDS:
        raise Invalid("ecosystem", "not_a_choice", choices=[*WORLDS])
    return "" if asked == NOWHERE else asked


def share(part: float, whole: float) -> float | None:
    """None where there is nothing to share."""
    return part / whole if whole else None
