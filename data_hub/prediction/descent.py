"""Descent (单纯形法): the least value of a function of a few numbers, by Nelder and Mead.

Fifty lines instead of a dependency of forty megabytes. Knows nothing of customers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
_STEPS = 2_000
_CLOSE = 1e-9
"""The simplex is small enough when its values differ by no more than this."""


def least(value: Callable[[Array], float], begin: Sequence[float]) -> tuple[Array, float]:
    """Where ``value`` is least, seen from where it begins, and what it is there."""
    points = [np.array(begin, dtype=float)]
    for axis in range(len(begin)):
        moved = points[0].copy()
        moved[axis] += 0.5
        points.append(moved)
    simplex = sorted(((value(point), tuple(point)) for point in points), key=lambda each: each[0])
    for _ in range(_STEPS):
        if abs(simplex[-1][0] - simplex[0][0]) <= _CLOSE:
            break
        simplex = sorted(_stepped(value, simplex), key=lambda each: each[0])
    return np.array(simplex[0][1]), simplex[0][0]


_Simplex = list[tuple[float, tuple[float, ...]]]


def _stepped(value: Callable[[Array], float], simplex: _Simplex) -> _Simplex:
    """The worst corner moved to a better place; or all drawn towards the best."""
    *kept, (worst, corner) = simplex
    middle = np.mean([point for _, point in kept], axis=0)
    away = middle - np.array(corner)

    def at(reach: float) -> tuple[float, tuple[float, ...]]:
        point = middle + reach * away
        return value(point), tuple(point)

    reflected = at(1.0)
    if reflected[0] < kept[0][0]:
        return [*kept, min(reflected, at(2.0))]
    if reflected[0] < kept[-1][0]:
        return [*kept, reflected]
    drawn = at(0.5) if reflected[0] < worst else at(-0.5)
    if drawn[0] < min(worst, reflected[0]):
        return [*kept, drawn]
    best = np.array(kept[0][1])
    return [
        kept[0],
        *((value(p), tuple(p)) for _, each in simplex[1:] for p in [(best + np.array(each)) / 2]),
    ]
