"""Searching (检索) on PostgreSQL, Elasticsearch and OpenSearch beside the embedded index.

The questions of the embedded bench; every engine must find the same number of materials.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.lib.line import compared
from bench.lib.places import cluster, database
from bench.lib.server import OWNER
from bench.search import FIRST, MATERIALS, asking, library, questions
from stores.elastic.search import ElasticSearch
from stores.postgres.search import PostgresSearch
from stores.search import Filter, SearchIndex
from stores.sqlite.search import SqliteSearch


def run(size: int) -> Iterator[dict[str, Any]]:
    documents, asked = list(library(MATERIALS * size)), list(questions())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = SqliteSearch(folder / "search.db", durability="process")
        there = {
            "postgres": PostgresSearch(stack.enter_context(database()), owner=OWNER),
            "elasticsearch": ElasticSearch(stack.enter_context(cluster())),
            "opensearch": ElasticSearch(stack.enter_context(cluster("opensearch"))),
        }
        for index in (here, *there.values()):
            if not isinstance(index, SqliteSearch):
                index.prepare()
            for begin in range(0, len(documents), 500):
                index.put(1, documents[begin : begin + 500])
        for name, index in there.items():
            _same(index, here, asked)
            yield compared(
                f"search_{name}", partial(asking, _totals(index), asked),
                partial(asking, _totals(here), asked), unit="searches/s", size=len(documents),
                against="SQLite FTS5", goal=0.0,
            )  # fmt: skip
        for index in (here, *there.values()):
            index.close()


def _totals(index: SearchIndex) -> Callable[[tuple[str, str]], int]:
    def ask(question: tuple[str, str]) -> int:
        text, tag = question
        return index.search(text, Filter(all=(tag,)) if tag else Filter(), first=FIRST).total

    return ask


def _same(there: SearchIndex, here: SearchIndex, asked: list[tuple[str, str]]) -> None:
    for question in asked:
        if _totals(there)(question) != _totals(here)(question):
            raise RuntimeError(f"{question}: the two do not find the same materials")
