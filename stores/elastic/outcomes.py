"""What becomes of a bulk (批量写入): its items one by one, and how many go into one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_LARGEST = 4 << 20
"""Bytes a bulk request; a cluster's own limit is 100 MB, its memory is what suffers first."""


class Outcome(NamedTuple):
    """What became of one item of a bulk."""

    status: int
    result: str
    reason: str


def outcome_of(item: Mapping[str, Any]) -> Outcome:
    error = item.get("error") or {}
    reason = f"{error.get('type', '')}: {error.get('reason', '')}" if error else ""
    return Outcome(int(item["status"]), str(item.get("result", "")), reason)


def unavailable(outcome: Outcome) -> bool:
    """Not this item's fault: no such index, no right to write, no room on the disk."""
    return (outcome.status in {401, 403, 404} and bool(outcome.reason)) or outcome.status >= 500


def slices(
    items: Sequence[tuple[dict[str, Any], Any]], waiting: Sequence[int]
) -> Iterator[list[int]]:
    """Places of items that fit into one request."""
    part: list[int] = []
    size = 0
    for place_ in waiting:
        weight = len(str(items[place_][1]))
        if part and (size + weight > _LARGEST or len(part) >= 1_000):
            yield part
            part, size = [], 0
        part.append(place_)
        size += weight
    if part:
        yield part
