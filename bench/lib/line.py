"""One line of `make bench`: ours and a baseline in turn, the median of the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured."""

    value: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """CPU of the server for one request."""


def compared(
    name: str,
    ours: Callable[[], Round],
    baseline: Callable[[], Round],
    *,
    unit: str,
    size: int,
    against: str,
    goal: float,
    **more: Any,
) -> dict[str, Any]:
    """Ours and the baseline by turns; ``goal`` is the least ratio between the two medians."""
    rounds = [(ours(), baseline()) for _ in range(ROUNDS)]
    middle = sorted((pair[0] for pair in rounds), key=lambda each: each.value)[ROUNDS // 2]
    theirs = statistics.median(pair[1].value for pair in rounds)
    theirs_cpu = statistics.median(pair[1].cpu_ms for pair in rounds)
    ratio = middle.value / theirs
    return {
        "bench": name,
        "value": round(middle.value, 1),
        "unit": unit,
        "p50_ms": round(middle.p50_ms, 2),
        "p99_ms": round(middle.p99_ms, 2),
        "cpu_ms": round(middle.cpu_ms, 4),
        "size": size,
        "baseline": {
            "name": against,
            "value": round(theirs, 1),
            "cpu_ms": round(theirs_cpu, 4),
        },
        "ratio": round(ratio, 2),
        "goal": goal,
        "ok": ratio >= goal,
        **more,
    }


def measured(name: str, value: float, unit: str, *, size: int, most: float) -> dict[str, Any]:
    """A line without a baseline: what there must not be more of than ``most``."""
    return {
        "bench": name,
        "value": round(value, 1),
        "unit": unit,
        "size": size,
        "goal": most,
        "ok": value <= most,
    }
