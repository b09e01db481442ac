"""Saved views (保存的视图): a list as somebody wants to see it again, under a name of her choice.

Keeps what a page was asked, page by page; whether that still finds anything is the page's business.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import richtext
from kernel.clock import Clock
from kernel.errors import Flaw, Forbidden, Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records

PAGES: Mapping[str, Sequence[str]] = {
    "library": ("q", "type", "tag", "untagged"),
    "deliveries": ("state", "account"),
    "calendar": ("by", "account"),
    "shelf": ("account",),
    "events": ("kind", "account", "figure"),
}
"""The pages that have views, and what of their address a view keeps."""
_MOST, _SHOWN, _LONGEST, _VALUES = 50, 60, 60, 10


class SavedView(Record, kw_only=True):
    """What one page was asked. ``shared`` is since when everybody sees it."""

    __tablename__ = "saved_views"
    __table_args__ = (Index("ix_saved_views_page", "page", "owner"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("svw"))
    owner: Mapped[str]
    page: Mapped[str]
    title: Mapped[str]
    asked: Mapped[dict[str, Any]]
    """The values of each argument of the address."""
    made: Mapped[datetime]
    shared: Mapped[datetime | None] = mapped_column(default=None)


class SavedViews:
    """Everybody's views."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def save(
        self, page: str, title: str, asked: Mapping[str, Sequence[str]], *,
        by: str, shared: bool = False,
    ) -> SavedView:  # fmt: skip
        """Keep it; her own view of that title on that page is written over."""
        kept = _kept(page, title, asked)
        now = self._clock()
        with self._records.write(f"saved_views:{by}") as session:
            hers = select(SavedView).where(SavedView.owner == by)
            view = session.scalar(hers.where(SavedView.page == page, SavedView.title == kept[0]))
            if view is None:
                count = select(func.count()).select_from(hers.subquery())
                if (session.scalar(count) or 0) >= _MOST:
                    raise Invalid("title", "too_many_views", limit=_MOST)
                view = SavedView(owner=by, page=page, title=kept[0], asked={}, made=now)
                session.add(view)
            view.asked = kept[1]
            view.shared = (view.shared or now) if shared else None
            self._changes.note("saved_view", "saved_view", view.id, by=by, page=page)
        return view

    def remove(self, view: str, *, by: str) -> None:
        """Her own only: a colleague's is `Forbidden`, what she does not see `NotFound`."""
        with self._records.write(f"saved_views:{by}") as session:
            kept = session.get(SavedView, view)
            if kept is None or (kept.owner != by and kept.shared is None):
                raise NotFound("saved_view", view[:80])
            if kept.owner != by:
                raise Forbidden("view_of_a_colleague")
            session.delete(kept)
            self._changes.note("removed_view", "saved_view", view, by=by)

    def of(self, page: str, by: str) -> Sequence[SavedView]:
        """Her own and what colleagues share, by title."""
        seen = or_(SavedView.owner == by, SavedView.shared.is_not(None))
        wanted = select(SavedView).where(SavedView.page == page, seen)
        with self._records.read() as session:
            return session.scalars(
                wanted.order_by(SavedView.title, SavedView.id).limit(_SHOWN)
            ).all()


def _kept(
    page: str, title: str, asked: Mapping[str, Sequence[str]]
) -> tuple[str, dict[str, list[str]]]:
    if page not in PAGES:
        raise Invalid("page", "not_a_choice", choices=[*PAGES])
    flaws: list[Flaw] = list(richtext.text_flaws("title", title, _LONGEST, required=True))
    told = {name: [each for each in asked.get(name, ()) if each] for name in PAGES[page]}
    if any(len(each) > _VALUES or sum(map(len, each)) > 500 for each in told.values()):
        flaws.append(Flaw("arguments", "too_many_names", {"limit": _VALUES}))
    if flaws:
        raise Invalid.because(flaws)
    return richtext.tidy(title), {name: values for name, values in told.items() if values}
