"""Indexes made beside the writers (并发建索引): on PostgreSQL, for tables that already have rows.

Making an index holds every writer up for as long as it takes (two seconds for 1.5 million rows);
made ``CONCURRENTLY`` it holds nobody, but cannot be part of a transaction. So a script's index of a
table that was there before it is left for afterwards. Whoever dies in between leaves it out, or
half made: the next `juzhen migrate` finds that by comparing with the models.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, cast

from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Connection, Engine, Index, MetaData, Table, inspect, text
from sqlalchemy.schema import CreateIndex

_ALONE = "hashtext('indexes')"
_HALF_MADE = """
select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
where not i.indisvalid and c.relnamespace = 'public'::regnamespace
"""


class Deferring(PostgresqlImpl):
    """Alembic's words for PostgreSQL, but for the indexes of tables that were there before."""

    __dialect__ = "postgresql"

    def __init__(self, dialect: Any, connection: Connection | None, *rest: Any, **more: Any):
        super().__init__(dialect, connection, *rest, **more)
        self.afterwards: list[Index] = []
        self._before = set(inspect(connection).get_table_names()) if connection else set()

    def create_index(self, index: Index, **more: Any) -> None:
        if index.table is not None and index.table.name in self._before:
            self.afterwards.append(index)
        else:
            super().create_index(index, **more)

    def drop_index(self, index: Index, **more: Any) -> None:
        self.afterwards = [each for each in self.afterwards if each.name != index.name]
        super().drop_index(index, **more | {"if_exists": True})


def missing(connection: Connection, models: MetaData) -> list[Index]:
    """The models' indexes that a database does not have, or has only by half."""
    there = inspect(connection)
    tables = set(there.get_table_names())
    half = set(connection.scalars(text(_HALF_MADE)))
    return [
        index
        for table in models.sorted_tables
        if table.name in tables
        for index in sorted(table.indexes, key=lambda each: str(each.name))
        if index.name in half
        or index.name not in {each["name"] for each in there.get_indexes(table.name)}
    ]


def make(engine: Engine, indexes: Collection[Index]) -> None:
    """Make them, one after the other, while everybody goes on writing. Harmless to repeat."""
    if not indexes:
        return
    with engine.connect() as plain:
        run = plain.execution_options(isolation_level="AUTOCOMMIT")
        run.execute(text("SET statement_timeout = 0"))
        run.execute(text("SET lock_timeout = 0"))
        try:
            _wait(run)
            for index in indexes:
                _make(run, index)
        finally:
            plain.invalidate()  # the lock and the settings go with the connection


def _wait(run: Connection) -> None:
    """Until nobody else makes any: asked again and again, because whoever waits in a statement is
    waited for by the one who makes an index."""
    while not run.scalar(text(f"SELECT pg_try_advisory_lock({_ALONE})")):
        time.sleep(0.1)


def _make(run: Connection, index: Index) -> None:
    if index.name in set(run.scalars(text(_HALF_MADE))):
        run.execute(text(f'DROP INDEX CONCURRENTLY IF EXISTS "{index.name}"'))
    apart = cast(Table, index.table).to_metadata(MetaData())
    beside = next(each for each in apart.indexes if each.name == index.name)
    beside.info.update(index.info)  # of which rows (`stores.partial`)
    beside.dialect_options["postgresql"]["concurrently"] = True
    run.execute(CreateIndex(beside, if_not_exists=True))
