"""Spelling (裸语句的写法): how values go into a bare statement and come out of its rows.

`Records.rows` speaks with the driver: SQLite keeps a moment as text without a zone, a yes as a
number and a list as JSON text; PostgreSQL gives each of them its own type.
"""

from __future__ import annotations

from collections.abc import Sized
from datetime import UTC, datetime
from typing import Any

import orjson

from stores.records import Records


def marks(values: Sized) -> str:
    """As many question marks, for an IN list; for none of them one that nothing equals."""
    return ",".join("?" * len(values)) or "NULL"


def spelled(records: Records, moment: datetime) -> Any:
    """A moment as these records compare it."""
    if records.on_postgres:
        return moment
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def moment(told: Any) -> Any:
    """The moment that a row tells of, None if it tells of none."""
    if isinstance(told, str):
        told = datetime.fromisoformat(told)
    if told is None or told.tzinfo is not None:
        return told
    return told.replace(tzinfo=UTC)


def unpacked(told: Any) -> Any:
    """What a column of JSON holds."""
    return orjson.loads(told) if isinstance(told, str | bytes) else told
