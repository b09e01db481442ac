"""Counters (计数器): what all customers together tell about contents, folded from events.

Who reads what now (decayed), what is read with what, how often something was offered and opened,
what each rep's customers read and what she sells. Incremental, in slices; thrown away and folded
again it comes out the same. Knows handles only, and no tags: what a deal was about is asked when
somebody wants to know. Scores nothing.
"""

from matching.counters.deals import Sold
from matching.counters.fading import HALF_LIFE, LATELY, shown_as, worth, worth_lately
from matching.counters.keeping import Counters, Popularity
from matching.counters.records import (
    Deal,
    MaterialCount,
    Neighbours,
    Pair,
    Sales,
    ScopedCount,
    Trail,
)

__all__ = [
    "HALF_LIFE",
    "LATELY",
    "Counters",
    "Deal",
    "MaterialCount",
    "Neighbours",
    "Pair",
    "Popularity",
    "Sales",
    "ScopedCount",
    "Sold",
    "Trail",
    "shown_as",
    "worth",
    "worth_lately",
]
