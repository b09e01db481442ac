"""Hours (时段): what she turns to at this time of day rather than at others. Pure.

Told by days and not by looks, so that one long evening is no habit: markets on three mornings and
on no evening speak for markets in the morning, whatever she reads most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from kernel.calendar import Zone
from matching.arrays import Places, Slice
from matching.scoring import Name, Pull, Reason, Weights

REACH = 2
"""Hours before this one and after it that are this time of day, too."""
FEWEST = 3
"""Days that make a habit."""
_SHRINK = 3.0
"""Days like all others that are thought of beside hers."""
_MOST = 5
"""Topics that speak for an hour; more are noise."""
Half = int
"""What of a day is this time of day, or the rest of it: odd for the first."""
Told = Callable[[str, float], Reason]
"""Says why a tag adds so much."""


class Days(NamedTuple):
    """Her days, each apart by this time of day and the rest of it."""

    begins: int
    ends: int
    """The local hours between which it is this time of day: from 22 to 3, too."""
    of: list[Half]
    """What each of her doings fell into."""

    @property
    def all(self) -> tuple[int, int]:
        """On how many days she did anything: (at this time of day, at others)."""
        return among(set(self.of))


def among(halves: Collection[Half]) -> tuple[int, int]:
    """(how many are of this time of day, how many are not)."""
    mine = sum([half & 1 for half in halves])
    return mine, len(halves) - mine


def days(moments: Iterable[datetime], now: datetime, zone: Zone) -> Days:
    """Her days, told when she did something. An evening that goes over midnight is one."""
    hour, info = zone.local(now).hour, zone.info
    begins = (hour - REACH) % 24
    of = [_half(each.astimezone(info), begins) for each in moments]
    return Days(begins, (hour + REACH + 1) % 24, of)


def _half(local: datetime, begins: int) -> Half:
    hour = local.hour
    day = local.toordinal() - (hour < begins)
    return 2 * day + ((hour - begins) % 24 <= 2 * REACH)


def turned_to(halves: Sequence[Half], places: Places, candidates: Slice) -> set[tuple[int, Half]]:
    """What she turned to (a column) and when, told what each of these contents fell into."""
    rows, worn = candidates.tags_of(places)
    return {(column, halves[row]) for row, column in zip(rows.tolist(), worn.tolist(), strict=True)}


def hour_pulls(
    hers: Days,
    turned: Collection[tuple[int, Half]],
    candidates: Slice,
    topics: Container[str],
    weights: Weights,
    told: Told,
) -> list[Pull]:
    """What speaks for her topics of this hour, ``weights.hour`` in all. A tag that is not among the
    topics, as one that only says of which product a content is, speaks for no hour."""
    mine = Counter([column for column, half in turned if half & 1])
    habits = {
        column: count for column, count in mine.items()
        if count >= FEWEST and candidates.tag_of(column) in topics
    }  # fmt: skip
    others = Counter([column for column, half in turned if column in habits and not half & 1])
    of_all = hers.all
    rises = [(_rise(count, others[column], *of_all), column) for column, count in habits.items()]
    strongest = sorted([(-rise, candidates.tag_of(at)) for rise, at in rises if rise > 0])[:_MOST]
    share = weights.hour / max(1.0, -math.fsum([less for less, _ in strongest]))
    return [Pull(tag, -less * share, partial(told, tag, -less * share)) for less, tag in strongest]


def _rise(mine: int, others: int, days: int, other_days: int) -> float:
    """By how much more often she turns to something at this time of day, as a shrunk log: of so
    many days of hers, against all."""
    usual = (mine + others) / (days + other_days)
    return math.log((mine + _SHRINK * usual) / (days + _SHRINK) / usual)


def reason(hers: Days, tag: str, weight: float, halves: Collection[Half], topic: Name) -> Reason:
    """In words, told in which halves of days she turned to ``tag``."""
    mine, others = among(halves)
    facts = {
        "topic": topic, "begins": f"{hers.begins}:00", "ends": f"{hers.ends}:00",
        "count": mine, "others": others,
    }  # fmt: skip
    evidence = {"tag": tag, "hours": [hers.begins, hers.ends], "days": mine, "others": others}
    return Reason("hour", "reason_hour", facts, weight, evidence)
