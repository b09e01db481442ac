"""Funnels (漏斗): how far people come along some steps within a window, as ClickHouse defines it.

`windowFunnel`: the longest chain of the steps in their order, each not later than the window after
the chain's first; other events in between do no harm. Pure; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from kernel.values import dataclass
from stores.acts import Acts

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray


_ROOM = 1 << 62
"""How far numbers go that are a person's and a moment at once."""
ENOUGH = 500_000
_FEW = 4
"""Who came the whole way are few if they are less than one of so many."""


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
    stretches: Iterable[Acts],
    steps: Sequence[str],
    window: timedelta,
    joined: Mapping[str, str],
    *,
    enough: int = ENOUGH,
) -> list[FunnelStep]:
    """The funnel of everybody; ``joined`` leads from a handle to the first of the same person's.

    The steps differ from one another. ``stretches``: all that everybody did, in any parts. After
    ``enough`` acts it is looked who came the whole way, of whom nothing more need be kept.
    """
    persons, coming = Persons(joined), _Coming(len(steps), window, enough)
    for acts in stretches:
        hers = acts if (acts.who > 0).all() else acts.where(acts.who > 0)
        coming.take(_Taken(persons.of(hers), hers.kind, hers.at))
    told: list[FunnelStep] = []
    before: int | None = None
    for kind, reached in zip(steps, coming.reached(), strict=True):
        told.append(FunnelStep(kind, reached, reached / before if before else None))
        before = reached
    return told


class Persons:
    """Who did each act of some stretches, the same number for one person's handles."""

    def __init__(self, joined: Mapping[str, str]) -> None:
        self._joined = joined
        self._leads: NDArray[int64] | None = None
        """From a handle's number to its person's."""

    def of(self, acts: Acts) -> NDArray[int64]:
        import numpy as np

        leads = self._led(acts) if self._leads is None else self._leads
        if (highest := int(acts.who.max(initial=0))) >= len(leads):
            leads = np.append(leads, np.arange(len(leads), highest + 1))
        self._leads = leads
        return leads[acts.who]

    def _led(self, acts: Acts) -> NDArray[int64]:
        import numpy as np

        numbers = acts.numbers({*self._joined, *self._joined.values()})
        leads, persons = np.arange(max(numbers.values(), default=0) + 1), dict[str, int]()
        for handle, first in self._joined.items():
            if handle in numbers:  # a first handle that never did anything has no number
                hers = persons.setdefault(first, numbers.get(first, numbers[handle]))
                leads[numbers[handle]] = hers
        return leads


def people_of(acts: Acts, joined: Mapping[str, str]) -> NDArray[int64]:
    """Who did each act, the same number for one person's handles."""
    return Persons(joined).of(acts)


class _Taken(NamedTuple):
    """Steps that people took: who, which, when."""

    who: NDArray[int64]
    kind: NDArray[int64]
    at: NDArray[int64]

    def of(self, chosen: NDArray[bool_]) -> _Taken:
        return _Taken(self.who[chosen], self.kind[chosen], self.at[chosen])


class _Coming:
    """What those did who have not come the whole way yet, and how many have."""

    def __init__(self, steps: int, window: timedelta, enough: int) -> None:
        import numpy as np

        self._steps, self._window, self._enough = steps, window, enough
        self._parts: list[_Taken] = []
        self._held, self._look_at, self._looked = 0, enough, False
        self._whole = np.zeros(0, dtype=np.bool_)
        """Of each person: has she come the whole way?"""

    def take(self, taken: _Taken) -> None:
        import numpy as np

        if (width := int(taken.who.max(initial=-1)) + 1) > len(self._whole):
            self._whole = np.append(self._whole, np.zeros(width - len(self._whole), np.bool_))
        if self._looked:
            taken = taken.of(~self._whole[taken.who])
        self._parts.append(taken)
        self._held += len(taken.who)
        if self._held >= self._look_at:
            self._look()

    def _look(self) -> None:
        """Let go of who came the whole way. Where few did, looking again would find few."""
        import numpy as np

        taken = self._together()
        whole = _came(taken, self._steps, self._window)[-1]
        self._whole[whole] = True
        left = taken.of(~self._whole[taken.who])
        self._parts, self._held = [left], len(left.who)
        several = np.count_nonzero(np.bincount(taken.who))
        again = _FEW * len(whole) >= several
        self._look_at, self._looked = self._held + self._enough if again else _ROOM, True

    def _together(self) -> _Taken:
        import numpy as np

        if not self._parts:
            return _Taken(*np.zeros((3, 0), dtype=np.int64))
        return _Taken(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))

    def reached(self) -> list[int]:
        """How many people came at least to each step."""
        whole = int(self._whole.sum())
        return [whole + len(who) for who in _came(self._together(), self._steps, self._window)]


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
    came = _came(_Taken(hers, acts.kind, acts.at), steps, window)
    told = [np.bincount(group_of[people], minlength=count).tolist() for people in came]
    return [list(each) for each in zip(*told, strict=True)]


def _came(taken: _Taken, steps: int, window: timedelta) -> list[NDArray[int64]]:
    """For each step the different people who came at least so far.

    A person's number and a moment are one number, so far apart from the next person's that no
    chain leads there; of so many people at a time as numbers have room for.
    """
    import numpy as np

    people = taken.who
    if not len(people):
        return [people] * steps
    within, first = window // timedelta(microseconds=1), taken.at.min()
    width = int(taken.at.max() - first) + within + 1
    room = _ROOM // width
    came: list[list[NDArray[int64]]] = [[] for _ in range(steps)]
    several = int(people.max()) >= room
    parts = people // room if several else people
    for part in np.unique(parts).tolist() if several else [0]:
        here = np.flatnonzero(parts == part) if several else slice(None)
        keys = (people[here] - part * room) * width + (taken.at[here] - first)
        chains = _chains(keys, taken.kind[here], steps, within)
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
