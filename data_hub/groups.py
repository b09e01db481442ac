"""Group health (群健康): who talks in a customer group, and how much of it is advertising (R114).

Reads events that name a group: what members say, what we say there, and who came and went. A group
that mostly advertises is told of; it is paused by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from data_hub.details import details, text
from kernel.events import Event

WINDOW = 7
"""Days that are looked at (D)."""
MOST_ADS = 0.5
"""A larger share of advertising than this is told of (D)."""
MEMBERS = ("messaged", "commented", "liked_material")
HOUSE = ("sent", "replied", "chatted", "published")
TOLD = (*MEMBERS, *HOUSE)
_ADS = {"promo", "promotion", "ad", "ads"}
_GROUP = "wecom_group"


@dataclass(slots=True)
class Health:
    """One group over the window."""

    group: str
    members: int = 0
    """Messages of members."""
    house: int = 0
    """Messages of ours, advertising among them."""
    ads: int = 0
    active: set[str] = field(default_factory=set)
    """The handles of members who said anything."""

    @property
    def messages(self) -> int:
        return self.members + self.house

    @property
    def member_share(self) -> float:
        return self.members / self.messages if self.messages else 0.0

    @property
    def ad_share(self) -> float:
        return self.ads / self.messages if self.messages else 0.0

    @property
    def ailing(self) -> bool:
        """More advertising than a group bears."""
        return self.ad_share > MOST_ADS


def group_of(event: Event) -> str:
    """The group it was said in, empty if in none."""
    named = text(details(event).get("group")) if event.detail else ""
    if named:
        return named
    return event.handle.value if event.handle and event.handle.kind == _GROUP else ""


def healths(events: Iterable[Event]) -> list[Health]:
    """Every group that anything was said in, the one with most advertising first."""
    found: dict[str, Health] = {}
    for event in events:
        group = group_of(event)
        if not group or event.detail.get("bot"):
            continue
        health = found.setdefault(group, Health(group))
        if event.kind in MEMBERS:
            health.members += 1
            if event.handle is not None:
                health.active.add(str(event.handle))
        elif event.kind in HOUSE:
            health.house += 1
            carried = details(event)
            health.ads += bool(carried.get("promo")) or text(carried.get("purpose")) in _ADS
    return sorted(found.values(), key=lambda each: (-each.ad_share, each.group))
