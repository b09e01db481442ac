"""How the columns of a stripe lie (列的排法): wide while it grows, as narrow as can be afterwards.

A wide one takes 20 bytes an act whatever stands there. Of a narrow one each number takes as many
bytes as the largest of its column needs, moments counted from the first in the largest step that
all of them share: 8 to 12 bytes, read without unpacking anything.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Sequence
from math import gcd
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_WIDE = 20
"""Bytes of an act: eight of its moment, four each of its handle's, kind's and label's number."""
_CODES = "qIII"
_BYTES = (8, 4, 4, 4)
_HEAD = Struct("<4s4xqQ")
"""The code of each column, the first moment, the step."""
_WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}


def wide(rows: Iterable[Sequence[int]]) -> list[array[int]]:
    """Columns out of acts: their moments, and the numbers of handles, kinds and labels."""
    return [
        array(code, column) for code, column in zip(_CODES, zip(*rows, strict=True), strict=True)
    ]


def laid(columns: Sequence[array[int]]) -> bytes:
    """Columns of a stripe that may still grow, as `wide` makes them."""
    return b"".join(column.tobytes() for column in columns)


def wide_is(length: int, count: int) -> bool:
    """Does a stripe of so many bytes lie wide?"""
    return length == _WIDE * count


def taken(body: bytes, count: int) -> list[array[int]]:
    """The columns of a stripe, however it lies, as wide ones."""
    body = _unsealed(body, count)
    if wide_is(len(body), count):
        return _cut(body, 0, _CODES, count)
    codes, first, step = _HEAD.unpack_from(body)
    steps, *rest = _cut(body, _HEAD.size, codes.decode(), count)
    at = array("q", [first + step * each for each in steps])
    return [at, *(array("I", column) for column in rest)]


def _cut(body: bytes, begin: int, codes: str, count: int) -> list[array[int]]:
    columns = [array(code) for code in codes]
    for column in columns:
        end = begin + column.itemsize * count
        column.frombytes(body[begin:end])
        begin = end
    return columns


def narrow(body: bytes, count: int) -> bytes:
    """The same, in less room; a narrow one as it is."""
    body = _unsealed(body, count)
    return narrowed(taken(body, count)) if wide_is(len(body), count) else body


def narrowed(columns: Sequence[array[int]]) -> bytes:
    """Columns of a stripe that grows no more."""
    at, *rest = columns
    first = min(at, default=0)
    offsets = [each - first for each in at]
    step = gcd(*offsets) or 1
    narrow_ = [least([each // step for each in offsets]), *map(least, rest)]
    codes = "".join(column.typecode for column in narrow_).encode()
    told = _HEAD.pack(codes, first, step) + laid(narrow_)
    return told + b"\0" if wide_is(len(told), len(at)) else told


def least(column: Sequence[int]) -> array[int]:
    """Numbers from 0 in as few bytes as the largest needs."""
    most = max(column, default=0)
    code = next(code for code, bytes_ in _WIDTHS.items() if most < 1 << 8 * bytes_)
    return array(code, column)


def places(head: bytes, length: int, count: int) -> list[tuple[int, int]]:
    """Where the numbers of handles, kinds and labels begin, and how many bytes each takes."""
    if wide_is(length, count):
        begin, widths = 0, list(_BYTES)
    else:
        begin, widths = _HEAD.size, [_WIDTHS[code] for code in head[:4].decode()]
    told = []
    for bytes_ in widths:
        told.append((begin, bytes_))
        begin += bytes_ * count
    return told[1:]


class Views(NamedTuple):
    """A stripe, to be looked at where it lies."""

    moments: NDArray[Any]
    """Counted from the first in steps; of a wide one, as they are."""
    first: int
    step: int
    """0: it lies wide."""
    who: NDArray[Any]
    kind: NDArray[Any]
    label: NDArray[Any]

    def at(self, places: NDArray[Any] | slice = slice(None)) -> NDArray[int64]:
        """The moments of some places."""
        import numpy as np

        told = self.moments[places]
        if not self.step:
            return told
        steps = told.astype(np.uint64) * np.uint64(self.step)
        return steps.view(np.int64) + np.int64(self.first)

    def all(self) -> list[NDArray[Any]]:
        """Moments, and the numbers of handles, kinds and labels."""
        return [self.at(), self.who, self.kind, self.label]

    def only(self, places: NDArray[int64]) -> Views:
        """Some places of it."""
        moments, first, step, *rest = self
        return Views(moments[places], first, step, *(each[places] for each in rest))


def views(body: bytes, count: int) -> Views:
    """Without unpacking what nobody asks for."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    body = _unsealed(body, count)
    if wide_is(len(body), count):
        numbers = np.frombuffer(body, np.uint32, 3 * count, 8 * count)
        return Views(np.frombuffer(body, np.int64, count), 0, 0, *numbers.reshape(3, count))
    codes, first, step = _HEAD.unpack_from(body)
    columns: list[Any] = []
    begin = _HEAD.size
    for code in codes.decode():
        columns.append(np.frombuffer(body, f"u{_WIDTHS[code]}", count, begin))
        begin += columns[-1].nbytes
    return Views(columns[0], first, step, *columns[1:])


def _unsealed(body: bytes, count: int) -> bytes:
    """Of before there were narrow ones: the bytes of a number apart, compressed."""
    if body[:2] != b"x\xda":
        return body
    try:
        flat, begin = zlib.decompress(body), 0
    except zlib.error:  # a moment that begins alike
        return body
    told = bytearray(len(flat))
    for bytes_ in _BYTES:
        end = begin + bytes_ * count
        for place in range(bytes_):
            told[begin + place : end : bytes_] = flat[
                begin + place * count : begin + (place + 1) * count
            ]
        begin = end
    return bytes(told)
