"""Logs (行为日志): plain tuples of who read what and when, as the offline door takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Event = tuple[str, str, Any, float]
Log = Sequence[tuple[Any, Any, float, float]]
"""(who, what, when in seconds, weight), the oldest first."""


def told(events: Iterable[Event]) -> Iterator[tuple[Any, Any, float, float]]:
    for user, item, ts, weight in events:
        if weight == weight:  # not a number says nothing
            yield user, item, moment(ts), float(weight)


def tags_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(tag) for tag in item.get("tags") or ()))


def segments_of(user: Mapping[str, Any]) -> list[str]:
    attrs = user.get("attrs") or {}
    return [f"{name}={value}" for name, value in sorted(attrs.items()) if value is not None]


def moment(ts: Any) -> float:
    """Seconds, from a number, a datetime or a text."""
    if isinstance(ts, str):
        ts = datetime.fromisoformat(ts)
    if isinstance(ts, datetime):
        return (ts if ts.tzinfo else ts.replace(tzinfo=UTC)).timestamp()
    return float(ts) / 1_000 if abs(ts) > 1e11 else float(ts)
