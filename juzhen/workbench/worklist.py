"""The worklist (待跟进客户): whom to turn to, by A to E, B and C first, and what to do with each.

B and C are the main force: who talks, or talked briefly, is won by the next word. A rep need not
remember anybody: every line says what to do next, and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from data_hub.customers import Customer
from data_hub.grades import Grade
from kernel.actors import Actor
from kernel.values import dataclass
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

MAIN = (Grade.B, Grade.C)
ALL, MAIN_FORCE = "all", "BC"


@dataclass(frozen=True, slots=True)
class Line:
    """What is said beside a customer's name."""

    grade: str
    next: str
    """What to do, as a sentence."""


def counted(graded: Mapping[str, int]) -> dict[str, int]:
    """How many there are of every grade, the empty ones too."""
    return {str(grade): graded.get(grade, 0) for grade in Grade}


def chosen(asked: str | None, counts: Mapping[str, int], text: str) -> str:
    """Which class is shown: as asked, else B and C; everybody where that would be nobody, or where
    somebody is looked for by name."""
    if asked in {ALL, MAIN_FORCE, *counts}:
        return str(asked)
    return MAIN_FORCE if sum(counts[each] for each in MAIN) and not text else ALL


def grades_of(chosen: str) -> Collection[str]:
    """The grades of a class; none for everybody."""
    if chosen == ALL:
        return ()
    return MAIN if chosen == MAIN_FORCE else (chosen,)


def classes(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Every class to choose from, and how many are in it."""
    main, everybody = sum(counts[each] for each in MAIN), sum(counts.values())
    return [(MAIN_FORCE, main), *counts.items(), (ALL, everybody)]


def grade(platform: Platform, customer: str) -> str:
    """Where the conversation with one customer stands."""
    row = platform.standings.rows([customer]).get(customer)
    return row.grade if row else str(Grade.UNKNOWN)


def lines(
    platform: Platform, actor: Actor, customers: Sequence[Customer], tongue: str
) -> dict[str, Line]:
    """By customer: her grade and one next action, the most pressing."""
    stood = platform.standings.rows([each.id for each in customers])
    handles = [str(handle) for each in customers for handle in each.handles]
    due = platform.reminders.page(actor.staff, handles=handles, first=100).items if handles else ()
    kinds = {each.handle: each.kind for each in reversed(due)}
    found = {}
    for each in customers:
        row = stood.get(each.id)
        grade = row.grade if row else str(Grade.UNKNOWN)
        waiting = next((kinds[h] for h in map(str, each.handles) if h in kinds), "")
        if waiting:
            told = say("next_reminder", tongue, what=say(f"reminder_{waiting}", tongue))
        elif row is not None and row.expected is not None:
            day = platform.zone.day(row.expected)
            told = say("next_purchase", tongue, day=f"{day:%m-%d}")
        else:
            told = say(f"next_{grade}", tongue)
        found[each.id] = Line(grade, told)
    return found
