"""A rep's day (日报): what she did and what came of it, figure by figure, from events alone (R14).

Nobody types any of it. What no event tells of is not asked for either: it is listed as untracked.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from data_hub.deeds import Whose, deeds
from data_hub.measures.kpis import KPIS, Kpi
from kernel.values import dataclass
from stores.history import History


@dataclass(frozen=True, slots=True)
class DayFigure:
    """One figure of a rep's day, and the same of the day before."""

    kpi: Kpi
    total: int
    before: int


def day_of(history: History, rep: str, day: date, whose: Whose | None = None) -> list[DayFigure]:
    """Every tracked figure of one rep's day, in the order of `KPIS`."""
    today, before = (_counted(history, rep, each, whose) for each in (day, day - timedelta(days=1)))
    return [
        DayFigure(kpi, *(sum(told[kind] for kind in kpi.kinds) for told in (today, before)))
        for kpi in KPIS.values()
        if kpi.tracked
    ]


def _counted(history: History, rep: str, day: date, whose: Whose | None) -> Counter[str]:
    kinds = sorted({kind for kpi in KPIS.values() if kpi.tracked for kind in kpi.kinds})
    counted: Counter[str] = Counter()
    for said, kind, count in deeds(history, kinds, day, day, whose).counted():
        if said.get("rep") == rep and not said.get("bot"):
            counted[kind] += count
    return counted
