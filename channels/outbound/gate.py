"""Rate gates (限速): a token bucket for each account and API, shared by all processes.

A row holds the bucket; a process takes a small slice of it at once and lets what it does not use
within a second expire, so that most calls cost no statement. Never lets more through than the rate.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Busy
from kernel.clock import Clock
from kernel.errors import Overloaded
from stores.records import Record, Records


class Bucket(Record, kw_only=True):
    """How many calls are left for one API of one account."""

    __tablename__ = "rate_buckets"

    name: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]


class RateGate:
    """Lets calls through no faster than the platform takes them."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._slices: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def enter(self, name: str, per_minute: float) -> None:
        """Take one call. Raises `Busy`, with when to come again, if none is left."""
        now = self._clock()
        with self._lock:
            left, expires = self._slices.get(name, (0.0, now))
            if left >= 1 and now < expires:
                self._slices[name] = (left - 1, expires)
                return
            try:
                taken = self._take(name, per_minute, now)
            except Overloaded as away:  # nothing has left yet
                raise Busy("records_were_away", seconds=away.seconds) from away
            self._slices[name] = (taken - 1, now + timedelta(seconds=1))

    def _take(self, name: str, per_minute: float, now: datetime) -> float:
        per_second = per_minute / 60
        burst = max(1.0, per_second)
        with self._records.write(f"rate:{name}") as session:
            bucket = session.get(Bucket, name)
            if bucket is None:
                bucket = Bucket(name=name, tokens=burst, at=now)
                session.add(bucket)
            passed = max(0.0, (now - bucket.at).total_seconds())
            tokens = min(burst, bucket.tokens + passed * per_second)
            if tokens < 1:
                raise Busy("our_rate_is_used_up", seconds=(1 - tokens) / per_second)
            grant = min(float(int(tokens)), max(1.0, per_second // 4))
            bucket.tokens, bucket.at = tokens - grant, now
        return grant
