"""Search in PostgreSQL (搜索): for a company that wants no cluster beside its database.

The words of `stores.bigrams` and the attributes are the lexemes of one ``tsvector`` under a GIN
index, which finds who may fit; the words in their order, kept as text beside it, say who does.
Lexemes know no order there on purpose: PostgreSQL forgets positions beyond 16,383.

A state that is older than what the index holds is left out; what is dropped stays as a mark
without text, or an old state could come back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson

from kernel.ids import cursor, page_size, read_cursor
from stores.bigrams import Phrase, phrases, tokens
from stores.examined import Examined
from stores.postgres.database import Database, Shape
from stores.search import EVERYTHING, Document, Filter, Hits

_TABLE = """
create table if not exists {table} (
    id text collate "C" primary key, seq bigint not null, gone boolean not null,
    title text not null, body text not null, lexemes tsvector not null,
    numbers jsonb not null, mark text, attributes text[] not null default array[]::text[]
);
create index on {table} using gin (lexemes) with (fastupdate = off)
"""
_DOCUMENTS = "juzhen_search.documents"
_SHAPE = Shape(
    "juzhen_search",
    2,
    """
do $$ begin
    if to_regclass('{schema}.documents') is null then
        [made];
    elsif not exists (select from information_schema.columns where table_schema = '{schema}'
            and table_name = 'documents' and column_name = 'attributes') then
        alter table {schema}.documents
            add column attributes text[] not null default array[]::text[];
        delete from {schema}.documents where mark is not null;
    end if;
end $$
""".replace("[made]", _TABLE.format(table=_DOCUMENTS)),
)
_PUT = """
insert into {table} as kept
select id, %s, false, title, body, array_to_tsvector(
    array(select jsonb_array_elements_text(lexemes::jsonb))
), numbers::jsonb, null, array(select jsonb_array_elements_text(attributes::jsonb))
from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
    as told (id, title, body, lexemes, numbers, attributes)
on conflict (id) do update set seq = excluded.seq, gone = false, title = excluded.title,
    body = excluded.body, lexemes = excluded.lexemes, numbers = excluded.numbers,
    attributes = excluded.attributes
where excluded.seq >= kept.seq
"""
_DROP = """
insert into {table} as kept select unnest(%b::text[]), %s, true, '', '', '', '{{}}'
on conflict (id) do update set seq = excluded.seq, gone = true, title = '', body = '',
    lexemes = '', numbers = '{{}}', attributes = '{{}}'
where excluded.seq >= kept.seq
"""
_MARK = """
insert into {table} as kept values ('the follower''s mark', %s, true, '', '', '', '{{}}', %s)
on conflict (id) do update set seq = excluded.seq, mark = excluded.mark
where excluded.seq >= kept.seq
"""
_BESIDE = """
select tablename from pg_tables
where schemaname = 'juzhen_search' and tablename ~ '^documents_[0-9a-f]+_[0-9a-f]+$'
"""
_EVERY = "#every"
"""A lexeme that all documents have, for questions without words."""
_SLICE = 200
_LONG = 200
"""Bytes of an attribute; a longer one is known by its digest."""
_LONGEST = 60
"""Characters of a lexeme; a longer word is found by its beginning and then compared whole."""


class PostgresSearch:
    """A `stores.search.SearchIndex`. Any number of processes may read and write it."""

    def __init__(
        self,
        url: str,
        *,
        owner: Callable[[], str],
        database: Database | None = None,
        table: str = _DOCUMENTS,
    ) -> None:
        """``table`` is one that does not answer yet, while it is being rebuilt."""
        self._database = database or Database(url, _SHAPE, owner=owner)
        self._table = table

    def prepare(self) -> str:
        """Make the tables if they are not there. Raises `Unfit` if they are not ours."""
        return self._database.prepare()

    def examine(self) -> Examined:
        return self._database.examine()

    def put(self, seq: int, documents: Sequence[Document], *, mark: str | None = None) -> None:
        newest = list({each.id: each for each in documents}.values())
        for begin in range(0, len(newest), _SLICE):
            columns = zip(*map(_row, newest[begin : begin + _SLICE]), strict=True)
            with self._database.write("documents") as run:
                run.execute(self._told(_PUT), (seq, *map(list, columns)))
        self._move(seq, mark)

    def drop(self, seq: int, ids: Collection[str], *, mark: str | None = None) -> None:
        if ids:
            with self._database.write("documents") as run:
                run.execute(self._told(_DROP), (sorted(set(ids)), seq))
        self._move(seq, mark)

    def _move(self, seq: int, mark: str | None) -> None:
        if mark is not None:
            with self._database.write() as run:
                run.execute(self._told(_MARK), (seq, mark))

    def _told(self, statement: str) -> bytes:
        return statement.format(table=self._table).encode()

    def seen(self) -> str:
        with self._database.glance() as run:
            wanted = self._told("select mark from {table} where mark is not null")
            row = run.execute(wanted).fetchone()
        return str(row[0]) if row else ""

    @contextmanager
    def beside(self) -> Iterator[PostgresSearch]:
        """A new table to be written while this one answers; it takes its place at the end."""
        with self._database.write() as run:
            (now,) = run.execute("select extract(epoch from now())::bigint").fetchone() or (0,)
            table = f"{_DOCUMENTS}_{now:x}_{secrets.token_hex(5)}"
            run.execute(_TABLE.format(table=table).encode())
        try:
            yield PostgresSearch("", owner=str, database=self._database, table=table)
        except BaseException:
            with self._database.write() as run:
                run.execute(f"drop table if exists {table}".encode())
            raise
        with self._database.write("documents") as run:
            run.execute(f"drop table {_DOCUMENTS}".encode())
            run.execute(f"alter table {table} rename to documents".encode())

    def sweep(self, until: datetime) -> int:
        with self._database.glance() as run:
            rows = run.execute(_BESIDE).fetchall()
        made = {name: int(name.split("_")[1], 16) for (name,) in rows}
        old = [name for name, at in made.items() if at < until.timestamp()]
        for name in old:
            with self._database.write() as run:
                run.execute(f"drop table if exists juzhen_search.{name}".encode())
        return len(old)

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
        statement, told = _question(wanted, where)
        at, id_ = last or (None, None)
        told |= {"boost": boost, "at": at, "id": id_, "limit": first + 1 if first else 0}
        with self._database.glance() as run:
            rows = run.execute(self._told(statement), told).fetchall()
        total = int(rows[0][2]) if rows else 0
        found = [(name, score) for name, score, _ in rows if name is not None]
        more = len(found) > first > 0
        ends = cursor(float(found[first - 1][1]), found[first - 1][0]) if more else None
        return Hits([name for name, _ in found[:first]], total, ends)

    def counts(
        self, text: str, where: Filter = EVERYTHING, *, families: Collection[str]
    ) -> dict[str, int]:
        wanted = phrases(text)
        if (text.strip() and not wanted) or not all(where.any):
            return {}
        said, fits = _said(wanted)
        statement = (
            "select attribute, count(*) from {table} cross join unnest(attributes) as attribute"  # noqa: S608 - our own words
            f" where lexemes @@ %(match)s::tsquery{fits}"
            " and attribute ^@ any(%(families)s::text[]) group by attribute"
        )
        told = {**said, "match": _match(wanted, where), "families": sorted(families)}
        with self._database.glance() as run:
            return dict(run.execute(self._told(statement), told).fetchall())

    def flaws(self) -> Iterator[str]:
        empty = "select id from {table} where not gone and lexemes = '' limit 10"
        with self._database.glance() as run:
            for (name,) in run.execute(self._told(empty)).fetchall():
                yield f"search: {name} should be found and has no text"

    def close(self) -> None:
        self._database.close()


def _row(document: Document) -> tuple[str, str, str, str, str, str]:
    """Its columns; the words as text, each between two spaces."""
    title, body = (tokens(document.texts.get(name, "")) for name in ("title", "body"))
    lexemes = {_EVERY, *map(_word, title), *map(_word, body), *map(_hex, document.attributes)}
    numbers = {name: max(0.0, value) for name, value in document.numbers.items()}
    counted = sorted(each for each in set(document.attributes) if _countable(each))
    return (
        document.id, _spaced(title), _spaced(body),
        orjson.dumps(sorted(lexemes)).decode(), orjson.dumps(numbers).decode(),
        orjson.dumps(counted).decode(),
    )  # fmt: skip


def _countable(attribute: str) -> bool:
    """What PostgreSQL can keep as text, and is short enough to be of use in a list."""
    told = attribute.encode("utf-8", "surrogatepass")
    return (
        len(told) <= _LONG
        and "\x00" not in attribute
        and told == attribute.encode("utf-8", "replace")
    )


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _word(token: str) -> str:
    return f"={token[:_LONGEST]}"


def _hex(attribute: str) -> str:
    told = attribute.encode("utf-8", "surrogatepass")
    long = len(told) > _LONG
    return f"#h{hashlib.blake2b(told).hexdigest()}" if long else f"#x{told.hex()}"


def _question(wanted: Sequence[Phrase], where: Filter) -> tuple[str, dict[str, Any]]:
    """One page: who holds the lexemes, then whoever holds the words in order, by relevance.

    Relevance grows with how often a word is said, less and less, and less in a long text; in the
    title it weighs three times.
    """
    said, fits = _said(wanted)
    score = " + ".join(f"3 * {_often('title', w)} + {_often('body', w)}" for w in said) or "1"
    statement = (
        "with hits as materialized ("  # noqa: S608 - our own words
        f" select id, ({score}) * (1 + coalesce((numbers ->> %(boost)s)::float8, 0)) as score"
        f" from {{table}} where lexemes @@ %(match)s::tsquery{fits}), page as ("
        " select id, score from hits"
        " where %(at)s::float8 is null or (-score, id) > (%(at)s::float8, %(id)s::text)"
        " order by score desc, id limit %(limit)s"
        ") select page.id, -page.score, counted.total"
        " from (select count(*) as total from hits) as counted left join page on true"
        " order by page.score desc nulls last, page.id"
    )
    return statement, {**said, "match": _match(wanted, where)}


def _said(wanted: Sequence[Phrase]) -> tuple[dict[str, str], str]:
    """The phrases by the name that a statement calls them, and that a text has them all."""
    said = {
        f"w{n}": f" {' '.join(each.tokens)}{'' if each.open else ' '}"
        for n, each in enumerate(wanted)
    }
    fits = "".join(
        f" and (position(%({w})s::text in title) > 0 or position(%({w})s::text in body) > 0)"
        for w in said
    )
    return said, fits


def _often(column: str, word: str) -> str:
    """How often a word is said there, between 0 and 1."""
    times = f"(length({column}) - length(replace({column}, %({word})s::text, '')))::float8"
    said = f"({times} / length(%({word})s::text))"
    return f"({said} / (0.5 + length({column}) / 400.0 + {said}))"


def _match(wanted: Iterable[Phrase], where: Filter) -> str:
    """The ``tsquery``. No lexeme holds a quote or a backslash."""
    words = dict.fromkeys(
        f"'{_word(token)}'{':*' if phrase.open or len(token) > _LONGEST else ''}"
        for phrase in wanted
        for token in phrase.tokens
    )
    parts = [f"'{_EVERY}'", *words, *map(_quoted, where.all)]
    parts += [f"({' | '.join(map(_quoted, group))})" for group in where.any]
    parts += [f"!{_quoted(each)}" for each in where.none]
    return " & ".join(parts)


def _quoted(attribute: str) -> str:
    return f"'{_hex(attribute)}'"
