"""Counting in memory (内存计数): the counters of `matching.counters`, of one log, without a store.

What is counted, how far back and how it fades is said there (`trails`, `nearness`); here a whole
log is counted at once in columns, and single events afterwards one by one. Both give the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matching.arrays import Floats
from matching.counters.fading import HALF_LIFE, LATELY
from matching.counters.nearness import NEIGHBOURS, nearness
from matching.trails import DECAY, LENGTH, MET, REACH, Step, walk

Numbers = npt.NDArray[np.int64]
Pairs = tuple[Numbers, Numbers, float]
"""What was read one after another, and how near that is."""
_AT_ONCE = 1_000_000
"""Pairs that are sorted at once, to be added up."""
_CELLS = 8_000_000
"""Pairs that contents can make, up to which each has a cell of its own: 64 MB."""
_REBASE = 400.0
"""Half-lives after which decayed counts are brought back to a size that numbers can hold."""


class Fading:
    """Decayed readers of contents 0, 1, 2…"""

    def __init__(self, size: int, half_life: float, origin: float = 0.0) -> None:
        self._half_life = half_life
        self._origin = origin
        self._values = np.zeros(size)

    def count(self, what: Numbers, when: Floats) -> None:
        """Count many, none of them much later than the origin."""
        worth = np.exp2((when - self._origin) / self._half_life)
        np.add.at(self._values, what, worth)

    def add(self, content: int, at: float, times: int = 1) -> None:
        """Count one more, or one less."""
        if at - self._origin > _REBASE * self._half_life:
            self._values *= self._since(at)
            self._origin = at
        self._values[content] += times * math.exp2(
            max(-1_000.0, (at - self._origin) / self._half_life)
        )

    def at(self, at: float) -> Floats:
        """What they come to at a moment; at one before the origin, what they came to there."""
        faded: Floats = self._values * min(1.0, self._since(at))
        return faded

    def _since(self, at: float) -> float:
        return float(np.exp2(np.clip((self._origin - at) / self._half_life, -1_000.0, 1_000.0)))

    def grow(self, more: int) -> None:
        self._values = np.concatenate((self._values, np.zeros(more)))


class Memory:
    """Counters of contents 0, 1, 2…, kept in memory."""

    def __init__(
        self,
        size: int,
        *,
        half_life: float = HALF_LIFE,
        cells: int = _CELLS,
    ) -> None:
        self.readers = np.zeros(size)
        self._half_life = half_life
        self._popular, self._lately = Fading(size, half_life), Fading(size, LATELY)
        self._origin = 0.0
        self._lags = [DECAY**lag for lag in range(REACH)]
        self._cells = cells
        self.trails: dict[str, list[int]] = {}
        self._whens: dict[str, list[float]] = {}
        """When each of a trail was touched first."""
        self._met: dict[str, list[int]] = {}
        """What each has met before that."""
        self._keys = np.empty(0, np.int64)
        self._values = np.empty(0)
        self._starts = np.zeros(size + 1, np.int64)
        self._more: dict[int, dict[int, float]] = {}
        self._packed: dict[int, tuple[Numbers, Floats]] = {}
        self._scopes: dict[str, Fading] = {}

    def __len__(self) -> int:
        return len(self.readers)

    # Counting

    def count(
        self, touches: Iterable[tuple[str, int, float]], scopes: Mapping[str, Sequence[str]]
    ) -> None:
        """Count a whole log, oldest first. ``scopes`` are the segments and books of each person."""
        began = list(self._beginnings(touches))
        if not began:
            return
        who = np.array([person for person, *_ in began], np.int64)
        what = np.array([content for _, content, _, _ in began], np.int64)
        when = np.array([at for _, _, at, _ in began])
        lag_of = np.array([position for *_, position in began], np.int64)
        self._begin(float(when.max()))
        self.readers += np.bincount(what, minlength=len(self))
        for fading in (self._popular, self._lately):
            fading.count(what, when)
        self._scope(list(self.trails), scopes, who, what, when)
        self._pair(who, what, lag_of)

    def _beginnings(
        self, touches: Iterable[tuple[str, int, float]]
    ) -> Iterator[tuple[int, int, float, int]]:
        """(person, content, when, how many before it) of the first time each was touched."""
        numbers: dict[str, int] = {}
        walked: dict[str, int] = {}
        for person, content, at in touches:
            trail = self.trails.setdefault(person, [])
            if content in trail or content in self._met.get(person, ()):
                continue
            trail.append(content)
            self._forget(person, trail[:-LENGTH])
            del trail[:-LENGTH]
            whens = self._whens.setdefault(person, [])
            whens.append(at)
            del whens[:-LENGTH]
            number = numbers.setdefault(person, len(numbers))
            position = walked.get(person, 0)
            walked[person] = position + 1
            yield number, content, at, position

    def _forget(self, person: str, left: Sequence[int]) -> None:
        """What a trail does not hold any more was met all the same."""
        if left:
            met = self._met.setdefault(person, [])
            met += left
            del met[:-MET]

    def _scope(
        self,
        people: Sequence[str],
        scopes: Mapping[str, Sequence[str]],
        who: Numbers,
        what: Numbers,
        when: Floats,
    ) -> None:
        order = np.argsort(who, kind="stable")
        begins = np.searchsorted(who[order], np.arange(len(people) + 1))
        for number, person in enumerate(people):
            own = order[begins[number] : begins[number + 1]]
            for scope in scopes.get(person, ()):
                self._scoped(scope).count(what[own], when[own])

    def _begin(self, at: float) -> None:
        """Nothing is counted yet: the first moment is the origin of all."""
        self._origin = at
        self._popular = Fading(len(self), self._half_life, at)
        self._lately = Fading(len(self), LATELY, at)

    def _scoped(self, scope: str) -> Fading:
        if scope not in self._scopes:
            self._scopes[scope] = Fading(len(self), self._half_life, self._origin)
        return self._scopes[scope]

    def _pair(self, who: Numbers, what: Numbers, position: Numbers) -> None:
        """All pairs within reach, added up."""
        size = len(self)
        order = np.lexsort((position, who))
        who, what = who[order], what[order]
        pairs = [
            (what[lag + 1 :][same], what[: -(lag + 1)][same], near)
            for lag, near in enumerate(self._lags)
            for same in [who[lag + 1 :] == who[: -(lag + 1)]]
        ]
        small = size**2 <= self._cells
        self._keys, self._values = _dense(pairs, size) if small else _sorted(pairs, size)
        self._starts = np.searchsorted(self._keys, np.arange(size + 1) * size)

    def take(self, person: str, content: int, at: float, scopes: Sequence[str] = ()) -> None:
        """Count one event more. One that comes late is put where it belongs, and what it moves is
        counted anew, as far back as a trail remembers."""
        trail, whens = self.trails.setdefault(person, []), self._whens.setdefault(person, [])
        if not self.readers.any():
            self._begin(at)
        if content in self._met.get(person, ()):
            return
        if whens and at < whens[-1]:
            self._late(person, content, at, scopes)
        elif content not in trail:
            for near, other in zip(self._lags, reversed(trail[-REACH:]), strict=False):
                self._nearer(content, other, near)
            self._touched(content, at, scopes)
            trail.append(content)
            whens.append(at)
            self._forget(person, trail[:-LENGTH])
            del trail[:-LENGTH], whens[:-LENGTH]

    def _late(self, person: str, content: int, at: float, scopes: Sequence[str]) -> None:
        """By the very walk of the counters that a company keeps. What came at one moment stays in
        the order in which it came."""
        told = enumerate(zip(self.trails[person], self._whens[person], strict=True))
        steps = [Step(when, f"{number:04}", str(other)) for number, (other, when) in told]
        turn = walk(steps, Step(at, f"{len(steps):04}", str(content)))
        if turn is None:
            return
        for (one, two), near in turn.nearer.items():
            self._nearer(int(one), int(two), near)
        self._touched(content, at, scopes)
        if turn.instead_of is not None:
            self._touched(content, turn.instead_of.at, scopes, times=-1)
        left = {*self.trails[person], content} - {int(step.material) for step in steps}
        self._forget(person, [*left])
        self.trails[person] = [int(step.material) for step in steps]
        self._whens[person] = [step.at for step in steps]

    def _nearer(self, one: int, two: int, near: float) -> None:
        """Two contents come nearer, each to the other."""
        for content, other in ((one, two), (two, one)):
            own = self._more.setdefault(content, {})
            own[other] = own.get(other, 0.0) + near
            self._packed.pop(content, None)

    def _touched(self, content: int, at: float, scopes: Sequence[str], times: int = 1) -> None:
        """Somebody touched it for the first time, or that is taken back."""
        self.readers[content] += times
        for fading in (self._popular, self._lately, *map(self._scoped, scopes)):
            fading.add(content, at, times)

    def grow(self, size: int) -> None:
        """Make room for contents that nobody had named before."""
        more = size - len(self)
        wider = self._keys // len(self) * size + self._keys % len(self) if len(self) else self._keys
        self._keys = wider
        self._starts = np.concatenate((self._starts, np.full(more, self._starts[-1])))
        self.readers = np.concatenate((self.readers, np.zeros(more)))
        for fading in (self._popular, self._lately, *self._scopes.values()):
            fading.grow(more)

    # Asking

    def popular(self, at: float) -> Floats:
        """Decayed readers of every content, as of a moment."""
        return self._popular.at(at)

    def lately(self, at: float) -> Floats:
        """The same of those who read these days."""
        return self._lately.at(at)

    def scoped(self, scope: str, at: float) -> Floats | None:
        kept = self._scopes.get(scope)
        return None if kept is None else kept.at(at)

    def neighbours(self, content: int) -> tuple[Numbers, Floats]:
        """The nearest contents of one, and how near each lies."""
        if content not in self._packed:
            self._packed[content] = self._pack(content)
        return self._packed[content]

    def _pack(self, content: int) -> tuple[Numbers, Floats]:
        others, together = self.together(content)
        near = nearness(together, self.readers[content], self.readers[others])
        if len(near) > NEIGHBOURS:
            best = np.argpartition(-near, NEIGHBOURS)[:NEIGHBOURS]
            others, near = others[best], near[best]
        return others, near

    def together(self, content: int) -> tuple[Numbers, Floats]:
        """Every content read together with this one, and how near they came in all."""
        begin, end = self._starts[content], self._starts[content + 1]
        others, values = self._keys[begin:end] % max(len(self), 1), self._values[begin:end]
        if more := self._more.get(content):
            summed = np.zeros(len(self))
            summed[others] = values
            summed[np.fromiter(more, np.int64, len(more))] += list(more.values())
            others = np.flatnonzero(summed)
            values = summed[others]
        return others, values


def _dense(pairs: Sequence[Pairs], size: int) -> tuple[Numbers, Floats]:
    """Every pair once, as a key, and its values added up, where there is room for all that contents
    can make."""
    cells = np.zeros(size**2)
    for one, two, near in pairs:
        cells += near * np.bincount(_keys(one, two, size), minlength=size**2)
    found = np.flatnonzero(cells)
    return found, cells[found]


def _sorted(pairs: Sequence[Pairs], size: int, at_once: int = _AT_ONCE) -> tuple[Numbers, Floats]:
    """The same, however many contents there are: those of some contents at a time, in order."""
    each = sum(
        (np.bincount(side, minlength=size) for *sides, _ in pairs for side in sides),
        np.zeros(size, np.int64),
    )
    blocks = np.cumsum(each) // at_once
    found = []
    for block in np.unique(blocks):
        own = np.flatnonzero(blocks == block)
        begin, end = own[0], own[-1] + 1
        keys, worth = [], []
        for one, two, near in pairs:
            for here, there in ((one, two), (two, one)):
                inside = (here >= begin) & (here < end)
                keys.append(here[inside] * size + there[inside])
                worth.append(np.full(len(keys[-1]), near))
        found.append(_added(np.concatenate(keys), np.concatenate(worth)))
    return np.concatenate([keys for keys, _ in found]), np.concatenate([w for _, w in found])


def _keys(one: Numbers, two: Numbers, size: int) -> Numbers:
    """Both ways."""
    return np.concatenate((one * size + two, two * size + one))


def _added(keys: Numbers, values: Floats) -> tuple[Numbers, Floats]:
    """The same keys once each, their values added up."""
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    begins = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[begins], np.add.reduceat(values, begins)
