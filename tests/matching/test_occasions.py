"""Dates that make today a good day, checked with the edges of the calendar."""

from datetime import date, timedelta

import pytest

from juzhen.settings import Settings
from kernel.calendar import LunarDay
from matching.needs import dates
from matching.occasions import (
    Dates,
    Expected,
    Habits,
    Holding,
    Opened,
    anniversary,
    birthday,
    buys_at_month_end,
    buys_on_payday,
    dormant,
    festival,
    just_opened,
    maturities,
    month_end_months,
    months_before,
    next_purchase,
    occasions,
)

HABITS = Habits()


@pytest.mark.rule("R24.1")
@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2027, 2, 10), date(2027, 2, 21)),
        (date(2028, 2, 10), date(2028, 2, 22)),
        (date(2027, 3, 1), date(2027, 3, 24)),
        (date(2027, 4, 30), date(2027, 4, 23)),
        (date(2027, 1, 31), date(2027, 1, 24)),
    ],
)
def test_a_month_end_buyer_is_due_seven_days_before_the_months_end(today, due):
    bought = [date(2026, 8, 31), date(2026, 10, 29), date(2026, 12, 31), date(2027, 1, 30),
              date(2027, 2, 26), date(2027, 3, 31), date(2027, 9, 30), date(2027, 11, 30),
              date(2027, 12, 31)]  # fmt: skip
    occasion = buys_at_month_end([day for day in bought if day < today], today, HABITS)
    assert occasion is not None
    assert occasion.due == due
    assert occasion.cycle == f"{today:%Y-%m}"


@pytest.mark.parametrize(
    ("bought", "months"),
    [
        ([date(2026, 2, 26), date(2026, 1, 29), date(2025, 12, 31)], 3),
        ([date(2026, 2, 25), date(2026, 1, 29), date(2025, 12, 31)], 2),  # the fourth last day
        ([date(2026, 2, 26), date(2026, 2, 27), date(2026, 2, 28)], 1),  # one month, three times
        ([date(2025, 9, 30), date(2025, 8, 31), date(2025, 10, 31)], 2),  # the seventh month back
        ([date(2026, 3, 31), date(2026, 2, 28), date(2026, 1, 31)], 2),  # this month is not over
        ([], 0),
    ],
)
def test_a_month_counts_once_if_she_bought_on_one_of_its_last_three_days(bought, months):
    assert len(month_end_months(bought, date(2026, 3, 15), HABITS)) == months
    occasion = buys_at_month_end(bought, date(2026, 3, 15), HABITS)
    assert (occasion is not None) == (months >= 3)


def test_months_are_counted_back_over_the_turn_of_the_year():
    assert months_before(date(2026, 2, 14), 3) == ["2026-01", "2025-12", "2025-11"]


@pytest.mark.rule("R50.1", "R50.3")
@pytest.mark.parametrize(
    ("today", "active"),
    [
        (date(2025, 12, 28), False),
        (date(2025, 12, 29), True),
        (date(2026, 1, 1), True),
        (date(2026, 1, 4), True),
        (date(2026, 1, 5), False),
    ],
)
def test_a_birthday_week_reaches_three_days_both_ways_over_the_years_end(today, active):
    occasion = birthday(date(1960, 1, 1), today, HABITS)
    assert (occasion is not None) == active
    if occasion:
        assert occasion.cycle == "2026"


@pytest.mark.rule("R50.1", "R50.3")
@pytest.mark.parametrize(
    ("born", "lunar", "first", "last", "cycle"),
    [
        (date(1960, 3, 5), False, date(2026, 3, 2), date(2026, 3, 8), "2026"),  # a Thursday
        (date(1960, 3, 2), False, date(2026, 3, 2), date(2026, 3, 8), "2026"),  # a Monday
        (date(1960, 3, 8), False, date(2026, 3, 2), date(2026, 3, 8), "2026"),  # a Sunday
        (date(1960, 1, 1), False, date(2026, 12, 28), date(2027, 1, 3), "2027"),  # week 53
        (date(1960, 2, 29), False, date(2026, 2, 23), date(2026, 3, 1), "2026"),
        (date(1960, 12, 8), True, date(2026, 1, 26), date(2026, 2, 1), "2025"),  # 腊月初八
    ],
)
def test_a_birthday_week_may_be_the_calendar_week_that_the_day_lies_in(
    born, lunar, first, last, cycle
):
    weekly = Habits(**Settings(matching_occasions="birthday=week").habits)
    days = [first + timedelta(days=n) for n in range(-1, 8)]
    told = [birthday(born, day, weekly, lunar=lunar) for day in days]
    assert [each is not None for each in told] == [False, *[True] * 7, False]
    assert {(each.due, each.ends, each.cycle) for each in told[1:-1]} == {(first, last, cycle)}


@pytest.mark.rule("R50.2")
def test_the_29th_of_february_is_kept_on_the_28th_in_other_years():
    occasion = birthday(date(1960, 2, 29), date(2027, 2, 25), HABITS)
    assert occasion is not None
    assert occasion.facts == {"day": "2027-02-28", "in_days": 3}
    leap = birthday(date(1960, 2, 29), date(2028, 3, 1), HABITS)
    assert leap is not None
    assert leap.facts["day"] == "2028-02-29"


def test_a_lunar_birthday_in_january_belongs_to_the_lunar_year_before():
    twelfth_month = date(1960, 12, 8)  # 腊月初八
    occasion = birthday(twelfth_month, date(2026, 1, 26), HABITS, lunar=True)
    assert occasion is not None
    assert occasion.facts["day"] == "2026-01-26"
    assert occasion.cycle == "2025"


def test_a_birthday_that_was_told_as_lunar_is_one_of_the_moon(company):
    company.library(each=1)
    handle = company.meet(birthday="1960-08-15", birthday_lunar=True)
    profile = company.profiles.of(company.id_of(handle))
    for day, kinds in ((date(2026, 9, 25), {"birthday"}), (date(2026, 8, 15), set())):
        found = occasions(dates(profile, company.zone), day, HABITS)
        assert {each.kind for each in found} & {"birthday"} == kinds


@pytest.mark.parametrize(
    ("told", "born"),
    [
        ({"birthday": "1960-02-30", "birthday_lunar": True}, (LunarDay(2, 30), True)),
        ({"birthday": "1961-02-29", "birthday_lunar": "是"}, (LunarDay(2, 29), True)),
        ({"birthday": "1961-02-29"}, None),
        ({"birthday": "1960-13-01", "birthday_lunar": True}, None),
        ({"birthday": "1960-08-15", "birthday_lunar": "0"}, (date(1960, 8, 15), False)),
    ],
)
def test_a_day_of_the_moon_that_no_year_of_the_sun_has_is_a_birthday(company, told, born):
    profile = company.profiles.of(company.id_of(company.meet(**told)))
    assert profile.birthday == born
    if born and isinstance(born[0], LunarDay):
        found = birthday(born[0], date(2026, 4, 16), HABITS, lunar=True)
        assert (found and found.facts["day"]) == "2026-04-16"  # 二月廿九: this year has no 30th


def test_every_day_of_a_birthday_week_has_the_same_cycle():
    born = date(1971, 12, 30)
    days = [date(2025, 12, 27) + timedelta(days=n) for n in range(7)]
    assert {birthday(born, day, HABITS).cycle for day in days} == {"2025"}


def test_a_holding_is_spoken_of_in_the_thirty_days_before_it_matures():
    holdings = [
        Holding("pol_1", "稳盈三年", date(2026, 4, 1)),
        Holding("pol_2", "康宁", date(2026, 4, 2)),
        Holding("pol_3", "旧保单", date(2026, 3, 1)),
        Holding("pol_4", "今天到期", date(2026, 3, 2)),
    ]
    found = maturities(holdings, date(2026, 3, 2), HABITS)
    assert [each.facts["name"] for each in found] == ["今天到期", "稳盈三年"]
    assert found[1].facts["in_days"] == 30


@pytest.mark.parametrize(("silent", "asleep"), [(44, False), (45, True), (400, True)])
def test_forty_five_silent_days_make_a_customer_dormant(silent, asleep):
    today = date(2026, 3, 2)
    assert (dormant(today - timedelta(days=silent), today, HABITS) is not None) == asleep
    assert dormant(None, today, HABITS) is None


def test_one_silence_is_one_cycle_however_long_it_lasts():
    last = date(2025, 12, 1)
    first = dormant(last, date(2026, 2, 1), HABITS)
    later = dormant(last, date(2026, 3, 1), HABITS)
    assert first.cycle == later.cycle


def test_only_what_is_due_today_is_an_occasion():
    dates = Dates(
        bought=[date(2025, 12, 31), date(2026, 1, 30), date(2026, 2, 27)],
        born=date(1960, 3, 25),
        last_seen=date(2026, 3, 20),
    )
    assert occasions(dates, date(2026, 3, 21), HABITS) == []
    kinds = [each.kind for each in occasions(dates, date(2026, 3, 24), HABITS)]
    assert kinds == ["birthday", "month_end"]
    assert occasions(Dates(), date(2026, 3, 24), HABITS) == []


@pytest.mark.parametrize(
    ("bought", "today", "due"),
    [
        ([date(2026, 2, 15), date(2026, 1, 16), date(2025, 12, 17)], date(2026, 3, 15), "03-15"),
        ([date(2026, 2, 15), date(2026, 1, 16), date(2025, 12, 17)], date(2026, 3, 17), "03-15"),
        ([date(2026, 2, 15), date(2026, 1, 16), date(2025, 12, 17)], date(2026, 3, 18), None),
        ([date(2026, 2, 10), date(2026, 1, 11), date(2025, 12, 12)], date(2026, 3, 10), "03-10"),
        ([date(2026, 2, 15), date(2026, 1, 16), date(2025, 12, 18)], date(2026, 3, 15), None),
        ([], date(2026, 3, 15), None),
    ],
)
def test_who_buys_after_payday_is_spoken_to_on_the_days_after_the_next(bought, today, due):
    found = buys_on_payday(bought, today, HABITS)
    assert (found and f"{found.due:%m-%d}") == due


@pytest.mark.parametrize(
    ("today", "due"),
    [(date(2026, 3, 31), "03-31"), (date(2026, 4, 2), "03-31"), (date(2026, 4, 3), None),
     (date(2026, 1, 1), "12-31")],
)  # fmt: skip
def test_the_days_after_a_payday_reach_into_the_next_month(today, due):
    bought = [date(2025, 8, 31), date(2025, 10, 1), date(2025, 11, 1), date(2025, 11, 30)]
    bought += [date(2026, 1, 2), date(2026, 1, 31), date(2026, 3, 1)]
    found = buys_on_payday(bought, today, Habits(paydays=(31,)))
    assert (found and f"{found.due:%m-%d}") == due


def test_a_payday_of_a_short_month_is_its_last_day():
    thirty = Habits(paydays=(31,))
    bought = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 3, 31)]
    found = buys_on_payday(bought, date(2026, 6, 30), thirty)
    assert found is not None
    assert found.due == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("today", "which", "day"),
    [
        (date(2026, 2, 14), "spring", date(2026, 2, 17)),
        (date(2026, 2, 13), None, None),  # four days before it
        (date(2026, 2, 17), "spring", date(2026, 2, 17)),
        (date(2026, 3, 2), "lantern", date(2026, 3, 3)),
        (date(2026, 9, 25), "mid_autumn", date(2026, 9, 25)),
        (date(2025, 12, 31), "new_year", date(2026, 1, 1)),
        (date(2026, 5, 8), "mothers_day", date(2026, 5, 10)),
        (date(2026, 6, 19), "dragon_boat", date(2026, 6, 19)),
        (date(2026, 11, 11), None, None),
    ],
)
def test_a_festival_of_sun_or_moon_is_near_three_days_before_it(today, which, day):
    found = festival(today, HABITS)
    assert (found and found.facts["which"]) == which
    assert (found and found.ends) == day


@pytest.mark.rule("R162.3")
def test_the_next_purchase_is_due_seven_days_before_and_once_after_each_purchase():
    last, likely = date(2026, 2, 1), date(2026, 3, 12)
    expected = Expected(last, date(2026, 2, 20), likely, date(2026, 4, 2))
    for today, due in ((date(2026, 3, 4), False), (date(2026, 3, 5), True), (likely, True)):
        found = [e for e in occasions(Dates(expected=expected), today, HABITS)
                 if e.kind == "next_purchase"]  # fmt: skip
        assert bool(found) is due
    moved = next_purchase(expected._replace(likely=date(2026, 3, 20)), HABITS)
    assert moved is not None
    assert moved.cycle == last.isoformat()
    assert next_purchase(None, HABITS) is None


@pytest.mark.parametrize(
    ("first", "today", "years"),
    [
        (date(2024, 3, 1), date(2026, 2, 26), 2),
        (date(2024, 12, 31), date(2026, 1, 2), 1),
        (date(2024, 2, 29), date(2026, 2, 27), 2),
        (date(2026, 3, 1), date(2026, 3, 2), None),  # she began this year
        (None, date(2026, 3, 2), None),
    ],
)
def test_an_anniversary_counts_whole_years_over_a_years_end_too(first, today, years):
    found = anniversary(first, today, HABITS)
    assert (found and found.facts["years"]) == years


def test_what_she_has_just_opened_is_an_occasion_until_the_next_day():
    found = just_opened(Opened("mat_1", date(2026, 3, 2), ("tag_1",)), HABITS)
    assert found is not None
    assert [found.on(date(2026, 3, day)) for day in (1, 2, 3, 4)] == [False, True, True, False]
    assert found.topics == ("tag_1",)
