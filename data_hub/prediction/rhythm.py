"""Rhythm (自有节奏): who buys regularly is told by her own gap, not by the company's model.

The next gap is taken to be normal around the mean of hers. Few gaps say little about how much they
vary, and those that happen to be alike are picked out, so it is spread wider than hers were: as far
as Student's t is wider than the normal. Says nothing of who has left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from kernel.values import dataclass

_DAY = 86_400.0
_GAPS, _CV = 5, 0.35
_LEAST = 0.5
"""Days: nobody buys to the hour."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a regular buyer's gaps go, in days."""

    mean: float
    spread: float
    """Of the gap that comes, wider than that of those that were."""
    last: float
    """When she last bought, in seconds since 1970."""

    def waiting(self, present: float) -> float:
        """How likely a gap lasts until then at least."""
        return 1.0 - self._gap.cdf((present - self.last) / _DAY)

    def quantile(self, present: float, share: float) -> float:
        """By when this share of those who wait still has bought, in seconds since 1970."""
        gone = 1.0 - self.waiting(present)
        reached = min(max(gone + share * (1.0 - gone), 1e-12), 1.0 - 1e-12)
        return max(present, self.last + self._gap.inv_cdf(reached) * _DAY)

    @property
    def _gap(self) -> NormalDist:
        return NormalDist(self.mean, self.spread)


def regular_gap(buying: Sequence[float]) -> tuple[float, float] | None:
    """The usual gap and its spread in days, for who buys regularly: five gaps, CV below 0.35."""
    gaps, total, squares = buying[4], buying[5], buying[6]
    if gaps < _GAPS or total <= 0:
        return None
    mean = total / gaps
    spread = math.sqrt(max(squares / gaps - mean * mean, 0.0) * gaps / (gaps - 1))
    return (mean, spread) if spread / mean < _CV else None


def rhythm(buying: Sequence[float]) -> Rhythm | None:
    """Hers, if she buys regularly."""
    if (told := regular_gap(buying)) is None:
        return None
    (mean, spread), gaps = told, buying[4]
    wider = math.sqrt((gaps + 1) / gaps * (gaps - 1) / (gaps - 3))
    return Rhythm(mean, max(spread * wider, _LEAST), buying[2])
