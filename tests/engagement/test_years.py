"""Five turns of years, day by day: every date that comes is one reminder, on its day."""

import random
from collections import Counter
from datetime import date, time, timedelta

import pytest

from engagement.dated import DATED
from kernel.calendar import month_end
from tests.engagement.days import watch

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=3), timedelta(days=30)
SPRING = {
    2027: date(2027, 2, 6), 2028: date(2028, 1, 26), 2029: date(2029, 2, 13),
    2030: date(2030, 2, 3), 2031: date(2031, 1, 23),
}  # fmt: skip
"""New year's day by the moon, as the calendar of the Purple Mountain Observatory has it."""
SUN = ("12-31", "01-01", "01-03", "02-28", "02-29", "03-01")
MOON = {"12-30": -1, "01-01": 0, "01-15": 14}
"""How far from there. The last of the twelfth month is kept on its 29th where it has no 30th."""
WATCHED = set(DATED) - {"dormant", "next_purchase"}


class People:
    """Who is known, by what is to be remembered of her."""

    def __init__(self, company, rep):
        self._company, self._rep, self._number = company, rep, 0
        self.names = {}

    def meet(self, name, **traits):
        self._number += 1
        handle = self._company.meet(f"139000000{self._number:02}", self._rep, **traits)
        self.names[str(handle)] = name
        return handle


def happened(company, kind, handle, day, **detail):
    """It happened at noon of that day."""
    at = company.zone.at(day, time(12))
    return company.event(kind, handle, ago=company.clock() - at, **detail)


def feasts(name, year):
    """The birthday in a winter that ends in that year."""
    if name in SUN:
        month, day = map(int, name.split("-"))
        if name == "02-29" and year % 4:
            day = 28
        return date(year - 1 if month == 12 else year, month, day)
    return SPRING[year] + MOON[name.removeprefix("moon ")] * DAY


def due_in(year):
    """What is to be done in the winter that ends in that year: whose, what, and on which day."""
    for name in (*SUN, *(f"moon {each}" for each in MOON)):
        yield name, "birthday", feasts(name, year) - WEEK
    for first in (date(year - 1, 12, 1), date(year, 1, 1), date(year, 2, 1)):
        yield "at month ends", "month_end", month_end(first) - 7 * DAY
    for month in (1, 2):
        yield "after paydays", "payday", date(year, month, 10)
    for matures in (date(year, 1, 31), month_end(date(year, 2, 1)) + DAY):
        yield "has policies", "maturity", matures - MONTH
    yield "since 2024", "anniversary", feasts("02-29", year) - WEEK


def some_days(year, dice):
    """Those about which something is to be done, the ones beside them, and some of the others: the
    worker stands still on a weekend now and then."""
    near = {day + n * DAY for _, _, day in due_in(year) for n in (-1, 0, 1)}
    every = (date(year - 1, 12, 20) + n * DAY for n in range(77))
    return [each for each in every if each in near or not dice.randrange(4)]


@pytest.mark.rule("R50.2", "R50.3", "R50.4", "R24.2")
def test_over_five_turns_of_years_each_date_is_one_reminder_on_its_day(company, clock):
    dice, zone = random.Random(6), company.zone
    clock.now = zone.at(date(2026, 12, 19), time(9))
    rep = company.hire("li")
    known = People(company, rep)
    for name in SUN:
        known.meet(name, birthday=f"1960-{name}")
    for name in MOON:
        known.meet(f"moon {name}", birthday=f"1960-{name}", birthday_lunar=True)
    ends, pays, holds, since = map(
        known.meet, ("at month ends", "after paydays", "has policies", "since 2024")
    )
    company.tell(happened(company, "bought", since, date(2024, 2, 29), amount=1.0))
    for year in SPRING:
        clock.now = zone.at(date(year - 1, 12, 19), time(9))
        autumn = [date(year - 1, month, 1) for month in (9, 10, 11)]
        company.tell(
            *(happened(company, "bought", ends, month_end(each), amount=1.0) for each in autumn),
            *(happened(company, "bought", pays, each + 9 * DAY, amount=1.0) for each in autumn),
            *(
                happened(company, "policy_issued", holds, date(year - 1, 12, 1),
                         policy=f"P{matures}", matures=f"{matures}")
                for matures in (date(year, 1, 31), date(year, 3, 1))
            ),
        )  # fmt: skip
        for at in some_days(year, dice):
            clock.now = zone.at(at, time(dice.randrange(24), dice.randrange(60)))
            watch(company)
    found = Counter(
        (known.names[dot.handle], dot.kind, zone.day(dot.due))
        for dot in all_dots(company, rep)
        if dot.kind in WATCHED
    )
    assert found == Counter(due for year in SPRING for due in due_in(year))


def all_dots(company, rep):
    """Page after page."""
    after = None
    while True:
        page = company.reminders.page(rep.staff, open_only=False, first=100, after=after)
        yield from page.items
        if (after := page.next) is None:
            return
