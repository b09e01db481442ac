"""Leaderboards (打榜): reps by what they closed and by what customers say, a day, week or month.

Read off the events at every look, so that a like counts at once. Who has left the boards stands on
none, and nobody moves up or down a rank for it. Never ranks by a measured uplift.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.deeds import Deeds, Whose, deeds
from data_hub.staff import StaffBook
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.values import dataclass
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
OF_HERS = ("liked_material", "commented")
"""What customers say of content: without a rep's link it is credited to whoever looks after her."""


class Books(Protocol):
    """Who looks after whom now (`data_hub.customers.Customers`)."""

    def of_handles(self, handles: Collection[str]) -> Mapping[str, str]:
        """By handle, the rep who looks after whoever has it; empty for who has none."""
        ...

    def handles_of_staff(self, staff: str) -> Collection[str]:
        """Every handle of the customers whom she looks after."""
        ...


class Points(NamedTuple):
    """How many events of one kind a rep is credited with."""

    rep: str
    kind: str
    of: int


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
        books: Books | None = None,
        whose: Whose | None = None,
        zone: Zone | None = None,
    ) -> None:
        """Without ``books`` what came by no rep's link is credited to nobody."""
        self._whose = whose
        self._books = books
        self._history = history
        self._records = records
        self._staff = staff
        self._changes = changes
        self._clock = clock
        self._zone = zone or Zone()

    def board(
        self, ranking: Ranking, period: Period, told: Callable[[str], bool] = lambda _: True
    ) -> list[Ranked]:
        """The board as it is now, the best first; ``told``: which accounts' events count."""
        points = self._points(ranking, period, told)
        reps = {rep for rep, *_ in points}
        return ranked(points, self.names(reps), self.left())

    def names(self, reps: Collection[str]) -> dict[str, str]:
        """What they are called, by id; who is nobody here is left out."""
        return {id_: kept.name for id_, kept in self._staff.many(sorted(reps)).items()}

    def credited(self, staff: str, ranking: Ranking, period: Period) -> dict[str, int]:
        """How many of each kind one rep is credited with, whether or not she stands on boards."""
        told = ranked(self._points(ranking, period, of=staff), {staff: ""})
        return dict(told[0].of) if told else {}

    def _points(
        self,
        ranking: Ranking,
        period: Period,
        told: Callable[[str], bool] = lambda _: True,
        of: str = "",
    ) -> list[Points]:
        """Of all reps, or of one."""
        today = self._zone.day(self._clock())
        since = begins(period, today)
        done = deeds(self._history, COUNTED[ranking], since, today, self._whose)
        done = done.saying(lambda said: not said.get("bot") and told(said.get("account", "")))
        linked = [
            Points(said["rep"], kind, count)
            for said, kind, count in done.counted()
            if said.get("rep") and of in ("", said["rep"])
        ]
        if self._books is None or ranking is not Ranking.PRAISE:
            return linked
        return [
            *linked,
            *self._hers(self._books, done.saying(lambda said: not said.get("rep")), of),
        ]

    @staticmethod
    def _hers(books: Books, done: Deeds, of: str) -> Iterator[Points]:
        """What customers said of what came by nobody's link, credited to who looks after them."""
        acts = done.acts
        if of:
            numbers = acts.numbers(books.handles_of_staff(of))
            reps = dict.fromkeys(numbers.values(), of)
        else:
            names = acts.names({who for who in acts.who.tolist() if who})
            whose = books.of_handles(names.values())
            reps = {number: whose.get(name, "") for number, name in names.items()}
        kinds = (done.kinds[kind] for kind in acts.kind.tolist())
        said = Counter(
            (rep, kind)
            for who, kind in zip(acts.who.tolist(), kinds, strict=True)
            if kind in OF_HERS and (rep := reps.get(who))
        )
        return (Points(rep, kind, count) for (rep, kind), count in said.items())

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
    points: Iterable[Points], names: Mapping[str, str], left: Collection[str] = ()
) -> list[Ranked]:
    """Reps by how many events they are credited with; ``names`` knows whoever works here."""
    counted: dict[str, Counter[str]] = {}
    for rep, kind, count in points:
        if rep in names and rep not in left:
            counted.setdefault(rep, Counter())[kind] += count
    order = sorted(counted, key=lambda rep: (-counted[rep].total(), names[rep], rep))
    told: list[Ranked] = []
    for place, rep in enumerate(order, 1):
        total = counted[rep].total()
        rank = told[-1].rank if told and told[-1].points == total else place
        told.append(Ranked(rank, rep, names[rep], total, dict(sorted(counted[rep].items()))))
    return told


def begins(period: Period, today: date) -> date:
    """The first day of the day, week (Monday) or month that today lies in."""
    if period is Period.WEEK:
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if period is Period.MONTH else today
