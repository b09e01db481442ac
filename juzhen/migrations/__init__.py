"""Migrations (迁移): bring the tables of a company to what this version needs. Rebuilds no fold.

One numbered, linear history for both parts, what people decided (``records``) and what the digest
works out (``people``). Every script has both parts; on PostgreSQL they share a database, with a
version table each. `juzhen.migrations.draft` writes the next script from the models. A script is
one transaction, and so is everything in a new company and in an embedded one: it is done, or
nothing is. Only the indexes of tables that have rows are made afterwards, beside whoever writes
(`juzhen.migrations.beside`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Index, inspect, text

from kernel.errors import Conflict
from stores.records import Base, Folded, Record

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

PARTS = ("records", "people")
HERE = Path(__file__).parent
MODELS: dict[str, Base] = {"records": Record, "people": Folded}


def migrate(records: Engine, people: Engine) -> list[str]:
    """Bring both parts to the newest version and say what was done. Harmless to repeat."""
    return [upgrade(engine, part) for engine, part in zip((records, people), PARTS, strict=True)]


def upgrade(engine: Engine, part: str, to: str = "") -> str:
    """Bring one part up to a version, the newest if none is named.

    Raises `Conflict` for tables that a later version made: what ours lacks, it cannot say.
    """
    target, begun, left = to or head(), None, list[Index]()
    while True:
        with _alone(engine) as connection:
            now = version(connection, part)
            if now > head():
                raise Conflict("tables_are_newer", part=part, there=now, known=head())
            begun = now if begun is None else begun
            if now >= target:
                break
            left += _up(connection, part, _step(engine, now, target))
    _index(engine, part, left, whole=target == head())
    if begun >= target:
        return f"{part}: up to date at {begun}"
    return f"{part}: {begun or 'empty'} → {target}"


def _step(engine: Engine, now: str, target: str) -> str:
    """How far one transaction goes: a script holds its tables until the end of it, and on a server
    others write meanwhile."""
    if not now or engine.dialect.name == "sqlite":
        return target
    return next(number for number in numbers() if number > now)


def _up(connection: Connection, part: str, to: str) -> list[Index]:
    return _run(connection, part, lambda scripts, now: scripts._upgrade_revs(to, now))  # noqa: SLF001  # Alembic's own commands call it


def downgrade(engine: Engine, part: str, to: str = "base") -> None:
    """Take one part back to an older version; ``base`` is before the first."""
    with _alone(engine) as connection:
        left = _run(connection, part, lambda scripts, now: scripts._downgrade_revs(to, now))  # noqa: SLF001  # likewise
    _index(engine, part, left, whole=False)


def pending(engine: Engine, part: str) -> bool:
    """Do the tables lack something that this version needs? Newer tables than ours are fine."""
    with engine.connect() as connection:
        return version(connection, part) < head()


def ahead(engine: Engine, part: str) -> str:
    """The number of the tables if a later version made them; empty if ours knows it."""
    with engine.connect() as connection:
        now = version(connection, part)
    return now if now > head() else ""


def version(connection: Connection, part: str) -> str:
    """The number of the last script that was run; empty if none was."""
    table = _table(part)
    if not inspect(connection).has_table(table):
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {table}"))  # noqa: S608  # our own name
    return str(found.scalar() or "")


@cache
def head() -> str:
    """The number of the newest script."""
    return max(numbers(), default="")


@cache
def numbers() -> list[str]:
    """The scripts' numbers, the oldest first: files are named by them, so none has to be loaded."""
    return sorted(file.name.split("_")[0] for file in (HERE / "versions").glob("0*.py"))


_PATIENCE = 600_000
"""Milliseconds that one migration waits for another: on a slow disk it takes its time."""


def _table(part: str) -> str:
    return f"{part}_version"


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction, and no other migration beside it.

    SQLite remakes a table to change it, which must not count as deleting what refers to it: so
    foreign keys are checked once, at the end.
    """
    embedded = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if embedded:
            patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
            connection.exec_driver_sql("PRAGMA foreign_keys = off")
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_PATIENCE}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('migrations'))"))
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        try:
            yield connection
            if embedded and (left := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"the migration leaves rows that refer to nothing: {left[:5]}")
            connection.commit()
        finally:
            connection.rollback()
            if embedded:
                connection.exec_driver_sql("PRAGMA foreign_keys = on")
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")


def _run(
    connection: Connection, part: str, steps: Callable[[ScriptDirectory, Any], list[Any]]
) -> list[Index]:
    """Run the scripts; which indexes are left for afterwards."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from juzhen.migrations.beside import Deferring

    scripts = ScriptDirectory(str(HERE))
    context = MigrationContext.configure(
        connection,
        opts={"version_table": _table(part), "fn": lambda now, _: steps(scripts, now)},
    )
    with Operations.context(context):
        context.run_migrations(part=part)
    return context.impl.afterwards if isinstance(context.impl, Deferring) else []


def _index(engine: Engine, part: str, left: list[Index], *, whole: bool) -> None:
    """Make what was left, and, at the newest version, whatever else the models have more."""
    if engine.dialect.name != "postgresql":
        return
    from juzhen.migrations import beside

    if whole:
        with engine.connect() as connection:
            told = {each.name for each in left}
            found = beside.missing(connection, MODELS[part].metadata)
            left = left + [each for each in found if each.name not in told]
    beside.make(engine, left)
