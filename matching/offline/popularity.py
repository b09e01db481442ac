"""Popularity then (当时的热度): how much everything was read up to moments of the past. Pure.

A blend is judged on moments at which the counters knew what had happened until then, and nothing
that came later: what is popular when a log ends says little about the middle of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matching.arrays import Floats
from matching.counters import shown_as
from matching.offline.counting import Numbers
from matching.offline.logs import Log
from matching.training import Singles


class Readings:
    """The first time that each person read each content of a log."""

    def __init__(self, log: Log, index: Mapping[Any, int]) -> None:
        first: dict[tuple[Any, Any], float] = {}
        for user, item, at, weight in log:
            if weight > 0 and item in index:
                key = user, item
                first[key] = min(at, first.get(key, at))
        when = np.array(list(first.values()))
        what = np.array([index[item] for _, item in first], np.int64)
        order = np.argsort(when, kind="stable")
        self._what: Numbers = what[order]
        self._when: Floats = when[order]

    def popular(self, moments: Floats, size: int, half_life: float) -> Singles:
        """A row a moment: how popular each of so many contents was just before it, from nothing
        to one."""
        rows = np.zeros((len(moments), size), np.float32)
        counted, since, read = np.zeros(size), float(moments.min(initial=np.inf)), 0
        for at in np.argsort(moments, kind="stable").tolist():
            now = float(moments[at])
            upto = int(np.searchsorted(self._when, now))
            new = slice(read, upto)
            worth = np.exp2((self._when[new] - now) / half_life)
            counted = counted * 2.0 ** ((since - now) / half_life)
            counted = counted + np.bincount(self._what[new], weights=worth, minlength=size)
            rows[at], since, read = shown_as(counted), now, upto
        return rows
