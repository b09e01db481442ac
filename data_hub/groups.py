"""Group health (群健康): who talks in a customer group, and how much of it is advertising (R114).

Reads events that name a group: what members say, what we say there, and who came and went. A group
that mostly advertises is told of; it is paused by nobody here.
"""

from __future__ import annotations

from data_hub.deeds import Deeds, heads
from data_hub.details import details, text
from kernel.events import Handle
from kernel.values import dataclass
from stores.told import Said

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
    active: int = 0
    """Members who said anything."""

    @property
    def messages(self) -> int:
        return self.members + self.house

    @property
    def member_share(self) -> float:
        return self.members / self.messages if self.messages else 0.0

    @property
    def ad_share(self) -> float:
        return self.ads / self.messages if self.messages else 0.0


def group_of(said: Said) -> str:
    """The group it was said in, empty if in none."""
    named = text(details(said).get("group")) if said.detail else ""
    if named or not said.handle:
        return named
    handle = Handle.parse(said.handle)
    return handle.value if handle.kind == _GROUP else ""


def advertises(said: Said) -> bool:
    """Is it advertising of ours?"""
    carried = details(said)
    return said.kind in HOUSE and (
        bool(carried.get("promo")) or text(carried.get("purpose")) in _ADS
    )


def healths(told: Deeds) -> list[Health]:
    """Every group that anything was said in, the one with most advertising first."""
    spoken = told.saying(lambda said: said.get("group") and not said.get("bot"))
    found: dict[str, Health] = {}
    for said, kind, count in spoken.counted():
        health = found.setdefault(said["group"], Health(said["group"]))
        if kind in MEMBERS:
            health.members += count
        else:
            health.house += count
            health.ads += count if said.get("ad") else 0
    places = {group: place for place, group in enumerate(found)}
    members = spoken.where((spoken.acts.kind < len(MEMBERS)) & (spoken.acts.who > 0))
    groups = members.worth(lambda said: places.get(said.get("group", ""), 0))
    for health, active in zip(
        found.values(), heads(groups, members.acts.who, len(found)), strict=True
    ):
        health.active = active
    return sorted(found.values(), key=lambda each: (-each.ad_share, each.group))
