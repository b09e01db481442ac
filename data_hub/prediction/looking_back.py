"""Looking back (回测): what would have been said thirteen weeks ago, and what came since.

Fits to what was known then and asks as anybody is told today, regular buyers by their own gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from data_hub.prediction.model import FEWEST_BUYERS, HORIZON, HORIZONS, Model, fit, statistics
from kernel.values import dataclass

_WEEK = 7 * 86_400.0
_SEEN = 2
"""Nobody is told a window before she has bought so often."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """Of everybody who had bought by then, within so many weeks."""

    weeks: int
    expected: float
    came: float


@dataclass(frozen=True, slots=True)
class BackTest:
    """What the same way of fitting would have said a horizon ago, and what came."""

    buyers: int
    expected: float
    """The share that was said to buy within the horizon."""
    came: float
    coverage: float
    """The share of those who were told a window and came who came within it; eight of ten are
    meant to."""
    error_weeks: float
    """How far off the likely moment was, on average, for these."""
    baseline_weeks: float
    """The same for the middle of the horizon, said to everybody."""
    brier: float
    brier_baseline: float
    told: int = 0
    """How many these are; 0 from earlier versions, which did not count them."""
    horizons: Sequence[Horizon] = ()


def back_test(times: Sequence[Sequence[float]], present: float) -> BackTest | None:
    """Fit on what was known ``HORIZON`` weeks ago and look what came since. None: too few data.

    ``times``: for every buyer the days she bought on, oldest first, in seconds.
    """
    then = present - HORIZON * _WEEK
    known = [(mine, [at for at in mine if at <= then]) for mine in times]
    known = [(mine, before) for mine, before in known if before]
    if len(known) < FEWEST_BUYERS:
        return None
    buying = [counters(before) for _, before in known]
    model = fit(*np.array([statistics(each, then) for each in buying]).T)
    if model is None:
        return None
    waits = np.array(
        [(mine[len(before)] - then) / _WEEK if len(mine) > len(before) else np.inf
         for mine, before in known]
    )  # fmt: skip
    said = np.array([[model.chance(each, then, weeks) or 0.0 for weeks in HORIZONS]
                     for each in buying])  # fmt: skip
    horizons = [
        Horizon(weeks, float(said[:, place].mean()), float((waits <= weeks).mean()))
        for place, weeks in enumerate(HORIZONS)
    ]
    came, share = waits <= HORIZON, horizons[-1].came
    brier = float(((said[:, -1] - came) ** 2).mean())
    windows = _windows(model, buying, waits.tolist(), then)
    return BackTest(
        len(known), horizons[-1].expected, share, *windows[1:], brier, share * (1 - share),
        windows[0], horizons,
    )  # fmt: skip


def _windows(
    model: Model, buying: Sequence[Sequence[float]], waits: Sequence[float], then: float
) -> tuple[int, float, float, float]:
    """Of whom a window was told and who came: how many, which share within it, how far off its
    likely moment was, and how far off the middle of the horizon."""
    inside, missed, middle = [], [], []
    for each, wait in zip(buying, waits, strict=True):
        if wait > HORIZON or each[0] < _SEEN or (window := model.window(each, then)) is None:
            continue
        at = then + wait * _WEEK
        inside.append(window.earliest <= at <= window.latest)
        missed.append(abs(at - window.likely) / _WEEK)
        middle.append(abs(wait - HORIZON / 2))
    if not inside:
        return 0, 0.0, 0.0, 0.0
    share, off, baseline = (float(np.mean(each)) for each in (inside, missed, middle))
    return len(inside), share, off, baseline


def counters(times: Sequence[float]) -> list[float]:
    """Of the moments at which somebody bought what her profile counts, without what she spent."""
    gaps = [(later - at) / 86_400 for at, later in pairwise(times)]
    return [
        len(times), times[0], times[-1], 0.0, len(gaps), sum(gaps), sum(gap * gap for gap in gaps),
    ]  # fmt: skip
