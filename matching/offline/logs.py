"""Logs (行为日志): plain tuples of who read what and when, as the offline door takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Event = tuple[str, str, Any, float]
Log = Sequence[tuple[Any, Any, float, float]]
"""(who, what, when in seconds, weight), the oldest first."""


def told(events: Iterable[Event]) -> Iterator[tuple[Any, Any, float, float]]:
    """With moments in seconds. A weight that is no finite number says nothing."""
    for user, item, ts, weight in events:
        if math.isfinite(weight):
            yield user, item, moment(ts), float(weight)


def tags_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(tag) for tag in item.get("tags") or ()))


def segments_of(user: Mapping[str, Any]) -> list[str]:
    attrs = user.get("attrs") or {}
    return [f"{name}={value}" for name, value in sorted(attrs.items()) if value is not None]


def moment(ts: Any) -> float:
    """Seconds, from a number (of milliseconds, if it is large), a datetime or a text, by UTC where
    neither says its zone. Raises ValueError for anything else."""
    try:
        when = datetime.fromisoformat(ts) if isinstance(ts, str) else ts
        if isinstance(when, datetime):
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        return float(when) / 1_000 if abs(when) > 1e11 else float(when)
    except (TypeError, ValueError):
        raise ValueError(
            f"ts: {ts!r} is no moment; give seconds since 1970, a datetime or ISO 8601"
        ) from None
