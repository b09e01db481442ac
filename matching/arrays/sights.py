"""A sight (可见范围): which candidates somebody sees, and since when, of all that stand on a shelf.

Branches are shown different contents, and VIPs some of it earlier. A process holds the candidates
once for all of them: a sight only tells what is hidden from it and what opened for it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.latest import Latest
from kernel.values import dataclass
from matching.arrays.words import Floats, Keys, Mask, Places, Scope

_SIGHTS = 64
"""So many are remembered: what a hundred thousand candidates hide costs less than a millisecond."""
_NOWHERE, _NEVER = np.empty(0, np.int64), np.empty(0)


class Sight(NamedTuple):
    """What somebody sees of a slice; by itself, all of it."""

    hidden: Mask | None = None
    """Of every candidate whether she does not see it; None: there is none such."""
    unseen: Places = _NOWHERE
    """Where these stand."""
    later: Places = _NOWHERE
    """Candidates that opened for others before they did for her…"""
    opened: Floats = _NEVER
    """…and when they did for her, in seconds since 1970."""
    digest: str = ""
    """Names the very set of what she sees."""

    def of(self, places: Places) -> Places:
        """Those of some places that she sees."""
        return places if self.hidden is None else places[~self.hidden[places]]

    def hides(self, place: int) -> bool:
        return self.hidden is not None and bool(self.hidden[place])


@dataclass(frozen=True)
class Openings:
    """All windows of the candidates of a slice, of every unit."""

    keys: Keys
    """Of the candidates."""
    first: Floats
    """When each candidate first opened for anybody."""
    places: Places
    """Whose window each is."""
    codes: npt.NDArray[np.int32]
    """Which of the scopes it has."""
    opens: Floats
    on: Mask
    """Whether it is open."""
    varied: Places
    """Which of the windows are of candidates that have some of different scopes."""
    scopes: Sequence[Scope]

    def sight(self, units: Collection[str] | None, *, early: bool) -> Sight:
        """As `Slice.sight`."""
        key = (None if units is None else frozenset(units), early)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._sight(units, early=early)
            self._kept.put(key, kept)
        return kept

    @cached_property
    def _kept(self) -> Latest[tuple[frozenset[str] | None, bool], Sight]:
        return Latest(_SIGHTS)

    def _sight(self, units: Collection[str] | None, *, early: bool) -> Sight:
        shown = np.array([scope.seen(units, early=early) for scope in self.scopes], bool)
        hidden = np.ones(len(self.keys), bool)
        hidden[self.places[self.on & shown[self.codes]]] = False
        own = self.varied[shown[self.codes[self.varied]]]
        places, which = np.unique(self.places[own], return_inverse=True)
        opened = np.full(len(places), np.inf)
        np.minimum.at(opened, which, self.opens[own])
        later = opened > self.first[places]
        return Sight(
            hidden if hidden.any() else None, np.flatnonzero(hidden), places[later],
            opened[later], _named(self.keys[~hidden]),
        )  # fmt: skip


def _named(keys: Keys) -> str:
    """Eight bytes that are the same for the same keys in any order."""
    told = np.array([len(keys), keys.sum(dtype=np.uint64), np.bitwise_xor.reduce(keys)], np.uint64)
    return hashlib.blake2b(told.tobytes(), digest_size=8).hexdigest()
