"""Moments (评判时刻): of a log, what a blend learns from and what it is judged on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from matching.offline.logs import Log
from matching.scoring import HARDLY_KNOWN
from matching.training import TARGETS

_HELD_OUT = 0.1


class Moment(NamedTuple):
    """Somebody at a moment of the past, and what she read next."""

    user: Any
    history: list[tuple[Any, float, float]]
    at: float
    targets: list[Any]


def held_out(log: Log) -> tuple[Log, Log]:
    """(what is learnt, what it is judged on): the last tenth of a log, which has the newcomers and
    the new contents, and the last tenth of each trail, which has those who have read for long."""
    cut = int(len(log) * (1 - _HELD_OUT))
    trails = Counter(user for user, *_ in log[:cut])
    walked: Counter[Any] = Counter()
    before: list[tuple[Any, Any, float, float]] = []
    ends = list(before)
    for event in log[:cut]:
        user = event[0]
        walked[user] += 1
        left = trails[user] - walked[user]
        (ends if left < int(trails[user] * _HELD_OUT) else before).append(event)
    return before, [*ends, *log[cut:]]


def moments_of(before: Log, after: Log, most: int) -> list[Moment]:
    """Moments of the held-out part: what was known, and what was read next.

    Two of each person, drawn by chance, so that histories are as long as they are in the log; of
    a newcomer her first steps, too. At most ``most`` of whom little is known, and of the others.
    """
    known: dict[Any, list[tuple[Any, float, float]]] = {}
    for user, item, at, weight in before:
        known.setdefault(user, []).append((item, at, weight))
    ahead: dict[Any, list[tuple[Any, float, float]]] = {}
    for user, item, at, weight in after:
        ahead.setdefault(user, []).append((item, at, weight))
    found, chance = [], np.random.default_rng(7)
    for user, own in ahead.items():
        past = known.get(user, [])
        drawn = {int(each) for each in chance.integers(0, len(own), 2)}
        for begin in sorted(drawn if past else {0, 1, 2} | drawn):
            history = [*past, *own[:begin]]
            seen = {item for item, _, _ in history}
            fresh = [item for item, _, weight in own[begin:] if weight > 0 and item not in seen]
            if targets := list(dict.fromkeys(fresh))[:TARGETS]:
                found.append(Moment(user, history, own[begin][1], targets))
    hardly, others = by_acquaintance(found)
    return [*_some(hardly, most, chance), *_some(others, most, chance)]


def by_acquaintance(moments: Sequence[Moment]) -> tuple[list[Moment], list[Moment]]:
    """(of those who are hardly known, of the others)."""
    hardly = [each for each in moments if len(each.history) <= HARDLY_KNOWN]
    return hardly, [each for each in moments if len(each.history) > HARDLY_KNOWN]


def _some(moments: list[Moment], most: int, chance: np.random.Generator) -> list[Moment]:
    if len(moments) <= most:
        return moments
    return [moments[at] for at in chance.choice(len(moments), most, replace=False)]
