"""Occasions (时机): the dates that make today a good day to speak to a customer.

Month ends and paydays for those who buy then, birthday weeks, festivals, maturities, the next
purchase, anniversaries, silence, a content just opened. Pure: told the facts of a profile and a
date, it answers what is due. Reminds nobody (`engagement.triggers`) and prefers no
content by itself (`matching.affinities` says which topics suit an occasion).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from kernel.calendar import Yearly, birthday_in, birthday_near, month_end, near_month_end
from kernel.values import dataclass
from kernel.wording import say
from matching.festivals import coming


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the company looks at dates; every number is a setting."""

    months: int = 6
    """How far back month-end buying is looked for…"""
    month_ends: int = 3
    """…in how many of those months it must have happened…"""
    last_days: int = 3
    """…on how many last days of the month…"""
    ahead: int = 7
    """…and how many days before the month's end somebody is reminded."""
    birthday: int | None = 3
    """A birthday week reaches this many days both ways; None: from Monday to Sunday."""
    maturity: int = 30
    """How many days ahead a maturity is worth a word."""
    dormant: int = 45
    """Days of silence after which a customer sleeps."""
    paydays: tuple[int, ...] = (10, 15)
    """Days of the month on which wages are paid; a month that is too short pays on its last."""
    payday_days: int = 3
    """So many days, the payday itself included, somebody buys or is spoken to after it."""
    next_purchase: int = 7
    """How many days before she is expected to buy next somebody is reminded."""
    anniversary: int = 3
    """An anniversary of her first purchase reaches this many days both ways."""
    festival: int = 3
    """How many days ahead a festival is worth a word."""
    opened: int = 1
    """For how many days more what she has just opened is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One reason to speak now."""

    kind: str
    due: date
    """The first day to act on it."""
    ends: date
    """The last one."""
    cycle: str
    """At most one reminder for each."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    topics: tuple[str, ...] = ()
    """Tags it speaks for by itself, apart from what the company's rules say."""

    def on(self, day: date) -> bool:
        return self.due <= day <= self.ends

    def text(self, language: str = "zh") -> str:
        """The sentence for people: what makes this day one."""
        told = dict(self.facts)
        if which := told.get("which"):
            told["festival"] = say(f"festival_{which}", language)
        return say(
            f"shown_{'opened_lately' if self.kind == 'opened' else self.kind}", language, **told
        )

    def names(self) -> set[str]:
        """What a rule may call it: ``occasion:festival``, ``occasion:festival:spring``."""
        own = self.facts.get("which")
        return {f"occasion:{self.kind}"} | ({f"occasion:{self.kind}:{own}"} if own else set())


@dataclass(frozen=True, slots=True)
class Holding:
    """Something she holds that comes to an end."""

    id: str
    name: str
    matures: date


def months_before(day: date, count: int) -> list[str]:
    """The whole months before this one, as ``2026-02``, newest first."""
    number = day.year * 12 + day.month - 1
    earlier = (divmod(number - back, 12) for back in range(1, count + 1))
    return [f"{year}-{month + 1:02}" for year, month in earlier]


def month_end_months(bought: Iterable[date], today: date, habits: Habits) -> list[str]:
    """Which of the last whole months she bought at the end of, oldest first."""
    looked_at = set(months_before(today, habits.months))
    ends = {day.strftime("%Y-%m") for day in bought if near_month_end(day, habits.last_days)}
    return sorted(looked_at & ends)


def buys_at_month_end(bought: Iterable[date], today: date, habits: Habits) -> Occasion | None:
    """The reminder before this month's end, for who bought at most recent month ends."""
    months = month_end_months(bought, today, habits)
    if len(months) < habits.month_ends:
        return None
    end = month_end(today)
    return Occasion(
        kind="month_end",
        due=end - timedelta(days=habits.ahead),
        ends=end,
        cycle=f"{end:%Y-%m}",
        facts={"times": len(months), "months": habits.months, "month_end": end.isoformat()},
    )


def birthday(
    born: Yearly | None, today: date, habits: Habits, *, lunar: bool = False
) -> Occasion | None:
    """Her birthday week, over a year's end too. Once a year."""
    reach = _SIX_DAYS if habits.birthday is None else habits.birthday
    if born is None:
        return None
    feast = birthday_near(today, born, before=reach, after=reach, lunar=lunar)
    if feast is None:
        return None
    due, ends = _week_of(feast, habits.birthday)
    if not due <= today <= ends:
        return None
    return Occasion(
        kind="birthday",
        due=due,
        ends=ends,
        cycle=_year_of(feast, born, lunar=lunar),
        facts={"day": feast.isoformat(), "in_days": (feast - today).days},
    )


_SIX_DAYS = 6
"""The first and the last day of a week are no further apart."""


def _week_of(feast: date, reach: int | None) -> tuple[date, date]:
    """The first and the last day of the week that a feast makes: so many days both ways, or the
    calendar week (ISO 8601) that it lies in."""
    if reach is not None:
        return feast - timedelta(days=reach), feast + timedelta(days=reach)
    monday = feast - timedelta(days=feast.weekday())
    return monday, monday + timedelta(days=_SIX_DAYS)


def _year_of(feast: date, born: Yearly, *, lunar: bool) -> str:
    """The year whose birthday this is: a lunar one may fall into the January after it."""
    for year in (feast.year - 1, feast.year):
        if birthday_in(year, born, lunar=lunar) == feast:
            return str(year)
    return str(feast.year)


def maturities(holdings: Iterable[Holding], today: date, habits: Habits) -> list[Occasion]:
    """What of hers comes to its end soon, the soonest first. Once a holding and date."""
    soon = [
        Occasion(
            kind="maturity",
            due=each.matures - timedelta(days=habits.maturity),
            ends=each.matures,
            cycle=f"{each.id}:{each.matures.isoformat()}",
            facts={
                "name": each.name,
                "day": each.matures.isoformat(),
                "in_days": (each.matures - today).days,
            },
        )
        for each in holdings
    ]
    return sorted((each for each in soon if each.on(today)), key=lambda each: each.ends)


def dormant(last_seen: date | None, today: date, habits: Habits) -> Occasion | None:
    """She has been silent for long. Once a silence; a customer never seen is not asleep."""
    if last_seen is None or (today - last_seen).days < habits.dormant:
        return None
    due = last_seen + timedelta(days=habits.dormant)
    return Occasion(
        kind="dormant",
        due=due,
        ends=today,
        cycle=last_seen.isoformat(),
        facts={"days": (today - last_seen).days, "last_seen": last_seen.isoformat()},
    )


def buys_on_payday(bought: Iterable[date], today: date, habits: Habits) -> Occasion | None:
    """The days after the last payday, over a month's end too, for who bought on them in most
    recent months."""
    days, lately = set(bought), (f"{today:%Y-%m}", *months_before(today, 1))
    for number, own in product(habits.paydays, lately):
        due = _paid(own, number)
        ends = due + timedelta(days=habits.payday_days - 1)
        if not due <= today <= ends:
            continue
        times = sum(
            any(_paid(month, number) + timedelta(days=n) in days for n in range(habits.payday_days))
            for month in months_before(due, habits.months)
        )
        if times >= habits.month_ends:
            return Occasion(
                kind="payday", due=due, ends=ends, cycle=due.isoformat(),
                facts={"times": times, "months": habits.months, "day": due.isoformat()},
            )  # fmt: skip
    return None


def _paid(month: str, number: int) -> date:
    first = date.fromisoformat(f"{month}-01")
    return first.replace(day=min(number, month_end(first).day))


@lru_cache(maxsize=16)
def festival(today: date, habits: Habits) -> Occasion | None:
    """The festival that is near, for everybody alike."""
    found = coming(today, habits.festival)
    if found is None:
        return None
    name, day = found
    facts = {"which": name, "day": day.isoformat(), "in_days": (day - today).days}
    due = day - timedelta(days=habits.festival)
    return Occasion(kind="festival", due=due, ends=day, cycle=day.isoformat(), facts=facts)


def next_purchase(expected: Expected | None, habits: Habits) -> Occasion | None:
    """She is expected to buy soon. Once after each purchase, however the expectation moves."""
    if expected is None:
        return None
    due = expected.likely - timedelta(days=habits.next_purchase)
    ends = max(expected.latest, expected.likely)
    return Occasion(
        kind="next_purchase", due=due, ends=ends, cycle=expected.last.isoformat(),
        facts={
            "day": expected.likely.isoformat(), "earliest": expected.earliest.isoformat(),
            "latest": ends.isoformat(),
        },
    )  # fmt: skip


def anniversary(first: date | None, today: date, habits: Habits) -> Occasion | None:
    """So many years since she bought for the first time. Once a year."""
    reach = habits.anniversary
    feast = first and birthday_near(today, first, before=reach, after=reach)
    if first is None or feast is None or feast.year <= first.year:
        return None
    week = timedelta(days=reach)
    facts = {"years": feast.year - first.year, "day": feast.isoformat()}
    return Occasion(
        kind="anniversary", due=feast - week, ends=feast + week, cycle=str(feast.year), facts=facts
    )


def just_opened(opened: Opened | None, habits: Habits) -> Occasion | None:
    """She has just opened something: it speaks for what that is about."""
    if opened is None:
        return None
    return Occasion(
        kind="opened", due=opened.day, ends=opened.day + timedelta(days=habits.opened),
        cycle=f"{opened.material}:{opened.day.isoformat()}",
        facts={"day": opened.day.isoformat()}, topics=opened.topics,
    )  # fmt: skip


class Expected(NamedTuple):
    """When she is expected to buy next, and when she last did."""

    last: date
    earliest: date
    likely: date
    latest: date


class Opened(NamedTuple):
    """The last content she opened."""

    material: str
    day: date
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The facts of a profile that dates depend on."""

    bought: Sequence[date] = ()
    first: date | None = None
    """The day of her first purchase."""
    expected: Expected | None = None
    opened: Opened | None = None
    born: Yearly | None = None
    lunar: bool = False
    holdings: Sequence[Holding] = ()
    last_seen: date | None = None


def occasions(dates: Dates, today: date, habits: Habits) -> list[Occasion]:
    """Everything that makes today a good day, the soonest to end first."""
    found = [
        buys_at_month_end(dates.bought, today, habits),
        birthday(dates.born, today, habits, lunar=dates.lunar),
        dormant(dates.last_seen, today, habits),
        buys_on_payday(dates.bought, today, habits),
        festival(today, habits),
        next_purchase(dates.expected, habits),
        anniversary(dates.first, today, habits),
        just_opened(dates.opened, habits),
        *maturities(dates.holdings, today, habits),
    ]
    due = [each for each in found if each is not None and each.on(today)]
    return sorted(due, key=lambda each: (each.ends, each.kind, each.cycle))
