"""The company's own app (自有应用): it asks us what is on the shelf, and has an inbox a person.

Nothing is published to it, because its front end pulls. A message is a row that the app shows.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import Index, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Callback, Idempotency, Message, Post, Progress, Receipt, Received, Refused
from channels.capabilities import Capabilities, Limits
from kernel.clock import Clock
from kernel.events import Event, Handle
from kernel.ids import Page, cursor, page_size, read_cursor
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
        first = page_size(first)
        hers = [str(handle) for handle in handles]
        wanted = select(InboxMessage).where(InboxMessage.handle.in_(hers))
        whole = wanted.subquery()
        if after is not None:
            wanted = wanted.where(InboxMessage.id < read_cursor(after, str)[0])
        with self._records.read() as session:
            found = list(
                session.scalars(wanted.order_by(InboxMessage.id.desc()).limit(first + 1))
            )  # fmt: skip
            total = session.scalar(select(func.count()).select_from(whole)) if count else None
        more = cursor(found[first - 1].id) if len(found) > first > 0 else None
        return Page(found[:first], more, total)

    def note_read(self, key: str, handles: Collection[Handle | str]) -> None:
        """She has read it. Noting it twice keeps the first time."""
        hers = InboxMessage.handle.in_([str(handle) for handle in handles])
        unread = update(InboxMessage).where(InboxMessage.id == key, InboxMessage.read.is_(None))
        with self._records.write() as session:
            session.execute(unread.where(hers).values(read=self._clock()))


class OwnApp:
    """One app of ours."""

    key: ClassVar[str] = "app"
    writes_to: ClassVar[str] = "user"
    idempotency: ClassVar[Idempotency] = "native"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="our own front end",
                shows=frozenset(
                    {"article", "text", "image", "video", "file", "mini_program", "livestream"}
                ),
            ),
        )
    )
    longest_review = timedelta()

    def __init__(self, inbox: Inbox, *, account: str) -> None:
        self._inbox = inbox
        self._account = account

    def publish(self, post: Post, *, key: str) -> Receipt:
        """Nothing to do: whatever stands on its shelf is in its next answer."""
        return Receipt(ref=key, progress=Progress.SHOWN)

    def outcome(self, ref: str) -> Receipt:
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        return Receipt(ref=key, progress=Progress.SHOWN)

    def withdraw(self, ref: str) -> None:
        """A message is taken out of the inbox; what left the shelf is gone by itself."""
        self._inbox.take_out(ref)

    def send(self, message: Message, *, key: str) -> Receipt:
        self._inbox.put(message, account=self._account, key=key)
        return Receipt(ref=key, progress=Progress.SHOWN)

    def receive(self, callback: Callback) -> Received:
        """The app tells by its write key what happened; nobody calls back in its name."""
        raise Refused("callback_not_genuine", account=self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None
