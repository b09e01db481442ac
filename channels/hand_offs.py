"""Hand-offs (人工发布): what a person posts herself where no interface of ours may post.

Everything she needs lies ready under one key: title, words, link and cover. That it was posted, or
taken down again, is her word. Nothing leaves this process, so no answer can be lost.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Post
from kernel.clock import Clock
from kernel.errors import Conflict, NotFound
from kernel.ids import Page
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records


class HandOff(Record, kw_only=True):
    """One post that waits for a person, or was posted by one."""

    __tablename__ = "hand_offs"
    __table_args__ = (Index("ix_hand_offs_account", "account", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """The key it was published under: the same key is the same post."""
    account: Mapped[str]
    title: Mapped[str]
    words: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    made: Mapped[datetime]
    posted: Mapped[datetime | None] = mapped_column(default=None)
    address: Mapped[str] = mapped_column(default="")
    """Where she posted it, if she said so."""
    ended: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it should be nowhere."""
    taken_down: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def standing(self) -> "Standing":
        """Worked out from what people said."""
        if self.taken_down is not None or (self.ended is not None and self.posted is None):
            return Standing.GONE
        if self.posted is None:
            return Standing.WAITING
        return Standing.POSTED if self.ended is None else Standing.OVERDUE


class Standing(StrEnum):
    """How far a person has got with it."""

    WAITING = "waiting"
    POSTED = "posted"
    OVERDUE = "overdue"
    """It is to be taken down."""
    GONE = "gone"


class HandOffs:
    """Everything that people post for us."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def put(self, post: Post, *, account: str, key: str) -> HandOff:
        """Lay it ready. Putting it again under the same key changes nothing."""
        with self._records.write(f"hand_off:{key}") as session:
            kept = session.get(HandOff, key)
            if kept is None:
                kept = HandOff(
                    id=key, account=account, title=post.title, words=post.summary,
                    body=post.body, link=post.link, made=self._clock(),
                )  # fmt: skip
                session.add(kept)
        return kept

    def known(self, key: str) -> HandOff | None:
        with self._records.read() as session:
            return session.get(HandOff, key)

    def one(self, key: str) -> HandOff:
        """Raises `NotFound`."""
        if found := self.known(key):
            return found
        raise NotFound("hand_off", key[:60])

    def page(
        self, *, account: str = "", first: int = 20, after: str | None = None
    ) -> Page[HandOff]:
        """The newest first."""
        wanted = select(HandOff)
        if account:
            wanted = wanted.where(HandOff.account == account)
        return newest_first(self._records, wanted, HandOff.id, first=first, after=after)

    def note_posted(self, key: str, *, by: str, address: str = "") -> HandOff:
        """A person has posted it. Saying it again keeps the first time.

        Raises `Conflict` if its time is over.
        """
        with self._records.write(f"hand_off:{key}") as session:
            kept = session.get(HandOff, key)
            if kept is None:
                raise NotFound("hand_off", key[:60])
            if kept.ended is not None and kept.posted is None:
                raise Conflict("hand_off_is_over", hand_off=key)
            if kept.posted is None:
                kept.posted, kept.address = self._clock(), address[:500]
                self._changes.note(
                    "hand_off_posted", "hand_off", key, by=by, account=kept.account
                )  # fmt: skip
        return kept

    def note_taken_down(self, key: str, *, by: str) -> HandOff:
        """A person has taken it down. Saying it again keeps the first time."""
        with self._records.write(f"hand_off:{key}") as session:
            kept = session.get(HandOff, key)
            if kept is None:
                raise NotFound("hand_off", key[:60])
            if kept.taken_down is None:
                kept.taken_down = self._clock()
                kept.ended = kept.ended or kept.taken_down
                self._changes.note(
                    "hand_off_taken_down", "hand_off", key, by=by, account=kept.account
                )  # fmt: skip
        return kept

    def end(self, key: str) -> None:
        """Its time is over: what was never posted is not posted any more."""
        with self._records.write(f"hand_off:{key}") as session:
            kept = session.get(HandOff, key)
            if kept is not None and kept.ended is None:
                kept.ended = self._clock()
