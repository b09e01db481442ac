"""Experiments (对照试验): who is held out, and what the difference between two groups says. Pure.

A customer is in the group that a digest of her id says, for as long as the experiment is called
what it is called. Looked at on a fixed horizon at planned times, with bounds of O'Brien and
Fleming's kind: looking daily at a plain z finds a difference that is not there in 27 of 100 cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.arrays import Floats, key_of

FEWEST = 100
"""Of what is counted, in both groups together: with less than this nothing is said."""
FEWEST_OF_A_KIND = 20
"""Fewer people of one kind are not held equal among themselves."""
_MISMATCH = 0.001
_PAIR = 2
"""People below which nobody differs from anybody."""
_TWO_SIDED = 1.960
_FLEMING = (1.960, 1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072)
"""By the number of planned looks: the bound at the last one, two-sided, 5 %."""


def held_out(customer: str, share: float) -> bool:
    """Is she among those whose lists are not made for her?"""
    return share > 0 and key_of(f"hold-out:{customer}") / 2**64 < share


def bound(look: int, looks: int) -> float:
    """By how many standard errors the groups must differ at this look to end the experiment."""
    return _FLEMING[looks - 1] * math.sqrt(looks / look)


class Group(NamedTuple):
    """One of the two: how many there are, and how many did what is counted."""

    size: int
    did: int

    @property
    def rate(self) -> float:
        return self.did / self.size if self.size else 0.0


class Readout(NamedTuple):
    """What a look at an experiment says."""

    treated: Group
    held: Group
    difference: float
    low: float
    high: float
    z: float
    bound: float
    mismatch: float
    """How likely sizes so far from the planned share are by chance."""
    verdict: str
    """``too_few``, ``mismatch``, ``better``, ``worse``, ``open`` or ``same``."""


def read_out(treated: Group, held: Group, share: float, look: int, looks: int) -> Readout:
    """The difference of two rates at one of the planned looks; its interval is as wide as the
    bound of that look."""
    both = Group(treated.size + held.size, treated.did + held.did)
    pooled = both.rate * (1 - both.rate)
    error = math.sqrt(
        pooled * (1 / treated.size + 1 / held.size) if treated.size and held.size else math.inf
    )
    off = mismatch(held.size, both.size, share)
    return _told(treated, held, error, off, look, looks)


def read_out_by_person(
    treated: Sequence[Group], held: Sequence[Group], share: float, look: int, looks: int
) -> Readout:
    """The same of things of which one person has several, each told with hers: what hers have in
    common makes the interval wider (a ratio of two sums, by the delta method)."""
    own, others = (
        Group(sum(each.size for each in people), sum(each.did for each in people))
        for people in (treated, held)
    )
    noise = _noise(treated, own) + _noise(held, others)
    off = mismatch(len(held), len(treated) + len(held), share)
    return _told(own, others, math.sqrt(noise), off, look, looks)


def _noise(people: Sequence[Group], whole: Group) -> float:
    """The variance of a rate over what people have, who are drawn and not what they have."""
    if len(people) < _PAIR or not whole.size:
        return math.inf
    apart = math.fsum((each.did - whole.rate * each.size) ** 2 for each in people)
    return apart * len(people) / (len(people) - 1) / whole.size**2


def _told(treated: Group, held: Group, error: float, off: float, look: int, looks: int) -> Readout:
    difference = treated.rate - held.rate
    limit = bound(look, looks)
    z = difference / error if 0 < error < math.inf else 0.0
    reach = limit * error if error < math.inf else 1.0
    both = Group(treated.size + held.size, treated.did + held.did)
    return Readout(
        treated, held, difference, difference - reach, difference + reach, z, limit, off,
        _verdict(both, off, z, limit, last=look == looks),
    )  # fmt: skip


def _verdict(both: Group, off: float, z: float, limit: float, *, last: bool) -> str:
    if both.did < FEWEST:
        return "too_few"
    if off < _MISMATCH:
        return "mismatch"
    if abs(z) >= limit:
        return "better" if z > 0 else "worse"
    return "same" if last else "open"


def mismatch(held: int, both: int, share: float) -> float:
    """The chance of a group this far from its planned share (chi-square, one degree)."""
    if not both or not 0 < share < 1:
        return 1.0
    expected = both * share
    squares = (held - expected) ** 2 / expected + (held - expected) ** 2 / (both - expected)
    return math.erfc(math.sqrt(squares / 2))


class Uplift(NamedTuple):
    """By how much two means differ, what was known of everybody beforehand taken out."""

    treated: int
    held: int
    moved: int
    """How many did anything at all, in both groups."""
    difference: float
    low: float
    high: float
    plain: float
    """The difference with nothing taken out."""
    removed: float
    """The share of the variance that what was known explains."""

    @property
    def verdict(self) -> str:
        """As of a `Readout`; this one is looked at once and ends no experiment."""
        if self.moved < FEWEST or not self.treated or not self.held:
            return "too_few"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "same"


def kinds(names: Sequence[str]) -> Floats:
    """A column for every kind that enough people are of, 1 for who is."""
    known, which, counts = np.unique(
        np.array(names, np.str_), return_inverse=True, return_counts=True
    )
    columns = np.flatnonzero((counts >= FEWEST_OF_A_KIND) & (known != ""))
    worn: Floats = (which[:, None] == columns).astype(np.float64)
    return worn


def adjusted(outcome: Floats, treated: npt.NDArray[np.bool_], known: Floats) -> Uplift:
    """CUPED with several covariates (Deng et al., WSDM 2013): a regression over both groups tells
    what follows from what was ``known`` before, a row a person; the rest is compared."""
    both, own = len(outcome), int(treated.sum())
    moved = int(np.count_nonzero(outcome))
    if not 1 < own < both - 1:
        return Uplift(own, both - own, moved, 0.0, 0.0, 0.0, 0.0, 0.0)
    centred = known - known.mean(axis=0)
    explained = np.linalg.lstsq(centred, outcome - outcome.mean(), rcond=None)
    rest = outcome - centred @ explained[0]
    lost = (both - 1) / max(1, both - 1 - int(explained[2]))
    error = math.sqrt(
        lost * sum(rest[group].var(ddof=1) / group.sum() for group in (treated, ~treated))
    )
    difference, plain = (
        float(each[treated].mean() - each[~treated].mean()) for each in (rest, outcome)
    )
    spread = float(outcome.var())
    removed = 1 - lost * float(rest.var()) / spread if spread else 0.0
    reach = _TWO_SIDED * error
    return Uplift(
        own, both - own, moved, difference, difference - reach, difference + reach, plain,
        max(0.0, removed),
    )  # fmt: skip
