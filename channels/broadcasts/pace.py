"""Pace (群发进度): how fast a broadcast goes, and how long it takes still. Decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from channels.deliveries import Delivery, State
from kernel.values import dataclass

LOOKED_BACK = timedelta(minutes=5)
_QUEUED = (State.DUE, State.SENDING)
_LEFT = func.coalesce(Delivery.first_sent, Delivery.settled)
"""When one left the queue: it was sent, or given up before."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How it goes on by itself; what waits for a person or a platform takes its own time."""

    queued: int
    """How many were neither sent nor given up yet."""
    rate: float
    """How many left the queue a minute, of late; 0 if nobody can tell."""
    left: float | None
    """Seconds until nothing is queued, going on like this; None if nobody can tell."""


def paced(session: Session, broadcast: str, now: datetime) -> Pace:
    """How fast the deliveries of a broadcast leave the queue. What may begin later only (spread
    over time, a quiet hour, another try) takes as long as the last of them waits."""
    hers, queued = Delivery.broadcast == broadcast, Delivery.state.in_(_QUEUED)
    waits = select(func.count(), func.max(Delivery.next_at)).where(
        hers, queued, Delivery.next_at > now
    )
    gone = select(func.count(), func.min(_LEFT)).where(hers, ~queued, now - LOOKED_BACK < _LEFT)
    n = session.scalar(select(func.count()).where(hers, queued)) or 0
    later, last = session.execute(waits).one()
    lately, first = session.execute(gone).one()
    passed = (now - first).total_seconds() if first else 0
    rate = 60 * lately / passed if passed > 0 else 0
    soon, wait = n - later, (last - now).total_seconds() if last else 0.0
    if not soon:
        return Pace(n, rate, wait)
    return Pace(n, rate, max(60 * soon / rate, wait) if rate else None)
