"""The lifecycle (生命周期): node, stage, desire and behaviour of a customer, and when time alone
will change them. Pure functions of a profile: keeps nothing (`data_hub.standings` does).
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from data_hub.profiles import Profile
from data_hub.profiles.strands import DESIRES, NODES
from kernel.calendar import Zone
from kernel.values import dataclass

NEVER = float("inf")
"""When nothing will change by itself."""


class Node(StrEnum):
    """The five nodes (R116)."""

    ACQUIRE = "acquire"
    OPERATE = "operate"
    CONVERT = "convert"
    FISSION = "fission"
    REPURCHASE = "repurchase"


class Stage(StrEnum):
    """The four stages after the first purchase (R126); nobody is in one before it."""

    ACTIVE = "active"
    SILENT = "silent"
    SLEEPING = "sleeping"
    CHURNED = "churned"


_ORDER = list(Stage)
_HELD = _ORDER.index(Stage.SILENT)
_RHYTHM = (1.5, 3.0, 6.0)
"""Own gaps after which a regular buyer is silent, sleeping, churned."""
_FEWEST_GAPS = 5
_LONGEST_GAP = 3.0
"""Buys that lie further apart than so many usual gaps are no rhythm."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """After how many days without a purchase a buyer is silent, sleeping, churned."""

    usual: tuple[int, int, int] = (30, 60, 120)
    by_category: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    by_rhythm: frozenset[str] = frozenset()
    """Categories whose regular buyers (five gaps or more) are measured by their own gaps; the empty
    one stands for all without a cycle of their own."""
    holding: frozenset[str] = frozenset({"insurance", "wealth", "保险", "理财"})
    """Categories in which a policy or holding in force keeps its holder from sinking below
    silent. A holding of no named category counts too."""

    def asks_rhythm(self, category: str) -> bool:
        """Are its regular buyers measured by their own gaps?"""
        named = category in self.by_category or category in self.by_rhythm
        return (category if named else "") in self.by_rhythm


@dataclass(frozen=True, slots=True)
class Standing:
    """Where she stands at one moment, and until when that is sure to hold."""

    node: Node
    node_since: datetime
    stage: Stage | None
    stage_since: datetime | None
    desire: str
    until: float = NEVER
    """Seconds since 1970: from then on the stage must be asked for again."""


def standing(profile: Profile, now: datetime, cycles: Cycles, zone: Zone) -> Standing:
    """Where she stands. The same for whoever asks at the same moment."""
    node = node_of(profile)
    stage, since, until = stage_of(profile, now, cycles, zone)
    return Standing(
        node, _moment(profile.nodes.get(node, profile.began)), stage,
        _moment(since) if stage else None, DESIRES[int(profile.desire[0])], until,
    )  # fmt: skip


def node_of(profile: Profile) -> Node:
    """The furthest node that she reached. Everybody has one."""
    reached = [name for name in NODES if name in profile.nodes]
    return Node(reached[-1]) if reached else Node.ACQUIRE


def stage_of(
    profile: Profile, now: datetime, cycles: Cycles, zone: Zone
) -> tuple[Stage | None, float, float]:
    """The stage, since when, and until when by time alone.

    Of several categories the one in which she is most alive counts.
    """
    if not (profile.purchases or profile.held):
        return None, 0.0, NEVER
    present, floor_ends = now.timestamp(), _in_force_until(profile, now, cycles, zone)
    clocks = list(_clocks(profile, cycles))
    steps = [sum(present >= last + days * 86_400 for days in limits) for last, limits in clocks]
    if not steps:
        return None, 0.0, NEVER
    step = min(steps)
    if step > _HELD and floor_ends > present:
        return Stage.SILENT, _sunk(clocks, _HELD), floor_ends
    until = NEVER
    if step < len(_ORDER) - 1:
        alive = (clock for clock, hers in zip(clocks, steps, strict=True) if hers == step)
        until = max(last + limits[step] * 86_400 for last, limits in alive)
    since = _sunk(clocks, step) if step else max(last for last, _ in clocks)
    return _ORDER[step], max(since, floor_ends if step > _HELD else 0.0), until


def _sunk(clocks: Iterable[tuple[float, tuple[float, ...]]], step: int) -> float:
    """Since when no category is more alive than that stage."""
    return max(last + limits[step - 1] * 86_400 for last, limits in clocks)


def _clocks(profile: Profile, cycles: Cycles) -> Iterator[tuple[float, tuple[float, ...]]]:
    """For every category she bought in: the last purchase, and the three limits in days."""
    last: dict[str, float] = {}
    times: dict[str, list[float]] = {}
    for at, _, _, category, *_ in profile.kept():
        last[category] = max(at, last.get(category, 0.0))
        times.setdefault(category, []).append(at)
    for kept in profile.held.values():
        if "since" in kept:
            category = kept.get("category", "")
            last[category] = max(kept["since"], last.get(category, 0.0))
    for category, at in last.items():
        limits: tuple[float, ...] = cycles.by_category.get(category, cycles.usual)
        if cycles.asks_rhythm(category) and (gap := _rhythm(times.get(category, []))):
            limits = tuple(gap * factor for factor in _RHYTHM)
        yield at, limits


def _rhythm(times: list[float]) -> float:
    """Her usual gap in days, 0 if she has none."""
    gaps = [(later - at) / 86_400 for at, later in itertools.pairwise(times)]
    gaps = [gap for gap in gaps if gap >= 1]
    if len(gaps) < _FEWEST_GAPS:
        return 0.0
    usual = statistics.median(gaps)
    return 0.0 if max(gaps) > _LONGEST_GAP * usual else usual


def _in_force_until(profile: Profile, now: datetime, cycles: Cycles, zone: Zone) -> float:
    """When the last of her holdings ends, by the company's days; 0 if she holds nothing."""
    if not profile.held:
        return 0.0
    today, ends = zone.day(now), 0.0
    for each in profile.holdings():
        if each.ended or (each.category and each.category not in cycles.holding):
            continue
        if each.matures is None:
            return NEVER
        if each.matures >= today - timedelta(days=3_650):
            ends = max(ends, zone.at(each.matures + timedelta(days=1), time()).timestamp())
    return ends


def overdue(profile: Profile, now: datetime) -> float | None:
    """Days past her own usual gap; None for who has no rhythm."""
    times = [at for at, *_ in profile.kept()]
    gap = _rhythm(times)
    return (now.timestamp() - times[-1]) / 86_400 - gap if gap else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
