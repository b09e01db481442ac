"""Next purchase (下次购买预测): MBG/NBD in closed form, fitted to the company's own buyers.

Everybody buys at a rate of her own (gamma: r, α) and may drop out after any purchase, the first
included (beta: a, b). What it says are probabilities and a wide window, never a bare date; a
regular buyer's window is her own gap. With too few data nothing is said. Formulas: Batislam,
Denizel & Filiztekin 2007; the wait of who is still there is Lomax(r + x, α + T).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_hub.prediction.descent import Array, least
from data_hub.prediction.rhythm import Rhythm, rhythm
from kernel.values import dataclass

_WEEK = 7 * 86_400.0
FEWEST_BUYERS = 100
FEWEST_REPEATS = 50
"""Fewer than these say nothing about anybody."""
HORIZONS = (2, 4, 13)
"""Weeks for which a chance is told."""
HORIZON = float(HORIZONS[-1])
"""Weeks within which a window is told."""
_LATE = 0.1
"""Of ten who buy as she does one waits longer: then her window is as anybody else's."""
_SHARES = (0.1, 0.5, 0.9)
"""Of those who come: by the first of these moments one in ten has, by the last nine."""
_FARTHEST = 9.0
"""No number is further from 1 than e to this power."""


@dataclass(frozen=True, slots=True)
class Window:
    """When she is expected to buy next: seconds since 1970."""

    likely: float
    earliest: float
    latest: float
    """Eight of ten who buy within the horizon do so between the two."""
    regular: bool
    """By her own gap, because she buys regularly."""


@dataclass(frozen=True, slots=True)
class Model:
    """The four numbers of a company, in weeks."""

    r: float
    alpha: float
    a: float
    b: float
    buyers: int = 0
    likelihood: float = 0.0

    def alive(self, x: Array, t_x: Array, total: Array) -> Array:
        """How likely each is still a customer: x repeats, the last at t_x, known for total."""
        ratio = (self.a / (self.b + x)) * ((self.alpha + total) / (self.alpha + t_x)) ** (
            self.r + x
        )
        return 1.0 / (1.0 + ratio)

    def within(self, x: Array, t_x: Array, total: Array, weeks: float) -> Array:
        """How likely each buys within so many weeks from now."""
        gone = ((self.alpha + total) / (self.alpha + total + weeks)) ** (self.r + x)
        told: Array = self.alive(x, t_x, total) * (1.0 - gone)
        return told

    def quantile(self, x: Array, total: Array, share: float, horizon: float) -> Array:
        """The wait, in weeks, by which this share of those who buy within the horizon has."""
        inside = 1.0 - ((self.alpha + total) / (self.alpha + total + horizon)) ** (self.r + x)
        part = 1.0 - share * inside
        return (self.alpha + total) * (part ** (-1.0 / (self.r + x)) - 1.0)

    def chance(self, buying: Sequence[float], present: float, weeks: float) -> float | None:
        """The same for one customer, from her profile's counters. None for who never bought."""
        if not buying:
            return None
        if hers := rhythm(buying):
            return self._regular(hers, buying[0] - 1, present, weeks)
        x, t_x, total = (np.array([value]) for value in statistics(buying, present))
        return float(self.within(x, t_x, total, weeks)[0])

    def _regular(self, hers: Rhythm, repeats: float, present: float, weeks: float) -> float:
        """The same for a regular buyer: she left after her last purchase, or still waits."""
        leaves = self.a / (self.a + self.b + repeats)
        waits = (1.0 - leaves) * hers.waiting(present)
        longer = (1.0 - leaves) * hers.waiting(present + weeks * _WEEK)
        return (waits - longer) / (waits + leaves)

    def expected(self, buying: Sequence[float], present: float) -> Window | None:
        """When she is expected next, told from her last purchase on, so that it does not move by
        the day; once that window is over, from now on."""
        since = self.window(buying, buying[2]) if buying else None
        if since is None or since.latest > present:
            return since
        return self.window(buying, present)

    def window(self, buying: Sequence[float], present: float) -> Window | None:
        """When she is expected next, as seen from a moment until which she has not bought again.
        None below two purchases: then nobody can say."""
        if not buying or buying[0] < 2:
            return None
        if (hers := rhythm(buying)) and hers.waiting(present) >= _LATE:
            low, middle, high = (hers.quantile(present, share) for share in _SHARES)
            return Window(middle, low, high, True)
        x, _, total = (np.array([value]) for value in statistics(buying, present))
        low, middle, high = (
            present + float(self.quantile(x, total, share, HORIZON)[0]) * _WEEK for share in _SHARES
        )
        return Window(middle, low, high, False)


def statistics(buying: Sequence[float], present: float) -> tuple[float, float, float]:
    """Repeats, weeks from the first purchase to the last, weeks since the first."""
    count, first, last = buying[0], buying[1], buying[2]
    total = max((present - first) / _WEEK, 1e-6)
    return count - 1, min((last - first) / _WEEK, total), total


def fit(x: Array, t_x: Array, total: Array) -> Model | None:
    """The company's own numbers by greatest likelihood; None where the data are too few.

    Buyers who look alike are counted, not repeated: whole days make most of them alike.
    """
    if len(x) < FEWEST_BUYERS or x.sum() < FEWEST_REPEATS or (x == 0).all():
        return None
    told: Array = np.round(np.column_stack([x, t_x * 7, total * 7]), 0).astype(np.float64)
    rows, times = np.unique(told, axis=0, return_counts=True)
    x, t_x, total = rows[:, 0], rows[:, 1] / 7.0, np.maximum(rows[:, 2], 1.0) / 7.0
    t_x = np.minimum(t_x, total).astype(np.float64)
    scale = float(np.average(total, weights=times))

    repeats, which = np.unique(x, return_inverse=True)

    def loss(logs: Array) -> float:
        if np.abs(logs).max() > _FARTHEST:
            return math.inf
        each = likelihood(np.exp(logs), repeats, which, t_x, total)
        return -float((times * each).sum()) / float(times.sum())

    begins = ([0.5, scale / 4, 0.8, 2.0], [0.3, scale / 8, 1.0, 1.0])
    found = [least(loss, [math.log(number) for number in begin]) for begin in begins]
    numbers, lost = min(found, key=lambda each: each[1])
    if not math.isfinite(lost):
        return None
    r, alpha, a, b = (float(value) for value in np.exp(numbers))
    return Model(r, alpha, a, b, int(times.sum()), -lost * int(times.sum()))


def likelihood(numbers: Array, repeats: Array, which: Any, t_x: Array, total: Array) -> Array:
    """The log-likelihood of each buyer under (r, α, a, b); ``repeats[which]`` are her repeats."""
    r, alpha, a, b = (float(number) for number in numbers)
    base = np.array([math.lgamma(r + x) for x in repeats]) - math.lgamma(r) + r * math.log(alpha)
    beta = _betaln(a, b)
    stays = np.array([_betaln(a, b + x + 1) for x in repeats]) - beta
    leaves = np.array([_betaln(a + 1, b + x) for x in repeats]) - beta
    rate = r + repeats[which]
    told: Array = base[which] + np.logaddexp(
        stays[which] - rate * np.log(alpha + total), leaves[which] - rate * np.log(alpha + t_x)
    )
    return told


def _betaln(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)
