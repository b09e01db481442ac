"""Dates as people count them: month ends, birthdays, quiet hours, over year ends and leap years."""

import random
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lunar_python import Lunar
from lunarcalendar import Converter
from lunarcalendar import Lunar as Other
from lunarcalendar.converter import DateNotExist

from kernel.calendar import (
    LunarDay,
    Zone,
    birthday_in,
    birthday_near,
    days,
    in_hours,
    month_end,
    near_month_end,
)
from tests.sizes import sized


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2026-01-01", "2026-01-31"),
        ("2026-02-28", "2026-02-28"),
        ("2028-02-03", "2028-02-29"),
        ("2026-04-30", "2026-04-30"),
        ("2026-12-31", "2026-12-31"),
        ("2000-02-01", "2000-02-29"),
        ("2100-02-01", "2100-02-28"),
    ],
)
def test_the_last_day_of_a_month(day, end):
    assert month_end(date.fromisoformat(day)) == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("day", "near"),
    [("2026-02-25", False), ("2026-02-26", True), ("2026-02-28", True), ("2026-03-01", False),
     ("2028-02-26", False), ("2028-02-27", True), ("2026-12-29", True), ("2026-12-28", False)],
)  # fmt: skip
def test_the_last_three_days_are_the_month_end(day, near):
    assert near_month_end(date.fromisoformat(day)) is near


@given(st.dates(date(1990, 1, 1), date(2080, 12, 31)))
@settings(max_examples=60)
def test_every_month_has_three_days_at_its_end(day):
    month = days(day.replace(day=1), month_end(day))
    assert sum(map(near_month_end, month)) == 3


def test_29_february_is_kept_on_the_day_that_the_company_chose():
    """F25."""
    born = date(1988, 2, 29)
    assert birthday_in(2028, born) == date(2028, 2, 29)
    assert birthday_in(2026, born) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("today", "born", "feast"),
    [
        ("2026-03-02", "1980-03-05", "2026-03-05"),
        ("2026-03-02", "1980-03-06", None),
        ("2026-03-08", "1980-03-05", "2026-03-05"),
        ("2026-03-09", "1980-03-05", None),
        ("2026-12-30", "1980-01-02", "2027-01-02"),
        ("2027-01-02", "1980-12-30", "2026-12-30"),
        ("2026-02-25", "1988-02-29", "2026-02-28"),
        ("2028-02-25", "1988-02-29", None),
    ],
)
def test_the_week_of_a_birthday_reaches_over_the_years_end(today, born, feast):
    near = birthday_near(date.fromisoformat(today), date.fromisoformat(born))
    assert near == (feast and date.fromisoformat(feast))


@given(st.dates(date(2020, 1, 1), date(2050, 12, 31)), st.dates(date(1930, 1, 1), date(2019, 1, 1)))
@settings(max_examples=60)
def test_whoever_is_near_a_birthday_has_it_within_three_days(today, born):
    feast = birthday_near(today, born)
    others = [birthday_in(today.year + n, born) for n in (-1, 0, 1)]
    closest = min(abs((each - today).days) for each in others)
    assert (feast is not None) == (closest <= 3)
    assert feast is None or abs((feast - today).days) <= 3


@pytest.mark.parametrize(
    ("year", "month", "day", "solar"),
    [
        (2026, 1, 1, "2026-02-17"),
        (2026, 8, 15, "2026-09-25"),
        (2025, 6, 1, "2025-06-25"),
        (2026, 12, 30, "2027-02-05"),
        (2025, 12, 30, "2026-02-16"),
    ],
)
def test_a_lunar_birthday_falls_on_its_solar_day(year, month, day, solar):
    """12/30 of 2025 is kept on the 29th: that month has no 30th."""
    assert birthday_in(year, date(2000, month, day), lunar=True) == date.fromisoformat(solar)


def test_lunar_birthdays_fall_where_another_library_has_them():
    """F25: the first, the last but one and the last of every month, 1950–2059, in no leap month."""
    for year in range(1950, 2060):
        for month, day in product(range(1, 13), (1, 29, 30)):
            assert birthday_in(year, LunarDay(month, day), lunar=True) == _other(year, month, day)


def _other(year, month, day):
    try:
        return Converter.Lunar2Solar(Other(year, month, day)).to_date()
    except DateNotExist:  # a month of 29 days
        return _other(year, month, day - 1)


def test_no_year_of_110_is_without_a_birthday_of_29_february():
    """F25."""
    born = date(1948, 2, 29)
    for year in range(1950, 2060):
        feast = birthday_in(year, born)
        assert feast == month_end(date(year, 2, 1))
        assert birthday_near(feast - timedelta(days=3), born) == feast


def test_a_lunar_birthday_comes_once_in_every_lunar_year():
    """F25."""
    for month, day in ((1, 1), (6, 30), (12, 30)):
        feasts = [
            birthday_in(year, date(2000, month, day), lunar=True) for year in range(2012, 2036)
        ]
        gaps = {(later - sooner).days for sooner, later in pairwise(feasts)}
        assert gaps <= {353, 354, 355, 383, 384, 385}
        told = [Lunar.fromDate(datetime(f.year, f.month, f.day)) for f in feasts]  # noqa: DTZ001 (a local date)
        assert {lunar.getMonth() for lunar in told} == {month}


@pytest.mark.parametrize(
    ("hour", "quiet"),
    [
        (time(20, 59), False),
        (time(21), True),
        (time(0), True),
        (time(8, 59), True),
        (time(9), False),
    ],
)
def test_quiet_hours_reach_over_midnight(hour, quiet):
    assert in_hours(hour, time(21), time(9)) is quiet


def test_hours_of_one_day_end_before_their_end():
    assert in_hours(time(9), time(9), time(18))
    assert not in_hours(time(18), time(9), time(18))
    assert not in_hours(time(9), time(9), time(9))


def test_a_day_is_the_companys_day():
    late = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert Zone().day(late) == date(2026, 3, 1)
    assert Zone("UTC").day(late) == date(2026, 2, 28)
    assert Zone().local(late).hour == 0
    assert Zone().at(date(2026, 3, 1)) == datetime(2026, 2, 28, 16, tzinfo=UTC)


def test_shanghais_summers_had_another_hour():
    assert Zone().at(date(1988, 7, 1), time(9)) == datetime(1988, 7, 1, 0, tzinfo=UTC)
    assert Zone().at(date(1992, 7, 1), time(9)) == datetime(1992, 7, 1, 1, tzinfo=UTC)


def test_days_include_both_ends():
    assert list(days(date(2026, 2, 27), date(2026, 3, 1))) == [
        date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1),
    ]  # fmt: skip
    assert list(days(date(2026, 3, 2), date(2026, 3, 1))) == []


ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
"""Lord Howe Island changes by half an hour."""
MINUTE = timedelta(minutes=1)


def clock_of_the_wall(zone, day):
    """Minute by minute: at which instant a clock on the wall first shows each minute of a day."""
    first = {}
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    for _ in range(39 * 60):
        local = zone.local(at)
        if local.date() == day:
            first.setdefault((local.hour, local.minute), at)
        at += MINUTE
    return first


def test_f24_a_local_hour_is_what_a_clock_on_the_wall_shows_first():
    """Also in China's summers of 1986-1991. An hour that a spring skips is as long after the last
    one before it, so that nothing scheduled in it is lost."""
    chance = random.Random(24)
    changing = [date(1986, 5, 4), date(1988, 4, 17), date(1991, 9, 15), date(2026, 3, 29),
                date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 10, 4),
                date(2027, 4, 4)]  # fmt: skip
    for _ in range(sized(12, 400)):
        zone = Zone(chance.choice(ZONES))
        year = chance.choice((1986, 1988, 1991, 2026, 2027))
        day = chance.choice([*changing, date(year, 1, 1) + timedelta(chance.randrange(365))])
        shown = clock_of_the_wall(zone, day)
        for _ in range(25):
            hour, minute = chance.randrange(24), chance.randrange(60)
            at = zone.at(day, time(hour, minute))
            if expected := shown.get((hour, minute)):
                assert at == expected, (zone, day, hour, minute)
                assert zone.day(at) == day
            else:
                missed = [each for each in shown if each < (hour, minute)]
                before = max(missed)
                gone = (hour * 60 + minute) - (before[0] * 60 + before[1])
                assert at == shown[before] + gone * MINUTE, (zone, day, hour, minute)
