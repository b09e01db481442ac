"""Geohash (地理网格): the square of a grid over the earth in which a place lies, as a short word.

Words that begin alike lie together, so that who is near is looked up instead of measured: first the
squares that a circle touches, then the distance of whoever stands in them. Knows no customer.
"""

from __future__ import annotations

import math

LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
FINE = 5
"""Letters of the squares that are kept: about 4.9 km a side."""
_MOST = 64
"""A circle that touches more squares than this is not looked up by them."""
_DEGREE = 111_000.0
"""Metres of a degree of latitude, where it is shortest, and a little less."""


def cell_of(latitude: float, longitude: float, letters: int = FINE) -> str:
    """The square in which a point (WGS-84 degrees) lies."""
    rows, columns = _sides(letters)
    row = min(rows - 1, int((latitude + 90.0) / 180.0 * rows))
    column = int((longitude + 180.0) / 360.0 * columns) % columns
    return _word(row, column, letters)


def touched(latitude: float, longitude: float, metres: float) -> frozenset[str] | None:
    """Every square that lies within so many metres of a point, and maybe some more; None if they
    are too many to be of use."""
    up = metres / _DEGREE
    south, north = max(-90.0, latitude - up), min(90.0, latitude + up)
    narrow = math.cos(math.radians(max(abs(south), abs(north))))
    aside = metres / (_DEGREE * narrow) if narrow > 1e-6 else 360.0
    rows, columns = _sides(FINE)
    first, last = (min(rows - 1, int((each + 90.0) / 180.0 * rows)) for each in (south, north))
    west = math.floor((longitude - aside + 180.0) / 360.0 * columns)
    east = math.floor((longitude + aside + 180.0) / 360.0 * columns)
    if (last - first + 1) * (east - west + 1) > _MOST:
        return None
    return frozenset(
        _word(row, column % columns, FINE)
        for row in range(first, last + 1)
        for column in range(west, east + 1)
    )


def _sides(letters: int) -> tuple[int, int]:
    """Rows and columns of the grid: a letter is five bits, of which longitude has the odd one."""
    bits = 5 * letters
    return 1 << bits // 2, 1 << bits - bits // 2


def _word(row: int, column: int, letters: int) -> str:
    bits, woven = 5 * letters, 0
    for at in range(bits):  # from the highest bit on: longitude, latitude, longitude…
        side, above = (column, bits - bits // 2) if at % 2 == 0 else (row, bits // 2)
        woven = woven << 1 | side >> above - 1 - at // 2 & 1
    return "".join(LETTERS[woven >> 5 * each & 31] for each in reversed(range(letters)))
