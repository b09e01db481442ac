"""Dates that make today a good day, checked with the edges of the calendar."""

from datetime import date, timedelta

import pytest

from matching.occasions import (
    Dates,
    Habits,
    Holding,
    birthday,
    buys_at_month_end,
    dormant,
    maturities,
    month_end_months,
    months_before,
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
