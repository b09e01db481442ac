"""The words of the arrays (数组用语): what a material is known by there, and where it is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.actors import VIPS

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]


def key_of(material: str) -> int:
    """Eight bytes of a digest: what neighbour lists and arrays know a material by.

    Not remembered: to find one among a hundred thousand takes longer than to work it out.
    """
    return int.from_bytes(_digest(material), "little")


def keys_of(materials: Iterable[str]) -> Keys:
    """The same of several."""
    return np.frombuffer(b"".join([_digest(each) for each in materials]), "<u8")


def _digest(material: str) -> bytes:
    return blake2b(material.encode(), digest_size=8).digest()


class Window(NamedTuple):
    """One promise of the shelf. Moments are seconds since 1970."""

    account: str
    unit: str
    opens: float
    closes: float


class Row(NamedTuple):
    """A placed material, as far as matching looks at it."""

    material: str
    type: str
    tags: tuple[str, ...]
    """Its tags and those above them."""
    windows: tuple[Window, ...]
    nature: int = 0
    """As `matching.suitability.nature_of` packs it."""


class Scope(NamedTuple):
    """What decides who is shown a window."""

    account: str
    unit: str

    def seen(self, units: Collection[str] | None, *, early: bool = False) -> bool:
        """``early`` says whether whom it is for is among those who are shown things first."""
        if self.unit == VIPS:
            return early
        return units is None or self.unit in units
