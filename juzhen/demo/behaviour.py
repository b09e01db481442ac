"""Behaviour (演示行为): 200,000 events of 90 days, drawn from each person's habits.

The same seed gives the same events; their moments are counted back from today. What is told of a
person hangs together: she reads what stands on the shelf, at her hours, about her topics.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from juzhen.demo.company import Company
from juzhen.demo.library import DAYS, texts, topics
from juzhen.demo.people import Person
from juzhen.demo.stocking import Stocked
from kernel.calendar import Zone, month_end
from kernel.events import Ecosystem, Event, Handle, pack
from kernel.values import dataclass

EVENTS = 200_000
_BOUGHT = 420
"""So many days back purchases go; everything else that is told goes back `DAYS`."""
_DEALING = (10, 11, 14, 15, 16, 20)
"""Hours at which a rep closes a deal."""
_READ = {"image_text", "poster", "short_video", "product_note", "customer_story", "proposal",
         "mini_program_tool", "livestream"}  # fmt: skip
_HOURS = {
    "morning": ((6, 8), (7, 40), (8, 30), (12, 12), (20, 10)),
    "daytime": ((9, 16), (10, 18), (12, 26), (15, 20), (17, 12), (20, 8)),
    "evening": ((12, 8), (19, 16), (20, 34), (21, 30), (22, 12)),
}
_ENDS = {
    "short_video": "played_video", "mini_program_tool": "used_tool", "poster": "saved_image",
    "livestream": "entered_livestream", "proposal": "turned_page", "product_note": "turned_page",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    material: str
    type: str
    opens: float
    closes: float
    """Days from today."""


class Told(NamedTuple):
    """An event, packed, and when it happened."""

    at: datetime
    packed: bytes


class Behaviour:
    """Tells what everybody did."""

    def __init__(
        self,
        company: Company,
        stocked: Sequence[Stocked],
        now: datetime,
        zone: Zone,
        dice: random.Random,
    ) -> None:
        self._company = company
        self._now = now
        self._zone = zone
        self._today = zone.day(now)
        self._dice = dice
        self._count = 0
        self._topics = {each["code"]: each["name"] for each in topics()}
        self._stood: dict[tuple[str, int], list[_Shown]] = {}
        self._midnights: dict[int, datetime] = {}
        self._about: dict[str, list[_Shown]] = {}
        for each in stocked:
            if each.piece.shown and each.piece.type in _READ:
                shown = _Shown(each.id, each.piece.type, *each.piece.shown)
                self._about.setdefault(each.piece.topic, []).append(shown)

    def of(self, everybody: Sequence[Person], total: int = EVENTS) -> list[list[Told]]:
        """Each person's events in order; all together exactly ``total``."""
        facts = [list(self._facts(person)) for person in everybody]
        left = total - sum(map(len, facts))
        weights = [person.activity * self._awake(person) for person in everybody]
        whole, spent, shared = sum(weights), 0.0, 0
        told = []
        for place, (person, weight) in enumerate(zip(everybody, weights, strict=True)):
            spent += weight
            share = round(left * spent / whole) - shared
            shared += share
            events = [*facts[place], *self._reading(person, share)]
            facts[place] = []  # packed, 200,000 of them take a tenth of the room
            told.append([packed(event) for event in sorted(events, key=_moment)])
        return told

    def _awake(self, person: Person) -> int:
        return max(person.joined - person.silent, 1)

    # what is known of her

    def _facts(self, person: Person) -> Iterator[Event]:
        """Who she is, what she holds, what she bought."""
        first = self._at(person.joined, 9, 20)
        traits = {
            "name": person.name, "city": person.city, "gender": "女" if person.woman else "男",
            "birthday": person.born.isoformat(), "birthday_lunar": person.lunar,
            "risk_level": person.risk, "phone": person.phone,
        }  # fmt: skip
        phone = Handle("phone", "", person.phone)
        if person.referral:
            yield self._event("signed_up", first, person, person.handle(self._company),
                              detail={"referral": person.referral})  # fmt: skip
        if person.user:
            yield self._event("identified", first, person, self._user(person), phone,
                              detail={"traits": traits})  # fmt: skip
        if person.openid:
            openid = self._openid(person)
            later = first + timedelta(days=min(person.joined - 1, 3), minutes=14)
            union = (Handle("unionid", "", person.unionid),) if person.unionid else ()
            by_code = self._company.reps[person.rep].id if person.number % 3 == 0 else ""
            yield self._event("followed", later, person, openid, *union, rep=by_code)
            if not person.user or self._dice.random() < 0.75 or person.number < 24:
                yield self._event("identified", later + timedelta(minutes=3), person, openid,
                                  phone, detail={"traits": traits})  # fmt: skip
        for holding in person.holdings:
            yield self._event("holding_noted", first + timedelta(minutes=30), person,
                              person.handle(self._company), detail=holding)  # fmt: skip
        if person.month_end:
            yield from self._month_ends(person)
        elif person.buys:
            yield from self._deals(person, first)

    def _month_ends(self, person: Person) -> Iterator[Event]:
        """Purchases on the last days of past months; the older ones came with an import."""
        day = self._today.replace(day=1)
        for number in range(6):
            day = month_end(day - timedelta(days=1))
            bought = day - timedelta(days=self._dice.randrange(3))
            if number != person.number % 6:  # one month she did not
                fund = number % 2 == 0
                detail = {
                    "product": "禾财精选基金组合" if fund else "禾财稳盈一号",
                    "category": "fund" if fund else "wealth",
                    "amount": 10_000 + (person.number * 37 + number * 11) % 9 * 5_000,
                }
                at = self._zone.at(bought, time(14, (person.number * 7) % 60))
                yield self._event("bought", at, person, person.handle(self._company),
                                  detail=detail, rep=self._company.reps[person.rep].id)  # fmt: skip
            day = day.replace(day=1)

    def _deals(self, person: Person, first: datetime) -> Iterator[Event]:
        """What she bought from her rep, the older ones before she had the app; after the first one
        in three says a kind word."""
        rep = self._company.reps[person.rep].id
        handle, sold = person.handle(self._company), texts("products")["products"]
        liked = [each for each in sold if person.interests.get(each["topic"])]
        for number, at in enumerate(self._bought_at(person, first)):
            product = liked[number % len(liked)] if liked else sold[0]
            detail = {
                "product": product["name"],
                "category": product["category"],
                "amount": 2_000 + (person.number + 3 * number) % 11 * 1_500,
            }
            yield self._event("bought", at, person, handle, detail=detail, rep=rep)
            if person.number % 3 == 0 and not number:
                yield self._event("praised", at + timedelta(minutes=20), person, handle, rep=rep)

    def _bought_at(self, person: Person, first: datetime) -> Iterator[datetime]:
        """Everybody at a rate of her own; after each purchase she may be gone, as people are."""
        dice, regular = self._dice, person.buys == "regularly"
        gap = dice.uniform(21, 45) if regular else 7 / dice.gammavariate(1.2, 0.16)
        leaves = 0.03 if regular else dice.betavariate(0.5, 3.0)
        ago = dice.uniform(DAYS, _BOUGHT)
        if person.buys == "since":
            ago = person.joined - person.number * 64 % (person.joined + 1)
        at = self._at(0, 9, 0) - timedelta(days=ago)
        while at < self._now - timedelta(days=person.silent):
            day = self._zone.at(self._zone.day(at))
            told = day + timedelta(hours=dice.choice(_DEALING), minutes=dice.randrange(60))
            yield max(first, told) if person.buys == "since" else told
            if dice.random() < leaves:
                return
            days = dice.gauss(gap, gap / 9) if regular else dice.expovariate(1 / gap)
            at += timedelta(days=max(days, 1.0))

    # what she does

    def _reading(self, person: Person, quota: int) -> Iterator[Event]:
        """Sessions until her share is used up."""
        hours, weights = zip(*_HOURS[person.habit], strict=True)
        kept: list[Event] = []
        if person.lately:
            liked = {hour for hour, weight in _HOURS[person.habit] if 2 * weight >= max(weights)}
            kept += self._session(person, self._last(liked), 0)
        while len(kept) < quota:
            ago = self._dice.randrange(person.silent, max(person.joined, person.silent + 1))
            hour = self._dice.choices(hours, weights)[0]
            at = self._at(ago, hour, self._dice.randrange(60))
            kept += self._session(person, at, ago)
        return iter(kept[:quota])

    def _last(self, hours: Collection[int]) -> datetime:
        """The latest of these hours of the day that is over."""
        at = self._now - timedelta(hours=1)
        while self._zone.local(at).hour not in hours:
            at -= timedelta(hours=1)
        return at

    def _session(self, person: Person, at: datetime, ago: int) -> list[Event]:
        """She opens something, perhaps reads it to the end, perhaps passes it on."""
        dice = self._dice
        handle = self._door(person)
        if dice.random() < 0.06:
            if handle.kind == "openid":
                return [self._event("messaged", at, person, handle)]
            most = max(person.interests, key=person.interests.__getitem__)
            sought = {"query": self._topics[most]}
            return [self._event("searched", at, person, handle, detail=sought)]
        topic = dice.choices(list(person.interests), list(person.interests.values()))[0]
        shown = self._standing(topic, ago)
        if not shown:
            page = {"page": "首页" if handle.kind == "user" else "服务号菜单"}
            return [self._event("viewed_page", at, person, handle, detail=page)]
        what = dice.choice(shown)
        rep = self._company.reps[person.rep].id if dice.random() < 0.12 else ""
        about: dict[str, Any] = {"material": what.material, "rep": rep}
        told = [self._event("opened_link", at, person, handle, **about)]
        steps = [("read_material", 0.82), (_ENDS.get(what.type, "finished_material"), 0.5),
                 ("shared_material", 0.09), ("liked_material", 0.08)]  # fmt: skip
        for number, (kind, chance) in enumerate(steps, 1):
            if dice.random() < chance:
                seconds = {"seconds": dice.randrange(8, 160)} if kind == "read_material" else {}
                told.append(self._event(kind, at + timedelta(seconds=40 * number), person, handle,
                                        detail=seconds, **about))  # fmt: skip
        if what.type == "mini_program_tool" and dice.random() < 0.3:
            told.append(self._event("asked_quote", at + timedelta(minutes=4), person, handle,
                                    **about))  # fmt: skip
        return told

    def _standing(self, topic: str, ago: int) -> list[_Shown]:
        """What stood on the shelf about it on that day."""
        key = (topic, ago)
        if key not in self._stood:
            about = self._about.get(topic, ())
            self._stood[key] = [each for each in about if each.opens <= -ago <= each.closes]
        return self._stood[key]

    def _door(self, person: Person) -> Handle:
        """Where she comes in this time."""
        if person.user and (not person.openid or self._dice.random() < 0.6):
            return self._user(person)
        return self._openid(person) if person.openid else person.handle(self._company)

    def _user(self, person: Person) -> Handle:
        return Handle("user", self._company.app.id, person.user)

    def _openid(self, person: Person) -> Handle:
        return Handle("openid", self._company.official.id, person.openid)

    def _event(
        self,
        kind: str,
        at: datetime,
        person: Person,
        handle: Handle,
        *links: Handle,
        material: str = "",
        rep: str = "",
        detail: dict[str, Any] | None = None,
    ) -> Event:
        self._count += 1
        official = handle.kind == "openid"
        at = min(at, self._now)
        return Event(
            id=f"demo-{self._count:06}", kind=kind, at=at, handle=handle, links=links,
            account=self._company.official.id if official else self._company.app.id,
            ecosystem=(Ecosystem.WECHAT if official else Ecosystem.OWN_APP).value,
            material=material, rep=rep, received=at, detail=detail or {},
        )  # fmt: skip

    def _at(self, ago: int, hour: int, minute: int) -> datetime:
        if ago not in self._midnights:
            self._midnights[ago] = self._zone.at(self._today - timedelta(days=ago))
        return self._midnights[ago] + timedelta(hours=hour, minutes=minute)


def packed(event: Event) -> Told:
    """Copied, because orjson hands out its whole 4 KB buffer with every line."""
    return Told(event.at, bytes(memoryview(pack(event))))


def _moment(event: Event) -> datetime:
    return event.at


def in_order(told: Iterable[Sequence[Told]]) -> list[Told]:
    """Everybody's events as they would have arrived."""
    return sorted((each for events in told for each in events), key=lambda each: each.at)
