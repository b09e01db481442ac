"""A mailing (合并群发任务): what leaves in one call. Its deliveries name it; decides nothing.

What it holds is fixed once it is ``closed``; from then on it may have left.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Record
from stores.waiting import GOES_BACK


class Step(StrEnum):
    """How far it is."""

    GATHERING = "gathering"
    LEAVING = "leaving"
    """The platform is asked, or was and did not answer."""
    AWAITING_PERSON = "awaiting_person"
    OVER = "over"


class Mailing(Record, kw_only=True):
    """One message to some customers of one rep."""

    __tablename__ = "mailings"
    __table_args__ = (Index("ix_mailings_due", "over", "next_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("mlg"))
    account: Mapped[str]
    broadcast: Mapped[str] = mapped_column(index=True)
    rep: Mapped[str] = mapped_column(default="")
    """In whose name; empty leaves it to the platform."""
    number: Mapped[int | None] = mapped_column(default=None)
    """The version of the material, the same for all of them."""
    size: Mapped[int] = mapped_column(default=0)
    made: Mapped[datetime]
    closed: Mapped[datetime | None] = mapped_column(default=None)
    asked: Mapped[datetime | None] = mapped_column(default=None)
    """When the platform was asked last: unless it said no, a task may be there."""
    attempts: Mapped[int] = mapped_column(default=0)
    ref: Mapped[str | None] = mapped_column(default=None)
    cancelled: Mapped[datetime | None] = mapped_column(default=None)
    """Since when somebody wants it back."""
    by: Mapped[str] = mapped_column(default="")
    """Who does."""
    next_at: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    """When something is to be done about it again."""
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    over: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def step(self) -> Step:
        """Worked out from what happened."""
        if self.over is not None:
            return Step.OVER
        if self.ref is not None:
            return Step.AWAITING_PERSON
        return Step.GATHERING if self.closed is None else Step.LEAVING
