"""What is kept of touches (触达记录): the places taken under the caps, and the company's settings.

A place is a row with the handle that was used; what counts for a person is the sum over all of her
handles. A touch that did not happen leaves no row. Decides nothing.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from stores.partial import partial_index
from stores.records import Record


class Touched(Record, kw_only=True):
    """One touch that was made, or whose place is reserved for today."""

    __tablename__ = "touches"
    __table_args__ = (
        Index("ix_touches_handle", "handle", "day"),
        partial_index("ix_touches_reps", "at", "handle", where="rep != ''"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    """Whose place it is: the delivery's id."""
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    day: Mapped[int]
    """The company's day, as `date.toordinal` counts them."""
    at: Mapped[datetime]
    account: Mapped[str]
    channel: Mapped[str]
    kind: Mapped[str]
    weight: Mapped[float]
    promo: Mapped[bool]
    material: Mapped[str] = mapped_column(index=True)
    campaign: Mapped[str]
    priority: Mapped[int]
    expires: Mapped[datetime | None]
    held: Mapped[bool]
    """Reserved and not begun."""
    forced: Mapped[bool]
    """Sent against the advice, which was logged."""
    override: Mapped[str | None] = mapped_column(default=None)
    """Why, as somebody wrote it: here and not in the log, so that it goes with her."""
    rep: Mapped[str]


class TouchSettings(Record, kw_only=True):
    """What a company changed of the policy; there is one row at most."""

    __tablename__ = "touch_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    changed: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    at: Mapped[datetime]
    by: Mapped[str]
