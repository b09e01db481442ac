"""Notes (发布与会话备忘): which post went up under which key, and which fan may be answered.

The platform knows no key of ours, so what was begun is written down before the call; a lost answer
is then looked for among what appeared since. Calls no platform.
"""

from datetime import datetime, timedelta

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from kernel.events import Event
from stores.records import Record, Records, upsert

WINDOW = timedelta(hours=24)
"""So long after a fan wrote she may be answered."""


class CreatorPost(Record, kw_only=True):
    """One post that we asked the platform to make."""

    __tablename__ = "creator_posts"
    __table_args__ = (Index("ix_creator_posts_item", "account", "item"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    title: Mapped[str]
    begun: Mapped[datetime]
    uploaded: Mapped[str] = mapped_column(default="")
    """What was uploaded for it already, so that a second try uploads nothing."""
    item: Mapped[str] = mapped_column(default="")
    """The platform's id of it, once it is known."""
    ended: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it should be nowhere."""


class CreatorTalk(Record, kw_only=True):
    """The last that a fan wrote to a creator."""

    __tablename__ = "creator_talks"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    message: Mapped[str]
    conversation: Mapped[str]
    at: Mapped[datetime]


class CreatorNotes:
    """What the platform does not remember for us."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def begin(self, key: str, account: str, title: str) -> CreatorPost:
        """Write down that it is about to go up. Beginning it again changes nothing."""
        with self._records.write(f"creator_post:{key}") as session:
            kept = session.get(CreatorPost, key)
            if kept is None:
                kept = CreatorPost(key=key, account=account, title=title, begun=self._clock())
                session.add(kept)
        return kept

    def uploaded(self, key: str, what: str) -> None:
        with self._records.write(f"creator_post:{key}") as session:
            session.get_one(CreatorPost, key).uploaded = what

    def up(self, key: str, item: str) -> None:
        with self._records.write(f"creator_post:{key}") as session:
            session.get_one(CreatorPost, key).item = item

    def end(self, key: str) -> None:
        """Its time is over. Twice keeps the first moment."""
        with self._records.write(f"creator_post:{key}") as session:
            kept = session.get_one(CreatorPost, key)
            kept.ended = kept.ended or self._clock()

    def known(self, key: str) -> CreatorPost | None:
        with self._records.read() as session:
            return session.get(CreatorPost, key)

    def of_item(self, account: str, item: str) -> CreatorPost | None:
        wanted = select(CreatorPost).where(CreatorPost.account == account, CreatorPost.item == item)
        with self._records.read() as session:
            return session.scalar(wanted.limit(1))

    def items(self, account: str) -> set[str]:
        """Every post there that is known to be ours."""
        wanted = select(CreatorPost.item).where(
            CreatorPost.account == account, CreatorPost.item != ""
        )
        with self._records.read() as session:
            return set(session.scalars(wanted))

    def heard(self, event: Event) -> None:
        """A fan wrote: she may be answered for a day. Older news overwrites nothing."""
        message = str(event.detail.get("server_message_id") or event.detail.get("msg_id") or "")
        talk = str(event.detail.get("conversation_short_id") or event.detail.get("conversation_id")
                   or "")  # fmt: skip
        if event.handle is None or not message:
            return
        handle = str(event.handle)
        with self._records.write(f"creator_talk:{handle}") as session:
            kept = session.get(CreatorTalk, handle)
            if kept is None or kept.at < event.at:
                upsert(
                    session, CreatorTalk,
                    [{"handle": handle, "message": message, "conversation": talk, "at": event.at}],
                )  # fmt: skip

    def talk(self, handle: str) -> CreatorTalk | None:
        """The talk in which she may be answered now."""
        with self._records.read() as session:
            kept = session.get(CreatorTalk, handle)
        return kept if kept is not None and kept.at > self._clock() - WINDOW else None
