"""Spelling (裸语句的写法): how values go into a bare statement and come out of its rows.

`Records.rows` speaks with the driver: SQLite keeps a moment as text without a zone, a yes as a
number and a list as JSON text; PostgreSQL gives each of them its own type.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import JSON, ColumnElement
from sqlalchemy.orm import class_mapper
from sqlalchemy.types import TypeDecorator

from stores.records import Moment, Record, Records

Kind = TypeVar("Kind", bound=Record)
_MOST = 900
"""Values in one IN list; SQLite was long built to take 999."""


def marks(values: Sized) -> str:
    """As many question marks, for an IN list; for none of them one that nothing equals."""
    return ",".join("?" * len(values)) or "NULL"


def chunks(values: Iterable[str], most: int = _MOST) -> Iterator[list[str]]:
    """The values in their order, so many at a time; no more than an IN list may hold."""
    ordered = sorted(values)
    for begin in range(0, len(ordered), most):
        yield ordered[begin : begin + most]


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
    """What a column of JSON holds, deflated or not."""
    if isinstance(told, bytes):
        told = zlib.decompress(told)
    return orjson.loads(told) if isinstance(told, str | bytes) else told


class Bare(Generic[Kind]):
    """Makes records of bare rows as a session would, at a tenth of the price. They are to be looked
    at: what is changed on them is not kept."""

    def __init__(self, kind: type[Kind]) -> None:
        columns = list(kind.__table__.columns)
        self.columns = ", ".join(f'"{each.name}"' for each in columns)
        """To be selected, in this order."""
        self._kind = kind
        self._names = [each.name for each in columns]
        told = ((each.name, _reader(each)) for each in columns)
        self._readers = [(name, read) for name, read in told if read is not None]

    @cached_property
    def _empty(self) -> Callable[[], Kind]:
        """Looked up when the first is made: every table is declared by then, and what it holds can
        be read though no session was ever begun."""
        made: Callable[[], Kind] = class_mapper(self._kind).class_manager.new_instance
        return made

    def __call__(self, row: Sequence[Any]) -> Kind:
        made: Kind = self._empty()
        held = made.__dict__
        held.update(zip(self._names, row, strict=True))
        for name, read in self._readers:
            held[name] = read(held[name])
        return made


def _reader(column: ColumnElement[Any]) -> Callable[[Any], Any] | None:
    """How the bare driver's value of a column is read; None: as it is."""
    kind = column.type
    if isinstance(kind.impl_instance if isinstance(kind, TypeDecorator) else kind, JSON):
        return unpacked
    return moment if isinstance(column.type, Moment) else None
