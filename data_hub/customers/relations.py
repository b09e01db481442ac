"""Relations (客户归属): which rep looks after whom, by handle; the latest word counts."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.identities import Identities
from data_hub.staff import StaffBook
from kernel.clock import Clock
from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records
from stores.spelling import chunks, marks


class Relation(Record, kw_only=True):
    """Since when a rep looks after whoever is behind this handle. The latest one counts."""

    __tablename__ = "relations"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rel"))
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    staff: Mapped[str] = mapped_column(index=True)
    """Empty: nobody any more."""
    since: Mapped[datetime]
    by: Mapped[str]


class Relations:
    """Who looks after whom."""

    def __init__(
        self,
        records: Records,
        identities: Identities,
        staff: StaffBook,
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._records = records
        self._identities = identities
        self._staff = staff
        self._changes = changes
        self._clock = clock

    def entrust(self, handle: Handle | str, staff: str, *, by: str) -> Relation:
        """Give her to a rep, from now on. Giving her to the one she has changes nothing."""
        key = str(handle)
        keeper = self._staff.one(staff).id if staff else ""
        with self._records.write(f"handle:{key}") as session:
            before = _latest(session.scalars(select(Relation).where(Relation.handle == key)))
            if before is not None and before.staff == keeper:
                return before
            relation = Relation(handle=key, staff=keeper, since=self._clock(), by=by)
            session.add(relation)
            self._changes.note("entrusted", "relation", relation.id, by=by, handle=key, rep=keeper)
        return relation

    def take_over(
        self, lists: Mapping[str, Collection[Handle]], *, by: str, since: datetime | None = None
    ) -> None:
        """Give whole lists of customers to reps, by staff id: an import, or a rep who leaves.

        One change a list; the rows say who was given. Keep a list short enough for one write.
        """
        given = [(staff, str(handle)) for staff, handles in lists.items() for handle in handles]
        now = since or self._clock()
        with self._records.write(*(f"handle:{handle}" for _, handle in given)) as session:
            session.add_all(
                Relation(handle=handle, staff=staff, since=now, by=by) for staff, handle in given
            )
            for staff, handles in lists.items():
                self._changes.note("took_over", "staff", staff, by=by, count=len(handles))

    def pass_on(self, customers: Collection[str], giver: str, taker: str, *, by: str) -> int:
        """Whom of these the giver still looks after goes to the taker; how many that were. Who was
        given to somebody else since they were looked up stays there."""
        hers = self._identities.handles_of(customers)
        named = [f"handle:{handle}" for handles in hers.values() for handle in handles]
        with self._records.write(*named):
            still = sorted(self.led_by([giver], hers))
            if still:
                self.take_over({taker: [hers[each][0] for each in still]}, by=by)
        return len(still)

    def take_back(self, handles: Collection[Handle], since: datetime) -> None:
        """As if nobody had been given whom at that very moment: who had her before has her again.
        Repeating is harmless."""
        keys = sorted(map(str, handles))
        with self._records.write(*(f"handle:{key}" for key in keys)) as session:
            given = Relation.handle.in_(keys), Relation.since == since
            session.execute(delete(Relation).where(*given))

    def rep_of(self, handles: Collection[Handle]) -> str:
        """The rep who looks after whoever has these handles, empty if nobody does."""
        latest = _latest(self._relations(map(str, handles)))
        return latest.staff if latest else ""

    def _relations(self, handles: Iterable[str]) -> "list[_Word]":
        found: list[_Word] = []
        with self._records.together():
            for hers in chunks(handles):
                found += map(_Word._make, self._records.rows(_WORDS.format(marks(hers)), hers))
        return found

    def reps(self, handles: Mapping[str, Collection[Handle]]) -> dict[str, str]:
        """Customer id → rep, for many at once."""
        by_handle: dict[str, list[_Word]] = {}
        for relation in self._relations(str(h) for hers in handles.values() for h in hers):
            by_handle.setdefault(relation.handle, []).append(relation)
        reps = {}
        for customer, hers in handles.items():
            latest = _latest(r for h in hers for r in by_handle.get(str(h), ()))
            reps[customer] = latest.staff if latest else ""
        return reps

    def of_staff(self, staff: Collection[str]) -> list[str]:
        """The customers whom these reps look after now."""
        theirs, given = set(staff), set[str]()
        with self._records.together():
            for some in chunks(theirs):
                rows = self._records.rows(_GIVEN.format(marks(some)), some)
                given.update(handle for (handle,) in rows)
        return sorted(self.led_by(theirs, self._identities.customers_of(given).values()))

    def led_by(self, staff: Collection[str], customers: Iterable[str]) -> set[str]:
        """Those of some customers whom these reps look after now."""
        whose = self._identities.whose(customers)
        latest: dict[str, _Word] = {}
        for word in self._relations(whose):
            customer = whose[word.handle]
            if customer not in latest or latest[customer][:2] < word[:2]:
                latest[customer] = word
        return {customer for customer, word in latest.items() if word.staff in staff}

    def given(self, staff: Collection[str]) -> int:
        """How often somebody was given to these reps: not much less than whom they look after."""
        with self._records.together():
            counted = (
                self._records.rows(_COUNTED.format(marks(some)), some) for some in chunks(staff)
            )
            return sum(count for ((count,),) in counted)


_GIVEN = "SELECT DISTINCT handle FROM relations WHERE staff IN ({})"
_COUNTED = "SELECT count(*) FROM relations WHERE staff IN ({})"
_WORDS = "SELECT since, id, handle, staff FROM relations WHERE handle IN ({})"


class _Word(NamedTuple):
    """One row as the driver tells it."""

    since: Any
    id: str
    handle: str
    staff: str


_Any = TypeVar("_Any", Relation, _Word)


def _latest(relations: Iterable[_Any]) -> _Any | None:
    return max(relations, key=lambda each: (each.since, each.id), default=None)
