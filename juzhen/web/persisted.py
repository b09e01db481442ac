"""Persisted queries (持久化查询): texts that front ends asked once, found again by their hash.

What one web process was told, the others answer to as well. Only texts of documents that passed
come here. Judges and executes nothing.
"""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from stores.records import Record, Records

MOST = 2_000
"""Texts kept; above it the oldest goes, and its asker tells it once more."""


class PersistedQuery(Record, kw_only=True):
    """The text behind a hash."""

    __tablename__ = "persisted_queries"

    hash: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the text, in hex."""
    document: Mapped[str]
    kept: Mapped[datetime] = mapped_column(index=True)


class PersistedQueries:
    """The texts by their hash."""

    def __init__(self, records: Records, clock: Clock, *, most: int = MOST) -> None:
        self._records = records
        self._clock = clock
        self._most = most
        self._known: set[str] = set()

    def text(self, hash_: str) -> str | None:
        with self._records.read() as session:
            return session.scalar(
                select(PersistedQuery.document).where(PersistedQuery.hash == hash_.lower())
            )

    def knows(self, hash_: str) -> bool:
        """Is it kept for every process, as far as this one has seen?"""
        return hash_ in self._known

    def keep(self, hash_: str, text: str) -> None:
        """Keep it for every process. Repeating is harmless and costs nothing."""
        hash_ = hash_.lower()
        if hash_ in self._known:
            return
        with self._records.write("persisted_queries") as session:
            if session.get(PersistedQuery, hash_) is None:
                session.add(PersistedQuery(hash=hash_, document=text, kept=self._clock()))
                session.flush()
                self._make_room()
        if len(self._known) >= self._most:
            self._known.clear()
        self._known.add(hash_)

    def _make_room(self) -> None:
        with self._records.write() as session:
            above = session.scalar(select(func.count()).select_from(PersistedQuery)) or 0
            oldest = (
                select(PersistedQuery.hash)
                .order_by(PersistedQuery.kept, PersistedQuery.hash)
                .limit(max(0, above - self._most))
            )
            if above > self._most:
                session.execute(delete(PersistedQuery).where(PersistedQuery.hash.in_(oldest)))
