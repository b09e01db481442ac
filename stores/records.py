"""Records (记录): the models' two bases, and the one place that opens a transaction.

Measured, so do not "simplify": with SQLAlchemy's defaults SQLite lost 1,694 of 2,000
read-then-write requests and PostgreSQL 678 of 800, without one error. Hence our own
``BEGIN IMMEDIATE`` behind a fair file lock there, and named advisory locks here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    MetaData,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session
from sqlalchemy.types import TypeDecorator

from kernel.values import same
from stores import bulk
from stores.bulk import many
from stores.busy import busy_is_said
from stores.connecting import connected
from stores.emptying import empty
from stores.looks import Looks, TooLong
from stores.opened import Opened
from stores.queueing import fair_turn


class Moment(TypeDecorator[datetime]):
    """An aware moment, always UTC in our hands.

    SQLite forgets the zone; PostgreSQL answers in the session's.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone could mean anything")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_TYPES: dict[Any, Any] = {datetime: Moment, dict[str, Any]: JSON, list[str]: JSON, list[Any]: JSON}


class Record(MappedAsDataclass, DeclarativeBase, repr=False, eq=False):
    """What people or the gate decided (``records.db``). Relationships never load by accident; what
    a row holds is in no message and no traceback.

    Modules that declare one import no annotations from ``__future__``: parsing 1,000 words again
    would be a twentieth of a start."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar = _TYPES
    __eq__ = same
    __hash__ = None  # type: ignore[assignment]  # as the library says it


class Folded(MappedAsDataclass, DeclarativeBase, repr=False, eq=False):
    """What the digest works out (``people.db``): rebuilt from history and the decisions."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar = _TYPES
    __eq__ = same
    __hash__ = None  # type: ignore[assignment]  # as the library says it


Base = type[Record] | type[Folded]


class _Here(threading.local):
    """The transaction that is open in one thread."""

    opened: Opened | None = None
    unasked = False


class Records:
    """One system of record. Whoever asks while a transaction of it is open joins that."""

    def __init__(
        self,
        url: str,
        *,
        durability: str = "power",
        held: Callable[[float], None] | None = None,
        patient: bool = False,
    ) -> None:
        """``held`` is told for how many seconds each write kept the lock. ``patient`` is for who
        changes tables: its statements may take as long as they take."""
        self.engine = connected(url, durability, patient)
        self._here = _Here()
        self._held = held
        self._file = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        self.looks = Looks(self._file) if self._file else None
        self._bare = self._snapshots = self.engine  # on SQLite we say BEGIN ourselves
        if not self._file:
            self._bare = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._snapshots = self.engine.execution_options(**_SNAPSHOT)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot: whatever is read in one block was true at one moment."""
        with self._joined(None) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """For a single statement, which is a snapshot by itself: half the price of `read`. Inside
        a transaction of this thread it is that transaction's connection."""
        running = self._here.opened
        if running is not None:
            yield running.connection
            return
        self._check_asking()
        with busy_is_said(), self._bare.connect() as connection:
            yield connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of one statement with ``?`` for its values, at the price of the bare driver;
        inside a transaction of this thread it is asked there."""
        if self.looks is not None:
            running = self._here.opened
            through = None if running is None else running.driver
            return self.looks.rows(statement, values, through)
        if self.on_postgres:
            statement = statement.replace("?", "%s")
        with self.glance() as connection:
            return list(connection.exec_driver_sql(statement, tuple(values)).fetchall())

    def together(self) -> AbstractContextManager[object]:
        """For several questions by `rows`, one shortly after the other: all of one moment, by one
        connection, and what is asked again is not looked up again."""
        return self.looks.snapshot() if self.looks is not None else self.read()

    def steady(self) -> AbstractContextManager[None]:
        """In this block a file is asked once whether anything was committed; a server as ever."""
        return self.looks.held() if self.looks is not None else nullcontext()

    def stamp(self) -> int | None:
        """As long as it is the same in this thread, nothing was committed. None: nobody knows,
        because the records are on another machine or a transaction is open here."""
        if self.looks is None or self._here.opened is not None:
            return None
        return self.looks.stamp()

    def moved(self, stamp: int) -> bool:
        """Was anything committed since `stamp` told this thread so?"""
        return self.looks is None or self._here.opened is not None or self.looks.moved(stamp)

    def stirred(self) -> int | str:
        """Another answer after every commit of anybody's; not from within a transaction."""
        if self.looks is not None:
            return self.looks.stamp()
        return str(self.rows(_TRANSACTIONS)[0][0])

    def true_here(self) -> dict[Any, Any] | None:
        """A place for what stays true until the end of the snapshot that this thread reads in; None
        outside of one, and while writing."""
        running = self._here.opened
        return running.true if running is not None and running.about is None else None

    @property
    def writing(self) -> bool:
        """Is a write open in this thread?"""
        running = self._here.opened
        return running is not None and running.about is not None

    @contextmanager
    def unasked(self) -> Iterator[None]:
        """In this block nothing may be asked that this thread would have to wait for: `TooLong`."""
        self._here.unasked = True
        try:
            yield
        finally:
            self._here.unasked = False

    def _check_asking(self) -> None:
        if self._here.unasked:
            raise TooLong

    @contextmanager
    def write(self, *about: str, first: bool = False) -> Iterator[Session]:
        """All or nothing, over every room that takes part.

        ``about`` names what is being decided on, say ``customer:cus_1``: writers that name the
        same thing never overlap, on any engine. The outermost write names everything; one that
        joins may not name more, or two could wait for each other. Keep it under 100 ms; call
        nothing outside the process meanwhile. ``first`` is for a small write that somebody outside
        waits for: where a file has one writer at a time, it goes before most who wait.
        """
        nested = self._here.opened is not None
        with (
            self._joined(about, first) as session,
            session.begin_nested() if nested else nullcontext(),
        ):
            yield session

    @contextmanager
    def part(self) -> Iterator[Session]:
        """A few statements of whichever write is open here, or a write of their own.

        Cheaper than joining by `write`: what fails in here fails all of it, caught or not.
        """
        with self._joined(()) as session:
            yield session

    def bare_part(self) -> AbstractContextManager[object]:
        """The same for who needs no session."""
        return nullcontext() if self.writing else self.part()

    def put(self, kind: Base, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put new rows in, all of which name the same columns: in whichever write is open here,
        or in one of their own."""
        with self.bare_part():
            running = self._here.opened
            assert running is not None  # noqa: S101 - it was opened just now
            bulk.put_by(running.connection, kind, rows)

    @contextmanager
    def jot(self) -> Iterator[None]:
        """A small write that somebody outside waits for (see `write`), made of `rows` and `put`:
        without the price of a session, unless somebody who takes part asks for one."""
        if not self._file or self._here.opened is not None:
            with self.write(first=True):
                yield
            return
        self._check_asking()
        with (
            busy_is_said(), fair_turn(self._file, first=True), self._timed(),
            self.engine.begin() as connection,
        ):  # fmt: skip
            connection.exec_driver_sql(_WRITES)
            with self._open(Opened((), connection=connection)) as opened, closing(opened):
                yield
                opened.finish()

    @contextmanager
    def _open(self, opened: Opened) -> Iterator[Opened]:
        """In this block it is what is open in this thread."""
        self._here.opened = opened
        _open_here.count = getattr(_open_here, "count", 0) + 1
        try:
            yield opened
        finally:
            self._here.opened = None
            _open_here.count -= 1

    @contextmanager
    def _joined(self, about: tuple[str, ...] | None, first: bool = False) -> Iterator[Session]:
        """``about`` is None for a question, and the names decided on for a write."""
        running = self._here.opened
        if running is not None:
            _check_joining(about, running.about)
            yield running.session
            return
        self._check_asking()
        with ExitStack() as stack:
            stack.enter_context(busy_is_said())
            if about is not None:
                if self._file:
                    stack.enter_context(fair_turn(self._file, first=first))
                stack.enter_context(self._timed())
            engine = self._snapshots if about is None else self.engine
            session = stack.enter_context(Session(engine, expire_on_commit=False))
            stack.enter_context(session.begin())
            if self._file:
                session.connection().exec_driver_sql(_READS if about is None else _WRITES)
            if about and not self._file:  # sorted: two writers cannot deadlock
                session.execute(_LOCK, {"things": sorted(set(about))})
            stack.enter_context(self._open(Opened(about, session=session)))
            yield session

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            if self._held:
                self._held(time.perf_counter() - begun)

    @property
    def on_postgres(self) -> bool:
        return self._file is None

    def create(self, base: Base) -> None:
        """Make the tables of a base as the models stand. For tests; a company migrates."""
        base.metadata.create_all(self.engine)

    def emptied(self) -> bool:
        """Bring what was committed into the file and empty the log beside it, so that what was
        erased stands there no longer either; False while somebody who reads holds the log."""
        if not self._file:
            return True
        with busy_is_said(), self.engine.connect() as connection:
            return empty(connection.exec_driver_sql, fair_turn(self._file))

    def close(self) -> None:
        if self.looks is not None:
            self.looks.close()
        self.engine.dispose()


_READS, _WRITES = "BEGIN", "BEGIN IMMEDIATE"
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_LOCK = text(
    "SELECT count(pg_advisory_xact_lock(hashtextextended(thing, 0)))"
    " FROM unnest(CAST(:things AS text[])) thing"
)
_TRANSACTIONS = "SELECT pg_current_snapshot()::text"
_open_here = threading.local()


def in_transaction() -> bool:
    """Is any transaction open in this thread? Whoever leaves the process refuses then."""
    return getattr(_open_here, "count", 0) > 0


def _check_joining(about: tuple[str, ...] | None, outer: tuple[str, ...] | None) -> None:
    if about is None:
        return
    if outer is None:
        raise RuntimeError("a read cannot turn into a write")
    if late := set(about) - set(outer):
        raise RuntimeError(f"the outermost write must name {', '.join(sorted(late))}")


def insert(session: Session, kind: Base) -> sqlite.Insert:
    """An INSERT that can say what happens to a row that is there already (``on_conflict_do_…``),
    as the session's database spells it."""
    table: Any = kind.__table__
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # a tenth of a second that one machine never needs

    spelled: Any = postgresql.insert(table)  # the same methods
    return cast("sqlite.Insert", spelled)


def upsert(session: Session, kind: Base, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the rows in, each in the place of the one with its primary key, if there is one."""
    if not rows:
        return
    table: Any = kind.__table__
    put = insert(session, kind)
    keys = [column.name for column in table.primary_key]
    told = {name: put.excluded[name] for name in rows[0] if name not in keys}
    if told:
        put = put.on_conflict_do_update(index_elements=keys, set_=told)
    else:
        put = put.on_conflict_do_nothing(index_elements=keys)
    many(session, kind, put, rows)


def add_new(
    session: Session, kind: Base, rows: Sequence[Mapping[str, Any]], *, unlike: str
) -> None:
    """Put those rows in whose ``unlike`` is not there yet; the others are left as they are."""
    if rows:
        put = insert(session, kind).on_conflict_do_nothing(index_elements=[unlike])
        many(session, kind, put, rows)
