"""Trails (浏览轨迹): the last contents behind one handle, and what they say about each other. Pure.

Two contents are near if one person read both, the nearer the fewer she read between them. A late
event is put where it belongs and everything it moves is counted again, so that the order of
arrival does not matter as long as the trail remembers.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matching.arrays import key_of

LENGTH = 50
"""How many contents a trail remembers."""
MET = 1_000
"""Of so many more it is remembered that she has met them: whoever goes round and round through
more contents than a trail holds counts as one reader of each."""
REACH = 20
"""How many contents further on something is still a neighbour."""
DECAY = 0.9
"""Each content in between makes two that much less near."""


class Step(NamedTuple):
    """The first time she touched one content."""

    at: float
    event: str
    material: str
    account: str = ""
    rep: str = ""


class Path(NamedTuple):
    """The way of one handle: the contents that its trail remembers, and before them what it has
    met so long ago that only this is known of it."""

    steps: list[Step]
    met: list[int]
    """`matching.arrays.key_of` each, the latest last."""


class Turn(NamedTuple):
    """What one step changed."""

    began: Step
    instead_of: Step | None
    """The later step that this one replaces; None if the content is new to her."""
    nearer: dict[tuple[str, str], float]
    """By how much each pair of contents came nearer, or went."""


def walk(trail: list[Step], step: Step) -> Turn | None:
    """Put the step into the trail. None if she had touched that content before."""
    before = next((each for each in trail if each.material == step.material), None)
    if before is not None and before <= step:
        return None
    if before is None and (not trail or trail[-1] < step):
        nearer = dict(_last_pairs(trail, step))
        trail.append(step)
    else:
        nearer = {pair: -near for pair, near in _pairs(trail)}
        if before is not None:
            trail.remove(before)
        trail.insert(bisect(trail, step), step)
        for pair, near in _pairs(trail):
            nearer[pair] = nearer.get(pair, 0.0) + near
    del trail[:-LENGTH]
    return Turn(step, before, {pair: near for pair, near in nearer.items() if near})


def follow(path: Path, step: Step) -> Turn | None:
    """The same of somebody who is remembered for longer."""
    steps, met = path
    if met and key_of(step.material) in met:
        return None
    before = [each.material for each in steps] if len(steps) == LENGTH else []
    turn = walk(steps, step)
    if turn is not None and before:
        left = {*before, step.material} - {each.material for each in steps}
        met += map(key_of, left)  # one at the most
        del met[:-MET]
    return turn


def _pairs(trail: Sequence[Step]) -> Iterator[tuple[tuple[str, str], float]]:
    for end, step in enumerate(trail):
        yield from _last_pairs(trail[max(0, end - REACH) : end], step)


def _last_pairs(trail: Sequence[Step], step: Step) -> Iterator[tuple[tuple[str, str], float]]:
    """The step with those shortly before it. A pair is spelled in the order of its ids."""
    for lag, other in enumerate(reversed(trail[-REACH:])):
        one, two = sorted((other.material, step.material))
        yield (one, two), DECAY**lag
