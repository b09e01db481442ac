"""What is kept of subscriptions and notices (订阅与通知记录)."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Record
from stores.waiting import GOES_BACK

ON_SHELF, OFF_SHELF, PING = "material.on_shelf", "material.off_shelf", "ping"
ACTS = {
    "created_material": "material.created",
    "edited_material": "material.edited",
    "tagged_material": "material.tagged",
    "archived_material": "material.archived",
    "unarchived_material": "material.unarchived",
    "placed": "placement.placed",
    "moved_placement": "placement.moved",
    "retired": "placement.retired",
}
"""Acts of ours that are told, and what they are called outside."""
KINDS = (ON_SHELF, OFF_SHELF, *ACTS.values())

PAUSES = tuple(
    timedelta(minutes=each) for each in (1 / 12, 5, 30, 120, 300, 600, 840, 1_200, 1_440)
)
"""How long until the next try, as Standard Webhooks counsels: three days in all."""
KEPT = timedelta(days=30)
"""How long a notice can be told again."""


class Told(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given_up"


class Subscription(Record, kw_only=True):
    """One address that is told."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("whk"))
    name: Mapped[str]
    url: Mapped[str] = mapped_column(repr=False)
    """Often carries a token of the receiver's, so it stands in no log."""
    kinds: Mapped[list[str]]
    accounts: Mapped[list[str]]
    """Whose shelves; none is all of them."""
    sealed: Mapped[str] = mapped_column(repr=False)
    former: Mapped[str] = mapped_column(default="", repr=False)
    """The secret before this one: both sign until it is let go."""
    created: Mapped[datetime]
    by: Mapped[str]
    off: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")
    """Why it is off: a key of `kernel.wording`."""
    rests: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    """Until when it is left alone: it did not answer just now."""
    again_from: Mapped[datetime | None] = mapped_column(default=None)
    again_after: Mapped[str] = mapped_column(default="")
    """How far telling again has come."""


class Notice(Record, kw_only=True):
    """One thing told to one address. Its id is the ``webhook-id`` of every try."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_due", "next_at"),
        Index("ix_notices_subscription", "subscription", "id"),
        Index("ix_notices_at", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("ntc"))
    subscription: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    at: Mapped[datetime]
    """When it happened."""
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    told: Mapped[datetime | None] = mapped_column(default=None)
    status: Mapped[int] = mapped_column(default=0)
    """What the last try was answered with; 0 is no answer."""
    reason: Mapped[str] = mapped_column(default="")

    @property
    def state(self) -> Told:
        if self.told is not None:
            return Told.TOLD
        return Told.WAITING if self.next_at is not None else Told.GIVEN_UP
