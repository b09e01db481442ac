"""What reps did with their lists (推荐与响应): eight weeks of it, so that the page of matching
quality has something to judge.

For whom a rep opened a list, whom she wrote to afterwards, which tasks she was shown and did: more
of it from week to week. It is over a day before the demo begins, counts as service, and leaves no
task undone on anybody's phone.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from channels.touch_policy.record import Touched
from channels.touch_policy.touch import Kind
from data_hub.own_acts import SOURCE
from engagement.reminders import Reminder
from engagement.responses import LAST
from juzhen.demo.behaviour import Told, packed
from juzhen.demo.company import BY, Company
from juzhen.demo.people import Person
from juzhen.demo.stocking import Stocked
from kernel.events import Event, Handle
from kernel.ids import new_id
from matching.offers import Item, Offer
from matching.scoring import Reason

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ADVISED = 0.3
"""Of a rep's customers, for so many she opens the list in a week."""
_REACHED, _DONE = (0.24, 0.36), (0.45, 0.62)
"""How many of these she writes to within days, and of her tasks she does: in the first week, and in
the last."""
_LESS = 0.6
"""So much of that of whom is held out, where somebody is (`JUZHEN_MATCHING_HOLD_OUT`): what the
page of matching quality finds is known."""
_TASKED = 0.3
"""For so many of the lists there was a task that led to it."""
_TASKS = ("warmed", "came_back", "nurture")
_PLACES, _ALIKE = 5, 3
_HOURS, _SOON = range(9, 19), 9
_WRITTEN = 500
"""Rows a write."""


def advise(
    platform: Platform,
    company: Company,
    everybody: Sequence[Person],
    stocked: Sequence[Stocked],
    now: datetime,
    dice: random.Random,
    held: Collection[int] = (),
) -> Iterator[tuple[int, Told]]:
    """Write all of it down, as it would have been kept; the events of it, each with the place of
    whom it is about among everybody. ``held``: the places of whom is held out."""
    told = _Told(platform, company, stocked, held)
    monday = platform.zone.day(now) - timedelta(days=platform.zone.day(now).weekday())
    for back in range(LAST - 1, -1, -1):
        begins = platform.zone.at(monday - timedelta(weeks=back))
        told.week(everybody, begins, now - timedelta(days=1), 1 - back / (LAST - 1), dice)
    for kind, rows in ((Offer, told.offers), (Touched, told.touches), (Reminder, told.tasks)):
        for first in range(0, len(rows), _WRITTEN):
            platform.records.put(kind, rows[first : first + _WRITTEN])
    return zip(told.about, map(_recommended, told.offers), strict=True)


class _Told:
    """The rows of every week."""

    def __init__(
        self,
        platform: Platform,
        company: Company,
        stocked: Sequence[Stocked],
        held: Collection[int],
    ) -> None:
        self._company, self._zone, self._held = company, platform.zone, held
        self._about: dict[str, list[Stocked]] = {}
        for each in stocked:
            if each.piece.shown and each.piece.branch < 0:
                self._about.setdefault(each.piece.topic, []).append(each)
        tags = {code: platform.taxonomy.one(f"topic.{code}") for code in self._about}
        self._names = {code: {"zh": tag.zh, "en": tag.en} for code, tag in tags.items()}
        self.offers: list[dict[str, Any]] = []
        self.about: list[int] = []
        self.touches: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []

    def week(
        self,
        everybody: Sequence[Person],
        begins: datetime,
        ends: datetime,
        part: float,
        dice: random.Random,
    ) -> None:
        """``part`` of the way from the first week to the last."""
        for place, person in enumerate(everybody):
            if dice.random() >= _ADVISED or not self._about.keys() & person.interests.keys():
                continue
            at = begins + timedelta(
                days=dice.randrange(5), hours=dice.choice(_HOURS), minutes=dice.randrange(60)
            )
            part_of = _LESS if place in self._held else 1.0
            reached, done = (
                dice.random() < (low + (high - low) * part) * of
                for (low, high), of in ((_REACHED, part_of), (_DONE, 1.0))
            )
            written = at + timedelta(hours=dice.expovariate(1 / _SOON))
            tasked = dice.random() < _TASKED
            if at >= ends:
                continue
            self.offers.append(self._offer(person, at))
            self.about.append(place)
            if reached and written < ends:
                self.touches.append(self._touch(person, written))
            if tasked:
                self.tasks.append(self._task(person, at, done=done, kind=dice.choice(_TASKS)))

    def _offer(self, person: Person, at: datetime) -> dict[str, Any]:
        items = [
            Item(
                position=position, material=each.id, script=None, score=weight, propensity=1.0,
                slot="best", reasons=(self._interest(each.piece.topic, weight),),
            )
            for position, (each, weight) in enumerate(self._liked(person, at), 1)
        ]  # fmt: skip
        return {
            "id": new_id("off"), "handle": str(person.handle(self._company)),
            "rep": self._company.reps[person.rep].id, "at": at,
            "items": [each.kept() for each in items], "candidates": "", "policy": "demo",
            "withheld": {},
        }  # fmt: skip

    def _liked(self, person: Person, at: datetime) -> list[tuple[Stocked, float]]:
        """Some of what she likes best, others each day; then of what she likes next."""
        ranked = sorted(person.interests.items(), key=lambda each: (-each[1], each[0]))
        found: list[tuple[Stocked, float]] = []
        for code, weight in ranked:
            pieces = self._about.get(code, [])
            turn = (at.toordinal() + person.number) % max(1, len(pieces))
            found += [(each, weight) for each in (pieces[turn:] + pieces[:turn])[:_ALIKE]]
        return found[:_PLACES]

    def _touch(self, person: Person, at: datetime) -> dict[str, Any]:
        account = self._company.app
        return {
            "key": new_id("tch"), "handle": str(person.handle(self._company)),
            "day": self._zone.day(at).toordinal(), "at": at,
            "account": account.id, "channel": account.kind,
            "kind": Kind.SERVICE.value, "weight": 1.0, "promo": False, "material": "",
            "campaign": "", "priority": 50, "expires": None, "held": False, "forced": False,
            "override": None, "rep": self._company.reps[person.rep].id,
        }  # fmt: skip

    def _task(self, person: Person, at: datetime, *, done: bool, kind: str) -> dict[str, Any]:
        due, opened = at - timedelta(minutes=20), at - timedelta(minutes=5)
        return {
            "id": new_id("rem"), "staff": self._company.reps[person.rep].id, "kind": kind,
            "handle": str(person.handle(self._company)), "cycle": f"demo:{due:%G-%V}", "due": due,
            "made": due, "material": "", "evidence": {}, "opened": opened,
            "done": at if done else None, "ends": due + timedelta(days=1),
        }  # fmt: skip

    def _interest(self, code: str, weight: float) -> Reason:
        return Reason("tag", "reason_interest", {"topic": self._names[code]}, weight)


def _recommended(offer: dict[str, Any]) -> Told:
    """As our own act is told when a list is made."""
    told = {"offer": offer["id"], "by": BY, "rep": offer["rep"]}
    return packed(Event(
        id=f"demo-{offer['id']}", kind="recommended", at=offer["at"], received=offer["at"],
        account=SOURCE, handle=Handle.parse(offer["handle"]), rep=offer["rep"],
        detail=told | {"materials": [each["material"] for each in offer["items"]]},
    ))  # fmt: skip
