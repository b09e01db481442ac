"""Resistances (阻力): what keeps a customer from buying, and what helps against it. Pure.

Four of them: understanding, motivation, trust, action cost. Which one is hers now was told (the
trait ``resistance``), or shows in how far along the behaviour chain she is: who only looked does
not understand yet, who stayed lacks a motive, who asked does not trust yet, who tried minds what
acting costs. Content lowers a resistance by its tag.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from content_hub.tags import TagTree
from data_hub.profiles import Profile
from data_hub.profiles.strands import DESIRES
from matching.affinities import labels
from matching.arrays import Places, Slice
from matching.scoring import Pull, Reason, Weights

BY_DESIRE: Mapping[str, str] = {
    "viewed": "understanding",
    "dwelled": "motivation",
    "asked": "trust",
    "tried": "action_cost",
}
TRUST = "trust"
DEVICES = "trust_device"
"""The facet of what makes for trust: cases, authority, an introducer…"""
BEFORE_A_REPEAT = 2
"""So many different devices she is told of before one comes again."""


class Resistance(NamedTuple):
    """What keeps her from buying now."""

    name: str
    shown_by: str
    """``told``, or the step of the behaviour chain."""
    since: datetime | None = None

    @property
    def tag(self) -> str:
        return f"resistance.{self.name}"


def resistance(profile: Profile) -> Resistance | None:
    """Her main resistance; None while nothing shows one."""
    told = profile.told().get("resistance")
    if told is not None and str(told.value) in BY_DESIRE.values():
        return Resistance(str(told.value), "told", told.at)
    step = DESIRES[int(profile.desire[0])]
    if step not in BY_DESIRE:
        return None
    return Resistance(BY_DESIRE[step], step, datetime.fromtimestamp(profile.desire[1], UTC))


def resistance_pulls(profile: Profile, tree: TagTree, weights: Weights) -> list[Pull]:
    """What speaks for content that lowers her main resistance."""
    hers = resistance(profile)
    tag = tree.find(hers.tag) if hers else None
    if hers is None or tag is None:
        return []
    facts = {"resistance": labels([tag])}
    evidence = {"shown_by": hers.shown_by} | (
        {"since": hers.since.isoformat()} if hers.since else {}
    )
    key = f"reason_resistance_{hers.shown_by}"
    return [Pull.because(tag.id, Reason("resistance", key, facts, weights.resistance, evidence))]


def devices(tree: TagTree, tags: Collection[str]) -> set[str]:
    """The devices of trust among some tags."""
    return {tag.id for tag in tree.tags(tags) if tag.facet == DEVICES}


def lacks_trust(profile: Profile) -> bool:
    """Is it trust that keeps her from buying now?"""
    hers = resistance(profile)
    return hers is not None and hers.name == TRUST


def repeats(tree: TagTree, told: Mapping[str, Sequence[str]], candidates: Slice) -> Places | None:
    """What would tell somebody who does not trust yet of the same device again too soon.

    ``told`` are the tags of what she was sent or has read. None if nothing would, or if the shelf
    has no other device to tell of.
    """
    used = set[str]().union(*(devices(tree, tags) for tags in told.values()))
    if not 0 < len(used) < BEFORE_A_REPEAT:
        return None
    known = {tag.id for tag in tree.by_id.values() if tag.facet == DEVICES}
    same, other = (candidates.wearing(each) for each in (used, known - used))
    return np.setdiff1d(same, other) if len(other) else None
