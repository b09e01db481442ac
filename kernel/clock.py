"""The clock (时钟): the only source of time in the house. Does not schedule anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC. Tests pass one that stands still."""


def utc_now() -> datetime:
    """The machine's own clock; on PostgreSQL `stores.clock.DatabaseClock` is used instead."""
    return datetime.now(UTC)
