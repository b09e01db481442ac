"""The people (演示客户): 3,000 invented customers, their habits, and who looks after them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from juzhen.demo.company import APPID, BY, Company, name_of
from juzhen.demo.library import DAYS, topics
from juzhen.sandbox.cast import openid_of, unionid_of
from kernel.events import Handle
from kernel.values import dataclass

if TYPE_CHECKING:
    from juzhen.wiring import Platform

NUMBER = 3_000
CAST = 24
"""The first so many are also the sandbox's people: they go on acting."""


@dataclass(slots=True, kw_only=True)
class Person:
    """One customer, as her maker knows her."""

    number: int
    name: str
    woman: bool
    phone: str
    born: date
    lunar: bool
    rep: int
    """Which rep looks after her, by place in the list."""
    city: str
    user: str = ""
    """The id she logs in to the app with; empty if she has none."""
    openid: str = ""
    unionid: str = ""
    interests: dict[str, float] = field(default_factory=dict)
    """Topic → how much of her reading."""
    habit: str = "daytime"
    """When she reads: morning, daytime, evening."""
    risk: str = "C3"
    activity: float = 1.0
    joined: int = DAYS
    """Days before today on which we first heard of her."""
    silent: int = 0
    """For so many days she has done nothing."""
    lately: bool = False
    """At the last of her hours she certainly looked at something."""
    month_end: bool = False
    buys: str = ""
    """How, if she buys from her rep: `regularly`, `now_and_then`, or `since`: after we met her."""
    holdings: list[dict[str, Any]] = field(default_factory=list)
    referral: str = ""
    """The code that she came with, if a friend brought her."""

    def handle(self, company: Company) -> Handle:
        """The one she is usually seen under."""
        if self.user:
            return Handle("user", company.app.id, self.user)
        if self.openid:
            return Handle("openid", company.official.id, self.openid)
        return Handle("phone", "", self.phone)


def people(
    company: Company, today: date, dice: random.Random, number: int = NUMBER
) -> list[Person]:
    """Everybody. The star rep's own are made to show every habit there is."""
    everybody = [_person(n, company, today, dice) for n in range(number)]
    for person in everybody[:CAST]:
        person.openid = openid_of(APPID, f"demo:{person.number}")
        person.unionid = unionid_of(f"demo:{person.number}")
        person.user = person.user or f"U{10_001 + person.number}"
        person.rep = 0 if person.number < 12 else person.rep
    _show_habits([person for person in everybody if person.rep == 0], today)
    return everybody


def _person(number: int, company: Company, today: date, dice: random.Random) -> Person:
    woman = dice.random() < 0.58
    age = dice.choice((28, 33, 37, 41, 45, 49, 53, 57, 61, 66)) + dice.randrange(4)
    rep = number % len(company.reps)
    reached = dice.random()
    person = Person(
        number=number, name=name_of(dice, woman=woman), woman=woman,
        phone=f"199{(number * 7_919 + 20_000_000) % 100_000_000:08}",
        born=date(today.year - age, 1, 1) + timedelta(days=dice.randrange(365)),
        lunar=age > 55 and dice.random() < 0.3, rep=rep,
        city=company.cities[company.reps[rep].unit], interests=_interests(age, dice),
        habit=dice.choices(("morning", "daytime", "evening"), (25, 40, 35))[0],
        risk=dice.choice(("C1", "C2", "C2", "C3", "C3", "C4")),
        activity=dice.paretovariate(1.6),
    )  # fmt: skip
    person.activity = min(person.activity, 6.0)
    if reached < 0.72:
        person.user = f"U{10_001 + number}"
    if reached > 0.38:
        person.openid = openid_of(APPID, f"demo:{number}")
        person.unionid = unionid_of(f"demo:{number}") if dice.random() < 0.8 else ""
    if dice.random() < 0.12:
        person.joined = dice.randrange(2, 40)
    if dice.random() < 0.08 and person.joined == DAYS:
        person.silent = dice.randrange(46, 75)
    person.month_end = person.silent == 0 and age > 30 and dice.random() < 0.015
    person.buys = _buys(person)
    _insure(person, today, dice)
    return person


def _buys(person: Person) -> str:
    """By number, so that who was brought by somebody (`_inviter`) has bought from her rep."""
    if person.month_end:
        return ""
    if person.silent:
        return "now_and_then" if person.number % 3 == 1 else ""
    if person.number % 8 == 5:
        return "since"
    if person.joined < DAYS:
        return ""
    if person.number % 16 == 1:
        return "regularly"
    return "now_and_then" if person.number % 8 in {1, 3, 7} else ""


_TASTES = {
    30: ("regular_investing", "term_life", "child_care", "accident_safety", "personal_pension"),
    45: ("education_fund", "critical_illness", "allocation", "fund_manager", "medical"),
    99: ("retirement_community", "pension_annuity", "wellness", "fixed_income", "claims"),
}


def _interests(age: int, dice: random.Random) -> dict[str, float]:
    likely = next(tastes for limit, tastes in _TASTES.items() if age <= limit + 6)
    chosen = dice.sample(likely, 2) + dice.sample([each["code"] for each in topics()], 1)
    return dict(zip(chosen, (0.5, 0.3, 0.2), strict=True))


_POLICIES = (
    ("禾安百万医疗（长期版）", "insurance"), ("禾安无忧重大疾病保险", "insurance"),
    ("禾苗启程教育年金", "annuity"), ("禾财稳盈一号", "wealth"), ("禾嘉颐年养老年金", "annuity"),
)  # fmt: skip


def _insure(person: Person, today: date, dice: random.Random) -> None:
    for number in range(dice.choices((0, 1, 2, 3), (30, 40, 22, 8))[0]):
        due = today + timedelta(days=dice.randrange(5, 360))
        product, category = dice.choice(_POLICIES)
        matures = today + timedelta(days=dice.randrange(3, 1_500))
        person.holdings.append(
            {
                "policy": f"HJ{person.number:05}{number + 1}", "product": product,
                "category": category, "due": due.isoformat(),
                "matures": matures.isoformat(),
            }
        )  # fmt: skip


def _show_habits(hers: Sequence[Person], today: date) -> None:
    """What a visitor should find among one rep's customers."""
    lead = hers[0]
    lead.name, lead.woman, lead.habit, lead.silent, lead.joined = "林秀兰", True, "evening", 0, DAYS
    lead.born, lead.lunar = _birthday(today + timedelta(days=1), 1966), False
    lead.interests = {"retirement_community": 0.5, "wellness": 0.3, "pension_annuity": 0.2}
    lead.activity, lead.lately, lead.month_end = 3.0, True, False
    lead.holdings = [_maturing(lead, today, 12)]
    for place, person in enumerate(hers[1:4]):
        person.born = _birthday(today + timedelta(days=place - 2), 1970 + place)
        person.lunar = False
    for person in hers[4:8]:
        person.month_end, person.silent, person.joined, person.buys = True, 0, DAYS, ""
        person.interests = {"fund_manager": 0.5, "star_theme": 0.3, "fixed_income": 0.2}
    for person in hers[8:10]:
        person.holdings = [_maturing(person, today, 20 + person.number % 7)]
    for person in hers[14:18]:
        person.silent, person.joined, person.month_end, person.buys = 52, DAYS, False, ""
    mother, daughter = hers[12], hers[13]
    daughter.phone = mother.phone  # a family phone
    mother.user = mother.user or f"U{10_001 + mother.number}"
    daughter.user = daughter.user or f"U{10_001 + daughter.number}"
    mother.woman = daughter.woman = True
    mother.name, daughter.name = "许桂英", "程雨桐"
    for person in (mother, daughter):
        person.silent, person.joined = 0, DAYS


def _birthday(day: date, year: int) -> date:
    return date(year, day.month, min(day.day, 28) if day.month == 2 else day.day)


def _maturing(person: Person, today: date, days: int) -> dict[str, Any]:
    day = (today + timedelta(days=days)).isoformat()
    return {
        "policy": f"HJ{person.number:05}9", "product": "禾嘉金生两全保险", "category": "annuity",
        "due": day, "matures": day,
    }  # fmt: skip


def invite(platform: Platform, company: Company, everybody: Sequence[Person]) -> None:
    """Some were brought by others, who have codes: the first one by the tour's own customer."""
    for person in everybody:
        if (inviter := _inviter(person)) is not None:
            hers = [everybody[inviter].handle(company)]
            person.referral = platform.referrals.issue(hers, by=BY).code


def _inviter(person: Person) -> int | None:
    """Who brought her, by number: always one before her, so that nobody goes round in a circle."""
    if person.month_end or person.number % 8 != 5:  # those who buy from their rep
        return None
    return {13: 0, 29: 5}.get(person.number, person.number // 16)


def entrust(
    platform: Platform,
    company: Company,
    everybody: Sequence[Person],
    tell: Callable[[int], None],
) -> None:
    """Give everybody to her rep, a list at a time."""
    lists: dict[int, list[Handle]] = {}
    for person in everybody:
        lists.setdefault(person.rep, []).append(person.handle(company))
    done = 0
    for rep, handles in lists.items():
        platform.customers.take_over({company.reps[rep].id: handles}, by=BY)
        done += len(handles)
        tell(done)
