"""The calendar (日历): local days, month ends, birthdays, quiet hours. Knows no holidays' meaning.

Instants are kept in UTC; a birthday or a month end is a date in the company's zone, never an
instant (Asia/Shanghai was UTC+9 in the summers of 1986-1991).
"""

from __future__ import annotations

import calendar as _gregorian
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from kernel.values import dataclass


@dataclass(frozen=True, slots=True)
class Zone:
    """The company's time zone, by its IANA name."""

    name: str = "Asia/Shanghai"

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.name)

    def day(self, moment: datetime) -> date:
        """The local date of a moment."""
        return moment.astimezone(self.info).date()

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.info)

    def at(self, day: date, hour: time = time()) -> datetime:
        """The moment of a local date and hour, in UTC."""
        return datetime.combine(day, hour, self.info).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which a company answers, spelled ``1-5 09:00-18:00``: Monday is 1."""

    first: int = 1
    last: int = 5
    opens: time = time(9)
    closes: time = time(18)

    @classmethod
    def read(cls, spelled: str) -> Hours:
        """Raises `ValueError` for what is not spelled like that, or ends before it begins."""
        days, _, hours = spelled.strip().partition(" ")
        first, _, last = days.partition("-")
        opens, _, closes = hours.partition("-")
        told = cls(
            int(first), int(last or first), time.fromisoformat(opens), time.fromisoformat(closes)
        )
        if not 1 <= told.first <= told.last <= 7 or told.opens >= told.closes:
            raise ValueError(spelled)
        return told

    def after(self, moment: datetime, span: timedelta, zone: Zone) -> datetime:
        """The moment when so much time has passed within these hours. The span is not negative."""
        day, left = zone.day(moment), span
        while True:
            if self.first <= day.isoweekday() <= self.last:
                opens, closes = zone.at(day, self.opens), zone.at(day, self.closes)
                begins = max(moment, opens)
                if begins + left <= closes:
                    return begins + left
                left -= max(closes - begins, timedelta())
            day += timedelta(days=1)


def month_end(day: date) -> date:
    """The last day of the month that the day lies in."""
    return day.replace(day=_gregorian.monthrange(day.year, day.month)[1])


def near_month_end(day: date, days: int = 3) -> bool:
    """Is it one of the last ``days`` days of its month?"""
    return (month_end(day) - day).days < days


class Yearly(Protocol):
    """A day of every year: a date is one, too."""

    @property
    def month(self) -> int: ...
    @property
    def day(self) -> int: ...


class LunarDay(NamedTuple):
    """A day of every lunar year that need be in no year of the sun, as the 30th of February."""

    month: int
    day: int

    @classmethod
    def read(cls, spelled: str) -> LunarDay:
        """``1960-02-30``. Raises `ValueError` for what no lunar year has."""
        _, month, day = map(int, spelled.split("-"))
        if not (1 <= month <= 12 and 1 <= day <= 30):
            raise ValueError(spelled)
        return cls(month, day)


def birthday_in(year: int, born: Yearly, *, lunar: bool = False) -> date:
    """When a birthday falls in a year.

    29 February is kept on the 28th in other years. For a lunar birthday ``born`` holds the lunar
    month and day; a 30th that the month lacks is kept on its 29th, and the answer is the day that
    begins in ``year``'s own lunar year.
    """
    if lunar:
        return _lunar(year, born.month, born.day)
    if (born.month, born.day) == (2, 29) and not _gregorian.isleap(year):
        return date(year, 2, 28)
    return date(year, born.month, born.day)


@cache
def _lunar(year: int, month: int, day: int) -> date:
    """Working out a lunar year takes 15 ms; there are 360 days in each to be asked for."""
    from lunar_python import Lunar, LunarYear  # a start does not wait for it

    last = LunarYear.fromYear(year).getMonth(month).getDayCount()
    solar = Lunar.fromYmd(year, month, min(day, last)).getSolar()
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


def birthday_near(
    today: date, born: Yearly, *, before: int = 3, after: int = 3, lunar: bool = False
) -> date | None:
    """The birthday whose week today lies in (±3 days), over a year's end too; else None."""
    for year in (today.year - 1, today.year, today.year + 1):
        feast = birthday_in(year, born, lunar=lunar)
        if feast - timedelta(days=before) <= today <= feast + timedelta(days=after):
            return feast
    return None


def in_hours(hour: time, begins: time, ends: time) -> bool:
    """Does the hour lie in [begins, ends), over midnight too? Quiet hours are 21:00-09:00."""
    if begins <= ends:
        return begins <= hour < ends
    return hour >= begins or hour < ends


def days(first: date, last: date) -> Iterator[date]:
    """Every date from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
