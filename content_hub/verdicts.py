"""Verdicts (审核意见): what people said about edits of materials. Decides nothing."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.ids import new_id
from stores.records import Record


class Verdict(StrEnum):
    """What a reviewer says, and what the author says when she hands it in."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"


class Review(Record, kw_only=True):
    """One word about one edit of a material."""

    __tablename__ = "reviews"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rev"))
    material: Mapped[str] = mapped_column(index=True)
    number: Mapped[int]
    """The edit that it is about; of one that waits for its moment, the wording."""
    step: Mapped[int]
    """Counts what was said about the material."""
    verdict: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")
    edit: Mapped[str] = mapped_column(default="")
    """The scheduled edit that it is about, until that takes effect; empty is the material's own."""


def next_step(session: Session, material: str) -> int:
    """Verdicts about a material are counted through, whatever edit they are about."""
    last = session.scalar(select(func.max(Review.step)).where(Review.material == material))
    return (last or 0) + 1
