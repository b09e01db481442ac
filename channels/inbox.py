"""The inbox (收件箱): what was said to one person in the company's own app, for the app to show.

A message is a row under the key it was sent with. Knows no platform.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Index, select, update
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Message
from kernel.clock import Clock
from kernel.events import Handle
from kernel.ids import Page
from stores.paging import newest_first
from stores.records import Record, Records


class InboxMessage(Record, kw_only=True):
    """Something said to one person in the app."""

    __tablename__ = "inbox_messages"
    __table_args__ = (Index("ix_inbox_messages_handle", "handle", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """The key it was sent under: the same key is the same message."""
    account: Mapped[str]
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    title: Mapped[str]
    text: Mapped[str] = mapped_column(info={"customer": "blank"})
    link: Mapped[str]
    cover: Mapped[str]
    material: Mapped[str]
    at: Mapped[datetime]
    read: Mapped[datetime | None] = mapped_column(default=None)


class Inbox:
    """What the app shows to one person."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def put(self, message: Message, *, account: str, key: str) -> None:
        """Putting it in again under the same key changes nothing."""
        with self._records.write(f"inbox:{key}") as session:
            if session.get(InboxMessage, key) is None:
                session.add(
                    InboxMessage(
                        id=key, account=account, handle=str(message.handle), title=message.title,
                        text=message.text, link=message.link, cover=message.cover,
                        material=message.material, at=self._clock(),
                    )
                )  # fmt: skip

    def take_out(self, key: str) -> None:
        with self._records.write(f"inbox:{key}") as session:
            if message := session.get(InboxMessage, key):
                session.delete(message)

    def page(
        self,
        handles: Collection[Handle | str],
        *,
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[InboxMessage]:
        """What was said to her, newest first."""
        hers = [str(handle) for handle in handles]
        wanted = select(InboxMessage).where(InboxMessage.handle.in_(hers))
        return newest_first(
            self._records, wanted, InboxMessage.id, first=first, after=after, count=count
        )

    def note_read(self, key: str, handles: Collection[Handle | str]) -> None:
        """She has read it. Noting it twice keeps the first time."""
        hers = InboxMessage.handle.in_([str(handle) for handle in handles])
        unread = update(InboxMessage).where(InboxMessage.id == key, InboxMessage.read.is_(None))
        with self._records.write() as session:
            session.execute(unread.where(hers).values(read=self._clock()))
