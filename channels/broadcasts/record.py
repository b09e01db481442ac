"""A broadcast (群发任务): what goes to whom, from when, how fast, and how far its planning got.

Its phase is worked out from these facts and from its deliveries. Decides nothing.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.base import Busy
from kernel.errors import Conflict, Problem
from kernel.ids import new_id
from stores.records import Record, Records


class Phase(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Broadcast(Record, kw_only=True):
    """One thing to be said to everybody in a segment."""

    __tablename__ = "broadcasts"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("brc"))
    name: Mapped[str]
    account: Mapped[str] = mapped_column(index=True)
    segment: Mapped[str]
    """Empty if it goes to all customers, which somebody must have said why of."""
    everybody: Mapped[str] = mapped_column(default="")
    material: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    campaign: Mapped[str] = mapped_column(default="")
    priority: Mapped[int] = mapped_column(default=50)
    opens: Mapped[datetime]
    expires: Mapped[datetime | None] = mapped_column(default=None)
    per_minute: Mapped[float] = mapped_column(default=0.0)
    """How many may begin within a minute; 0 is as many as the account takes."""
    made: Mapped[datetime]
    by: Mapped[str]
    paused: Mapped[datetime | None] = mapped_column(default=None)
    cancelled: Mapped[datetime | None] = mapped_column(default=None)
    swept: Mapped[datetime | None] = mapped_column(default=None)
    """When nothing of a cancelled one was queued any more."""
    spreading: Mapped[str | None] = mapped_column(default=None)
    """After a pause what waits is spread anew, up to this delivery; None if it is not."""
    through: Mapped[str] = mapped_column(default="")
    """The last customer that was planned for."""
    planned: Mapped[int] = mapped_column(default=0)
    unreachable: Mapped[int] = mapped_column(default=0)
    """In the audience, but not on this account."""
    complete: Mapped[datetime | None] = mapped_column(default=None)
    """When the whole audience was planned for."""

    def moment(self, begin: datetime, place: int) -> datetime:
        """When the one at this place may begin, if the first does at ``begin``."""
        gap = 60 / self.per_minute if self.per_minute else 0
        return begin + timedelta(seconds=place * gap)


def held_back(session: Session) -> list[str]:
    """Those of which nothing may begin now."""
    held = or_(
        Broadcast.paused.is_not(None),
        Broadcast.spreading.is_not(None),
        Broadcast.cancelled.is_not(None) & Broadcast.swept.is_(None),
    )
    return list(session.scalars(select(Broadcast.id).where(held)))


def stopped(records: Records, key: str) -> Problem | None:
    """The last question, asked where something of it is marked begun: why may it no longer, or not
    now? Who stops it meanwhile waits for that mark, and counts it."""
    if not key:
        return None
    with records.write() as session:
        broadcast = session.get(
            Broadcast, key, populate_existing=True, with_for_update={"read": True}
        )
    if broadcast is None:
        return None
    if broadcast.cancelled is not None:
        return Conflict("broadcast_cancelled")
    if broadcast.paused is not None or broadcast.spreading is not None:
        return Busy("broadcast_paused", seconds=30)
    return None
