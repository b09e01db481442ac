"""Rate gates (限速): a token bucket for each account and API, shared by all processes.

A row holds the bucket; a process takes a small slice of it at once and lets what it does not use
within a second expire, so that most calls cost no statement. Never lets more through than the rate.
"""

import threading
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Busy
from kernel.clock import Clock
from kernel.errors import Overloaded
from stores.records import Record, Records
from stores.spelling import moment

_SHORTEST = 0.001
_SLACK = 60.0
"""By so many seconds the clocks of two machines may differ."""


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
        self._rates: dict[str, float] = {}
        """Calls a minute, of everything that was ever asked for here."""
        self._empty: dict[str, tuple[datetime, datetime]] = {}
        """Since when something is used up, and when it has a call again, as this process knows."""
        self._lock = threading.Lock()

    def enter(self, name: str, per_minute: float) -> None:
        """Take one call. Raises `Busy`, with when to come again, if none is left."""
        now = self._clock()
        with self._lock:
            self._rates[name] = per_minute
            if (left := self._at_hand(name, now)) >= 1:
                self._slices[name] = (left - 1, self._slices[name][1])
                return
            try:
                taken = self._take(name, per_minute, now)
            except Overloaded as away:  # nothing has left yet
                raise Busy("records_were_away", seconds=away.seconds) from away
            self._slices[name] = (taken - 1, now + timedelta(seconds=1))

    def room(self, name: str) -> int | None:
        """How many calls it would let through now, so that nobody claims more; None as long as
        this process made none, and knows no rate."""
        per_minute, now = self._rates.get(name), self._clock()
        if per_minute is None:
            return None
        tokens, per_second = self._filled(name, per_minute, now), per_minute / 60
        if (left := int(tokens) + int(self._at_hand(name, now))) < 1:
            self._empties(name, now, (1 - tokens) / per_second)
        return left

    def used_up(self) -> list[str]:
        """What lets nobody through at this moment, as far as this process knows."""
        now = self._clock()
        return [name for name, (since, until) in self._empty.items() if since <= now < until]

    def _empties(self, name: str, now: datetime, seconds: float) -> None:
        self._empty[name] = now, now + timedelta(seconds=max(seconds, _SHORTEST))

    def _at_hand(self, name: str, now: datetime) -> float:
        left, expires = self._slices.get(name, (0.0, now))
        return left if now < expires else 0.0

    def _filled(self, name: str, per_minute: float, now: datetime) -> float:
        burst = max(1.0, per_minute / 60)
        told = self._records.rows(_BUCKET, [name])
        if not told:
            return burst
        tokens, at = float(told[0][0]), moment(told[0][1])
        return min(burst, tokens + _passed(at, now, burst, per_minute / 60) * per_minute / 60)

    def _take(self, name: str, per_minute: float, now: datetime) -> float:
        per_second = per_minute / 60
        burst = max(1.0, per_second)
        with self._records.write(f"rate:{name}") as session:
            bucket = session.get(Bucket, name)
            if bucket is None:
                bucket = Bucket(name=name, tokens=burst, at=now)
                session.add(bucket)
            passed = _passed(bucket.at, now, burst, per_second)
            tokens = min(burst, bucket.tokens + passed * per_second)
            if tokens < 1:
                wait = (1 - tokens) / per_second
                self._empties(name, now, wait)
                raise Busy(USED_UP, seconds=wait)
            grant = min(float(int(tokens)), max(1.0, per_second // 4))
            bucket.tokens, bucket.at = tokens - grant, now
        return grant


def _passed(at: datetime, now: datetime, burst: float, per_second: float) -> float:
    """Seconds in which a bucket filled. One that was emptied further ahead than it takes to fill
    was by a clock that has been put back: it is full."""
    seconds, fills = (now - at).total_seconds(), burst / per_second
    return seconds if seconds >= 0 else fills if -seconds > fills + _SLACK else 0.0


USED_UP = "our_rate_is_used_up"
"""Nothing was asked of the platform: it is our own rate that waits."""
_BUCKET = "SELECT tokens, at FROM rate_buckets WHERE name = ?"
