"""Responses (响应率): whether reps act on what they are shown, and reach whom they were advised on.

Matching is judged by these two first, never by premium or turnover: of the tasks shown, how many
were acted on; of the customers recommended for, how many were touched within a week. Where too
few were shown to say anything, the answer is that: 数据不足.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from data_hub.identities import Identities
from kernel.calendar import Zone
from kernel.clock import Clock
from matching.experiments import Group, Readout, held_out, read_out
from stores.records import Records
from stores.spelling import moment, spelled

FEWEST = 100
"""Fewer than these say nothing."""
REACHED = timedelta(days=7)
"""A touch that comes later than this after advice does not count for it."""
LOOKS = 4
"""Weeks that an experiment runs, and how often it is looked at meanwhile."""
_MOST = 50_000
"""Offers and touches of one week that are looked at."""


class Week(NamedTuple):
    """What one week came to; the current one up to now."""

    begins: date
    shown: int
    """Tasks that were due for a rep."""
    acted: int
    """Of these, how many she did."""
    recommended: int
    """Customers for whom a rep was advised."""
    touched: int
    """Of these, how many a rep wrote to within `REACHED`."""

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
        identities: Identities,
        clock: Clock,
        zone: Zone,
        *,
        hold_out: float = 0.0,
    ) -> None:
        self.hold_out = hold_out
        """The share of customers whose lists do not look at what they do."""
        self._records = records
        self._identities = identities
        self._clock = clock
        self._zone = zone

    def weeks(self, last: int = 8) -> list[Week]:
        """The last weeks, the oldest first."""
        today = self._zone.day(self._clock())
        monday = today - timedelta(days=today.weekday())
        with self._records.together():
            return [self._week(monday - timedelta(weeks=back)) for back in range(last - 1, -1, -1)]

    def read_out(self) -> Readout:
        """What the lists made for a customer do to the trigger rate, beside those of the held
        out, over the last `LOOKS` weeks; a look a week."""
        now = self._clock()
        with self._records.together():
            advised = self._customers(_ADVISED, now - timedelta(weeks=LOOKS), now)
            reached = self._customers(_REACHED, now - timedelta(weeks=LOOKS), now)
        counts = {held: [0, 0] for held in (False, True)}
        for customer, (at, *_) in advised.items():
            group = counts[held_out(customer, self.hold_out)]
            group[0] += 1
            group[1] += any(at <= then <= at + REACHED for then in reached.get(customer, ()))
        began = min((times[0] for times in advised.values()), default=now)
        look = min(LOOKS, max(1, (now - began) // timedelta(weeks=1)))
        treated, held = Group(*counts[False]), Group(*counts[True])
        return read_out(treated, held, self.hold_out, look, LOOKS)

    def advised(self) -> dict[str, datetime]:
        """For whom a rep was advised within the last `LOOKS` weeks, and when first."""
        now = self._clock()
        found = self._customers(_ADVISED, now - timedelta(weeks=LOOKS), now)
        return {customer: at for customer, (at, *_) in found.items()}

    def _week(self, begins: date) -> Week:
        opens = self._zone.at(begins)
        closes = min(self._zone.at(begins + timedelta(days=7)), self._clock())
        ((shown, acted),) = self._records.rows(_TASKS, self._spelled(opens, closes))
        advised = self._customers(_ADVISED, opens, closes)
        reached = self._customers(_REACHED, opens, closes + REACHED) if advised else {}
        touched = sum(
            any(at <= then <= at + REACHED for then in reached.get(customer, ()))
            for customer, (at, *_) in advised.items()
        )
        return Week(begins, shown, acted, len(advised), touched)

    def _customers(
        self, asked: str, opens: datetime, closes: datetime
    ) -> dict[str, list[datetime]]:
        """By customer, when, the earliest first."""
        rows = self._records.rows(asked, [*self._spelled(opens, closes), _MOST])
        customers = self._identities.customers_of({handle for handle, _ in rows})
        found: dict[str, list[datetime]] = {}
        for handle, at in rows:
            found.setdefault(customers[handle], []).append(moment(at))
        return found

    def _spelled(self, *moments: datetime) -> list[object]:
        return [spelled(self._records, each) for each in moments]


_TASKS = "SELECT count(*), count(done) FROM reminders WHERE due >= ? AND due < ?"
_ADVISED = (
    "SELECT handle, at FROM offers WHERE rep <> '' AND at >= ? AND at < ? ORDER BY at LIMIT ?"
)
_REACHED = (
    "SELECT handle, at FROM touches WHERE rep <> '' AND NOT held AND at >= ? AND at < ?"
    " ORDER BY at LIMIT ?"
)
