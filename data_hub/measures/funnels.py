"""Funnels (漏斗): how far people come along some steps within a window, as ClickHouse defines it.

`windowFunnel`: the longest chain of the steps in their order, each not later than the window after
the chain's first; other events in between do no harm. Pure; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from kernel.values import dataclass
from stores.acts import Acts

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray


_ROOM = 1 << 62
"""How far numbers go that are a person's and a moment at once."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step, and who came at least so far."""

    kind: str
    reached: int
    rate: float | None
    """Of who reached the step before; None for the first and after nobody."""


def level(events: Sequence[tuple[float, str]], steps: Sequence[str], window: float) -> int:
    """How many steps one person came along. ``events`` are (seconds, kind), in any order.

    Steps at the very same moment count in the order of the steps, as ClickHouse's do.
    """
    begun: list[float | None] = [None] * len(steps)
    places: dict[str, list[int]] = {}
    for place, kind in enumerate(steps):
        places.setdefault(kind, []).append(place)
    told = [(at, min(places[kind]), kind) for at, kind in events if kind in places]
    for at, _, kind in sorted(told):
        for place in reversed(places[kind]):
            if place == 0:
                begun[0] = at
                continue
            first = begun[place - 1]
            if first is not None and at <= first + window:
                begun[place] = first
    return max((place + 1 for place, at in enumerate(begun) if at is not None), default=0)


def funnel(
    acts: Acts, steps: Sequence[str], window: timedelta, joined: Mapping[str, str]
) -> list[FunnelStep]:
    """The funnel of everybody; ``joined`` leads from a handle to the first of the same person's.

    The steps differ from one another. A million acts take a fifth of a second.
    """
    if not (known := acts.who > 0).all():
        acts = acts.where(known)
    people = people_of(acts, joined)
    told: list[FunnelStep] = []
    before: int | None = None
    for kind, came in zip(steps, _came(acts, people, len(steps), window), strict=True):
        reached = len(came)
        told.append(FunnelStep(kind, reached, reached / before if before else None))
        before = reached
    return told


def people_of(acts: Acts, joined: Mapping[str, str]) -> NDArray[int64]:
    """Who did each act, the same number for one person's handles."""
    import numpy as np

    numbers = dict(acts.numbers({*joined, *joined.values()}))
    highest = max(int(acts.who.max(initial=0)), *numbers.values(), 0)
    for first in joined.values():  # a first handle that never did anything has no number yet
        numbers.setdefault(first, highest + len(numbers) + 1)
    leads = np.arange(highest + 1, dtype=np.int64)
    for handle, first in joined.items():
        if handle in numbers:
            leads[numbers[handle]] = numbers[first]
    return leads[acts.who]


def reached_by(
    acts: Acts,
    people: NDArray[int64],
    groups: NDArray[int64],
    count: int,
    steps: int,
    window: timedelta,
) -> list[list[int]]:
    """The funnel of each of so many groups by itself: how many came at least to each step."""
    import numpy as np

    width = int(people.max(initial=0)) + 1
    pairs, hers = np.unique(groups * width + people, return_inverse=True)
    group_of = pairs // width
    came = _came(acts, hers, steps, window)
    told = [np.bincount(group_of[people], minlength=count).tolist() for people in came]
    return [list(each) for each in zip(*told, strict=True)]


def _came(
    acts: Acts, people: NDArray[int64], steps: int, window: timedelta
) -> list[NDArray[int64]]:
    """For each step the different people who came at least so far.

    A person's number and a moment are one number, so far apart from the next person's that no
    chain leads there; of so many people at a time as numbers have room for.
    """
    import numpy as np

    if not len(people):
        return [people] * steps
    within, first = window // timedelta(microseconds=1), acts.at.min()
    width = int(acts.at.max() - first) + within + 1
    room = _ROOM // width
    came: list[list[NDArray[int64]]] = [[] for _ in range(steps)]
    several = int(people.max()) >= room
    parts = people // room if several else people
    for part in np.unique(parts).tolist() if several else [0]:
        here = np.flatnonzero(parts == part) if several else slice(None)
        keys = (people[here] - part * room) * width + (acts.at[here] - first)
        chains = _chains(keys, acts.kind[here], steps, within)
        for step, began in enumerate(chains):
            persons = began // width + part * room
            came[step].append(persons[np.diff(persons, prepend=-1) > 0])
    return [np.concatenate(parts) for parts in came]


def _chains(
    keys: NDArray[int64], kinds: NDArray[int64], steps: int, within: int
) -> Iterator[NDArray[int64]]:
    """For each step, when the chains began that came so far.

    Of each act it is asked when the chain began whose latest act of the step before it follows:
    the later the beginning the better, and the latest act has the latest beginning.
    """
    import numpy as np

    before = begun = np.sort(keys[kinds == 0])
    yield begun
    for step in range(1, steps):
        key = np.sort(keys[kinds == step])
        place = np.searchsorted(before, key, side="right") - 1
        key, place = key[place >= 0], place[place >= 0]
        holds = key - begun[place] <= within
        before, begun = key[holds], begun[place[holds]]
        yield begun
