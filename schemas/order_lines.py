"""Lines of orders (订单明细行): which rows of a file tell of one order. Reads no file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from kernel.errors import Invalid

LOOK_BACK = 100_000
"""Lines of one order lie no further apart than so many others."""


class OrderLines:
    """Which lines of which orders the rows so far told, of the latest orders."""

    def __init__(self) -> None:
        self._first: dict[bytes, bytes] = {}

    def id_of(self, id_: str, properties: Mapping[str, Any]) -> str:
        """The id of a row about an order: the order's own for its first line. Another line of it
        says something else, and has its own; what says the same is the same again. Raises
        `Invalid` for what is nested deeper than can be kept."""
        try:
            told = orjson.dumps(properties, default=str, option=orjson.OPT_SORT_KEYS)
        except TypeError as wrong:
            raise Invalid("row", "nested_too_deep") from wrong
        said = _short(told)
        order = _short(id_.encode())
        if order not in self._first and len(self._first) >= LOOK_BACK:
            del self._first[next(iter(self._first))]
        first = self._first.setdefault(order, said)
        return id_ if first == said else f"{id_}:{said.hex()}"


def _short(told: bytes) -> bytes:
    return hashlib.blake2b(told, digest_size=8).digest()
