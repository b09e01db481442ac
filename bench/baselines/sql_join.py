"""The same score as one SQL join, tuned: covering indexes, the join order forced, all in memory.

What it is told of a customer stands in small tables; what it answers is the score of every
candidate that any part of it reaches, best first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from matching.arrays import Slice
from matching.scoring import Scores

_ROUNDED = 1e-12
"""By less than this sums that are alike may differ."""

_TABLES = """
CREATE TABLE tagged (tag INTEGER, place INTEGER, PRIMARY KEY (tag, place)) WITHOUT ROWID;
CREATE TABLE basic (place INTEGER PRIMARY KEY, worth REAL);
CREATE TABLE wanted (tag INTEGER PRIMARY KEY, weight REAL);
CREATE TABLE near (place INTEGER, worth REAL);
"""
_BEST = """
SELECT place, sum(worth) AS score FROM (
    SELECT tagged.place AS place, wanted.weight AS worth
      FROM wanted CROSS JOIN tagged ON tagged.tag = wanted.tag
    UNION ALL SELECT place, worth FROM near
    UNION ALL SELECT place, worth FROM basic
) GROUP BY place ORDER BY score DESC, place LIMIT ?
"""


class SqlJoin:
    """All candidates of one slice in SQLite."""

    def __init__(self, candidates: Slice, basic: np.ndarray) -> None:
        """``basic`` is what every candidate is worth whoever asks."""
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.executescript(_TABLES)
        rows = np.repeat(np.arange(len(candidates)), np.diff(candidates.starts))
        pairs = zip(candidates.indices.tolist(), rows.tolist(), strict=True)
        self._put("INSERT INTO tagged VALUES (?, ?)", pairs)
        self._put("INSERT INTO basic VALUES (?, ?)", enumerate(basic.tolist()))
        self._database.execute("ANALYZE")

    def _put(self, statement: str, rows: Iterable[Sequence[float]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(statement, rows)
        self._database.execute("COMMIT")

    def best(
        self, wanted: Mapping[int, float], near: Iterable[tuple[int, float]], count: int
    ) -> list[tuple[int, float]]:
        """(place, score) of the best, for these tag weights and these own additions."""
        self._database.execute("DELETE FROM wanted")
        self._database.execute("DELETE FROM near")
        self._put("INSERT INTO wanted VALUES (?, ?)", wanted.items())
        self._put("INSERT INTO near VALUES (?, ?)", near)
        return self._database.execute(_BEST, (count,)).fetchall()


def told(scores: Scores) -> tuple[dict[int, float], list[tuple[int, float]]]:
    """What the join is told about one question: tag weights, and what only some get."""
    wanted: dict[int, float] = {}
    for pull in scores.question.pulls:
        column = scores.candidates.columns[pull.tag]
        wanted[column] = wanted.get(column, 0.0) + pull.reason.weight
    more = scores.total - scores.tag_part - scores.basic
    places = np.flatnonzero(np.abs(more) > _ROUNDED)
    return wanted, list(zip(places.tolist(), more[places].tolist(), strict=True))
