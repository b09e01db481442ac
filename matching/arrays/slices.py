"""A slice (可选集): what may be shown somewhere until a boundary passes.

Never changed in place. What can be worked out once for all questions is, when it is first asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from matching.arrays.layers import Layer
from matching.arrays.sights import Openings, Sight
from matching.arrays.words import Floats, Keys, Objects, Places, key_of

Made = TypeVar("Made")
_STALE = 10
"""Half-lives after which nothing is fresh any more."""
_MADE = 256
"""So many answers are remembered for one set of candidates."""
_DRAWN, _RATES = 500, 1_000
"""So many draws of one click rate are kept, of so many rates: four megabytes at the most."""
_WORTHS = 4
"""Of one blend there are two, for those we know and for others; and what is fresh wilts."""
_FEW = 8
"""Fewer keys than this are found sooner without pages."""
_LASTING = frozenset(
    {"layers", "_order", "_pages", "_freshness", "_by_type", "_by_nature", "_by_tag", "_made",
     "_tags", "_names", "natures_there", "repeatable", "_asked_again"}
)  # fmt: skip
"""What is worked out once for some candidates, however they fare."""
REPEATABLE = ("script", "mini_program_tool")
"""Types that are not used up by being read once."""


@dataclass(frozen=True)
class Slice:
    """What may be shown somewhere until a boundary passes, and how it has fared."""

    ids: Objects
    keys: Keys
    types: npt.NDArray[np.int16]
    natures: npt.NDArray[np.int32]
    """What each is as far as suitability minds."""
    kinds: Mapping[str, int]
    by_key: Places
    """Where they stand, in the order of their keys."""
    starts: Places
    indices: npt.NDArray[np.int32]
    columns: Mapping[str, int]
    opened: Floats
    """When each first went on this shelf for anybody, in seconds since 1970."""
    since: float
    until: float
    openings: Openings
    """Who sees which of them, and since when."""
    popular: Floats
    """Decayed popularity, from nothing to 1 for the most popular."""
    lately: Floats
    """The same of what is read these days."""
    readers: Floats
    shown: Floats
    """How often each was offered…"""
    clicked: Floats
    """…and how often it was opened from an offer."""
    nightly: npt.NDArray[np.bool_]
    """Whether last night's list knows each: what opened since is told by the live list alone."""

    def __len__(self) -> int:
        return len(self.ids)

    def fared(self, **columns: Any) -> Slice:
        """The same candidates, who have fared otherwise: what does not depend on that is kept."""
        other = replace(self, **columns)
        kept = _LASTING & self.__dict__.keys()
        other.__dict__.update({name: self.__dict__[name] for name in kept})
        return other

    def readied(self, before: Slice) -> Slice:
        """Itself, with what was asked of those before worked out already."""
        for weights in list(before._worth):
            self.worth(*weights)
        for below in list(before._hardly):
            self.hardly_shown(below)
        _ = self.offered, self.read
        return self

    def sight(self, units: Collection[str] | None, *, early: bool = False) -> Sight:
        """What of it stands there for who sees these units (None: all), with what opened for VIPs
        only if ``early``."""
        return self.openings.sight(units, early=early)

    def holds(self, now: datetime) -> bool:
        """Is this still what the shelf shows, as far as time goes?"""
        return self.since <= now.timestamp() < self.until

    @cached_property
    def layers(self) -> list[Layer]:
        """Everybody's first two tags, the next two of whoever has more, and so on: summed stretch
        by stretch, each a gather, which is several times quicker than row by row."""
        worn = np.diff(self.starts)
        if len(worn) > 1 and (worn[1:] > worn[:-1]).any():
            raise AssertionError("a slice stands with who wears most tags first")
        deep = int(worn[0]) if len(worn) else 0
        counts = np.searchsorted(-worn, -np.arange(deep), side="left").tolist()
        return [
            Layer.of(*(self.indices[self.starts[: counts[at]] + at] for at in pair))
            for pair in (range(at, min(at + 2, deep)) for at in range(0, deep, 2))
        ]

    def pulled(self, pull: Floats) -> Floats:
        """What the tags of each pull in all, told what every column pulls."""
        if not self.layers:
            return np.zeros(len(self))
        everybody, *those_with_more = self.layers
        summed = everybody.pulled(pull)
        for layer in those_with_more:
            summed[: len(layer.which)] += layer.pulled(pull)
        return summed

    def worth(self, popular: float, fresh: float, half_life: float, lately: bool) -> Floats:
        """What every one is worth, whoever asks, by these two weights; popular these days, if
        ``lately``. Not to be changed."""
        asked = (popular, fresh, half_life, lately)
        kept = self._worth.get(asked)
        if kept is None:
            kept = popular * (self.lately if lately else self.popular)
            if fresh:
                kept += fresh * self.fresh(half_life)
            if len(self._worth) >= _WORTHS:
                self._worth.clear()
            self._worth[asked] = kept
        return kept

    @cached_property
    def read(self) -> Floats:
        """1 for what anybody reads, else 0."""
        return (self.popular > 0).astype(np.float64)

    @cached_property
    def _worth(self) -> dict[tuple[float, float, float, bool], Floats]:
        return {}

    def remembered(self, asked: Hashable, make: Callable[[], Made]) -> Made:
        """What was worked out for these candidates when the same was asked before."""
        kept = self._made.get(asked)
        if kept is None:
            if len(self._made) >= _MADE:
                self._made.clear()
            kept = self._made[asked] = make()
        return kept

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def natures_there(self) -> npt.NDArray[np.int32]:
        """Every nature that any of them is of, once."""
        return np.flatnonzero(np.bincount(self.natures)).astype(np.int32)

    def of_natures(self, natures: npt.NDArray[np.int32]) -> Places:
        """Where those of some natures stand."""
        own = self._by_nature
        for each in natures.tolist():
            if each not in own:
                own[each] = np.flatnonzero(self.natures == each)
        found = [own[each] for each in natures.tolist()]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    @cached_property
    def _by_nature(self) -> dict[int, Places]:
        return {}

    def wearing(self, tags: Collection[str]) -> Places:
        """Where those stand that wear any of these tags."""
        own = self._by_tag
        columns = {column for tag in tags if (column := self.columns.get(tag)) is not None}
        for column in columns - own.keys():
            entries = np.flatnonzero(self.indices == column)
            own[column] = np.searchsorted(self.starts, entries, side="right") - 1
        found = [own[column] for column in columns]
        if len(found) == 1:
            return found[0]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    @cached_property
    def _by_tag(self) -> dict[int, Places]:
        return {}

    def hardly_shown(self, below: float) -> Places:
        """Where those stand that were offered less often than so."""
        kept = self._hardly.get(below)
        if kept is None:
            self._hardly.clear()  # how often is enough moves with the company's click rate
            kept = self._hardly[below] = np.flatnonzero(self.shown < below)
        return kept

    @cached_property
    def _hardly(self) -> dict[float, Places]:
        return {}

    def fresh(self, half_life: float) -> Floats:
        """How fresh each was when the slice was made: 1 at its opening, half as much after so
        many days, and nothing at all when it is long open."""
        kept = self._freshness.get(half_life)
        if kept is None:
            kept = self._freshness[half_life] = self.freshness(self.opened, half_life)
        return kept

    def freshness(self, opened: Floats, half_life: float) -> Floats:
        """The same of what opened then."""
        age = (self.since - opened) / (86_400 * half_life)
        return np.where(age < _STALE, np.exp2(-np.maximum(age, 0.0)), 0.0)

    @cached_property
    def _freshness(self) -> dict[float, Floats]:
        return {}

    @cached_property
    def _order(self) -> tuple[Places, Keys]:
        return self.by_key, self.keys[self.by_key]

    @cached_property
    def _pages(self) -> tuple[np.uint64, Places, int]:
        """Where the keys of one beginning start, as in a dictionary: how far to shift a key to get
        its page, where each page begins, and how many stand on the fullest."""
        ordered = self._order[1]
        bits = max(1, len(ordered).bit_length() + 1)
        shift = np.uint64(64 - bits)
        begins = np.searchsorted(ordered >> shift, np.arange((1 << bits) + 1, dtype=np.uint64))
        return shift, begins, int(np.diff(begins).max(initial=0))

    def places(self, keys: Keys) -> tuple[Places, Places]:
        """(which of the keys are here, where they stand)."""
        order, ordered = self._order
        if not len(ordered) or not len(keys):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        if len(keys) < _FEW:
            at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        else:
            at = self._looked_up(keys)
        found = np.flatnonzero(ordered[at] == keys)
        return found, order[at[found]]

    def places_of_all(self, keys: Keys) -> tuple[Places, Places]:
        """The same for the keys of a whole library, which are asked for again and again: as long
        as they are the same array, they are where they were."""
        for asked, found in self._asked_again:
            if asked is keys:
                return found
        found = self.places(keys)
        self._asked_again[:] = [(keys, found), *self._asked_again[:1]]
        return found

    @cached_property
    def _asked_again(self) -> list[tuple[Keys, tuple[Places, Places]]]:
        return []

    def _looked_up(self, keys: Keys) -> Places:
        """Where each of many keys stands in the order; anywhere for those that are not here."""
        shift, begins, fullest = self._pages
        ordered = self._order[1]
        last = len(ordered) - 1
        at = np.minimum(begins.take((keys >> shift).astype(np.intp)), last)
        behind = np.flatnonzero(ordered.take(at) < keys)
        for _ in range(fullest - 1):
            if not len(behind):
                break
            at[behind] = further = np.minimum(at[behind] + 1, last)
            behind = behind[ordered.take(further) < keys[behind]]
        return at

    def place(self, material: str) -> int | None:
        _, where = self.places(np.array([key_of(material)], np.uint64))
        return int(where[0]) if len(where) else None

    def tags_at(self, place: int) -> npt.NDArray[np.int32]:
        """The columns of one material's tags."""
        return self.indices[self.starts[place] : self.starts[place + 1]]

    def names_at(self, place: int) -> list[str]:
        """The same by id; those above them are there too."""
        return [self._tags[each] for each in self.tags_at(place).tolist() if each]

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        return ("", *self.columns)

    def worn(self, places: Places) -> Floats:
        """Who wears which tag, a row a place: only tags that any of them wears have a column."""
        rows, worn = self.tags_of(places)
        known = np.cumsum(np.bincount(worn) > 0)
        table = np.zeros((len(places), known[-1] if len(worn) else 0))
        table[rows, known[worn] - 1] = 1.0
        return table

    def bearing(
        self, tags: Collection[str], places: Places, groups: Places, count: int
    ) -> dict[str, list[int]]:
        """How many of these places wear each tag, in each of so many groups of them."""
        rows, worn = self.tags_of(places)
        nobody, width = len(self.columns) + 1, len(self.columns) + 2
        told = np.bincount(groups[rows] * width + worn, minlength=count * width)
        table = told.reshape(count, width)
        return {tag: table[:, self.columns.get(tag, nobody)].tolist() for tag in tags}

    def tag_of(self, column: int) -> str:
        return self._tags[column]

    def tags_of(self, places: Places) -> tuple[Places, npt.NDArray[np.int32]]:
        """Every tag that any of these wears, and which of them does."""
        begins = self.starts[places]
        counts = self.starts[places + 1] - begins
        rows = np.repeat(np.arange(len(places)), counts)
        at = np.arange(counts.sum()) + np.repeat(begins - (np.cumsum(counts) - counts), counts)
        return rows, self.indices[at]

    def drawn(self, hits: float, missed: float) -> Floats:
        """Some hundreds of draws of Beta(hits, missed), the same for who asks again: many contents
        have fared alike, and to draw from these costs a fifth of drawing anew."""
        kept = self._drawn.get((hits, missed))
        if kept is None:
            if len(self._drawn) >= _RATES:
                self._drawn.clear()
            seed = np.array([hits, missed]).view(np.uint64)
            kept = self._drawn[hits, missed] = np.random.default_rng(seed).beta(
                hits, missed, _DRAWN
            )
        return kept

    @cached_property
    def _drawn(self) -> dict[tuple[float, float], Floats]:
        return {}

    @cached_property
    def offered(self) -> tuple[float, float]:
        """How often all of them were offered, and opened."""
        return float(self.shown.sum()), float(self.clicked.sum())

    @cached_property
    def repeatable(self) -> npt.NDArray[np.bool_]:
        return np.isin(self.types, [self.kinds[kind] for kind in REPEATABLE if kind in self.kinds])

    def of_type(self, kind: str) -> Places:
        """Where the materials of one type stand."""
        if kind not in self._by_type:
            self._by_type[kind] = np.flatnonzero(self.types == self.kinds.get(kind, -1))
        return self._by_type[kind]

    @cached_property
    def _by_type(self) -> dict[str, Places]:
        return {}

    def type_at(self, place: int) -> str:
        return self._names[int(self.types[place])]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.kinds)
