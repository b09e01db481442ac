"""Search in SQLite's FTS5 (搜索): the embedded index, in a file of its own. Decides no visibility.

Text goes in as bigrams (`stores.bigrams`) under the plain ascii tokenizer, which leaves them as
they are. Attributes are tokens of a third column, spelled as no text can be, so that filters are
part of the full-text query: joining a filter table costs more than the search, and so does naming
columns in it. A page is one look that joins one table: numbers are columns of a document's row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kernel.errors import Overloaded
from kernel.ids import cursor, page_size, read_cursor
from stores.bigrams import Phrase, phrases, tokens
from stores.records import Records
from stores.search import EVERYTHING, Document, Filter, Hits
from stores.sqlite.carried import Carried

SHAPE = 5
"""Counted up when the tables below change, or the words that go into them: an index of another
shape is emptied and rebuilt."""
_TABLES = """
CREATE TABLE documents (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, gone INTEGER NOT NULL,
    attributes TEXT, turn INTEGER NOT NULL
);
CREATE INDEX turns ON documents (turn);
CREATE TABLE follower (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER, mark TEXT);
CREATE VIRTUAL TABLE texts USING fts5 (
    title, body, attributes, tokenize = 'ascii', prefix = '1'
)
"""
_SLICE = 50
"""Documents a transaction, so that nobody waits for the lock longer than 100 ms."""
_AGED = 5_000
"""Documents a transaction of which nothing but one number changes."""
_BEFORE = -1
"""Older than any state of a document."""
_OURS = "\ue000"
"""Begins the tokens of attributes: private to us, and no letter, so no text has it in a token."""
_EVERY = f"{_OURS}every"
"""A token that all documents have and that is no hex, for filters that only exclude."""


class SqliteSearch:
    """A `stores.search.SearchIndex`. Any number of processes may read and write it."""

    def __init__(
        self,
        path: Path,
        *,
        durability: str = "power",
        held: Callable[[float], None] | None = None,
    ) -> None:
        """``held`` is told for how many seconds each write kept the lock."""
        self._records = Records(f"sqlite:///{path}", durability=durability, held=held)
        with self._records.write() as session:
            run = session.connection().exec_driver_sql
            if run("PRAGMA user_version").scalar() != SHAPE:
                self._shape(session.connection())
        self._known: frozenset[str] = frozenset()
        self._carried = Carried(self._records.rows)

    @staticmethod
    def _shape(connection: Connection) -> None:
        for table in ("documents", "numbers", "follower", "lives", "texts"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        for statement in _TABLES.split(";"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {SHAPE}")

    def _numbers(self) -> frozenset[str]:
        """The columns of all numbers that any document ever had."""
        told = self._records.rows(
            "SELECT name FROM pragma_table_info('documents') WHERE name LIKE 'number_%'"
        )
        self._known = frozenset(name for (name,) in told)
        return self._known

    def put(self, seq: int, documents: Sequence[Document], *, mark: str | None = None) -> None:
        for part in _slices(documents):
            with self._records.write() as session:
                for document in part:
                    self._put(session.connection(), seq, document)
        self._move(seq, mark)

    def drop(self, seq: int, ids: Collection[str], *, mark: str | None = None) -> None:
        for part in _slices(ids):
            with self._records.write() as session:
                for name in part:
                    _claim(session.connection(), seq, name)
        self._move(seq, mark)

    def _put(self, connection: Connection, seq: int, document: Document) -> None:
        attributes = " ".join([_EVERY, *map(_hex, sorted(set(document.attributes)))])
        row = _claim(connection, seq, document.id, attributes)
        if row is None:
            return
        title, body = (" ".join(tokens(document.texts.get(name, ""))) for name in ("title", "body"))
        connection.exec_driver_sql(
            "INSERT INTO texts (rowid, title, body, attributes) VALUES (?, ?, ?, ?)",
            (row, title, body, attributes),
        )
        self._number(connection, row, {_column(name): v for name, v in document.numbers.items()})

    def _number(self, connection: Connection, row: int, told: Mapping[str, float]) -> None:
        """Note the numbers of a row, and that it has no others. Columns are only ever added, so
        whoever knows of one may go on asking for it."""
        columns = self._numbers()
        for column in told.keys() - columns:
            connection.exec_driver_sql(f"ALTER TABLE documents ADD COLUMN {column} REAL")
        if wanted := sorted(columns | told.keys()):
            new = ", ".join(f"{column} = ?" for column in wanted)
            connection.exec_driver_sql(
                f"UPDATE documents SET {new} WHERE row = ?",  # noqa: S608  # our own words
                (*map(told.get, wanted), row),
            )

    def _move(self, seq: int, mark: str | None) -> None:
        if mark is None:
            return
        with self._records.write() as session:
            session.connection().exec_driver_sql(
                "INSERT INTO follower VALUES (1, ?, ?) ON CONFLICT DO UPDATE"
                " SET seq = excluded.seq, mark = excluded.mark WHERE excluded.seq >= seq",
                (seq, mark),
            )

    def seen(self) -> str:
        with self._records.read() as session:
            found = session.connection().exec_driver_sql("SELECT mark FROM follower").scalar()
            return str(found or "")

    @contextmanager
    def beside(self) -> Iterator[SqliteSearch]:
        for low in range(0, self._last() + 1, _AGED):
            with self._records.write() as session:
                session.connection().exec_driver_sql(
                    "UPDATE documents SET seq = ? WHERE row BETWEEN ? AND ?",
                    (_BEFORE, low, low + _AGED - 1),
                )
        anew = _Anew(self._records)
        yield anew
        self._drop_left()
        with self._records.write() as session:
            run = session.connection().exec_driver_sql
            run("DELETE FROM follower")
            run("INSERT INTO follower VALUES (1, ?, ?)", (anew.seq, anew.mark))

    def _last(self) -> int:
        return int(self._records.rows("SELECT coalesce(max(row), 0) FROM documents")[0][0])

    def _drop_left(self) -> None:
        """Documents that were not written anew, and texts that belong to none."""
        told = self._records.rows("SELECT id FROM documents WHERE seq = ?", (_BEFORE,))
        self.drop(0, [name for (name,) in told])
        alone = self._records.rows(
            "SELECT rowid FROM texts WHERE rowid NOT IN (SELECT row FROM documents WHERE NOT gone)"
        )
        for part in _slices([row for (row,) in alone]):
            with self._records.write() as session:
                for row in part:
                    session.connection().exec_driver_sql(
                        "DELETE FROM texts WHERE rowid = ?", (row,)
                    )

    def sweep(self, until: datetime) -> int:
        return 0  # nothing is ever beside it

    def search(
        self,
        text: str,
        where: Filter = EVERYTHING,
        *,
        boost: str = "quality",
        first: int = 20,
        after: str | None = None,
    ) -> Hits:
        page_size(first)
        last = read_cursor(after, float, str) if after else None
        wanted = phrases(text)
        if (text.strip() and not wanted) or not all(where.any):
            return Hits([], 0, None)
        try:
            rows, total = self._asked(_match(wanted), _match(wanted, where), boost, first, last)
        except (SQLAlchemyError, sqlite3.Error, OSError) as broken:
            raise Overloaded("store_is_unavailable", seconds=1) from broken
        more = len(rows) > first > 0
        ends = cursor(rows[first - 1][1], rows[first - 1][0]) if more else None
        return Hits([row[0] for row in rows[:first]], total, ends)

    def _asked(
        self, said: str, match: str, boost: str, first: int, last: tuple[Any, ...] | None
    ) -> tuple[Sequence[Any], int]:
        """One row more than the page has, and how many there are in all. ``said`` is what the
        words ask for, ``match`` that and the filters."""
        rows: Sequence[Any] = []
        if first:
            column = _column(boost)
            known = column in self._known or column in self._numbers()
            statement = _page(said, match, column if known else None, last)
            asked = (said, match) if said and said != match else (match,)
            rows = self._records.rows(statement, (*asked, *(last or ()), first + 1))
        if rows:
            return rows, rows[0][2]
        ((total,),) = self._records.rows("SELECT count(*) FROM texts WHERE texts MATCH ?", (match,))
        return rows, total

    def counts(
        self, text: str, where: Filter = EVERYTHING, *, families: Collection[str]
    ) -> dict[str, int]:
        wanted = phrases(text)
        if (text.strip() and not wanted) or not all(where.any):
            return {}
        match = _match(wanted, where)
        try:
            found = None if match == _match([], EVERYTHING) else self._rows_of(match)
            counted = self._carried.counts(found)
        except (SQLAlchemyError, sqlite3.Error, OSError) as broken:
            raise Overloaded("store_is_unavailable", seconds=1) from broken
        begins = tuple(map(_hex, families))
        return {_plain(each): n for each, n in counted.items() if each.startswith(begins)}

    def _rows_of(self, match: str) -> str:
        """The numbers of all rows that match, in one text: rows by themselves cost far more."""
        ((told,),) = self._records.rows(_ROWS, (match,))
        return told or ""

    def flaws(self) -> Iterator[str]:
        with self._records.read() as session:
            run = session.connection().exec_driver_sql
            for row in run(
                "SELECT id FROM documents WHERE NOT gone AND row NOT IN (SELECT rowid FROM texts)"
            ):
                yield f"search: {row.id} should be found and has no text"
            for row in run(
                "SELECT rowid AS place FROM texts"
                " WHERE rowid NOT IN (SELECT row FROM documents WHERE NOT gone)"
            ):
                yield f"search: the text at {row.place} belongs to no document"

    def close(self) -> None:
        self._records.close()


class _Anew(SqliteSearch):
    """The same tables while they are written over: what was there answers until it is written anew
    and goes at the end if it was not. How far that is stands here, and whoever follows the index
    goes on undisturbed; broken off, the index is as new as it was, in part worked out again."""

    def __init__(self, records: Records) -> None:
        self._records, self._known, self._carried = records, frozenset(), Carried(records.rows)
        self.seq, self.mark = 0, ""

    def _move(self, seq: int, mark: str | None) -> None:
        if mark is not None:
            self.seq, self.mark = seq, mark

    def seen(self) -> str:
        return self.mark


_ROWS = "SELECT group_concat(rowid) FROM texts WHERE texts MATCH ?"


def _claim(
    connection: Connection, seq: int, name: str, attributes: str | None = None
) -> int | None:
    """The row that this state of a document may write, its old text out of the way; None if the
    index has seen a newer state. What is gone has no attributes."""
    row = connection.exec_driver_sql(
        "INSERT INTO documents (id, seq, gone, attributes, turn)"
        " VALUES (?, ?, ?, ?, (SELECT coalesce(max(turn), 0) + 1 FROM documents))"
        " ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, gone = excluded.gone,"
        " attributes = excluded.attributes, turn = excluded.turn"
        " WHERE excluded.seq >= seq RETURNING row",
        (name, seq, attributes is None, attributes),
    ).scalar()
    if row is not None:
        connection.exec_driver_sql("DELETE FROM texts WHERE rowid = ?", (row,))
    return row


def _column(number: str) -> str:
    return f"number_{number.encode('utf-8', 'surrogatepass').hex()}"


def _page(said: str, match: str, boost: str | None, last: object) -> str:
    """The statement for one page. FTS5's bm25 is negative, the better the lower. It reckons how
    rare every token of its query is, so filters, on tokens that half of all have, stand in a
    query of their own; the plus keeps SQLite from asking that once for every row.
    """
    relevance = "bm25(texts, 3.0, 1.0, 0.0)" if said else "-1.0"
    weight = f" * (1 + max(0, coalesce(d.{boost}, 0)))" if boost else ""
    inside = " AND +texts.rowid IN (SELECT rowid FROM texts WHERE texts MATCH ?)"
    return (
        f"WITH hits AS MATERIALIZED (SELECT d.id AS id, {relevance}{weight} AS score"  # noqa: S608  # only our own words
        " FROM texts JOIN documents AS d ON d.row = texts.rowid WHERE texts MATCH ?"
        f"{inside if said and said != match else ''})"
        " SELECT id, score, (SELECT count(*) FROM hits) FROM hits"
        f" {'WHERE (score, id) > (?, ?)' if last else ''} ORDER BY score, id LIMIT ?"
    )


def _match(wanted: Iterable[Phrase], where: Filter | None = None) -> str:
    """FTS5's query; without ``where`` of the words alone, and empty if there are none. No token
    holds a quote, so none can end its string."""
    parts = [f'"{" ".join(phrase.tokens)}"{" *" if phrase.open else ""}' for phrase in wanted]
    if where is None:
        return " AND ".join(parts)
    parts += map(_quoted, where.all)
    parts += [f"({' OR '.join(map(_quoted, group))})" for group in where.any]
    query = " AND ".join(parts) or f'"{_EVERY}"'
    if where.none:
        query = f"({query}) NOT ({' OR '.join(map(_quoted, where.none))})"
    return query


def _quoted(attribute: str) -> str:
    return f'"{_hex(attribute)}"'


def _hex(attribute: str) -> str:
    return _OURS + attribute.encode("utf-8", "surrogatepass").hex()


def _plain(token: str) -> str:
    return bytes.fromhex(token.removeprefix(_OURS)).decode("utf-8", "surrogatepass")


def _slices(things: Collection[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while part := list(islice(rest, _SLICE)):
        yield part
