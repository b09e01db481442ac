"""Festivals (节日): the days of the year on which a greeting is never out of place. Pure.

Days of the sun, of the moon, and Sundays of a month. Public holidays move by decree and are not
kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from kernel.calendar import birthday_in

SOLAR: Mapping[str, tuple[int, int]] = {
    "new_year": (1, 1),
    "womens_day": (3, 8),
    "labour_day": (5, 1),
    "childrens_day": (6, 1),
    "teachers_day": (9, 10),
    "national_day": (10, 1),
}
LUNAR: Mapping[str, tuple[int, int]] = {
    "spring": (1, 1),
    "lantern": (1, 15),
    "dragon_boat": (5, 5),
    "qixi": (7, 7),
    "mid_autumn": (8, 15),
    "double_ninth": (9, 9),
}
SUNDAYS: Mapping[str, tuple[int, int]] = {"mothers_day": (5, 2), "fathers_day": (6, 3)}
"""The month, and which of its Sundays."""


@lru_cache(maxsize=8)
def of_year(year: int) -> Mapping[date, str]:
    """Every festival whose year, of the sun or of the moon, this is."""
    found = {date(year, *day): name for name, day in SOLAR.items()}
    found |= {_sunday(year, *told): name for name, told in SUNDAYS.items()}
    moons = ((name, date(2000, *day)) for name, day in LUNAR.items())
    return found | {birthday_in(year, day, lunar=True): name for name, day in moons}


def coming(today: date, ahead: int) -> tuple[str, date] | None:
    """The first festival from today on, no further ahead than so many days."""
    for later in range(ahead + 1):
        day = today + timedelta(days=later)
        if name := of_year(day.year).get(day):
            return name, day
    return None


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))
