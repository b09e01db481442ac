"""Stages (交易阶段): how far a customer is with us now, as content is tagged with it. Pure.

Whoever has just bought is to be delivered to; whoever has asked or tried something since is to be
helped to decide; who bought before, or holds something of which no purchase was told, is looked
after; with others one gets acquainted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from content_hub.tags import TagTree
from data_hub.profiles import Profile
from data_hub.profiles.strands import DESIRES
from kernel.calendar import Zone
from matching.scoring import Pull, Reason, Weights

DELIVERED = timedelta(days=14)
"""So long after a purchase something is to be delivered."""
DECIDES = timedelta(days=30)
"""So long after she asked or tried she is thought to make up her mind."""
_WANTS = {"asked", "tried"}


class Stage(NamedTuple):
    """Where she stands, and since when; none for who has done nothing yet, or of whom only what
    she holds was told."""

    name: str
    since: datetime | None = None

    @property
    def tag(self) -> str:
        return f"stage.{self.name}"


def stage(profile: Profile, now: datetime) -> Stage:
    """By what she did last."""
    bought = _at(profile.buying[2]) if profile.buying and profile.buying[0] > 0 else None
    wanted = _at(profile.desire[1]) if DESIRES[int(profile.desire[0])] in _WANTS else None
    if wanted and (bought is None or wanted > bought) and now - wanted < DECIDES:
        return Stage("facilitate", wanted)
    if bought:
        return Stage("deliver" if now - bought < DELIVERED else "after_sales", bought)
    if profile.held:
        return Stage("after_sales")
    return Stage("connect")


def stage_pulls(
    profile: Profile, tree: TagTree, now: datetime, weights: Weights, zone: Zone
) -> list[Pull]:
    """What speaks for content of her stage. Of whom nothing is known, or must not be looked at,
    nothing does: she may have bought."""
    hers = stage(profile, now)
    tag = tree.find(hers.tag)
    if tag is None or not profile.events:
        return []
    day = {"day": zone.day(hers.since).isoformat()} if hers.since else {}
    key = f"reason_stage_{hers.name}" + "_held" * (hers.name == "after_sales" and not day)
    return [
        Pull.because(tag.id, Reason("stage", key, day, weights.stage, {"stage": hers.name} | day))
    ]


def _at(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
