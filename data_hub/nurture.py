"""Nurture (养成): the first five purchases, each of which has its own next step.

The first three weigh most, and at the fifth the habit sticks (R125). Pure: reminds nobody
(`engagement.triggers` does).
"""

from __future__ import annotations

from typing import NamedTuple

from data_hub.measures.buyers import HABIT

PLAN = {1: 3, 2: 7, 3: 7, 4: 14, 5: 30}
"""So many days after the nth purchase she is turned to (D)."""
_WEIGHTY = 3
"""Up to this purchase it matters most."""


class Step(NamedTuple):
    """What is due after a purchase."""

    nth: int
    days: int
    """How long after it."""
    priority: int


def priority(purchases: int) -> int:
    """How much the next word to a buyer matters: 2 for purchases 1–3, 1 for 4–5, 0 for the rest."""
    if not 1 <= purchases <= HABIT:
        return 0
    return 2 if purchases <= _WEIGHTY else 1


def step(purchases: int) -> Step | None:
    """What is due after the last of so many purchases; None once the habit has stuck."""
    days = PLAN.get(purchases)
    return None if days is None else Step(purchases, days, priority(purchases))
