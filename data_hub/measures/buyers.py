"""Buyers (复购与价值): by the month of the first purchase, and whether the business fits drip care.

Read off the standings; what a cohort cost is told by whoever knows what was paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from data_hub.profiles import Profiles
from data_hub.standings import StandingRow
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Records

HABIT = 5
"""The purchase at which a habit sticks."""
FIT_RATE, FIT_GAP, FIT_BUYERS = 0.3, 120, 30
"""Drip care pays where so many buy again, that often (D), and enough bought to say so."""
_LOOKED_AT = 5_000
_AT_A_TIME = 1_000
Among = Callable[[str], bool] | None
"""Is a customer one of those whom figures are about? None: everybody is."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who first bought in one month."""

    month: str
    buyers: int
    repurchase: float
    """The share who bought on another day again."""
    value: float
    """What each has spent so far, on average: the lifetime value as far as it has gone."""
    worth: float
    """What all of them have spent."""
    per_deal: float | None = None
    """What was paid for advertising in that month, for each of them; None: nothing was noted."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Does the category fit care for each customer (R163)?"""

    buyers: int
    repurchase: float
    gap: float | None
    """Median days between purchases of who buys again."""
    per_fan: float
    """Spend over everybody we know."""
    per_rep: float | None
    """Spend over all reps; None without any."""
    fits: bool | None
    """None while too few have bought."""


@dataclass(frozen=True, slots=True)
class Buyers:
    """Everybody who bought, as of one moment."""

    cohorts: Sequence[Cohort]
    fit: Fit
    nth: Mapping[int, float]
    """Median days from the first purchase to the nth, as far as anybody came."""
    looked_at: int
    """Of how many buyers' purchases that was worked out: the latest."""
    as_of: datetime


def buyers(
    people: Records,
    profiles: Profiles,
    clock: Clock,
    zone: Zone,
    *,
    paid: Mapping[str, float] = MappingProxyType({}),
    reps: int = 0,
    among: Among = None,
) -> Buyers:
    """Work it out, from one snapshot. ``paid``: for advertising, rebates off, by month; ``among``
    says whom it is about, if not everybody."""
    wanted = select(
        StandingRow.customer, StandingRow.occasions, StandingRow.first_bought,
        StandingRow.last_bought, StandingRow.spent, StandingRow.gaps, StandingRow.gap_sum,
    )  # fmt: skip
    known, rows = 0, []
    with people.read() as session:
        everybody = session.execute(wanted, execution_options={"yield_per": _AT_A_TIME})
        for row in everybody:
            if among is None or among(row.customer):
                known += 1
                rows += [row] if row.occasions else []
    by_month: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        month = f"{zone.local(datetime.fromtimestamp(row.first_bought, UTC)):%Y-%m}"
        by_month.setdefault(month, []).append((row.occasions, row.spent))
    cohorts = [
        _cohort(month, told, paid.get(month))
        for month, told in sorted(by_month.items(), reverse=True)
    ]
    latest = sorted(rows, key=lambda row: row.last_bought, reverse=True)[:_LOOKED_AT]
    nth = _nth(profiles, [row.customer for row in latest])
    gaps = [row.gap_sum / row.gaps for row in rows if row.gaps]
    return Buyers(cohorts, _fit(rows, gaps, known, reps), nth, len(latest), clock())


def _cohort(month: str, told: Sequence[tuple[int, float]], paid: float | None) -> Cohort:
    worth = sum(spent for _, spent in told)
    again = sum(occasions > 1 for occasions, _ in told)
    per_deal = paid / len(told) if paid else None
    return Cohort(month, len(told), again / len(told), worth / len(told), worth, per_deal)


def _fit(rows: Sequence[Any], gaps: Sequence[float], known: int, reps: int) -> Fit:
    spent = sum(row.spent for row in rows)
    again = sum(row.occasions > 1 for row in rows)
    rate, gap = again / len(rows) if rows else 0.0, median(gaps) if gaps else None
    fits = None
    if len(rows) >= FIT_BUYERS:
        fits = rate >= FIT_RATE and gap is not None and gap <= FIT_GAP
    per_rep = spent / reps if reps else None
    return Fit(len(rows), rate, gap, spent / known if known else 0.0, per_rep, fits)


def _nth(profiles: Profiles, customers: Sequence[str]) -> dict[int, float]:
    waited: dict[int, list[float]] = {}
    for _, profile in profiles.each(customers):
        times = profile.occasions()
        for nth, at in enumerate(times[1:HABIT], 2):
            waited.setdefault(nth, []).append((at - times[0]) / 86_400)
    return {nth: median(each) for nth, each in sorted(waited.items())}
