"""Measuring (看板计数): figures from events and standings, each with the moment it was true at.

Reads the rollups of history and the standings; nobody types anything in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_hub.catalogue import kind_of
from data_hub.deeds import Whose, told_again
from data_hub.identities import Identities
from data_hub.lifecycle import Node
from data_hub.measures.buyers import Among, Buyers, buyers
from data_hub.measures.days import DayFigure, day_of
from data_hub.measures.funnels import FunnelStep, funnel
from data_hub.measures.kpis import Kpi
from data_hub.profiles import Profiles
from data_hub.standings import StandingRow
from kernel.calendar import Zone, days
from kernel.clock import Clock
from kernel.errors import Invalid
from kernel.values import dataclass
from stores.acts import Acts
from stores.history import Axis, History
from stores.records import Records
from stores.spelling import moment

WINDOW = 30
"""Days that a figure looks back, today included."""
MOST_STEPS, LONGEST_WINDOW = 5, 365
ELSEWHERE = ""
"""Accounts that belong to no ecosystem: our own acts and imports."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One KPI over a window, day by day, and the window before it."""

    kpi: Kpi
    total: int
    before: int
    series: tuple[tuple[date, int], ...]
    by_ecosystem: Mapping[str, int]
    """Sums to the total; our own acts stand under an empty name."""
    as_of: datetime

    @property
    def change(self) -> float | None:
        """Against the window before; None if nothing was there."""
        return (self.total - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the lifecycle."""

    node: str
    here: int
    """Whose node this is now."""
    reached: int
    """Who came at least as far."""
    rate: float | None
    """Of who reached the node before, how many came here too."""
    days: float | None
    """Median days that those who went on had stayed here."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """All five nodes, which reconcile: the first step's reach is everybody."""

    steps: tuple[Step, ...]
    stages: Mapping[str, int]
    grades: Mapping[str, int]
    customers: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class EventFunnel:
    """How far people came along some steps within the days looked at."""

    steps: tuple[FunnelStep, ...]
    looked_at: int
    """How many acts it is told from."""
    as_of: datetime


def theirs(
    stretches: Iterable[Acts], among: Callable[[str], bool], identities: Identities
) -> Iterator[Acts]:
    """What some customers did of all this."""
    import numpy as np

    judged: dict[int, bool] = {}
    for acts in stretches:
        who, place = np.unique(acts.who, return_inverse=True)
        new = [each for each in who.tolist() if each and each not in judged]
        names = acts.names(new)
        customers = identities.customers_of(names.values())
        judged |= {each: among(customers[name]) for each, name in names.items()}
        yield acts.where(np.array([judged.get(each, False) for each in who.tolist()], bool)[place])


def _standing(session: Session, among: Among) -> tuple[dict[str, int], ...]:
    """How many stand at each node, in each stage and in each grade."""
    columns = (StandingRow.node, StandingRow.stage, StandingRow.grade)
    if among is None:
        counts = (select(column, func.count()).group_by(column) for column in columns)
        return tuple(dict(session.execute(counted).all()) for counted in counts)
    found: tuple[Counter[str], ...] = tuple(Counter() for _ in columns)
    for customer, *stands in session.execute(select(StandingRow.customer, *columns)):
        if among(customer):
            for counted, value in zip(found, stands, strict=True):
                counted[value] += 1
    return tuple(dict(sorted(counted.items())) for counted in found)


class Measures:
    """What boards show."""

    def __init__(
        self,
        history: History,
        people: Records,
        clock: Clock,
        *,
        zone: Zone | None = None,
        whose: Whose | None = None,
    ) -> None:
        self._whose = whose
        self._history = history
        self._people = people
        self._clock = clock
        self._zone = zone or Zone()

    def figure(self, kpi: Kpi, ecosystems: Mapping[str, str]) -> Figure:
        """One KPI over the last days; ``ecosystems`` tells each account's."""
        now = self._clock()
        today = self._zone.day(now)
        first = today - timedelta(days=WINDOW - 1)
        daily: Counter[date] = Counter()
        split: Counter[str] = Counter()
        before = 0
        for kind in kpi.kinds:
            counted = self.times(kind, first - timedelta(days=WINDOW), today)
            for (day, account), count in counted.items():
                at = date.fromisoformat(day)
                if at < first:
                    before += count
                    continue
                daily[at] += count
                split[ecosystems.get(account, ELSEWHERE)] += count
        series = tuple((day, daily[day]) for day in days(first, today))
        return Figure(kpi, sum(daily.values()), before, series, dict(sorted(split.items())), now)

    def times(self, kind: str, since: date, until: date) -> Counter[tuple[str, str]]:
        """How often something was done, by day and account, over days that are both included; each
        order once."""
        told = self._history.counts([Axis.DAY, Axis.ACCOUNT], kind=kind, since=since, until=until)
        counted = Counter({(day, account): count for (day, account), count in told})
        return counted - told_again(self._history, kind, since, until, self._whose)

    def funnel(self, among: Among = None) -> Funnel:
        """Where everybody stands, or some of them; numbers of one moment."""
        with self._people.read() as session:
            here, stages, grades = _standing(session, among)
            moves = self._people.rows(_MOVES, ["node"])
        stayed = _stayed(move for move in moves if among is None or among(move[0]))
        steps, total = [], sum(here.values())
        reached, previous = total, 0
        for node in Node:
            rate = reached / previous if previous else None
            stays = stayed.get(node.value)
            steps.append(
                Step(
                    node.value, here.get(node.value, 0), reached, rate,
                    median(stays) if stays else None,
                )
            )  # fmt: skip
            previous, reached = reached, reached - here.get(node.value, 0)
        return Funnel(tuple(steps), stages, grades, total, self._clock())

    def event_funnel(
        self, steps: Sequence[str], days_: int, identities: Identities, among: Among = None
    ) -> EventFunnel:
        """How far people come along the steps, each chain within so many days: everybody, or some
        of them. Raises `Invalid`."""
        named = [kind_of(step).name for step in steps]
        if len(set(named)) != len(named) or not 2 <= len(named) <= MOST_STEPS:
            raise Invalid("steps", "funnel_steps_differ")
        if not 1 <= days_ <= LONGEST_WINDOW:
            raise Invalid("days", "not_a_number")
        now, looked_at = self._clock(), 0
        today = self._zone.day(now)
        since = today - timedelta(days=WINDOW - 1)

        def acts() -> Iterator[Acts]:
            nonlocal looked_at
            told = self._history.stretches(named, since=since, until=today)
            for some in told if among is None else theirs(told, among, identities):
                looked_at += len(some.who)
                yield some

        found = funnel(acts(), named, timedelta(days=days_), identities.joined())
        return EventFunnel(tuple(found), looked_at, now)

    def day_of(self, rep: str) -> list[DayFigure]:
        """What one rep's day has come to so far."""
        return day_of(self._history, rep, self._zone.day(self._clock()), self._whose)

    def buyers(
        self, profiles: Profiles, *, paid: Mapping[str, float], reps: int, among: Among = None
    ) -> Buyers:
        """Everybody who bought, or some of them; ``paid``: for advertising, by month."""
        return buyers(
            self._people, profiles, self._clock, self._zone, paid=paid, reps=reps, among=among
        )


_MOVES = """
SELECT customer, "before", "after", at FROM transitions WHERE what = ? ORDER BY customer, at, seq
"""


def _stayed(moves: Iterable[Any]) -> dict[str, list[float]]:
    """Days between entering a node and leaving it, by node; of bare rows."""
    found: dict[str, list[float]] = {}
    entered: tuple[str, str, Any] | None = None
    for customer, before, after, at in moves:
        if entered is not None and entered[:2] == (customer, before):
            stay = moment(at) - moment(entered[2])
            found.setdefault(before, []).append(stay / timedelta(days=1))
        entered = (customer, after, at)
    return found
