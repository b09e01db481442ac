"""Fading (热度衰减): how fast what was read stops counting, and how popular that makes it. Pure.

Two paces are counted. What everybody reads these days tells most about somebody whose taste the
other parts know; for a newcomer it tells too little, and the weeks before it count, too. Both are
numbers that never decay: each reader is worth 2^(t / half-life) for her moment t, and whoever asks
divides by what a reader is worth now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from matching.arrays import Floats

HALF_LIFE = timedelta(days=14).total_seconds()
"""Of popularity: measured, all-time popularity finds a fifth of it for new customers."""
LATELY = timedelta(days=3.5).total_seconds()
"""Of what is read these days: measured, it ranks better for those we know, far worse for others."""
_ORIGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_LATE_ORIGIN = datetime(2031, 1, 1, tzinfo=UTC).timestamp()
"""So far ahead that numbers hold what is read until 2040."""
_LARGEST = 1_000.0
"""Doublings that a number holds; a moment beyond them is worth as much as the last of them."""


def worth(at: float) -> float:
    """What one reader at this moment counts for, in numbers that never decay."""
    return float(2.0 ** min((at - _ORIGIN) / HALF_LIFE, _LARGEST))


def worth_lately(at: float) -> float:
    """The same, of what is read these days."""
    return float(2.0 ** min((at - _LATE_ORIGIN) / LATELY, _LARGEST))


def shown_as(popular: Floats) -> Floats:
    """Decayed readers as a score counts them: their logarithm, the most popular 1."""
    counted: Floats = np.log1p(np.maximum(popular, 0.0))
    top = float(counted.max(initial=0.0))
    return counted / top if top > 0 else counted
