"""Leaderboards (打榜): reps by what they closed and by what customers say, a day, week or month.

Read off the events at every look, so that a like counts at once. Who has left the boards stands on
none, and nobody moves up or down a rank for it. Never ranks by a measured uplift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.reports.base import gathered
from data_hub.staff import StaffBook
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.events import Event
from stores.changes import Changes
from stores.history import History
from stores.records import Record, Records, upsert


class Ranking(StrEnum):
    """What a board is about."""

    PERFORMANCE = "performance"
    PRAISE = "praise"


class Period(StrEnum):
    """How far a board looks back: this day, this week, this month of the company."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


COUNTED: Mapping[Ranking, tuple[str, ...]] = {
    Ranking.PERFORMANCE: ("bought", "policy_issued", "done"),
    Ranking.PRAISE: ("praised", "liked_material", "commented"),
}
"""Events that a rep is credited with: deals and follow-ups done; what customers say of her."""


class LeftBoards(Record, kw_only=True):
    """Somebody who does not want to stand on boards."""

    __tablename__ = "left_boards"

    staff: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One rep's place. Who did as much shares it, and the next place is left out."""

    rank: int
    staff: str
    name: str
    points: int
    of: Mapping[str, int]
    """How many of each kind of event."""


class Leaderboards:
    """Every board of a company."""

    def __init__(
        self,
        history: History,
        records: Records,
        staff: StaffBook,
        changes: Changes,
        clock: Clock,
        *,
        zone: Zone | None = None,
    ) -> None:
        self._history = history
        self._records = records
        self._staff = staff
        self._changes = changes
        self._clock = clock
        self._zone = zone or Zone()

    def board(self, ranking: Ranking, period: Period) -> list[Ranked]:
        """The board as it is now, the best first."""
        today = self._zone.day(self._clock())
        events, _ = gathered(self._history, COUNTED[ranking], begins(period, today), today)
        return ranked(events, self._names(events), self.left())

    def credited(self, staff: str, ranking: Ranking, period: Period) -> dict[str, int]:
        """How many of each kind one rep is credited with, whether or not she stands on boards."""
        today = self._zone.day(self._clock())
        events, _ = gathered(self._history, COUNTED[ranking], begins(period, today), today)
        told = ranked((each for each in events if each.rep == staff), {staff: ""})
        return dict(told[0].of) if told else {}

    def _names(self, events: Iterable[Event]) -> dict[str, str]:
        reps = {event.rep for event in events if event.rep}
        return {id_: kept.name for id_, kept in self._staff.many(sorted(reps)).items()}

    def leave(self, staff: str, *, by: str) -> None:
        """She stands on no board from now on. Repeating is harmless."""
        rep = self._staff.one(staff).id
        with self._records.write(f"staff:{rep}") as session:
            upsert(session, LeftBoards, [{"staff": rep, "at": self._clock()}])
            self._changes.note("left_boards", "staff", rep, by=by)

    def come_back(self, staff: str, *, by: str) -> None:
        """She stands on boards again."""
        rep = self._staff.one(staff).id
        with self._records.write(f"staff:{rep}") as session:
            session.execute(delete(LeftBoards).where(LeftBoards.staff == rep))
            self._changes.note("came_back_to_boards", "staff", rep, by=by)

    def left(self) -> set[str]:
        """Who stands on no board."""
        with self._records.read() as session:
            return set(session.scalars(select(LeftBoards.staff)))


def ranked(
    events: Iterable[Event], names: Mapping[str, str], left: Collection[str] = ()
) -> list[Ranked]:
    """Reps by how many events they are credited with; ``names`` knows whoever works here."""
    counted: dict[str, Counter[str]] = {}
    for event in events:
        if event.rep in names and event.rep not in left and not event.detail.get("bot"):
            counted.setdefault(event.rep, Counter())[event.kind] += 1
    order = sorted(counted, key=lambda rep: (-counted[rep].total(), names[rep], rep))
    told: list[Ranked] = []
    for place, rep in enumerate(order, 1):
        points = counted[rep].total()
        rank = told[-1].rank if told and told[-1].points == points else place
        told.append(Ranked(rank, rep, names[rep], points, dict(sorted(counted[rep].items()))))
    return told


def begins(period: Period, today: date) -> date:
    """The first day of the day, week (Monday) or month that today lies in."""
    if period is Period.WEEK:
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if period is Period.MONTH else today
