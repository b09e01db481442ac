"""Layers (层): what tags pull, summed stretch by stretch for a whole shelf. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from matching.arrays.words import Floats, Places

_TABLE = 4_000_000
"""So many possible pairs of tags are told apart by a table, more of them by sorting."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Two tags of everybody who has so many, as the pairs that there are: far fewer than bearers,
    so that what a pair pulls is added up once and handed out."""

    one: Places
    other: Places
    which: Places
    """Which of the pairs each wears, as far as anybody has so many tags."""

    @classmethod
    def of(cls, first: npt.NDArray[np.int32], second: npt.NDArray[np.int32] | None = None) -> Layer:
        """Column 0 pulls nothing: it stands for the second of those who have none."""
        paired = np.zeros(len(first), np.int64)
        if second is not None:
            paired[: len(second)] = second
        width = int(max(first.max(initial=0), paired.max(initial=0))) + 1
        coded = first.astype(np.int64) * width + paired
        known, which = _told_apart(coded, width * width)
        return cls(known // width, known % width, which)

    def pulled(self, pull: Floats) -> Floats:
        """What the two columns of each pull."""
        pairs = pull.take(self.one, mode="clip") + pull.take(self.other, mode="clip")
        return pairs.take(self.which, mode="clip")


def _told_apart(codes: Places, below: int) -> tuple[Places, Places]:
    """(which codes there are, which of these each is)."""
    if below > _TABLE:
        known, which = np.unique(codes, return_inverse=True)
        return known, which.astype(np.intp)
    there = np.zeros(below, bool)
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]
