"""Sittings (阅读会话): what one person did with one material before she went away for a while.

How long she looked and how far she came is told by the page itself, in whatever it reports while
it is open. Keeps nothing: a sitting is worked out from its events whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from data_hub.details import details
from kernel.events import Event
from kernel.values import dataclass
from matching.needs import SESSION


@dataclass(frozen=True, slots=True)
class Sitting:
    """One reading of a material."""

    began: datetime
    ended: datetime
    seconds: int
    """In front of her eyes; a page in the background does not count."""
    page: int
    """The furthest one that she turned to; 0 if it has no pages."""
    pages: int

    def evidence(self) -> dict[str, Any]:
        """As a reminder keeps it; no page and no pages where it has none."""
        told = {
            "began": self.began.isoformat(), "ended": self.ended.isoformat(),
            "seconds": self.seconds, "page": self.page, "pages": self.pages,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value or name == "seconds"}


def moments(evidence: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When the sitting that a reminder keeps began and ended."""
    return datetime.fromisoformat(evidence["began"]), datetime.fromisoformat(evidence["ended"])


def sittings(oldest_first: Iterable[Event]) -> list[list[Event]]:
    """One person's events with one material, cut wherever she was away for longer than a
    session lasts."""
    cut: list[list[Event]] = []
    for event in oldest_first:
        if cut and event.at - cut[-1][-1].at <= SESSION:
            cut[-1].append(event)
        else:
            cut.append([event])
    return cut


def sitting(events: Sequence[Event]) -> Sitting:
    """What the events of one sitting add up to."""
    told = [details(event) for event in events]
    page = max(_number(each.get("page")) for each in told)
    return Sitting(
        began=events[0].at,
        ended=events[-1].at,
        seconds=sum(_number(each.get("seconds")) for each in told),
        page=page,
        pages=max(_number(each.get("pages")) for each in told) if page else 0,
    )


def _number(value: Any) -> int:
    """Front ends send numbers as texts, too."""
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        return 0


def spoken_time(seconds: int) -> tuple[str, dict[str, int]]:
    """A length of time as a wording key and its facts."""
    if seconds < 60:
        return "spent_seconds", {"seconds": seconds}
    return "spent_minutes", {"minutes": seconds // 60, "seconds": seconds % 60}
