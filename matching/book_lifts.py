"""Book lifts (客户群偏好): what a rep's own customers read more than the whole company does.

It speaks for customers of hers whom we hardly know. The same for all of them, and it turns slowly:
worked out once a minute, for the reps who ask.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from kernel.latest import Latest
from matching.arrays import Floats, Keys, keys_of
from matching.counters import Counters, worth
from matching.scoring import Lift, lifts, unlifted

_HOLDS = timedelta(minutes=1)
_REPS = 100
"""So many reps' books are remembered: who works through new customers asks again and again."""

Company = Callable[[Keys], tuple[Floats, float]]
"""How often each content is read in the whole company, and all of them together."""


class _Book(NamedTuple):
    made: datetime
    lift: Lift


class BookLifts:
    """What every rep's book adds, as it was a moment ago."""

    def __init__(self, counters: Counters, company: Company) -> None:
        self._counters = counters
        self._company = company
        self._kept = Latest[tuple[str, float], _Book](_REPS)

    def lift(self, rep: str, now: datetime, shrink: float) -> Lift:
        """By how much her customers read each content more than all do: shrunk logs."""
        kept = self._kept.get((rep, shrink))
        if kept is None or not kept.made <= now < kept.made + _HOLDS:
            kept = _Book(now, self._made(rep, now, shrink))
            self._kept.put((rep, shrink), kept)
        return kept.lift

    def _made(self, rep: str, now: datetime, shrink: float) -> Lift:
        read = self._counters.scoped(f"rep:{rep}")
        keys, present = keys_of(read), worth(now.timestamp())
        company, total = self._company(keys)
        hers = np.fromiter(read.values(), np.float64, len(read))
        hers, company, total = hers / present, company / present, total / present
        own = lifts(hers, company, shrink, total)
        return Lift("book", keys, own, rest=unlifted(hers, shrink))
