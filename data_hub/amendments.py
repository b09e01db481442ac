"""Amendments (并行改写): about whom profiles were written out of the events' turn lately.

Who is folded anew, looked at or grouped anew is written beside the digest's turn, whose mark does
not move for it. Whoever thought about her before would undo that, so he asks here, and thinks
again. Keeps nobody's id: what stands for her stands for others, too.
"""

from __future__ import annotations

from collections.abc import Collection
from zlib import crc32

import orjson

from stores.records import Folded, Records
from stores.watermarks import Watermarks

_MARK = "digest.amended"
_KEPT = 1_000
"""Customers of the latest writes that are remembered, and at least those of the last."""
_Write = tuple[int, list[int]]


class Amendments:
    """The latest writes, in the order they were committed."""

    def __init__(self, people: Records) -> None:
        self._marks = Watermarks(people, Folded)

    def number(self) -> int:
        """How many there were so far."""
        writes = self._writes()
        return writes[-1][0] if writes else 0

    def note(self, customers: Collection[str]) -> None:
        """One more, about these. Joins its write."""
        writes = self._writes()
        number = writes[-1][0] + 1 if writes else 1
        writes.append((number, sorted(_short(customers))))
        while len(writes) > 1 and sum(len(hers) for _, hers in writes) > _KEPT:
            del writes[0]
        self._marks.move(_MARK, orjson.dumps(writes).decode())

    def touched(self, customers: Collection[str], since: int) -> bool:
        """Was one of these written about since there were so many? Of more writes than are
        remembered nobody knows."""
        writes, asked = self._writes(), _short(customers)
        if writes and since < writes[0][0] - 1:
            return True
        return any(not asked.isdisjoint(hers) for number, hers in writes if number > since)

    def _writes(self) -> list[_Write]:
        told: list[_Write] = orjson.loads(self._marks.of(_MARK) or b"[]")
        return told


def _short(customers: Collection[str]) -> set[int]:
    return {crc32(customer.encode()) for customer in customers}
