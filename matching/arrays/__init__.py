"""Arrays (候选数组): what is on the shelf, as numpy columns that a process scores in milliseconds.

`Whole` holds every placed material with its windows; a `Slice` is what an account shows until the
next boundary passes, and a `Sight` which of it somebody sees. They are rebuilt by copying
columns, never changed in place, so that a request keeps the slice it began with. Decides nothing:
the shelf is asked again, row by row, before anything is shown.
"""

from matching.arrays.sights import Sight
from matching.arrays.slices import REPEATABLE, Slice
from matching.arrays.whole import Ragged, Whole
from matching.arrays.words import (
    Floats,
    Keys,
    Objects,
    Places,
    Row,
    Scope,
    Window,
    key_of,
    keys_of,
)

__all__ = [
    "REPEATABLE",
    "Floats",
    "Keys",
    "Objects",
    "Places",
    "Ragged",
    "Row",
    "Scope",
    "Sight",
    "Slice",
    "Whole",
    "Window",
    "key_of",
    "keys_of",
]
