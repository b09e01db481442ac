"""Retention (保存期限): what is kept for a purpose is let go of when its time is over.

Works on the history; whoever it was about is digested anew, so that her profile says only what is
still kept. Erases nobody: that is `data_hub.privacy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from data_hub.digest import Digest
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Invalid
from stores.history import History

SLICE = 500
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
        if name not in PURPOSES:
            raise Invalid("retention", "not_a_choice", choices="、".join(PURPOSES))
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
        digest: Digest,
        clock: Clock,
        *,
        days: Mapping[str, int],
        zone: Zone | None = None,
    ) -> None:
        self._history = history
        self._digest = digest
        self._clock = clock
        self._days = days
        self._zone = zone or Zone()

    def run(self, limit: int = SLICE) -> int:
        """Let go of up to so many events; how many there were. 0 when nothing is over."""
        today = self._zone.day(self._clock())
        gone = 0
        for purpose, days in self._days.items():
            before = today - timedelta(days=days)
            for kind in PURPOSES[purpose]:
                if gone >= limit:
                    return gone
                handles = self._history.let_go(kind, before, limit - gone)
                gone += len(handles)
                self._digest.ahead({each for each in handles if each is not None})
        return gone
