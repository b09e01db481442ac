"""Waiting (等待): the columns that hold until when something waits, where they are made.

A moment that was reckoned from the clock as it stood goes back with that clock; one that somebody
promised (a schedule, a date) does not. Moves none: that is `engagement.put_back`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stores.records import Base

GOES_BACK = {"clock": "goes back"}
"""The ``info`` of a column that says: not before then, so long after the clock of that time."""


def waiting(base: Base) -> Iterator[tuple[Any, str]]:
    """Each kind of record that waits, by its table's name, and its attribute that says till when.
    Only kinds whose module was imported are known."""
    for mapper in sorted(base.registry.mappers, key=lambda each: each.class_.__tablename__):
        for column in mapper.columns:
            if column.info.get("clock") == GOES_BACK["clock"]:
                yield mapper.class_, mapper.get_property_by_column(column).key
