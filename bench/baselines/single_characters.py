"""The baseline of `search`: FTS5 with one token a character, the other way that misses nothing.

Tuned as far as it goes: contentless text beside it, the same title weight, filters inside the
query; its page stands in the same order, relevance times the quality beside a document. Long
posting lists are what it pays (facts about FTS5 and Chinese: a stock tokenizer takes a run of
characters for one word and finds nothing; trigrams find no word of two characters).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from stores.search import Document


class SingleCharacters:
    """One index in memory."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._file = sqlite3.connect(":memory:")
        self._file.execute(
            "create virtual table found using fts5(id unindexed, title, body, attributes,"
            " tokenize = \"unicode61 remove_diacritics 0 tokenchars ':_'\")"
        )
        self._file.executemany(
            "insert into found values (?, ?, ?, ?)",
            (
                (
                    each.id,
                    " ".join(each.texts["title"]),
                    " ".join(each.texts["body"]),
                    " ".join(each.attributes),
                )
                for each in documents
            ),
        )
        self._file.execute(
            "create table documents (row integer primary key, name text, quality real)"
        )
        self._file.executemany(
            "insert into documents values (?, ?, ?)",
            [(row, each.id, each.numbers["quality"]) for row, each in enumerate(documents, 1)],
        )
        self._file.execute("insert into found(found) values ('optimize')")

    def search(self, text: str, tag: str, first: int) -> tuple[list[str], int]:
        """The best of what holds the text as a phrase, and how many there are."""
        phrase = " ".join(text)
        asked = f'{{title body}} : "{phrase}"' + (f' AND attributes : "{tag}"' if tag else "")
        best = self._file.execute(
            "select name from found join documents on row = found.rowid where found match ?"
            " order by bm25(found, 0, 3, 1, 0) * (1 + max(0, quality)), name limit ?",
            (asked, first),
        ).fetchall()
        (count,) = self._file.execute(
            "select count(*) from found where found match ?", (asked,)
        ).fetchone()
        return [id_ for (id_,) in best], count

    def close(self) -> None:
        self._file.close()
