"""Reps on the platforms (客户经理平台表现): what each did there, by acts and by platforms.

Contacts added and moments posted are acts of hers (R54); chats, messages, replies and groups are
what platforms count by day, of which a total holds as last told. Asks for nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from data_hub.deeds import Deeds
from kernel.events import Event
from kernel.values import dataclass

ADDED = ("followed", "added_contact")
POSTED = "posted_moment"
ACTS = (*ADDED, POSTED)
COUNTED = "platform_figures"
_SUMS = {
    "chats": "chat_cnt", "messages_there": "message_cnt", "negative": "negative_feedback_cnt",
    "group_joined": "new_member_cnt",
}  # fmt: skip
_STANDS = {"groups_owned": "chat_total", "group_members": "member_total"}
COLUMNS = ("contacts_added", "moments_posted", *_SUMS, *_STANDS)


@dataclass(slots=True)
class Line:
    """One rep over the window."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    replied: float = 0.0
    """Shares of replies, each weighed by that day's chats."""
    answered: float = 0.0
    """Minutes until her first reply, each day's weighed by its chats."""
    weight: int = 0
    _stands: set[str] = field(default_factory=set)

    @property
    def reply_share(self) -> float | None:
        return self.replied / self.weight / 100 if self.weight else None

    @property
    def reply_seconds(self) -> float | None:
        return self.answered / self.weight * 60 if self.weight else None

    def count(self, told: Mapping[str, Any]) -> None:
        """One day of hers; the newest day comes first."""
        for name, theirs in _SUMS.items():
            self.counts[name] += int(_number(told.get(theirs)))
        for name, theirs in _STANDS.items():
            if theirs in told and name not in self._stands:
                self._stands.add(name)
                self.counts[name] = int(_number(told[theirs]))
        if "reply_percentage" in told and (chats := int(_number(told.get("chat_cnt")))):
            self.weight += chats
            self.replied += chats * _number(told["reply_percentage"])
            self.answered += chats * _number(told.get("avg_reply_time"))


def lines(acts: Deeds, figures: Iterable[Event]) -> dict[str, Line]:
    """By rep; whatever names none of ours is left out. Figures come the newest day first."""
    found: dict[str, Line] = {}
    for said, kind, count in acts.counted():
        if (rep := said.get("rep")) and not said.get("bot"):
            name = "moments_posted" if kind == POSTED else "contacts_added"
            found.setdefault(rep, Line()).counts[name] += count
    for event in figures:
        if event.rep:
            found.setdefault(event.rep, Line()).count(event.detail)
    return found


def _number(value: Any) -> float:
    """Platforms write numbers as texts, too."""
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0
