"""Responses (响应率): whether reps act on what they are shown, and reach whom they were advised on.

Matching is judged by these two first, never by premium or turnover: of the tasks shown, how many
were acted on; of the customers recommended for, how many were touched within a week. Where too
few were shown to say anything, the answer is that: 数据不足.

The worker counts the weeks, everything that was shown in them, until nothing more can happen that
belongs to one: whoever looks reads a row a week, and when it was counted.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.identities import Identities
from kernel.calendar import Zone
from kernel.clock import Clock
from matching.experiments import Group, Readout, held_out, read_out, read_out_by_person
from stores.records import Folded, Records, upsert
from stores.spelling import moment, spelled

FEWEST = 100
"""Fewer than these say nothing."""
REACHED = timedelta(days=7)
"""A touch that comes later than this after advice does not count for it."""
LOOKS = 4
"""Weeks that an experiment runs, and how often it is looked at meanwhile."""
DECIDED = ("better", "worse")
EVERY = timedelta(minutes=10)
_NEVER = datetime.min.replace(tzinfo=UTC)
LAST = 8
"""Weeks that are told of."""


class Week(Folded, kw_only=True):
    """What one week came to; the current one up to when it was counted."""

    __tablename__ = "response_weeks"

    begins: Mapped[date] = mapped_column(primary_key=True)
    """A Monday."""
    shown: Mapped[int]
    """Tasks that were due for a rep."""
    acted: Mapped[int]
    """Of these, how many she did."""
    recommended: Mapped[int]
    """Customers for whom a rep was advised."""
    touched: Mapped[int]
    """Of these, how many a rep wrote to within `REACHED`."""
    at: Mapped[datetime]
    """When it was counted."""

    @property
    def response_rate(self) -> float | None:
        """None: too few to say."""
        return self.acted / self.shown if self.shown >= FEWEST else None

    @property
    def trigger_rate(self) -> float | None:
        return self.touched / self.recommended if self.recommended >= FEWEST else None


class Look(NamedTuple):
    """The last planned look at an experiment."""

    number: int
    """Of `LOOKS`."""
    at: datetime
    """What happened by then is counted."""
    told: Readout
    """Of the trigger rate."""
    response: Readout
    """Of the response rate, which ends no run."""


class Responses:
    """How reps answer."""

    def __init__(
        self,
        records: Records,
        people: Records,
        identities: Identities,
        clock: Clock,
        zone: Zone,
        *,
        hold_out: float = 0.0,
    ) -> None:
        self.hold_out = hold_out
        """The share of customers whose lists do not look at what they do."""
        self._records = records
        self._people = people
        self._identities = identities
        self._clock = clock
        self._zone = zone

    def weeks(self) -> list[Week]:
        """The last weeks as they were counted last, the oldest first."""
        with self._people.read() as session:
            wanted = select(Week).where(Week.begins >= self._mondays()[0]).order_by(Week.begins)
            return list(session.scalars(wanted))

    def recount(self) -> int:
        """Count those weeks again that were not over when they were counted, or were counted by a
        clock that was put back since, unless it was done lately; how many."""
        now = self._clock()
        counted = {each.begins: each.at for each in self.weeks()}
        last = max(counted.values(), default=None)
        if last is not None and last <= now < last + EVERY:
            return 0
        return self._count([
            monday for monday in self._mondays()
            if not self._over(monday) <= counted.get(monday, _NEVER) <= now
        ])  # fmt: skip

    def count(self) -> int:
        """Count all of them now; how many."""
        return self._count(self._mondays())

    def _count(self, mondays: Sequence[date]) -> int:
        rows = [self._week(monday) for monday in mondays]
        with self._people.write("response_weeks") as session:
            upsert(session, Week, rows)
        return len(rows)

    def _mondays(self) -> list[date]:
        today = self._zone.day(self._clock())
        monday = today - timedelta(days=today.weekday())
        return [monday - timedelta(weeks=back) for back in range(LAST - 1, -1, -1)]

    def _over(self, monday: date) -> datetime:
        """When nothing more can happen that belongs to a week, apart from tasks done late."""
        return self._zone.at(monday + timedelta(days=7)) + REACHED

    def read_out(self) -> Look:
        """What the lists made for a customer do to the trigger rate and to the response rate,
        beside those of the held out.

        Runs of `LOOKS` weeks follow one another. A run is looked at as each of its weeks ends, and
        the first look that finds a difference in the trigger rate decides it: whoever asks in
        between is told of the last look, and takes none of her own.
        """
        today = self._zone.day(self._clock())
        monday = today - timedelta(days=today.weekday())
        due = _weeks_before(monday) % LOOKS or LOOKS
        begins = monday - timedelta(weeks=due)
        with self._records.together():
            advised = self._advised(self._zone.at(begins), self._zone.at(monday))
            reached = self._reached(advised, self._zone.at(monday) - REACHED)
        for number in range(1, due + 1):
            at = self._zone.at(begins + timedelta(weeks=number))
            groups = self._groups(advised, reached, at)
            told = read_out(*groups, self.hold_out, number, LOOKS)
            if told.verdict in DECIDED:
                break
        tasks = self._tasks(self._zone.at(begins), at)
        response = read_out_by_person(*tasks, self.hold_out, number, LOOKS)
        return Look(number, at, told, response)

    def _tasks(self, opens: datetime, at: datetime) -> tuple[list[Group], list[Group]]:
        """Of who was treated and who held out: how many tasks a rep was shown about each, and how
        many of them she had done by then."""
        span = self._spelled(at, opens, at)
        rows = self._records.rows(_TASKS_ABOUT, span)
        customers = self._identities.customers_of({handle for handle, *_ in rows})
        own: dict[str, Group] = {}
        for handle, shown, acted in rows:
            before = own.get(customers[handle], Group(0, 0))
            own[customers[handle]] = Group(before.size + shown, before.did + acted)
        groups: tuple[list[Group], list[Group]] = ([], [])
        for customer, tasks in own.items():
            groups[held_out(customer, self.hold_out)].append(tasks)
        return groups

    def _groups(
        self, advised: Mapping[str, datetime], reached: Mapping[str, datetime], at: datetime
    ) -> tuple[Group, Group]:
        """Who was treated and who held out, as far as had happened by then."""
        counts = {held: [0, 0] for held in (False, True)}
        for customer, first in advised.items():
            if first < at:
                group = counts[held_out(customer, self.hold_out)]
                group[0] += 1
                group[1] += customer in reached and reached[customer] < at
        return Group(*counts[False]), Group(*counts[True])

    def advised(self) -> dict[str, datetime]:
        """For whom a rep was advised within the last `LOOKS` weeks, and when first."""
        now = self._clock()
        return self._advised(now - timedelta(weeks=LOOKS), now)

    def _week(self, begins: date) -> dict[str, Any]:
        now = self._clock()
        opens = self._zone.at(begins)
        closes = min(self._zone.at(begins + timedelta(days=7)), now)
        with self._records.together():
            ((shown, acted),) = self._records.rows(_TASKS, self._spelled(opens, closes))
            advised = self._advised(opens, closes)
            touched = len(self._reached(advised, closes))
        return {
            "begins": begins, "shown": shown, "acted": acted, "recommended": len(advised),
            "touched": touched, "at": now,
        }  # fmt: skip

    def _advised(self, opens: datetime, closes: datetime) -> dict[str, datetime]:
        """For which customers a rep was advised then, and when first."""
        rows = self._records.rows(_ADVISED, self._spelled(opens, closes))
        customers = self._identities.customers_of({handle for handle, _ in rows})
        first: dict[str, datetime] = {}
        for handle, told in rows:
            customer, at = customers[handle], moment(told)
            first[customer] = min(first.get(customer, at), at)
        return first

    def _reached(self, advised: Mapping[str, datetime], closes: datetime) -> dict[str, datetime]:
        """When a rep first wrote to each of those whom she wrote to within `REACHED` of the first
        advice."""
        if not advised:
            return {}
        span = self._spelled(min(advised.values()), closes + REACHED)
        rows = self._records.rows(_REACHED, span)
        customers = self._identities.customers_of({handle for handle, _ in rows})
        found: dict[str, datetime] = {}
        for handle, told in rows:
            customer, at = customers[handle], moment(told)
            first = advised.get(customer)
            if first is not None and first <= at <= first + REACHED:
                found[customer] = min(found.get(customer, at), at)
        return found

    def _spelled(self, *moments: datetime) -> list[object]:
        return [spelled(self._records, each) for each in moments]


def _weeks_before(monday: date) -> int:
    """How many weeks of the calendar lie before this one, so that runs of weeks begin for everybody
    on the same Mondays."""
    return (monday.toordinal() - 1) // 7


_TASKS = "SELECT count(*), count(done) FROM reminders WHERE due >= ? AND due < ?"
_TASKS_ABOUT = (
    "SELECT handle, count(*), sum(CASE WHEN done < ? THEN 1 ELSE 0 END) FROM reminders"
    " WHERE due >= ? AND due < ? GROUP BY handle"
)
_ADVISED = (
    "SELECT handle, min(at) FROM offers WHERE rep <> '' AND at >= ? AND at < ? GROUP BY handle"
)
_REACHED = "SELECT handle, at FROM touches WHERE rep <> '' AND NOT held AND at >= ? AND at < ?"
