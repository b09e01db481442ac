"""Placements (投放): an editor's promise to show a material on an account for a stretch of time.

The record and what follows from it by the clock alone. What a platform answered is kept with the
deliveries and never here: whether a material may be shown does not depend on it.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Record


class State(StrEnum):
    """Where a placement is in its life; worked out, never stored."""

    WAITING = "waiting"
    STANDING = "standing"
    ENDED = "ended"
    RETIRED = "retired"


class Placement(Record, kw_only=True):
    """This material, on this account, from one moment to another."""

    __tablename__ = "placements"
    __table_args__ = (
        Index("ix_placements_place", "material", "account"),
        Index("ix_placements_account", "account", "opens"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("plc"))
    material: Mapped[str]
    account: Mapped[str]
    opens: Mapped[datetime] = mapped_column(index=True)
    closes: Mapped[datetime] = mapped_column(index=True)
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    slot: Mapped[str] = mapped_column(default="")
    campaign: Mapped[str] = mapped_column(default="", index=True)
    unit: Mapped[str] = mapped_column(default="")
    """Whose content it is; `VIPS` for the time in which only they are shown it."""
    move: Mapped[str] = mapped_column(default="")
    """The campaign's move that moved it last."""
    retired: Mapped[datetime | None] = mapped_column(default=None)
    retired_by: Mapped[str | None] = mapped_column(default=None)

    def state(self, now: datetime) -> State:
        if self.retired is not None:
            return State.RETIRED
        if now < self.opens:
            return State.WAITING
        return State.STANDING if now < self.closes else State.ENDED


class Slot(Record, kw_only=True):
    """A place on an account (投放位): the newest ``capacity`` of what is placed in it are shown."""

    __tablename__ = "slots"

    account: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    capacity: Mapped[int]
    types: Mapped[list[str]]
    """Types that fit; empty means all."""
    fallback: Mapped[str] = mapped_column(default="")
    """The slot that is shown while this one is empty."""
