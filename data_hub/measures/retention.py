"""Retention (留存): of those first seen in one week, how many did something in the weeks after.

Pure; by the company's days as profiles keep them, so no further back than they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from data_hub.catalogue import kind_of
from data_hub.profiles import Profile
from kernel.calendar import Zone
from kernel.values import dataclass

WEEKS = 8
"""Weeks that are told after the first."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those first seen in one week, and who was active in which week after it."""

    week: date
    """Its Monday."""
    size: int
    kept: tuple[int | None, ...]
    """How many were active so many weeks later; None: that week is not over yet."""


def retention(profiles: Iterable[Profile], now: datetime, zone: Zone) -> list[Cohort]:
    """The last weeks' cohorts, the latest first."""
    this = _monday(zone.day(now))
    first = this - timedelta(weeks=WEEKS)
    sizes: dict[date, int] = {}
    kept: dict[tuple[date, int], int] = {}
    for profile in profiles:
        if not profile.began:
            continue
        week = _monday(zone.day(datetime.fromtimestamp(profile.began, UTC)))
        if week < first:
            continue
        sizes[week] = sizes.get(week, 0) + 1
        for later in {(each - week).days // 7 for each in active_weeks(profile)}:
            kept[week, later] = kept.get((week, later), 0) + 1
    return [
        Cohort(
            week, size,
            tuple(
                kept.get((week, later), 0) if week + timedelta(weeks=later) < this else None
                for later in range(1, WEEKS + 1)
            ),
        )
        for week, size in sorted(sizes.items(), reverse=True)
    ]  # fmt: skip


def active_weeks(profile: Profile) -> set[date]:
    """The Mondays of the weeks in which she herself did something."""
    return {
        _monday(date.fromisoformat(day))
        for kind, days in profile.days.items()
        if _hers(kind)
        for day in days
    }


def _hers(kind: str) -> bool:
    """Our own acts have names that are no kinds: what a front end makes up is ``track.<name>``."""
    known = kind_of(kind)
    return known.owner == "customer" and known.name == kind


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
