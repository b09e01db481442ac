"""Simulation (触达回放): what another touch policy would have done with last month's marketing.

Everything that was wanted is played again, person by person and day by day, the most important of
a day first. Her lifecycle and whether she is a VIP are today's; what she had not allowed stays so.
Takes no place and sends nothing.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from channels.touch_policy.keeper import TouchPolicy
from channels.touch_policy.ledger import MONTH, Natures, Persons
from channels.touch_policy.policy import Caps, Policy, tuned
from channels.touch_policy.rules import decide
from channels.touch_policy.touch import (
    Asked,
    Decision,
    Kind,
    Nature,
    Past,
    Person,
    Touch,
    Verdict,
    rank,
)
from data_hub.consents import MARKETING
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Records
from stores.spelling import marks, moment, spelled

DAYS = 30
MOST = 20_000
_NO = "she_does_not_allow_it"
_AT_ONCE = 200
BANDS = (0, 1, 2, 3, 5, 9)
"""Where a band of touches a person begins, for the picture."""


class Wanted(NamedTuple):
    """Something that somebody wanted to say to one person, and what came of it."""

    touch: Touch
    at: datetime
    kind: str
    """What it counted as; empty if it never got a place."""
    sent: bool
    promo: bool
    allowed: bool


@dataclass(slots=True)
class Simulation:
    """What came of it, and what would have."""

    since: datetime
    until: datetime
    wanted: int = 0
    persons: int = 0
    was: int = 0
    """Marketing touches that went out."""
    would: int = 0
    later: int = 0
    """Of these, on another day than they were wanted for."""
    spared: int = 0
    """Went out, and would not have."""
    added: int = 0
    """Did not go out, and would have."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why some would not have gone, by the first reason."""
    days: dict[date, list[int]] = field(default_factory=dict)
    """By day, how many went and how many would have."""
    bands: dict[int, list[int]] = field(default_factory=lambda: {low: [0, 0] for low in BANDS})
    """Persons by how much marketing they had, and would have had."""
    left_out: int = 0
    """Touches of persons who are not in the sample."""


class Simulations:
    """Plays the last month again."""

    def __init__(
        self,
        records: Records,
        policy: TouchPolicy,
        persons: Persons,
        natures: Natures,
        clock: Clock,
        zone: Zone,
        platform: Callable[[str, datetime], Caps] = lambda _kind, _at: Caps(),
    ) -> None:
        self._records = records
        self._policy = policy
        self._persons = persons
        self._natures = natures
        self._clock = clock
        self._zone = zone
        self._platform = platform

    def run(
        self, changed: Mapping[str, Any], *, days: int = DAYS, most: int | None = MOST
    ) -> Simulation:
        """With these settings changed, over so many days until now. More than ``most`` touches
        are sampled by whole persons. Raises `Invalid` for a setting that is none."""
        policy = tuned(self._policy.policy(), changed)
        now = self._clock()
        result = Simulation(now - timedelta(days=days), now)
        for day in range(days + 1):
            result.days[self._zone.day(result.since + timedelta(days=day))] = [0, 0]
        handles, result.left_out = self._handles(result.since, most)
        done: set[str] = set()
        for begin in range(0, len(handles), _AT_ONCE):
            self._some(result, policy, handles[begin : begin + _AT_ONCE], done)
        result.persons = len(done)
        return result

    def _handles(self, since: datetime, most: int | None) -> tuple[list[str], int]:
        """Whom something was wanted for, and how many touches of others are left out."""
        counted = dict(self._records.rows(_COUNTED, [spelled(self._records, since), MARKETING]))
        everybody = sorted(counted)
        total = sum(counted.values())
        if most is None or total <= most:
            return everybody, 0
        random.Random(since.toordinal()).shuffle(everybody)  # noqa: S311  # a sample, no secret
        chosen, held = [], 0
        for handle in everybody:
            if held >= most:
                break
            chosen.append(handle)
            held += counted[handle]
        return chosen, total - held

    def _some(
        self, result: Simulation, policy: Policy, handles: Sequence[str], done: set[str]
    ) -> None:
        """Those of them who were not played by another of their handles already."""
        known = self._persons.behind(handles)
        persons = {p.customer: p for p in (known.get(h) or _alone(h) for h in handles)}
        persons = {key: person for key, person in persons.items() if key not in done}
        done.update(persons)
        owner = {h: person.customer for person in persons.values() for h in person.handles}
        wanted = self._wanted(list(owner), result.since)
        past = self._past(list(owner), result.since)
        told = self._told(policy, wanted, list(owner), result.until)
        hers: dict[str, list[Wanted]] = {}
        for each in wanted:
            hers.setdefault(owner[each.touch.handle], []).append(each)
        for customer, mine in hers.items():
            person = persons[customer]
            before = [each for handle in person.handles for each in past.get(handle, ())]
            _play(result, told, person, mine, before)

    def _told(
        self, policy: Policy, wanted: Sequence[Wanted], handles: Sequence[str], at: datetime
    ) -> _Told:
        campaigns = {each.touch.campaign for each in wanted if each.touch.campaign}
        return _Told(
            policy, self._zone,
            self._natures.of({each.touch.material for each in wanted if each.touch.material}),
            frozenset(self._natures.mega_sales(campaigns)),
            self._natures.priorities(campaigns) if campaigns else {},
            {kind: self._platform(kind, at) for kind in {each.touch.channel for each in wanted}},
            self._holds(handles),
        )  # fmt: skip

    def _wanted(self, handles: Sequence[str], since: datetime) -> list[Wanted]:
        values = [*handles, spelled(self._records, since)]
        found = self._records.rows(_WANTED.format(marks(handles)), values)
        return [_wanted(row) for row in found]

    def _past(self, handles: Sequence[str], since: datetime) -> dict[str, list[Past]]:
        """What they had heard in the month before it begins."""
        first = self._zone.day(since).toordinal()
        told: dict[str, list[Past]] = {}
        for row in self._records.rows(
            _PAST.format(marks(handles)), [*handles, first - MONTH, spelled(self._records, since)]
        ):
            day = date.fromordinal(row[2])
            told.setdefault(row[1], []).append(Past(row[0], day, *row[3:8]))
        return told

    def _holds(self, handles: Sequence[str]) -> dict[str, list[tuple[datetime, datetime, str]]]:
        told: dict[str, list[tuple[datetime, datetime, str]]] = {}
        rows = self._records.rows(_HOLDS.format(marks(handles)), list(handles))
        for handle, why, since, until, lifted in rows:
            ends = moment(until) if lifted is None else min(moment(until), moment(lifted))
            told.setdefault(handle, []).append((moment(since), ends, why))
        return told


@dataclass(frozen=True, slots=True)
class _Told:
    """What is the same for everybody who is played at once."""

    policy: Policy
    zone: Zone
    natures: Mapping[str, Nature]
    mega_sales: frozenset[str]
    priorities: Mapping[str, int]
    platform: Mapping[str, Caps]
    holds: Mapping[str, Sequence[tuple[datetime, datetime, str]]]

    def ranked(self, touch: Touch) -> Touch:
        told = self.priorities.get(touch.campaign)
        return touch if told is None else replace(touch, priority=told)

    def asked(self, person: Person, each: Wanted, at: datetime, past: Sequence[Past]) -> Asked:
        touch = self.ranked(each.touch)
        answers = each.kind == Kind.ANSWER
        held = [
            (why, ends)
            for handle in person.handles
            for since, ends, why in self.holds.get(handle, ())
            if since <= at < ends
        ]
        return Asked(
            touch=touch, person=replace(person, active=at if answers else None), at=at,
            zone=self.zone, policy=self.policy,
            nature=self.natures.get(touch.material, Nature(promo=each.promo)),
            mega_sale=touch.campaign in self.mega_sales, allowed=each.allowed,
            held=max(held, key=lambda hold: hold[1]) if held else None, past=past,
            platform=self.platform.get(touch.channel, Caps()),
        )  # fmt: skip


def _play(
    result: Simulation, told: _Told, person: Person, wanted: Sequence[Wanted], past: list[Past]
) -> None:
    """One person's month: each day the most important first; what must wait comes again."""
    day = told.zone.day
    queue = [(*_turn(told, each, each.at), n, each.at) for n, each in enumerate(wanted)]
    heapq.heapify(queue)
    was = would = 0
    for each in wanted:
        if each.sent and _marketing(each):
            was += 1
            _count(result, day(each.at), 0)
    while queue:
        *_, n, at = heapq.heappop(queue)
        each = wanted[n]
        decision = decide(told.asked(person, each, at, past))
        again = decision.next_at if decision.verdict is Verdict.DELAY else None
        if again is not None and at < again < result.until:
            heapq.heappush(queue, (*_turn(told, each, again), n, again))
            continue
        if decision.passes:
            past.append(_said(each, decision, day(at), told))
        if not _marketing(each):
            continue
        result.wanted += 1
        would += decision.passes
        _weigh(result, each, decision, moved=day(at) != day(each.at))
        if decision.passes:
            _count(result, day(at), 1)
    for place, number in enumerate((was, would)):
        result.bands[max(low for low in BANDS if low <= number)][place] += 1


def _turn(told: _Told, each: Wanted, at: datetime) -> tuple[int, int, datetime, datetime]:
    """What is played first: by day, then what matters more, never what came first."""
    touch = told.ranked(each.touch)
    service = touch.purpose != MARKETING
    return (told.zone.day(at).toordinal(), *_first(touch, service), at)


def _first(touch: Touch, service: bool) -> tuple[int, datetime]:
    priority, expires = rank(touch.priority, touch.expires)
    return (priority - 1_000 if service else priority, expires)


def _weigh(result: Simulation, each: Wanted, decision: Decision, *, moved: bool) -> None:
    result.was += each.sent
    result.would += decision.passes
    result.later += decision.passes and moved
    result.spared += each.sent and not decision.passes
    result.added += decision.passes and not each.sent
    if not decision.passes:
        result.reasons[decision.reason] += 1


def _said(each: Wanted, decision: Decision, on: date, told: _Told) -> Past:
    nature = told.natures.get(each.touch.material, Nature(promo=each.promo))
    return Past(
        each.touch.key, on, each.touch.channel, str(decision.kind), decision.weight,
        nature.promo, each.touch.material,
    )  # fmt: skip


def _marketing(each: Wanted) -> bool:
    return each.touch.purpose == MARKETING and each.kind != Kind.ANSWER


def _count(result: Simulation, on: date, place: int) -> None:
    if on in result.days:
        result.days[on][place] += 1


def _alone(handle: str) -> Person:
    return Person(customer=handle, handles=(handle,))


def _wanted(row: Sequence[Any]) -> Wanted:
    (
        key, handle, account, channel, purpose, material, campaign, priority, expires, rep,
        override, created, reason, sent_at, kind, promo,
    ) = row  # fmt: skip
    touch = Touch(
        key=key, handle=handle, account=account, channel=channel or "", purpose=purpose,
        material=material, campaign=campaign, priority=priority, expires=moment(expires), rep=rep,
        override=override,
    )  # fmt: skip
    return Wanted(
        touch, moment(sent_at or created), kind or "", sent_at is not None, bool(promo),
        reason != _NO,
    )  # fmt: skip


def played(result: Simulation) -> Iterator[tuple[str, int]]:
    """The figures by name, in the order in which they are read."""
    for name in ("wanted", "persons", "was", "would", "later", "spared", "added", "left_out"):
        yield name, int(getattr(result, name))


_COUNTED = (
    "SELECT target, count(*) FROM deliveries WHERE target <> '' AND created >= ? AND purpose = ?"
    " GROUP BY target"
)
_WANTED = (
    "SELECT d.id, d.target, d.account, a.kind, d.purpose, d.material, d.campaign, d.priority,"
    " d.expires, CASE WHEN d.broadcast = '' THEN d.rep ELSE '' END, d.override, d.created,"
    " d.reason, CASE WHEN d.first_sent IS NOT NULL AND t.key IS NOT NULL THEN d.first_sent END,"
    " t.kind, t.promo"
    " FROM deliveries d LEFT JOIN accounts a ON a.id = d.account"
    " LEFT JOIN touches t ON t.key = d.id"
    " WHERE d.target IN ({}) AND d.created >= ? AND d.purpose <> ''"
)
_PAST = (
    "SELECT key, handle, day, channel, kind, weight, promo, material FROM touches"
    " WHERE handle IN ({}) AND day > ? AND at < ?"
)
_HOLDS = "SELECT handle, why, since, until, lifted FROM mood_holds WHERE handle IN ({})"
