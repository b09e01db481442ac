"""What is kept about segments (人群数据表): rules and lists people made, members worked out."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Folded, Record


class Segment(Record, kw_only=True):
    """A group of customers by a rule, or by a list that somebody keeps."""

    __tablename__ = "segments"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("seg"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    rule: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """The tree as JSON; empty for a static list."""
    static: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    made: Mapped[datetime]
    by: Mapped[str]
    retired: Mapped[datetime | None] = mapped_column(default=None)


class Listed(Record, kw_only=True):
    """A handle on a static list: whoever is behind it is in."""

    __tablename__ = "segment_lists"

    segment: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(primary_key=True, index=True, info={"customer": "drop"})
    at: Mapped[datetime]
    by: Mapped[str]


class Member(Folded, kw_only=True):
    """A customer who is in a segment now."""

    __tablename__ = "segment_members"

    segment: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(primary_key=True, index=True, info={"customer": "drop"})
    since: Mapped[datetime]


class Fill(Folded, kw_only=True):
    """How far everybody has been asked whether a segment, as it reads now, takes her in."""

    __tablename__ = "segment_fills"

    segment: Mapped[str] = mapped_column(primary_key=True)
    signature: Mapped[str]
    through: Mapped[str] = mapped_column(default="")
    """The last customer who was asked."""
    done: Mapped[datetime | None] = mapped_column(default=None)
