"""Comments (评论): what editors say to each other about a material, and whom they name.

A mention is an employee's id; who is mentioned finds it among her own. Sends nothing.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import richtext
from kernel.clock import Clock
from kernel.errors import Flaw, Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records

_MENTIONS = 20


class Comment(Record, kw_only=True):
    """One thing that was said."""

    __tablename__ = "material_comments"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("com"))
    material: Mapped[str] = mapped_column(index=True)
    said: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    settled: Mapped[datetime | None] = mapped_column(default=None)


class Mention(Record, kw_only=True):
    """Somebody is named in a comment."""

    __tablename__ = "material_mentions"

    staff: Mapped[str] = mapped_column(primary_key=True)
    comment: Mapped[str] = mapped_column(primary_key=True)


class Comments:
    """Every comment on every material."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def say(self, material: str, said: str, *, by: str, mentions: Collection[str] = ()) -> Comment:
        """Say something, and name those who should read it."""
        flaws = list(richtext.text_flaws("text", said, 2_000, required=True))
        if len(mentions) > _MENTIONS:
            flaws.append(Flaw("mentions", "too_many_names", {"limit": _MENTIONS}))
        if flaws:
            raise Invalid.because(flaws)
        with self._records.write(f"material:{material}") as session:
            comment = Comment(material=material, said=richtext.tidy(said), by=by, at=self._clock())
            session.add(comment)
            session.add_all(Mention(staff=each, comment=comment.id) for each in set(mentions))
            self._changes.note(
                "commented", "material", material, by=by, mentions=sorted(set(mentions))
            )
        return comment

    def settle(self, comment: str, *, by: str) -> Comment:
        """Nothing more is to be done about it; harmless when repeated."""
        with self._records.write() as session:
            kept = session.get(Comment, comment)
            if kept is None:
                raise NotFound("comment", comment[:80])
            if kept.settled is None:
                kept.settled = self._clock()
                self._changes.note("settled_comment", "material", kept.material, by=by)
        return kept

    def of(self, material: str, limit: int = 100) -> list[Comment]:
        """The latest first."""
        wanted = select(Comment).where(Comment.material == material)
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Comment.id.desc()).limit(limit)))

    def mentioning(self, staff: str) -> list[Comment]:
        """Where somebody is named and nothing is settled, the latest 100 first."""
        wanted = select(Comment).join(Mention, Mention.comment == Comment.id)
        open_ones = wanted.where(Mention.staff == staff, Comment.settled.is_(None))
        with self._records.read() as session:
            return list(session.scalars(open_ones.order_by(Comment.id.desc()).limit(100)))
