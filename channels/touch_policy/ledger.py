"""The ledger of one transaction (触达账页): all that was said to some persons, read with few words.

Three statements for a whole slice, whoever is in it. Decides nothing and writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from typing import Any, Protocol

from channels.touch_policy.moods import current
from channels.touch_policy.policy import WINDOWS, Caps, Policy
from channels.touch_policy.touch import Asked, Known, Nature, Past, Person, Touch
from data_hub.consents import Consents
from kernel.calendar import Zone
from kernel.values import dataclass
from stores.records import Records
from stores.spelling import marks, moment

MONTH = max(WINDOWS.values())


class Persons(Protocol):
    """Who stands behind handles, and how she stands with us."""

    def behind(self, handles: Collection[str], /) -> Mapping[str, Person]: ...

    def person(self, known: Known, /) -> Person:
        """The same for one who was looked up already."""
        ...


class Natures(Protocol):
    """What contents and campaigns are, as far as the policy minds."""

    def of(self, materials: Collection[str], /) -> Mapping[str, Nature]: ...

    def mega_sales(self, campaigns: Collection[str], /) -> Collection[str]:
        """Those of the campaigns that are big sales."""
        ...

    def priorities(self, campaigns: Collection[str], /) -> Mapping[str, int]:
        """Of those campaigns that say so, how much their touches matter: 0 to 100."""
        ...


@dataclass(frozen=True, slots=True)
class Background:
    """What is known before the lock is taken."""

    persons: Mapping[str, Person]
    natures: Mapping[str, Nature]
    mega_sales: Collection[str]
    policy: Policy
    zone: Zone
    now: datetime
    platform: Mapping[str, Caps]
    """What the platforms let one person receive, by kind of channel."""
    priorities: Mapping[str, int]
    """How much the touches of a campaign matter, if it says so."""

    def ranked(self, touch: Touch) -> Touch:
        """The touch with its campaign's priority, if that has one."""
        told = self.priorities.get(touch.campaign)
        return touch if told in (None, touch.priority) else replace(touch, priority=int(told or 0))

    def person(self, touch: Touch) -> Person:
        there = self.persons.get(touch.handle)
        return there or Person(customer=touch.handle, handles=(touch.handle,))


@dataclass(slots=True)
class Ledger:
    """What one transaction knows of the past, and what it will write."""

    past: dict[str, list[Past]] = field(default_factory=lambda: defaultdict(list))
    held: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    allowed: Mapping[str, bool] = field(default_factory=dict)
    overrides: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often each customer was written to against the advice today."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    outranked: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """Keys whose place was for another day, or is taken away."""

    @classmethod
    def open(
        cls,
        records: Records,
        touches: Sequence[Touch],
        known: Background,
        consents: Consents,
        *,
        locked: bool = False,
    ) -> Ledger:
        """Read what was said to these persons by all of their handles. ``locked``: what they hold
        cannot be begun before the transaction that is open ends, so that it may be taken away."""
        persons = {touch.handle: known.person(touch) for touch in touches}
        owner = {h: person.customer for person in persons.values() for h in person.handles}
        today = known.zone.day(known.now).toordinal()
        ledger = cls()
        handles = list(owner)
        past = _PAST.format(marks(handles)) + (_LOCK if locked and records.on_postgres else "")
        for row in records.rows(past, [*handles, today - MONTH - 1]):
            day, until = date.fromordinal(row[2]), moment(row[10])
            told = Past._make((row[0], day, *row[3:10], until))
            ledger.past[owner[row[1]]].append(told)
            ledger.overrides[owner[row[1]]] += row[11] and row[2] == today
        for handle, hold in current(records, handles, known.now).items():
            kept = ledger.held.setdefault(owner[handle], hold)
            if kept[1] < hold[1]:
                ledger.held[owner[handle]] = hold
        ledger.allowed = consents.among(
            {
                touch.key: (persons[touch.handle].handles, touch.purpose, touch.channel)
                for touch in touches
            }
        )
        return ledger

    def asked(self, known: Background, touch: Touch) -> Asked:
        """The question about one touch; its own place is no reason against it."""
        person = known.person(touch)
        return Asked(
            touch=touch, person=person, at=known.now, zone=known.zone, policy=known.policy,
            nature=known.natures.get(touch.material, _PLAIN),
            mega_sale=touch.campaign in known.mega_sales, allowed=self.allowed[touch.key],
            held=self.held.get(person.customer),
            past=[each for each in self.past[person.customer] if each.key != touch.key],
            platform=known.platform.get(touch.channel, _NO_CAPS),
        )  # fmt: skip


_PLAIN = Nature()
_NO_CAPS = Caps()
_PAST = (
    "SELECT key, handle, day, channel, kind, weight, promo, material, held, priority, expires,"
    " forced FROM touches WHERE handle IN ({}) AND day > ?"
)
_LOCK = " FOR UPDATE"
