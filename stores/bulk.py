"""Bulk (批量读写): many rows of one table at the price of the driver, not of the ORM.

A row costs a third of what the ORM takes for it, and the digest reads and writes ten an event.
PostgreSQL is given its rows the usual way, where the network decides. Opens no transaction.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Insert,
    Table,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeDecorator

_FEW = 8
"""Fewer rows than this are not worth reading the statement for."""
_CHUNK = 10_000
_TOGETHER = 400
_MOMENT = len("2026-03-02 09:00:00.000000")
_MOMENTS = 256
"""Moments of one column whose spelling is kept: of thousands each of a worker's columns held a
megabyte, for moments that nobody tells again."""

_Told = Callable[[Any], Any]


def many(session: Session, kind: Any, put: Insert, rows: Sequence[Mapping[str, Any]]) -> int:
    """Give the statement all the rows, which name the same columns; says how many it put in or
    changed. Joins the session's write."""
    dialect = session.get_bind().dialect
    if dialect.name != "sqlite" or len(rows) < _FEW:
        return _executed(session, put, rows)
    names = list(rows[0])
    written = put.compile(dialect=dialect, column_keys=names)
    if written.insert_prefetch or sorted(written.positiontup or ()) != sorted(names):
        return _executed(session, put, rows)  # somebody must think of more than the rows tell
    table: Table = kind.__table__
    ordered = [(name, _teller(table, name, dialect)) for name in written.positiontup or ()]
    session.flush()
    return session.connection().exec_driver_sql(str(written), _spelled(rows, ordered)).rowcount


def _executed(session: Session, put: Insert, rows: Sequence[Mapping[str, Any]]) -> int:
    counted = {"preserve_rowcount": True}
    done: Any = session.execute(put, list(rows), execution_options=counted)
    return int(done.rowcount)


def put(session: Session, kind: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put new rows in; all of them name the same columns. Joins the session's write."""
    session.flush()
    put_by(session.connection(), kind, rows)


def put_by(connection: Connection, kind: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for who has no session."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(kind.__table__), list(rows))
        return
    written, ordered = _putting(kind, tuple(rows[0]), connection.dialect)
    connection.exec_driver_sql(written, _spelled(rows, ordered))


def change(session: Session, kind: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give the records with these primary keys the values that stand beside them; all rows name
    the same columns. Objects of the session learn nothing of it. Joins the session's write."""
    if not rows:
        return
    session.flush()
    connection, names = session.connection(), tuple(rows[0])
    if connection.dialect.name != "sqlite":
        key = kind.__mapper__.primary_key[0]
        values: dict[str, Any] = {n: bindparam(f"new_{n}") for n in names if n != key.name}
        put = update(kind.__table__).where(key == bindparam(f"new_{key.name}")).values(values)
        connection.execute(put, [{f"new_{name}": row[name] for name in names} for row in rows])
        return
    written, ordered = _changing(kind, names, connection.dialect)
    connection.exec_driver_sql(written, _spelled(rows, ordered))


@lru_cache(maxsize=64)
def _putting(
    kind: Any, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, _Told | None]]]:
    """The statement, and in which order and how the values are told to it."""
    table = kind.__table__
    columns = ", ".join(f'"{name}"' for name in names)
    told = [(name, _teller(table, name, dialect)) for name in names]
    places = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})', told  # noqa: S608 — our own names


@lru_cache(maxsize=64)
def _changing(
    kind: Any, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, _Told | None]]]:
    """The same for `change`."""
    table, key = kind.__table__, kind.__mapper__.primary_key[0].name
    ordered = [*(name for name in names if name != key), key]
    put = ", ".join(f'"{name}" = ?' for name in ordered[:-1])
    told = [(name, _teller(table, name, dialect)) for name in ordered]
    return f'UPDATE "{table.name}" SET {put} WHERE "{key}" = ?', told  # noqa: S608 — our own names


def among(
    session: Session,
    names: Sequence[str],
    key: InstrumentedAttribute[str],
    values: Collection[str],
) -> Iterator[Any]:
    """These columns of every row whose ``key`` is among the values, in no order."""
    connection = session.connection()
    session.flush()
    asked = sorted(set(values))
    for begin in range(0, len(asked), _CHUNK):
        chunk = asked[begin : begin + _CHUNK]
        if connection.dialect.name == "sqlite":
            kind: Any = key.class_
            wanted, made, readers = _asking(kind, tuple(names), key.key, connection.dialect)
            for row in connection.exec_driver_sql(wanted, (as_json(chunk),)).all():
                read = [to(value) if to else value for to, value in zip(readers, row, strict=True)]
                yield made(read)
        else:
            columns = key.class_.__table__.columns
            named = select(*[columns[name] for name in names]).where(columns[key.key].in_(chunk))
            yield from connection.execute(named).all()


@lru_cache(maxsize=64)
def _asking(
    kind: Any, names: tuple[str, ...], key: str, dialect: Dialect
) -> tuple[str, Callable[[Sequence[Any]], Any], list[_Told | None]]:
    """The statement, which takes one value however many are asked for; how a row of it is made,
    and how its values are read."""
    table, columns = kind.__table__, ", ".join(f'"{name}"' for name in names)
    wanted = (
        f'SELECT {columns} FROM "{table.name}"'  # noqa: S608 — our own names
        f' WHERE "{key}" IN (SELECT value FROM json_each(?))'
    )
    making: Any = namedtuple
    return wanted, making("Row", names)._make, [_reader(table, name, dialect) for name in names]


def _reader(table: Table, name: str, dialect: Dialect) -> _Told | None:
    """How the driver's value of this column is read; None: as it is."""
    kind = table.columns[name].type
    if isinstance(kind, TypeDecorator) and isinstance(kind.impl_instance, DateTime):
        return _read_moment
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _read_moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told + "+00:00")


def remove(
    session: Session, kind: Any, names: Sequence[str], keys: Sequence[tuple[str, ...]]
) -> None:
    """Take out the rows of whom these columns say one of the keys. Joins the session's write."""
    if not keys:
        return
    session.flush()
    connection, columns = session.connection(), [kind.__table__.columns[name] for name in names]
    if connection.dialect.name == "sqlite":
        these = " AND ".join(f'"{name}" = ?' for name in names)
        gone = f'DELETE FROM "{kind.__table__.name}" WHERE {these}'  # noqa: S608 — our own names
        connection.exec_driver_sql(gone, list(keys))
        return
    for begin in range(0, len(keys), _TOGETHER):
        some = tuple_(*columns).in_(keys[begin : begin + _TOGETHER])
        connection.execute(delete(kind.__table__).where(some))


def _spelled(
    rows: Sequence[Mapping[str, Any]], ordered: Sequence[tuple[str, _Told | None]]
) -> list[tuple[Any, ...]]:
    return [
        tuple([tell(row[name]) if tell else row[name] for name, tell in ordered]) for row in rows
    ]


def _teller(table: Table, name: str, dialect: Dialect) -> _Told | None:
    """How a value of this column is told to the driver; None: as it is."""
    kind = table.columns[name].type
    if isinstance(kind, JSON):
        return as_json
    if isinstance(kind, TypeDecorator) and isinstance(kind.impl_instance, DateTime):
        return lru_cache(maxsize=_MOMENTS)(_as_moment)  # one moment is told of many rows
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _as_moment(value: datetime | None) -> str | None:
    """As the dialect writes it, in a fifth of its time."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone could mean anything")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:_MOMENT]


def as_json(value: Any) -> str:
    """As a column of JSON holds it. Whole numbers beyond 64 bits and halves of characters, which
    the quick writer refuses, are written by the slow one."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return json.dumps(value)
