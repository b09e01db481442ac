"""Trying again (重试): when, how often, how long. A rule without any I/O."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from kernel.values import dataclass

Jitter = Callable[[float], float]
"""Picks a number between 0 and its argument."""


def full_jitter(top: float) -> float:
    """Any number up to the top: a herd that waits the same time comes back as a herd."""
    return random.uniform(0, top)  # noqa: S311  # spreads load, keeps no secret


@dataclass(frozen=True, slots=True)
class Retries:
    """At least ``tries`` and at least ``window``, then a person looks."""

    base: float = 1.0
    growth: float = 1.3
    """Slow, since an account that answers nobody is left alone by its breaker: whoever was unlucky
    six times at one that answers others waits seconds."""
    cap: float = 300.0
    tries: int = 3
    window: timedelta = timedelta(hours=3)
    jitter: Jitter = full_jitter

    def wait(self, attempts: int, asked: float = 0) -> timedelta:
        """How long to stay away after so many attempts; what the platform asked for wins."""
        if asked > 0:
            return timedelta(seconds=asked)
        top = min(self.cap, self.base * self.growth ** min(attempts, 32))
        return timedelta(seconds=self.jitter(top))

    def worn_out(self, attempts: int, since: timedelta) -> bool:
        return attempts >= self.tries and since >= self.window
