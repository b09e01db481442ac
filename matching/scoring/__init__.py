"""Scoring (打分与理由): how well each candidate fits this rep, this customer, this moment, and why.

The score is a plain sum, so its reasons are exact: what `Scores.reasons` answers for a candidate
adds up to its score. Pure: reads no store and no clock, and chooses nothing; which of the scored
are shown is `matching.assembly`'s business, and what may be shown at all the shelf's.

The blend is counters served linearly: neighbours of what she read, shrunk by how little that is,
plus her tags, plus decayed popularity, plus the rep and the occasion. Every part is bounded by its
weight, so that no part can drown the others by its scale.
"""

from matching.scoring.scores import Scores
from matching.scoring.words import (
    HARDLY_KNOWN,
    MOST_EXCLUSIVE,
    Floats,
    Lift,
    Name,
    Pull,
    Question,
    Read,
    Reason,
    Shown,
    Weights,
    lifts,
    said_of,
    total_of,
    unlifted,
    weightiest_first,
)

__all__ = [
    "HARDLY_KNOWN",
    "MOST_EXCLUSIVE",
    "Floats",
    "Lift",
    "Name",
    "Pull",
    "Question",
    "Read",
    "Reason",
    "Scores",
    "Shown",
    "Weights",
    "lifts",
    "said_of",
    "total_of",
    "unlifted",
    "weightiest_first",
]
