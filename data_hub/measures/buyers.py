"""Buyers (复购与价值): by the month of the first purchase, and whether the business fits drip care.

Read off the standings; what a cohort cost is told by whoever knows what was paid.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from types import MappingProxyType
from typing import NamedTuple

from data_hub.profiles import Profiles
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Records

HABIT = 5
"""The purchase at which a habit sticks."""
FIT_RATE, FIT_GAP, FIT_BUYERS = 0.3, 120, 30
"""Drip care pays where so many buy again, that often (D), and enough bought to say so."""
_LOOKED_AT = 5_000
Among = Callable[[str], bool] | None
"""Is a customer one of those whom figures are about? None: everybody is."""


class _Buyer(NamedTuple):
    """As a standing tells of her: moments in seconds since 1970, gaps in days."""

    customer: str
    occasions: int
    first_bought: float
    last_bought: float
    spent: float
    gaps: int
    gap_sum: float


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
    known, rows = _known(people, among)
    by_month = _by_month(rows, zone)
    cohorts = [
        _cohort(month, told, paid.get(month))
        for month, told in sorted(by_month.items(), reverse=True)
    ]
    latest = sorted(rows, key=lambda row: row.last_bought, reverse=True)[:_LOOKED_AT]
    nth = _nth(profiles, [row.customer for row in latest])
    gaps = [row.gap_sum / row.gaps for row in rows if row.gaps]
    return Buyers(cohorts, _fit(rows, gaps, known, reps), nth, len(latest), clock())


_EVERYBODY = "SELECT count(*) FROM standings"
_EACH = "SELECT customer FROM standings"
_BOUGHT = f"SELECT {', '.join(_Buyer._fields)} FROM standings WHERE occasions > 0"  # noqa: S608  # our words


def _known(people: Records, among: Among) -> tuple[int, list[_Buyer]]:
    """How many there are, and those of them who bought."""
    with people.together():
        bought = people.rows(_BOUGHT)
        if among is None:
            return int(people.rows(_EVERYBODY)[0][0]), [_Buyer(*row) for row in bought]
        known = sum(among(customer) for (customer,) in people.rows(_EACH))
    return known, [_Buyer(*row) for row in bought if among(row[0])]


def _by_month(rows: Sequence[_Buyer], zone: Zone) -> dict[str, list[_Buyer]]:
    """By the local month of the first purchase."""
    ordered = sorted(rows, key=lambda row: row.first_bought)
    whens = [row.first_bought for row in ordered]
    found, begin = {}, 0
    while begin < len(ordered):
        month = zone.day(datetime.fromtimestamp(whens[begin], UTC)).replace(day=1)
        following = (month + timedelta(days=31)).replace(day=1)
        end = bisect_left(whens, zone.at(following).timestamp(), begin + 1)
        found[f"{month:%Y-%m}"] = ordered[begin:end]
        begin = end
    return found


def _cohort(month: str, told: Sequence[_Buyer], paid: float | None) -> Cohort:
    worth = sum(each.spent for each in told)
    again = sum(each.occasions > 1 for each in told)
    per_deal = paid / len(told) if paid else None
    return Cohort(month, len(told), again / len(told), worth / len(told), worth, per_deal)


def _fit(rows: Sequence[_Buyer], gaps: Sequence[float], known: int, reps: int) -> Fit:
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
