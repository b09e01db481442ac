"""The database's clock (数据库时钟), for many machines that must agree on what time it is."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from kernel.errors import Overloaded
from stores.busy import busy_is_said
from stores.records import Records

_KEPT = 10
"""Seconds until it is asked again."""


class _Asked(NamedTuple):
    """What the database said, and our own steady counter as it said it."""

    then: datetime
    steady: float

    def asked_again_in(self, seconds: float) -> _Asked:
        """The same time, told as of later."""
        steady = time.monotonic() - _KEPT + seconds
        return _Asked(self.then + timedelta(seconds=steady - self.steady), steady)


class DatabaseClock:
    """The database's time, for many machines that must agree (PostgreSQL).

    Asked at most every ten seconds; in between our own steady counter is added, so that a jump of
    this machine's clock moves nothing. Off by no more than half the quickest of three questions.
    While it does not answer, what it said last goes on.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: _Asked | None = None
        self._asking = threading.Lock()

    def __call__(self) -> datetime:
        kept = self._kept
        if kept is None or time.monotonic() - kept.steady > _KEPT:
            kept = self._ask(kept)
        return (kept.then + timedelta(seconds=time.monotonic() - kept.steady)).astimezone(UTC)

    def _ask(self, kept: _Asked | None) -> _Asked:
        """One thread asks; the others go on with what was said before, if anything was."""
        if kept is not None and self._asking.locked():
            return kept
        with self._asking:
            if self._kept is not None and self._kept is not kept:
                return self._kept  # somebody asked while we waited
            try:
                with busy_is_said(), self._records.engine.connect() as connection:
                    told = [_time_of(connection) for _ in range(3)]
            except Overloaded:
                if kept is None:
                    raise
                self._kept = kept.asked_again_in(1)
            else:
                self._kept = min(told)[1]
            return self._kept


def _time_of(connection: Connection) -> tuple[float, _Asked]:
    """How long the question took, and its answer as of the middle of that time."""
    begun = time.monotonic()
    then = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    ended = time.monotonic()
    return ended - begun, _Asked(then, (begun + ended) / 2)
