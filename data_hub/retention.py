"""Retention (保存期限): what is kept for a purpose is let go of when its time is over.

Works on the history; whoever it was about is digested anew, so that her profile says only what is
still kept. Erases nobody: that is `data_hub.privacy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from data_hub.digest import Digest
from data_hub.profiles import Profiles
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Invalid
from stores.history import History
from stores.records import Folded, Records
from stores.watermarks import Watermarks

EVERYTHING = "everything"
"""The purpose of whatever stands in no other: months that are over are dropped whole."""
SLICE = 500
_MARK = "retention"
_DONE = "."
PURPOSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "location": ("located",),
        "conversations": ("messaged", "replied", "chatted", "called"),
        "browsing": (
            "viewed_page", "searched", "viewed_product", "opened_link", "turned_page",
            "opened_chat", "clicked_menu",
        ),
        "advice": ("recommended", "reminded", "opened_reminder"),
    }
)  # fmt: skip
"""What each purpose keeps, by kind. What somebody bought, agreed to or complained about is kept for
as long as the law asks, and stands in none of them."""


def periods(told: str) -> dict[str, int]:
    """Days by purpose, from the setting. Raises `Invalid`; location is never kept over 30 days."""
    found: dict[str, int] = {}
    for part in filter(None, told.replace(" ", "").split(",")):
        name, _, days = part.partition("=")
        if name not in PURPOSES and name != EVERYTHING:
            raise Invalid("retention", "not_a_choice", choices="、".join((*PURPOSES, EVERYTHING)))
        if not days.isdecimal() or not 1 <= int(days) <= 36_500:
            raise Invalid("retention", "not_a_number")
        found[name] = int(days)
    found["location"] = min(found.get("location", 30), 30)
    return found


class Retention:
    """Lets go of what was kept long enough."""

    def __init__(
        self,
        history: History,
        people: Records,
        profiles: Profiles,
        digest: Digest,
        clock: Clock,
        *,
        days: Mapping[str, int],
        zone: Zone | None = None,
    ) -> None:
        self._history = history
        self._profiles = profiles
        self._marks = Watermarks(people, Folded)
        self._digest = digest
        self._clock = clock
        self._days = days
        self._zone = zone or Zone()

    def run(self, limit: int = SLICE) -> int:
        """Let go of up to so many events; how many there were. 0 when nothing is over."""
        today = self._zone.day(self._clock())
        gone = 0
        for purpose, days in self._days.items():
            if purpose == EVERYTHING:
                continue
            before = today - timedelta(days=days)
            for kind in PURPOSES[purpose]:
                if gone >= limit:
                    return gone
                handles = self._history.let_go(kind, before, limit - gone)
                gone += len(handles)
                self._digest.let_go({each for each in handles if each is not None})
        if EVERYTHING in self._days:
            gone += self._drop(today - timedelta(days=self._days[EVERYTHING]), limit)
        return gone

    def _drop(self, before: date, limit: int) -> int:
        """Drop the months that were over by then, and look through so many profiles for what was
        in them; how many there were."""
        first = before.replace(day=1)
        month, _, after = self._marks.of(_MARK).partition(" ")
        if self._history.drop_before(first) or month != first.isoformat():
            month, after = first.isoformat(), ""
        elif after == _DONE:
            return 0
        customers = self._profiles.ids(after, limit)
        kept = self._profiles.many(customers)
        over = self._zone.at(first).timestamp()
        older = [her for her, profile in kept.items() if profile.began < over]
        mark = f"{month} {customers[-1] if customers else _DONE}"
        self._digest.renew(older, lambda: self._marks.move(_MARK, mark))
        return max(1, len(customers))
