"""Personal data (个人信息): what is kept about a customer, found and erased table by table.

Every column that names or describes a customer says so in its ``info``, and nothing else has to be
told here:

- ``{"customer": "drop"}``: the row is hers and goes with her;
- ``{"customer": "blank"}``: the row stays and the column is emptied (a number or moment: NULL);
- ``{"customer": "beside"}``: it may name her in somebody else's row, which is not hers for that: it
  is emptied where it does, and the row is not told to her;
- ``{"customer": "anybody"}``: nobody can say whom it names, so it is emptied with whoever goes;
- ``{"customer": "keep"}``: it stays, because the law asks for it or as the proof of an erasure.

A row is hers if a marked column holds one of her names. Knows tables only; journal, history,
search and files are asked to forget by whoever erases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Delete,
    LargeBinary,
    Result,
    String,
    Table,
    Update,
    false,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from stores.records import Base, Records

_FEW = 200
"""So many rows are erased in one write."""


class Held(NamedTuple):
    """One row that tells of her."""

    table: str
    row: dict[str, Any]


def held(records: Records, base: Base, names: Collection[str]) -> Iterator[Held]:
    """Every row about her. ``names`` is whatever she is known by: handles, customer ids."""
    with records.read() as session:
        for table in base.metadata.sorted_tables:
            if marked := _about(table):
                for row in session.execute(select(table).where(_hers(marked, names))).mappings():
                    yield Held(table.name, dict(row))


def forget(
    records: Records,
    base: Base,
    names: Collection[str],
    *,
    only: Collection[str] = (),
    but: Collection[str] = (),
) -> int:
    """Erase her, a few rows in each write, and say how many were touched. Each step may be
    repeated, and so may all of it. ``only``, ``but``: tables, where order or moment matters."""
    return sum(
        _forget_in(records, table, names)
        for table in reversed(base.metadata.sorted_tables)
        if table.name not in but and (not only or table.name in only)
    )


def _forget_in(records: Records, table: Table, names: Collection[str]) -> int:
    touched = 0
    marked = _about(table)
    drop = _hers([c for c in marked if c.info["customer"] == "drop"], names)
    touched += _erased(records, table, drop, table.delete())
    if blank := {c.name: _nothing(c) for c in marked if c.info["customer"] == "blank"}:
        touched += _erased(records, table, _hers(marked, names), table.update().values(blank))
    for column in _marked(table):
        if column.info["customer"] == "beside":
            emptied = table.update().values({column.name: _nothing(column)})
            touched += _erased(records, table, _hers([column], names), emptied)
    if loose := {c.name: _nothing(c) for c in marked if c.info["customer"] == "anybody"}:
        kept = or_(*(table.c[name] != empty for name, empty in loose.items()))
        _erased(records, table, kept, table.update().values(loose))
        # and not counted: it is there anew with every answer to anybody
    return touched


def _erased(records: Records, table: Table, hers: ColumnElement[bool], act: Delete | Update) -> int:
    """Whoever asks waits for nobody; nobody waits for more than a few rows to be written."""
    key = list(table.primary_key)
    with records.read() as session:
        found = [tuple(row) for row in session.execute(select(*key).where(hers))]
    touched = 0
    for begin in range(0, len(found), _FEW):
        some = tuple_(*key).in_(found[begin : begin + _FEW])
        with records.write() as session:
            overwritten(records, session)
            touched += rows_of(session.execute(act.where(some, hers)))
            session.expire_all()
    return touched


def overwritten(records: Records, session: Session) -> None:
    """What this transaction takes away is to be gone from the file's free pages, too."""
    if not records.on_postgres:
        session.connection().exec_driver_sql("pragma secure_delete=on")


def rows_of(told: Result[Any]) -> int:
    """How many rows a statement touched."""
    return int(told.rowcount) if isinstance(told, CursorResult) else 0


def _marked(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if "customer" in column.info]


def _about(table: Table) -> list[Column[Any]]:
    """The columns by which a row is somebody's."""
    return [column for column in _marked(table) if column.info["customer"] != "beside"]


def _hers(columns: Collection[Column[Any]], names: Collection[str]) -> ColumnElement[bool]:
    texts = [column.in_(names) for column in columns if isinstance(column.type, String)]
    return or_(false(), *texts)


def _nothing(column: Column[Any]) -> object:
    if column.nullable:
        return None
    if isinstance(column.type, LargeBinary):
        return b""
    return "" if isinstance(column.type, String) else {}
