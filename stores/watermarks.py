"""Watermarks (水位): how far a follower has read. Kept where its fold is, moved with it.

The mark is moved in the fold's own transaction, so that a crash between the two is impossible.
"""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from stores.records import Base, Folded, Record, Records


class RecordsWatermark(Record, kw_only=True):
    """How far a follower that keeps its fold in the records has read."""

    __tablename__ = "watermarks"

    follower: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str]


class FoldedWatermark(Folded, kw_only=True):
    """How far a follower that keeps its fold among the people has read."""

    __tablename__ = "folded_watermarks"

    follower: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str]


class Watermarks:
    """Every follower's mark in one database."""

    def __init__(self, records: Records, base: Base) -> None:
        self._records = records
        self._kind: Any = RecordsWatermark if base is Record else FoldedWatermark
        self._asked = f"select mark from {self._kind.__tablename__} where follower = ?"  # noqa: S608 - one of two tables

    def of(self, follower: str) -> str:
        """Where it stopped; the empty mark if it never began."""
        kept = self._records.rows(self._asked, [follower])
        return str(kept[0][0]) if kept else ""

    def move(self, follower: str, mark: str) -> None:
        """Joins the fold's own write."""
        with self._records.part() as session:
            session.merge(self._kind(follower=follower, mark=mark))

    def advance(self, follower: str, before: str, mark: str) -> bool:
        """The same for who may not be alone; False if somebody has moved it since it was read."""
        if mine := self.of(follower) == before:
            self.move(follower, mark)
        return mine
