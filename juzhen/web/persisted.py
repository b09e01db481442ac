"""Persisted queries (持久化查询): texts that front ends asked once, found again by their hash.

What one web process was told, the others answer to as well. Only texts of documents that passed
come here. Judges and executes nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from stores.records import Record, Records

MOST = 2_000
"""Texts kept; above it the oldest goes, and its asker tells it once more."""
_SURE = timedelta(minutes=1)
"""How long this process takes a text for kept without looking: another may have made room."""


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
        self._known: dict[str, datetime] = {}
        """When each was last seen to be kept."""

    def text(self, hash_: str) -> str | None:
        with self._records.read() as session:
            return session.scalar(
                select(PersistedQuery.document).where(PersistedQuery.hash == hash_.lower())
            )

    def knows(self, hash_: str) -> bool:
        """Is it kept for every process, as far as this one has seen lately?"""
        seen = self._known.get(hash_)
        return seen is not None and self._clock() - seen < _SURE

    def keep(self, hash_: str, text: str) -> None:
        """Keep it for every process. Repeating is harmless, and writes nothing."""
        hash_ = hash_.lower()
        if self.knows(hash_):
            return
        if self.text(hash_) is None:
            self._write(hash_, text)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[hash_] = self._clock()

    def _write(self, hash_: str, text: str) -> None:
        with self._records.write("persisted_queries") as session:
            if session.get(PersistedQuery, hash_) is None:
                session.add(PersistedQuery(hash=hash_, document=text, kept=self._clock()))
                session.flush()
                self._make_room()

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
