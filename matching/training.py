"""Training (夜间训练): what is worked out from all trails at once, and judged before it is used.

EASE: one inverse of the matrix of what is read together, which knows what two contents share only
through a third. Tuning: the weights of the blend, searched one by one on what customers read next.
Pure mathematics: `matching.nightly` says when, and whether the outcome ships.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from matching.arrays import Floats
from matching.counters.nearness import NEIGHBOURS
from matching.scoring import HARDLY_KNOWN, Weights

Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
LARGEST = 10_000
"""Contents beyond which a night is too short for one inverse."""
DROPOUT = 0.3
"""Of what somebody read, this part is held to be missing: it keeps from learning by heart."""
_MISSING = DROPOUT / (1 - DROPOUT)
LAMBDA = 200.0
"""By so much the diagonal is raised: what few have read is hardly believed."""
_AT_ONCE = 2_000_000
_BLOCK = 256


def listed(readers: npt.NDArray[Any]) -> Numbers:
    """Which contents a night's list is of, in their order: all that anybody read, and the most read
    where these are too many for one inverse. Of the others the live list tells alone."""
    most = np.argsort(-readers, kind="stable")[:LARGEST]
    return np.sort(most[readers[most] > 0])


def together(trails: Sequence[npt.ArrayLike], size: int, longest: int = 200) -> Singles:
    """How many people read each two of ``size`` contents; on the diagonal, each."""
    whole = np.zeros((size, size), np.float32)
    flat, keys, waiting = whole.reshape(-1), [], 0
    for trail in trails:
        own = np.unique(np.asarray(trail, np.int64)[-longest:])
        keys.append((own[:, None] * size + own).reshape(-1))
        waiting += len(own) ** 2
        if waiting > _AT_ONCE:
            np.add.at(flat, np.concatenate(keys), np.float32(1))
            keys, waiting = [], 0
    if keys:
        np.add.at(flat, np.concatenate(keys), np.float32(1))
    return whole


def ease(counts: Singles) -> list[tuple[Numbers, Floats]]:
    """For every content, the nearest others and how near each lies; what repels is left out.

    Steck 2019 and 2020: B = I - P / diag(P), P the inverse of the counts, the diagonal raised.
    Worked out where the counts stand: at 5,000 contents they take 100 MB, which a night has once.
    """
    counted = counts.diagonal().copy()
    counts[np.diag_indices(len(counts))] += np.float32(LAMBDA) + np.float32(_MISSING) * counted
    invert(counts)
    counts /= -counts.diagonal().copy()
    np.fill_diagonal(counts, 0.0)
    lists = []
    for row, read in zip(counts, counted, strict=True):
        others = np.flatnonzero(row > 0) if read else np.empty(0, np.int64)
        if len(others) > NEIGHBOURS:
            others = others[np.argpartition(-row[others], NEIGHBOURS)[:NEIGHBOURS]]
        lists.append((others.astype(np.int64), row[others].astype(np.float64)))
    return lists


def invert(matrix: Singles) -> None:
    """Make a symmetric positive definite matrix its inverse, by halves: half the work of a general
    one, nearly all of it products of matrices, and room for two quarters more."""
    size = len(matrix)
    if size <= _BLOCK:
        matrix[:] = np.linalg.inv(matrix)
        return
    half = size // 2
    first, second, beside = matrix[:half, :half], matrix[half:, half:], matrix[half:, :half]
    invert(first)
    across = beside @ first
    second -= across @ beside.T
    invert(second)
    np.matmul(second, across, out=beside)
    first += across.T @ beside
    np.negative(beside, out=beside)
    matrix[:half, half:] = beside.T


# Tuning


TARGETS = 20
"""So many of what somebody read next count: a list is for the days ahead, not for one click."""


@dataclass(frozen=True, slots=True)
class Example:
    """One moment of the past: how each part scored every content, and what was read next."""

    parts: Mapping[str, npt.NDArray[Any]]
    """By name, each as if its weight were 1."""
    known: int
    """How many contents she had read."""
    targets: Numbers
    barred: Numbers
    """What could not be recommended to her then: what she had read."""


class Trial:
    """Many examples, laid out so that one blend is judged in milliseconds."""

    def __init__(self, examples: Iterable[Example], count: int) -> None:
        """``count`` tells how many there are: each is laid down and let go."""
        self.parts: dict[str, Singles] = {}
        self._known = np.zeros(count)
        self._targets = np.full((count, TARGETS), -1, np.int64)
        self._barred: list[Numbers] = []
        for at, each in enumerate(examples):
            for name, part in each.parts.items():
                if name not in self.parts:
                    self.parts[name] = np.zeros((count, len(part)), np.float32)
                self.parts[name][at] = part
            self._known[at] = each.known
            first = each.targets[:TARGETS]
            self._targets[at, : len(first)] = first
            self._barred.append(each.barred)

    def __len__(self) -> int:
        return len(self._targets)

    def blend(self, weights: Weights) -> Singles:
        trust = (weights.live * self._known / (self._known + weights.shrink)).astype(np.float32)
        night = weights.night * np.asarray(self.parts["night"].any(axis=1), np.float32)
        hardly = self._known <= HARDLY_KNOWN
        scores = self.parts["live"] * trust[:, None]
        scores *= 1 - self.parts["nightly"] * night[:, None]
        scores += self.parts["night"] * (trust * night)[:, None]
        scores += self.parts["tags"] * np.float32(weights.tags)
        scores += self.parts["popular"] * np.float32(weights.popular)
        scores += self.parts["lift"] * (weights.book * hardly)[:, None].astype(np.float32)
        for at, barred in enumerate(self._barred):
            scores[at, barred] = -np.inf
        single: Singles = scores.astype(np.float32, copy=False)
        return single

    def judged(self, weights: Weights, first: int = 10) -> Floats:
        """NDCG@10 of every example, in full ranking."""
        scores = self.blend(weights)
        real = self._targets >= 0
        own = np.take_along_axis(scores, np.maximum(self._targets, 0), axis=1)
        rank = np.stack(
            [(scores > own[:, at : at + 1]).sum(axis=1) for at in range(own.shape[1])], axis=1
        )
        gains = np.where(real & (rank < first), 1 / np.log2(rank + 2), 0.0).sum(axis=1)
        best: Floats = np.cumsum(1 / np.log2(np.arange(2.0, first + 2)))
        most = best[np.minimum(real.sum(axis=1), first) - 1]
        judged: Floats = gains / most
        return judged


GRID: Mapping[str, Sequence[float]] = {
    "night": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "tags": (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5),
    "popular": (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0),
    "book": (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8),
    "shrink": (0.1, 0.5, 1.0, 3.0),
}
"""What the search may try."""
_BOTH = ("tags", "popular")
_LOUDER = (0.5, 2.0, 4.0)
"""How much louder tags and popularity may grow together against the neighbours: either alone may
be worth nothing where both are worth much."""
RECENCIES: Mapping[str, Sequence[float]] = {
    "recency": (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99),
    "night_recency": (0.8, 0.9, 0.95, 0.98),
}
_ROUNDS = 2
"""How often the search goes through all weights, at the most."""
_WORTH = 0.001
"""An improvement smaller than this is noise: the weight stays as it was."""


def better(one: Floats, other: Floats) -> bool:
    """Whether the second is above the first by more than noise, judged on the same moments: by
    more than half a standard error of the difference. What a log cannot tell stays as it was."""
    difference = other - one
    noise = difference.std() / math.sqrt(max(1, len(difference)))
    return bool(difference.mean() > max(_WORTH, noise / 2))


def tuned(
    trial: Trial,
    weights: Weights,
    *,
    only: Collection[str] = (),
    go_on: Callable[[], bool] = lambda: True,
) -> Weights:
    """The best weights found by changing a little at a time, on these examples."""
    if not len(trial):
        return weights
    best, moves = trial.judged(weights), list(_moves(only or GRID.keys()))
    for _ in range(_ROUNDS):
        begun = best
        for move in moves:
            if not go_on():
                return weights
            other = move(weights)
            judged = trial.judged(other)
            if better(best, judged):
                weights, best = other, judged
        if best is begun:
            break
    return weights


def _moves(names: Collection[str]) -> Iterator[Callable[[Weights], Weights]]:
    """Every change that a round tries: each weight alone, and those that only help together."""
    for name, values in GRID.items():
        for value in values if name in names else ():
            yield partial(_changed, name=name, to=value)
    for louder in _LOUDER if set(names).issuperset(_BOTH) else ():
        yield partial(_louder, by=louder)


def _changed(weights: Weights, name: str, to: float) -> Weights:
    changed: Weights = replace(weights, **{name: to})
    return changed


def _louder(weights: Weights, by: float) -> Weights:
    for name in _BOTH:
        weights = _changed(weights, name, min(getattr(weights, name) * by, GRID[name][-1]))
    return weights


def interval(differences: Floats) -> tuple[float, float]:
    """A 95 % interval of the mean, by drawing the same people again and again."""
    if not len(differences):
        return math.nan, math.nan
    chance = np.random.default_rng(7)
    size = len(differences)
    means = [differences[chance.integers(0, size, size)].mean() for _ in range(1_000)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def as_settings(weights: Weights) -> dict[str, Any]:
    """The weights that a search may move, to be kept."""
    return {name: getattr(weights, name) for name in (*GRID, *RECENCIES)}
