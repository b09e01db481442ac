"""What documents carry (计数): their attributes as pairs in memory, to be counted in milliseconds.

Out of the tables, a hundred thousand documents take half a second to count, most of it for taking
the same words apart. So each process that counts keeps (row, attribute) as two arrays, 8 bytes a
pair, and before it answers brings them up to what was written since. Finds nothing by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_SLICE = 2_000
"""Documents that are read at once."""

Ask = Callable[[str, Sequence[Any]], list[Any]]
"""The rows of one statement."""
Numbers = npt.NDArray[np.int32]


class _Pairs(NamedTuple):
    """As of one turn; never changed, so that they can be counted while the next are made."""

    turn: int
    rows: Numbers
    carried: Numbers


_NONE: Numbers = np.empty(0, np.int32)


class Carried:
    """How many of some documents carry each attribute."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._turn = threading.Lock()
        self._pairs = _Pairs(0, _NONE, _NONE)
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}

    def counts(self, rows: str | None = None) -> dict[str, int]:
        """By attribute; ``rows`` numbers the documents with commas between them, None is all."""
        pairs = self._now()
        carried = pairs.carried
        if rows is not None:
            carried = carried[_among(np.fromstring(rows, np.int32, sep=","), pairs.rows)]
        times = np.bincount(carried, minlength=1)
        return {self._names[each]: int(times[each]) for each in np.flatnonzero(times)}

    def _now(self) -> _Pairs:
        with self._turn:
            while changed := self._ask(_SINCE, (self._pairs.turn, _SLICE)):
                self._pairs = self._with(changed)
            return self._pairs

    def _with(self, changed: list[Any]) -> _Pairs:
        """Some documents carry what they carry now, and no more what they carried before."""
        _, rows, carried = self._pairs
        stays = ~_among(np.array([row for row, _, _ in changed], np.int32), rows)
        told = [
            (row, self._number(name)) for row, attributes, _ in changed if attributes
            for name in attributes.split(" ")
        ]  # fmt: skip
        new = np.array(told, np.int32).reshape(-1, 2)
        return _Pairs(
            changed[-1][2], np.concatenate([rows[stays], new[:, 0]]),
            np.concatenate([carried[stays], new[:, 1]]),
        )  # fmt: skip

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return number


_SINCE = "SELECT row, attributes, turn FROM documents WHERE turn > ? ORDER BY turn LIMIT ?"


def _among(chosen: Numbers, rows: Numbers) -> npt.NDArray[np.bool_]:
    """Which of the rows are among the chosen."""
    inside = np.zeros(max(chosen.max(initial=0), rows.max(initial=0)) + 1, np.bool_)
    inside[chosen] = True
    return inside[rows]
