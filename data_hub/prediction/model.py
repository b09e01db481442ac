"""Next purchase (下次购买预测): MBG/NBD in closed form, fitted to the company's own buyers.

Everybody buys at a rate of her own (gamma: r, α) and may drop out after any purchase, the first
included (beta: a, b). What it says are probabilities and a wide window, never a bare date; a
regular buyer's window is her own gap. With too few data nothing is said. Formulas: Batislam,
Denizel & Filiztekin 2007; the wait of who is still there is Lomax(r + x, α + T).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from data_hub.prediction.descent import Array, least
from kernel.values import dataclass

_WEEK = 7 * 86_400.0
FEWEST_BUYERS = 100
FEWEST_REPEATS = 50
"""Fewer than these say nothing about anybody."""
HORIZON = 13.0
"""Weeks within which a window is told."""
_REGULAR_GAPS, _REGULAR_CV = 5, 0.35
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
        x, t_x, total = (np.array([value]) for value in statistics(buying, present))
        return float(self.within(x, t_x, total, weeks)[0])

    def window(self, buying: Sequence[float], present: float) -> Window | None:
        """When she is expected next. None below two purchases: then nobody can say."""
        if not buying or buying[0] < 2:
            return None
        if gap := regular_gap(buying):
            usual, spread = gap
            due = buying[2] + usual * 86_400
            if due >= present:
                return Window(
                    due, max(present, due - 1.2816 * spread * 86_400),
                    due + 1.2816 * spread * 86_400, True,
                )  # fmt: skip
        x, _, total = (np.array([value]) for value in statistics(buying, present))
        low, middle, high = (
            present + float(self.quantile(x, total, share, HORIZON)[0]) * _WEEK
            for share in (0.1, 0.5, 0.9)
        )
        return Window(middle, low, high, False)


def statistics(buying: Sequence[float], present: float) -> tuple[float, float, float]:
    """Repeats, weeks from the first purchase to the last, weeks since the first."""
    count, first, last = buying[0], buying[1], buying[2]
    total = max((present - first) / _WEEK, 1e-6)
    return count - 1, min((last - first) / _WEEK, total), total


def counters(times: Sequence[float]) -> list[float]:
    """Of the moments at which somebody bought what her profile counts, without what she spent."""
    gaps = [(later - at) / 86_400 for at, later in pairwise(times)]
    return [
        len(times), times[0], times[-1], 0.0, len(gaps), sum(gaps), sum(gap * gap for gap in gaps),
    ]  # fmt: skip


def regular_gap(buying: Sequence[float]) -> tuple[float, float] | None:
    """The usual gap and its spread in days, for who buys regularly: five gaps, CV below 0.35."""
    gaps, total, squares = buying[4], buying[5], buying[6]
    if gaps < _REGULAR_GAPS or total <= 0:
        return None
    mean = total / gaps
    spread = math.sqrt(max(squares / gaps - mean * mean, 0.0) * gaps / (gaps - 1))
    return (mean, spread) if spread / mean < _REGULAR_CV else None


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


@dataclass(frozen=True, slots=True)
class BackTest:
    """What the same way of fitting would have said a horizon ago, and what came."""

    buyers: int
    expected: float
    """The share that was said to buy within the horizon."""
    came: float
    coverage: float
    """The share of those who came who came within their 80 % window."""
    error_weeks: float
    """How far off the likely moment was, on average, for who came."""
    baseline_weeks: float
    """The same for the middle of the horizon, said to everybody."""
    brier: float
    brier_baseline: float


def back_test(times: Sequence[Sequence[float]], present: float) -> BackTest | None:
    """Fit on what was known ``HORIZON`` weeks ago and look what came since. None: too few data.

    ``times``: for every buyer the days she bought on, oldest first, in seconds.
    """
    then = present - HORIZON * _WEEK
    known = [(mine, [at for at in mine if at <= then]) for mine in times]
    known = [(mine, before) for mine, before in known if before]
    if len(known) < FEWEST_BUYERS:
        return None
    stats = np.array(
        [(len(b) - 1, (b[-1] - b[0]) / _WEEK, (then - b[0]) / _WEEK) for _, b in known]
    )
    x, t_x, total = stats.T
    model = fit(x, t_x, total)
    if model is None:
        return None
    waits = np.array(
        [(mine[len(before)] - then) / _WEEK if len(mine) > len(before) else np.inf
         for mine, before in known]
    )  # fmt: skip
    came = waits <= HORIZON
    said = model.within(x, t_x, total, HORIZON)
    low, middle, high = (model.quantile(x, total, q, HORIZON) for q in (0.1, 0.5, 0.9))
    for place, (_, before) in enumerate(known):
        window = model.window(counters(before), then)
        if window is not None and window.regular:
            ends = (window.earliest, window.likely, window.latest)
            low[place], middle[place], high[place] = ((end - then) / _WEEK for end in ends)
    share = float(came.mean())
    inside = (waits >= low) & (waits <= high)
    return BackTest(
        len(known), float(said.mean()), share,
        float(inside[came].mean()) if came.any() else 0.0,
        float(np.abs(waits - middle)[came].mean()) if came.any() else 0.0,
        float(np.abs(waits - HORIZON / 2)[came].mean()) if came.any() else 0.0,
        float(((said - came) ** 2).mean()), share * (1 - share),
    )  # fmt: skip
