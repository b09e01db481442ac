"""A schema of our own in a PostgreSQL database (数据库模式): opened, made, read and written.

For the stores that work with the driver directly; records go through `stores.records`. Opened when
first asked for, so that a database that is down stops no start; makes nothing unless told to
`prepare`. What does not answer is `Overloaded` for whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolFull

from kernel.errors import Overloaded
from stores.examined import Examined, Unfit

if TYPE_CHECKING:
    from psycopg import Connection

OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
"""Below this transaction number nothing can still be committed."""
_SOON = 5
_PATIENCE = 60_000
_OPTIONS = (
    f"-c statement_timeout={_PATIENCE} -c lock_timeout=2000"
    " -c idle_in_transaction_session_timeout=5min -c plan_cache_mode=force_custom_plan"
)
"""A plan is made anew each time: one kept from when a day's partition was empty reads all of it,
once for each of two thousand that are asked for, until somebody analyzes the table."""
_LEAST = 150_000
_TOO_OLD = "juzhen needs PostgreSQL 15 or later"
_ABOUT = """
create table if not exists {schema}.about (
    one integer primary key default 1 check (one = 1), owner text not null, shape integer not null
)
"""


class Shape(NamedTuple):
    """The tables of one store."""

    schema: str
    number: int
    """Counted up when the tables change."""
    tables: str
    """What makes them, ``{schema}`` and all; may be run again and again."""


def place(url: str) -> str:
    """The address, checked. Raises `ValueError` with what is wrong, never with the password."""
    try:
        told = make_url(url)
    except ArgumentError:
        raise ValueError("that is no address of a database") from None
    if told.get_backend_name() != "postgresql" or not told.database:
        raise ValueError(
            "an address of PostgreSQL is spelled postgresql+psycopg://USER:PASSWORD@host/database"
        )
    return url


class Database:
    """One store's tables, many readers, writers that name what they decide on."""

    def __init__(self, url: str, shape: Shape, *, owner: Callable[[], str]) -> None:
        """``owner`` answers what marks the schema as this company's."""
        self.shape = shape
        self._owner = owner
        self._engine: Engine = create_engine(
            url, pool_size=4, max_overflow=12, pool_timeout=2, pool_pre_ping=True,
            hide_parameters=True, connect_args={"options": _OPTIONS, "connect_timeout": 5},
        )  # fmt: skip

    @contextmanager
    def read(self) -> Iterator[Connection[Any]]:
        """A snapshot."""
        with self._connected() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read read only")
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection[Any]]:
        """For a single statement, which is a snapshot by itself, or a transaction."""
        with self._connected() as connection:
            yield connection

    @contextmanager
    def write(self, about: str = "") -> Iterator[Connection[Any]]:
        """All or nothing. Those who name the same thing work one after the other."""
        with self._connected() as connection, connection.transaction():
            if about:
                lock = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
                connection.execute(lock, (f"{self.shape.schema}:{about}",))
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[Connection[Any]]:
        """A connection that commits by itself outside of a transaction."""
        import psycopg

        try:
            kept = self._engine.raw_connection()
            try:
                connection: Any = kept.driver_connection
                connection.autocommit = True
                yield connection
            finally:
                kept.close()
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolFull, DBAPIError) as broken:
            raise Overloaded("store_is_unavailable", seconds=_SOON) from broken

    def vacuum(self, tables: Sequence[str]) -> None:
        """Let the space of rows that are gone be written over."""
        with self._connected() as connection:
            connection.execute("set statement_timeout = 0")
            try:
                connection.execute(f"vacuum {', '.join(tables)}".encode())
            finally:
                connection.execute(f"set statement_timeout = {_PATIENCE}".encode())

    def prepare(self, settle: Callable[[Connection[Any]], None] | None = None) -> str:
        """Make the tables that are not there; what was done. Raises `Unfit` if they are another's.

        ``settle`` is called in the same transaction.
        """
        with self.write("prepare") as connection:
            schema = self.shape.schema
            there = self._about(connection)
            if there is not None:
                self._check(there)
            connection.execute(f"create schema if not exists {schema}".encode())
            connection.execute(_ABOUT.format(schema=schema).encode())
            connection.execute(self.shape.tables.format(schema=schema).encode())
            connection.execute(
                f"insert into {schema}.about (owner, shape) values (%s, %s)"  # noqa: S608 - our own word
                " on conflict (one) do update set shape = excluded.shape".encode(),
                (self._owner(), self.shape.number),
            )
            if settle is not None:
                settle(connection)
        return "" if there else f"{schema}: made"

    def _about(self, connection: Connection[Any]) -> tuple[str, int] | None:
        """Whose the schema is, and in which shape; None if there is none of that name."""
        asked = "select to_regclass(%s), to_regnamespace(%s)"
        schema = self.shape.schema
        row = connection.execute(asked, (f"{schema}.about", schema)).fetchone()
        about, namespace = row or (None, None)
        if about is None:
            return ("", 0) if namespace is not None else None
        told = connection.execute(f"select owner, shape from {schema}.about".encode()).fetchone()  # noqa: S608 - our own word
        return told and (str(told[0]), int(told[1]))

    def _check(self, there: tuple[str, int]) -> None:
        owner, shape = there
        whose = "another company" if owner else "another program"
        if owner != self._owner():
            raise Unfit(
                f"The schema {self.shape.schema} belongs to {whose}: give this company a database"
                " of its own. Nothing was changed."
            )
        if shape > self.shape.number:
            raise Unfit(
                f"The schema {self.shape.schema} was made by a later version: run that one."
                " Nothing was changed."
            )

    def examine(self) -> Examined:
        """Look, and change nothing."""
        try:
            with self.glance() as connection:
                version = connection.info.server_version
                there = self._about(connection)
        except Overloaded as broken:
            return unanswered(broken.__cause__, where(self._engine))
        said = f"{_named(version)}, schema {self.shape.schema}"
        if version < _LEAST:
            return Examined(False, f"{said}: too old", _TOO_OLD)
        if there is None or there == (self._owner(), 0):
            return Examined(False, f"{said}: its tables are not there yet", "Run: juzhen migrate")
        try:
            self._check(there)
        except Unfit as unfit:
            says, _, advice = str(unfit).partition(": ")
            return Examined(False, says, advice)
        if there[1] < self.shape.number:
            return Examined(False, f"{said}: its tables are older", "Run: juzhen migrate")
        return Examined(True, said, "")

    def close(self) -> None:
        self._engine.dispose()


_REFUSED = ("28", "3D", "42501")
"""SQLSTATEs of credentials, of a database that is not there, and of rights."""


def examine(engine: Engine) -> Examined:
    """Does the database answer us, and is it new enough? Looks at no table, and changes nothing."""
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            version = int(driver.info.server_version)
    except (DBAPIError, PoolFull) as broken:
        return unanswered(broken, where(engine))
    if version < _LEAST:
        return Examined(False, f"{_named(version)}: too old", _TOO_OLD)
    return Examined(True, _named(version), "")


def where(engine: Engine) -> str:
    """The address without its secrets."""
    at = engine.url
    return f"{at.host or 'localhost'}:{at.port or 5432}/{at.database}"


def _named(version: int) -> str:
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


def unanswered(broken: BaseException | None, where: str) -> Examined:
    """What went wrong with a connection, in words that give no secret away."""
    cause = getattr(broken, "orig", broken)
    state = getattr(cause, "sqlstate", None) or ""
    told = str(cause)
    if state.startswith(_REFUSED) or "authentication failed" in told or "does not exist" in told:
        advice = (
            "Check the user, the password and the database's name in the address, and that the"
            " user may create tables there."
        )
        return Examined(False, f"{where} refuses us", advice)
    name = type(cause).__name__
    return Examined(
        None, f"{where} does not answer ({name})",
        "Is the address right, and may this machine reach it?",
    )  # fmt: skip
