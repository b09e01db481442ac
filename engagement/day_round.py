"""The day's round (日程): once a day everybody is walked over for what her dates call for.

Goes in slices under a watermark, may die anywhere and may be done twice: a date is told of once a
cycle. While a past still waits to be digested, who is known already gets her dates, but for what
the rest of it may deny; once nothing waits everybody is walked over again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import select

from data_hub.customers import Customers
from data_hub.identities import Identities
from data_hub.prediction import Predictions
from data_hub.profiles import ProfileRow, Profiles
from engagement import dated
from engagement.approaching import Approaches
from engagement.passed_on import pass_on
from engagement.reminders import Reminders
from engagement.tasks import MORNING, Task
from engagement.vip_care import GIFT, GIFTS, MOMENTS, Weekly, weekly
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.events import Handle
from matching.needs import dates
from matching.occasions import Habits, Occasion, occasions
from stores.records import Record, Records
from stores.watermarks import Watermarks

_SLICE = 50
_MARK = "triggers.calendar"
_DONE = "done"
"""Instead of whom the round has reached."""
_HALF = "day_round.half"
"""Marked if today's round looked at anybody while a past waited."""


class DayRound:
    """Turns dates into reminders. One at a time: under the worker's lease."""

    def __init__(
        self,
        *,
        records: Records,
        people: Records,
        reminders: Reminders,
        profiles: Profiles,
        identities: Identities,
        customers: Customers,
        clock: Clock,
        zone: Zone,
        habits: Habits | None = None,
        predictions: Predictions | None = None,
        approaches: Approaches | None = None,
        to_customers: Collection[str] = (),
        vips: Callable[[Collection[str]], Collection[str]] = lambda _: (),
        settled: Callable[[], bool] = lambda: True,
    ) -> None:
        """``to_customers``: the occasions whose audience is the customer, not her rep.
        ``vips``: who of some customers is one. ``settled``: is all that happened digested, but for
        the latest?"""
        self._settled = settled
        self._vips = vips
        self._predictions = predictions
        self._approaches = approaches
        self._to_customers = frozenset(to_customers)
        self._records = records
        self._people = people
        self._reminders = reminders
        self._profiles = profiles
        self._identities = identities
        self._customers = customers
        self._clock = clock
        self._zone = zone
        self._habits = habits or Habits()
        self._marks = Watermarks(records, Record)

    def run(self) -> int:
        """Look at some more profiles for today's occasions, and for tasks that somebody else has
        by now; 0 once all have been looked at."""
        day = self._zone.day(self._clock())
        before, settled = self._marks.of(_MARK), self._settled()
        mark_day, _, last = before.partition("|")
        last = last if mark_day == day.isoformat() else ""  # or a clock that was put back
        if last == _DONE:
            if not settled or not self._marks.of(_HALF):
                return 0
            last = ""
        ids = self._after(last)
        handles = self._identities.handles_of(ids) if ids else {}
        pass_on(self._records, handles, self._customers.reps)
        tasks = self._dated(ids, handles, day, settled) if ids else []
        mark = ids[-1] if len(ids) == _SLICE else _DONE
        with self._records.write("triggers"):
            if self._marks.advance(_MARK, before, f"{day.isoformat()}|{mark}"):
                if not last or not settled:
                    self._marks.move(_HALF, "" if settled else "half")
                for task in tasks:
                    task.tell(self._reminders)
        return len(ids)

    def _after(self, last: str) -> list[str]:
        wanted = select(ProfileRow.customer).where(ProfileRow.customer > last)
        with self._people.read() as session:
            return list(session.scalars(wanted.order_by(ProfileRow.customer).limit(_SLICE)))

    def _dated(
        self,
        customers: Sequence[str],
        handles: Mapping[str, Sequence[Handle]],
        today: date,
        settled: bool,
    ) -> list[Task]:
        profiles = self._profiles.many(customers)
        vips = set(self._vips(customers))
        model = self._predictions.model() if self._predictions else None
        tasks = []
        for customer, profile in profiles.items():
            hers, vip = handles.get(customer, []), customer in vips
            told = occasions(dates(profile, self._zone, model), today, self._habits)
            due = [
                each
                for each in told
                if dated.reminds(each, today) and (settled or dated.stands(each))
            ]
            rep = self._customers.rep_of(hers) if due or vip else ""
            if not rep or not hers:
                continue
            for each in due:
                gift = vip and each.kind in GIFTS
                if not self._approached(each, customer, rep, hers) or gift:
                    tasks.append(self._occasion(each, rep, hers, gift=gift))
            if vip and (turn := weekly(customer, today)):
                tasks.append(self._moments(turn, rep, hers))
        return tasks

    def _approached(
        self, occasion: Occasion, customer: str, rep: str, handles: Sequence[Handle]
    ) -> bool:
        """Was it sent to the customer herself, as the company wants it? Harmless to repeat; not
        once her rep was reminded, because nothing could go to her then."""
        if self._approaches is None or occasion.kind not in self._to_customers:
            return False
        if self._reminders.told([*map(str, handles)], dated.once(occasion)):
            return False
        key = f"occasion/{occasion.kind}/{occasion.cycle}"
        expires = self._zone.at(dated.over(occasion))
        return self._approaches.approach(customer, rep, key, expires) is not None

    def _occasion(
        self, occasion: Occasion, rep: str, handles: Sequence[Handle], *, gift: bool
    ) -> Task:
        kind, cycle, evidence = occasion.kind, occasion.cycle, dict(occasion.facts)
        if gift:
            kind, cycle, evidence = GIFT, f"{kind}:{cycle}", {**evidence, "occasion": kind}
        return Task(
            staff=rep, kind=kind, about=str(handles[0]), handles=handles, cycle=cycle,
            due=self._zone.at(occasion.due, MORNING), evidence=evidence, once=dated.once(occasion),
            ends=None if dated.lasts(occasion) else self._zone.at(dated.over(occasion)),
        )  # fmt: skip

    def _moments(self, turn: Weekly, rep: str, handles: Sequence[Handle]) -> Task:
        return Task(
            staff=rep, kind=MOMENTS, about=str(handles[0]), handles=handles, cycle=turn.cycle,
            due=self._zone.at(turn.due, MORNING), once=[(MOMENTS, turn.cycle)],
        )  # fmt: skip
