"""The clock (时钟): the only source of time in the house. Does not schedule anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC. Tests pass one that stands still."""


_MILLISECONDS = 10**11
"""What is larger counts in them: as seconds it would lie three thousand years ahead."""


def since_1970(stamp: float) -> datetime:
    """The moment of a stamp in seconds or milliseconds. Raises ValueError for what no calendar
    reaches, such as one in nanoseconds."""
    try:
        return datetime.fromtimestamp(stamp / 1000 if stamp > _MILLISECONDS else stamp, UTC)
    except (OverflowError, OSError) as beyond:
        raise ValueError("in no calendar") from beyond


def utc_now() -> datetime:
    """The machine's own clock; on PostgreSQL `stores.clock.DatabaseClock` is used instead."""
    return datetime.now(UTC)
