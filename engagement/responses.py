"""Responses (响应率): whether reps act on what they are shown, and reach whom they were advised on.

Matching is judged by these two first, never by premium or turnover: of the tasks shown, how many
were acted on; of the customers recommended for, how many were touched within a week. Where too
few were shown to say anything, the answer is that: 数据不足.

The worker counts the weeks, everything that was shown in them, until nothing more can happen that
belongs to one: whoever looks reads a row a week, and when it was counted.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.identities import Identities
from kernel.calendar import Zone
from kernel.clock import Clock
from matching.experiments import Group, Readout, held_out, read_out
from stores.records import Folded, Records, upsert
from stores.spelling import moment, spelled

FEWEST = 100
"""Fewer than these say nothing."""
REACHED = timedelta(days=7)
"""A touch that comes later than this after advice does not count for it."""
LOOKS = 4
"""Weeks that an experiment runs, and how often it is looked at meanwhile."""
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

    def read_out(self) -> Readout:
        """What the lists made for a customer do to the trigger rate, beside those of the held
        out, over the last `LOOKS` weeks; a look a week."""
        now = self._clock()
        with self._records.together():
            advised = self._advised(now - timedelta(weeks=LOOKS), now)
            reached = self._reached(advised, now)
        counts = {held: [0, 0] for held in (False, True)}
        for customer in advised:
            group = counts[held_out(customer, self.hold_out)]
            group[0] += 1
            group[1] += customer in reached
        began = min(advised.values(), default=now)
        look = min(LOOKS, max(1, (now - began) // timedelta(weeks=1)))
        treated, held = Group(*counts[False]), Group(*counts[True])
        return read_out(treated, held, self.hold_out, look, LOOKS)

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

    def _reached(self, advised: Mapping[str, datetime], closes: datetime) -> set[str]:
        """Which of those a rep wrote to within `REACHED` of the first advice."""
        if not advised:
            return set()
        span = self._spelled(min(advised.values()), closes + REACHED)
        rows = self._records.rows(_REACHED, span)
        customers = self._identities.customers_of({handle for handle, _ in rows})
        met = ((customers[handle], moment(at)) for handle, at in rows)
        return {
            customer for customer, at in met
            if (first := advised.get(customer)) is not None and first <= at <= first + REACHED
        }  # fmt: skip

    def _spelled(self, *moments: datetime) -> list[object]:
        return [spelled(self._records, each) for each in moments]


_TASKS = "SELECT count(*), count(done) FROM reminders WHERE due >= ? AND due < ?"
_ADVISED = (
    "SELECT handle, min(at) FROM offers WHERE rep <> '' AND at >= ? AND at < ? GROUP BY handle"
)
_REACHED = "SELECT handle, at FROM touches WHERE rep <> '' AND NOT held AND at >= ? AND at < ?"
