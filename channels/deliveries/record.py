"""A delivery (投放记录): the row of the outbox. Decides nothing and sends nothing.

``state`` is how far *we* got with it, ``progress`` how far the *platform* did: a post that was
submitted is done for us and not yet shown there.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Progress
from kernel.events import Handle
from kernel.ids import new_id
from kernel.wording import say
from stores.records import Record


class State(StrEnum):
    """How far we got: due → sending → done, and where it may stop on the way."""

    DUE = "due"
    SENDING = "sending"
    DONE = "done"
    PARKED = "parked"
    """It did not work and will not by itself: a person reads ``reason``."""
    AWAITING_PERSON = "awaiting_person"
    """The platform wants somebody to confirm it."""
    UNKNOWN = "unknown"
    """The call left and nobody answered; being settled, or a person must look."""
    CANCELLED = "cancelled"


QUEUED = (State.DUE,)
IN_FLIGHT = (State.SENDING, State.UNKNOWN)
UP = (Progress.SUBMITTED, Progress.SHOWN)

_ORDER = {
    "": 0,
    Progress.AWAITING_PERSON: 1,
    Progress.SUBMITTED: 2,
    Progress.SHOWN: 3,
    Progress.REFUSED: 4,
    Progress.WITHDRAWN: 4,
}


def overtakes(told: str, kept: str) -> bool:
    """Is what is told now later than what is kept? Platforms tell things twice and out of order;
    what was refused or withdrawn stays so."""
    return _ORDER[told] > _ORDER[kept]


class Delivery(Record, kw_only=True):
    """One thing to be shown or said once: unique per account, target and occasion."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("account", "target", "occasion"),
        Index("ix_deliveries_queue", "state", "next_at"),
        Index("ix_deliveries_ref", "account", "ref"),
        Index("ix_deliveries_up", "account", "progress"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("dlv"))
    account: Mapped[str]
    target: Mapped[str] = mapped_column(default="", index=True, info={"customer": "drop"})
    """The handle of the one person it is for; empty for a post that everybody sees."""
    occasion: Mapped[str]
    """Why it is sent: the placement, the reminder, the step. Makes a second one impossible."""
    placement: Mapped[str] = mapped_column(default="", index=True)
    material: Mapped[str] = mapped_column(default="", index=True)
    number: Mapped[int | None] = mapped_column(default=None)
    """The material's version that was sent, fixed when it was marked."""
    words: Mapped[str] = mapped_column(default="", repr=False, info={"customer": "blank"})
    """What is said to one person beside the material."""
    purpose: Mapped[str] = mapped_column(default="")
    """What she must allow for it to go out; empty for a post."""
    rep: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]

    state: Mapped[str] = mapped_column(default=State.DUE.value)
    progress: Mapped[str] = mapped_column(default="")
    ref: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")
    """A key of `kernel.wording`, completed by ``facts``."""
    facts: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    """Leases lost in a row."""
    next_at: Mapped[datetime | None] = mapped_column(default=None)
    """When something is to be done about it again; None if nothing is."""
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    first_sent: Mapped[datetime | None] = mapped_column(default=None)
    last_sent: Mapped[datetime | None] = mapped_column(default=None)
    settled: Mapped[datetime | None] = mapped_column(default=None)
    """When the platform's answer, or our giving up, was noted last."""

    @property
    def handle(self) -> Handle | None:
        return Handle.parse(self.target) if self.target else None

    def why(self, language: str = "zh") -> str:
        """The reason as a sentence; empty if there is none."""
        return say(self.reason, language, **self.facts) if self.reason else ""
