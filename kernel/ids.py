"""Ids and pages (编号与翻页): sortable ids, opaque cursors. Does not talk to any store."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Generic, TypeVar

import orjson

from kernel.clock import utc_now
from kernel.errors import Invalid
from kernel.values import dataclass

Item = TypeVar("Item")
Other = TypeVar("Other")

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [one + other for one in _DIGITS for other in _DIGITS]
_SHIFTS = range(100, -1, -10)
"""Two digits at a time, and one that is always nought in front."""
_SURROGATE = re.compile("[\ud800-\udfff]")
PAGE_LIMIT = 100
"""No list answers more than this at once, whoever asks."""


def new_id(prefix: str) -> str:
    """A fresh id such as ``mat_01jv…``: 9 characters of milliseconds, then 60 random bits.

    Ids made later sort later (by the millisecond), so an index grows at its end.
    """
    number = int(utc_now().timestamp() * 1000) << 60 | secrets.randbits(60)
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])[1:]}"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A stretch of a list. ``next`` is the cursor of its last item, None on the last page.

    ``total`` is counted only for those who ask for it.
    """

    items: Sequence[Item]
    next: str | None = None
    total: int | None = None

    def map(self, change: Callable[[Item], Other]) -> Page[Other]:
        return Page([change(item) for item in self.items], self.next, self.total)


def page_of(
    rows: Sequence[Item], size: int, key: Callable[[Item], Sequence[str | int | float | None]]
) -> Page[Item]:
    """The first so many of rows that were asked for with one more: that there is one tells that
    another page follows, behind the ``key`` of this one's last."""
    more = len(rows) > size > 0
    return Page(rows[:size], cursor(*key(rows[size - 1])) if more else None)


def cursor(*key: str | int | float | None) -> str:
    """Where a page ended, spelled so that nobody is tempted to read it."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def read_cursor(text: str, *kinds: type, field: str = "after") -> tuple[str | int | float, ...]:
    """The key inside a cursor. Raises `Invalid` for anything that `cursor` did not write."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as broken:
        raise Invalid(field, "bad_cursor") from broken
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise Invalid(field, "bad_cursor")
    if not all(map(_keepable, key)):
        raise Invalid(field, "bad_cursor")
    return tuple(key)


def _keepable(part: str | int | float) -> bool:
    """Could a store have told it? None takes half a character, or a number without an end."""
    if isinstance(part, str):
        return "\0" not in part and _SURROGATE.search(part) is None
    return isfinite(part) if isinstance(part, float) else -(1 << 63) <= part < 1 << 63


def read_moment(text: object) -> datetime:
    """A moment out of a cursor, in UTC. Raises `Invalid` for what is none."""
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as broken:
        raise Invalid("after", "bad_cursor") from broken
    raise Invalid("after", "bad_cursor")


def page_size(first: int, *, field: str = "first") -> int:
    """The asked page size, if it is one we answer; else raises `Invalid` for ``field``."""
    if not 0 <= first <= PAGE_LIMIT:
        raise Invalid(field, "page_size_out_of_range", limit=PAGE_LIMIT)
    return first
