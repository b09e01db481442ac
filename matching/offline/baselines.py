"""Baselines (对照算法): popularity, item-kNN and EASE, as well as they can be done in a page.

Each is tuned on the last part of what it is given, as ours is; none is given less than its due:
all histories whole, all neighbours, the ranking over everything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.training import DROPOUT, invert, together

Singles = npt.NDArray[np.float32]
_HELD_OUT = 0.1


class _Baseline(ABC):
    """Scores every content for a history."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._ids = [each["id"] for each in items]
        self._index = {id_: at for at, id_ in enumerate(self._ids)}
        self._asked: tuple[object, npt.NDArray[np.int64]] = None, np.empty(0, np.int64)

    def fit(self, events: Iterable[tuple[Any, Any, float, float]]) -> None:
        log = [event for event in events if event[3] > 0]
        for _, item, _, _ in log:
            if item not in self._index:
                self._index[item] = len(self._ids)
                self._ids.append(item)
        self._asked = None, np.empty(0, np.int64)
        cut = int(len(log) * (1 - _HELD_OUT))
        self._choose(_trails(log[:cut], self._index), _trails(log[cut:], self._index))
        self._learn(_trails(log, self._index))

    def update(self, user: Any, item: Any, ts: Any, weight: float = 1.0) -> None:
        if item in self._index and weight > 0:
            self._note(self._index[item])

    def recommend(
        self,
        history: Sequence[tuple[Any, Any, float]],
        candidates: Iterable[Any],
        k: int,
        *,
        now: Any = None,
        user: Any = None,
    ) -> list[Any]:
        known = [
            self._index[item] for item, _, weight in history if weight > 0 and item in self._index
        ]
        places = self._places(candidates)
        if not len(places):
            return []
        scores = self._score(known)[places]
        best = np.argsort(-scores, kind="stable")[:k]
        return [self._ids[places[at]] for at in best]

    def _places(self, candidates: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Where they stand; of the same ones as before it is known."""
        asked, places = self._asked
        if asked is not candidates:
            once = dict.fromkeys(candidates)
            places = np.array([self._index[each] for each in once if each in self._index], np.int64)
            if type(candidates) is tuple:  # nobody changes it
                self._asked = candidates, places
        return places

    @abstractmethod
    def _choose(
        self, before: Mapping[Any, Sequence[int]], after: Mapping[Any, Sequence[int]]
    ) -> None:
        """Settle what there is to tune."""

    @abstractmethod
    def _learn(self, trails: Mapping[Any, Sequence[int]]) -> None: ...

    @abstractmethod
    def _note(self, content: int) -> None:
        """Learn of one reading more."""

    @abstractmethod
    def _score(self, known: Sequence[int]) -> Singles: ...


class Popularity(_Baseline):
    """What most have read."""

    def _learn(self, trails: Mapping[Any, Sequence[int]]) -> None:
        every = [content for trail in trails.values() for content in set(trail)]
        self._counts = np.bincount(every, minlength=len(self._ids)).astype(np.float32)

    def _choose(
        self, before: Mapping[Any, Sequence[int]], after: Mapping[Any, Sequence[int]]
    ) -> None:
        """Nothing to tune."""

    def _note(self, content: int) -> None:
        self._counts[content] += 1

    def _score(self, known: Sequence[int]) -> Singles:
        return self._counts


class _Similar(_Baseline):
    """Sums the rows of what somebody has read."""

    _rows: Singles
    _settings: Sequence[float] = ()
    _setting = 0.0

    def _choose(
        self, before: Mapping[Any, Sequence[int]], after: Mapping[Any, Sequence[int]]
    ) -> None:
        counts = together(list(before.values()), len(self._ids), 10_000)
        tried = {}
        people = [user for user in after if user in before][:400]
        for setting in self._settings:
            self._rows = self._made(counts, setting)
            tried[setting] = sum(self._hits(before[user], after[user]) for user in people)
        self._setting = max(tried, key=lambda each: tried[each])

    def _note(self, content: int) -> None:
        """Its rows stay as they were learnt."""

    def _hits(self, known: Sequence[int], wanted: Sequence[int]) -> float:
        scores = self._score(known).copy()
        scores[list(known)] = -np.inf
        best = np.argpartition(-scores, min(10, len(scores) - 1))[:10]
        return len(set(best.tolist()) & (set(wanted) - set(known)))

    def _learn(self, trails: Mapping[Any, Sequence[int]]) -> None:
        self._rows = self._made(
            together(list(trails.values()), len(self._ids), 10_000), self._setting
        )

    def _score(self, known: Sequence[int]) -> Singles:
        if not known:
            return np.zeros(len(self._ids), np.float32)
        summed: Singles = self._rows[list(known)].sum(axis=0)
        return summed

    @abstractmethod
    def _made(self, counts: Singles, setting: float) -> Singles: ...


class ItemKnn(_Similar):
    """Cosine of who read what, shrunk."""

    _settings = (1.0, 10.0, 50.0, 200.0)

    def _made(self, counts: Singles, setting: float) -> Singles:
        norm = np.sqrt(counts.diagonal())
        rows = counts / (np.outer(norm, norm) + np.float32(setting))
        np.fill_diagonal(rows, 0)
        return rows.astype(np.float32)


class Ease(_Similar):
    """The whole matrix of EASE, dislikes and all."""

    _settings = (20.0, 100.0, 300.0, 800.0)

    def _made(self, counts: Singles, setting: float) -> Singles:
        rows = counts.copy()
        rows[np.diag_indices(len(rows))] += setting + DROPOUT / (1 - DROPOUT) * counts.diagonal()
        invert(rows)
        rows /= -rows.diagonal().copy()
        np.fill_diagonal(rows, 0)
        return rows


def _trails(
    log: Iterable[tuple[Any, Any, float, float]], index: Mapping[Any, int]
) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for user, item, _, _ in log:
        found.setdefault(user, []).append(index[item])
    return found


def baselines(items: Sequence[Mapping[str, Any]]) -> dict[str, Callable[[], _Baseline]]:
    """By name, a new one of each."""
    return {
        "popularity": lambda: Popularity(items),
        "item-kNN": lambda: ItemKnn(items),
        "EASE": lambda: Ease(items),
    }
