"""The unadvised (从未被推荐的客户): of each rep's customers, for how many no list was ever made.

Counted by the worker every ten minutes, for everybody at once: whoever looks reads one row a rep,
and when it was counted. Keeps no customer: who they are is asked anew, for a few reps at a time.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.customers import Customers
from data_hub.identities import Identities
from kernel.clock import Clock
from stores.records import Folded, Records, upsert
from stores.spelling import chunks, marks

EVERY = timedelta(minutes=10)


class RepCoverage(Folded, kw_only=True):
    """How many customers one rep looks after, and how many of them nobody was advised on."""

    __tablename__ = "rep_coverage"

    staff: Mapped[str] = mapped_column(primary_key=True)
    entrusted: Mapped[int]
    never: Mapped[int]
    at: Mapped[datetime]
    """When it was counted."""


class Told(NamedTuple):
    """What was counted of some reps."""

    entrusted: int
    never: int
    most: Sequence[RepCoverage]
    """Those with the most of them first."""
    at: datetime | None
    """None: nothing was counted yet."""


class Unadvised:
    """For whom nobody was ever advised."""

    def __init__(
        self,
        records: Records,
        people: Records,
        identities: Identities,
        customers: Customers,
        clock: Clock,
    ) -> None:
        self._records = records
        self._people = people
        self._identities = identities
        self._customers = customers
        self._clock = clock

    def told(self, staff: Collection[str] | None, first: int = 20) -> Told:
        """As it was counted last, of some reps or of all."""
        with self._people.read() as session:
            rows = session.scalars(select(RepCoverage)).all()
        hers = [each for each in rows if staff is None or each.staff in staff]
        most = sorted((each for each in hers if each.never), key=lambda it: (-it.never, it.staff))
        return Told(
            sum(each.entrusted for each in hers), sum(each.never for each in hers),
            most[:first], max((each.at for each in rows), default=None),
        )  # fmt: skip

    def of(self, staff: Collection[str]) -> list[str]:
        """The customers of these reps for whom nobody was ever advised, as it is now."""
        hers = self._identities.handles_of(self._customers.of_staff(staff))
        asked = [str(handle) for handles in hers.values() for handle in handles]
        met: set[str] = set()
        with self._records.together():
            for some in chunks(asked):
                met |= {handle for (handle,) in self._records.rows(_MET.format(marks(some)), some)}
        return sorted(key for key, handles in hers.items() if not met & set(map(str, handles)))

    def recount(self) -> int:
        """Count anew if it was not done lately; for how many reps."""
        with self._people.read() as session:
            last = session.scalar(select(RepCoverage.at).order_by(RepCoverage.at.desc()).limit(1))
        if last is not None and last <= self._clock() < last + EVERY:
            return 0
        return self.count()

    def count(self) -> int:
        """Count now; for how many reps."""
        now = self._clock()
        entrusted, never = self._counted()
        rows = [
            {"staff": each, "entrusted": entrusted[each], "never": never[each], "at": now}
            for each in entrusted
        ]
        with self._people.write("rep_coverage") as session:
            session.execute(delete(RepCoverage))
            upsert(session, RepCoverage, rows)
        return len(rows)

    def _counted(self) -> tuple[Counter[str], Counter[str]]:
        """By rep, how many customers she looks after, and how many of these were never advised
        on. The latest word on any of a customer's handles says who looks after her."""
        with self._records.together():
            relations = self._records.rows(_RELATIONS, [])
            advised = {str(row[0]) for row in self._records.rows(_ADVISED, [])}
        owners = self._identities.customers_of({row[0] for row in relations} | advised)
        known = {owners[handle] for handle in advised}
        reps = {owners[handle]: staff for handle, staff in relations}
        entrusted = Counter(staff for staff in reps.values() if staff)
        never = Counter(staff for her, staff in reps.items() if staff and her not in known)
        return entrusted, never


_RELATIONS = "SELECT handle, staff FROM relations ORDER BY since, id"
_ADVISED = "SELECT DISTINCT handle FROM offers WHERE rep <> ''"
_MET = "SELECT DISTINCT handle FROM offers WHERE rep <> '' AND handle IN ({})"
