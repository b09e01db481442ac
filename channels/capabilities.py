"""Capabilities (渠道能力): what each platform takes, as dated records, asked when planning.

Platforms change their limits without notice, so a limit is a record with a day and a source and
never a constant in an adapter. Does not ask any platform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime

from kernel.calendar import Zone
from kernel.errors import Flaw
from kernel.values import dataclass

EVERYTHING = frozenset({
    "article", "text", "image", "video", "file", "mini_program", "livestream",
})  # fmt: skip
"""What a front end of our own can show: all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform takes, as it was known on a day. None means that no limit is known."""

    since: date
    source: str
    shows: frozenset[str]
    """What it can show at all: ``article``, ``file``, ``video``… A content type names those of
    which it needs at least one, so a company's own types fit in without a change here."""
    title: int | None = None
    summary: int | None = None
    body: int | None = None
    body_bytes: int | None = None
    link_bytes: int | None = None
    needs_cover: bool = False
    cover_types: frozenset[str] = frozenset()
    cover_bytes: int | None = None
    person_day: float | None = None
    """How much marketing one person may receive from it within a day, a week, a month."""
    person_week: float | None = None
    person_month: float | None = None
    messages_a_day: int | None = None
    """How many messages one account may send within a day."""
    mailed_at_once: int = 1
    """How many persons one message may be for, where it takes one for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is planned, as far as a limit could matter."""

    type: Mapping[str, str]
    """What its type is called, by language."""
    shown_as: Collection[str]
    """Any of these will do."""
    title: str = ""
    summary: str = ""
    body: str = ""
    link: str = ""
    cover_type: str = ""
    """Empty if there is no cover."""
    cover_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A platform's limits, oldest first."""

    history: tuple[Limits, ...]
    zone: Zone = Zone()
    """Where its day turns: those we know are at home in China, wherever the company is."""

    def at(self, moment: datetime) -> Limits:
        """The limits as they stand on the platform's day (the oldest known ones for any day
        before)."""
        day = self.zone.day(moment)
        known = [limits for limits in self.history if limits.since <= day]
        return known[-1] if known else self.history[0]

    def flaws(self, draft: Draft, moment: datetime) -> list[Flaw]:
        """Everything that the platform would not take, by field."""
        limits = self.at(moment)
        if limits.shows.isdisjoint(draft.shown_as):
            return [Flaw("material", "channel_cannot_show", {"type": draft.type})]
        return [*_too_long(limits, draft), *_cover(limits, draft)]


def _too_long(limits: Limits, draft: Draft) -> Iterator[Flaw]:
    measured = (
        ("title", len(draft.title), limits.title, "channel_text_too_long"),
        ("summary", len(draft.summary), limits.summary, "channel_text_too_long"),
        ("body", len(draft.body), limits.body, "channel_text_too_long"),
        ("body", len(draft.body.encode()), limits.body_bytes, "channel_bytes_too_many"),
        ("link", len(draft.link.encode()), limits.link_bytes, "channel_bytes_too_many"),
    )
    for field, size, limit, reason in measured:
        if limit is not None and size > limit:
            yield Flaw(field, reason, {"field": field, "size": size, "limit": limit})


def _cover(limits: Limits, draft: Draft) -> Iterator[Flaw]:
    if not draft.cover_type:
        if limits.needs_cover:
            yield Flaw("cover", "channel_needs_cover", {})
        return
    if limits.cover_types and draft.cover_type not in limits.cover_types:
        yield Flaw("cover", "channel_cover_type", {"type": draft.cover_type})
    if limits.cover_bytes is not None and draft.cover_bytes > limits.cover_bytes:
        facts = {"field": "cover", "size": draft.cover_bytes, "limit": limits.cover_bytes}
        yield Flaw("cover", "channel_bytes_too_many", facts)
