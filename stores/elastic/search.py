"""Search on a cluster (搜索): Elasticsearch or OpenSearch as a `stores.search.SearchIndex`.

The text goes in folded as the embedded index folds it. Words of two and more Chinese characters
are looked up in ``cjk`` fields, which hold pairs; single characters and Latin words in a sub-field
``one`` that holds each by itself and leaves no word out. So both engines find the same.

A state that is older than what the index holds is refused by its version; what is dropped stays as
a mark without text, or an old state could come back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from zlib import crc32

from kernel.ids import cursor, page_size, read_cursor
from stores.bigrams import Run, asked, runs
from stores.elastic.cluster import Cluster, beside
from stores.elastic.outcomes import Outcome
from stores.examined import Examined
from stores.search import EVERYTHING, Document, Filter, Hits

SHAPE = 2
"""Counted up when the mapping below changes, or the texts that go in: an index of another shape is
made anew."""
_ALIAS = "search"
_TEXT = {
    "type": "text",
    "analyzer": "cjk",
    "fields": {"one": {"type": "text", "analyzer": "standard"}},
}
_UNREAD = {"type": "keyword", "index": False, "doc_values": False}
MAPPING: dict[str, Any] = {
    "properties": {
        "id": {"type": "keyword"},
        "seq": {"type": "long"},
        "gone": {"type": "boolean"},
        "title": _TEXT,
        "body": _TEXT,
        "attributes": {"type": "keyword"},
        "numbers": {"type": "object", "dynamic": True},
        "mark": _UNREAD,
        "refused": _UNREAD,
    },
    "dynamic_templates": [{"numbers": {"path_match": "numbers.*", "mapping": {"type": "float"}}}],
}
_MARK = "the follower's mark"
_REFUSED = "refused:"
_COUNTED = 10_000
"""Different attributes that an answer counts."""


class ElasticSearch:
    """A `stores.search.SearchIndex`. Any number of processes may read and write it."""

    def __init__(self, cluster: Cluster, *, alias: str = "") -> None:
        """``alias`` means one that does not answer yet, while it is being rebuilt."""
        self._cluster = cluster
        self._index = alias or cluster.name(_ALIAS)

    def prepare(self) -> str:
        """Make the index if it is not there; what was done. Raises `Unfit` if it is not ours."""
        return self._cluster.prepare(_ALIAS, MAPPING, SHAPE)

    def examine(self) -> Examined:
        """Who answers there, and whether the index is ours and as we need it."""
        return self._cluster.examine({_ALIAS: SHAPE})

    def put(self, seq: int, documents: Sequence[Document], *, mark: str | None = None) -> None:
        self._write(seq, {each.id: _source(seq, each) for each in documents}, mark)

    def drop(self, seq: int, ids: Collection[str], *, mark: str | None = None) -> None:
        self._write(seq, {each: {"id": each, "seq": seq, "gone": True} for each in ids}, mark)

    def _write(self, seq: int, sources: Mapping[str, Mapping[str, Any]], mark: str | None) -> None:
        items = [(self._head(seq, name), source) for name, source in sources.items()]
        outcomes = self._cluster.bulk(items)
        refused = {
            name: told for name, told in zip(sources, outcomes, strict=True) if _refused(told)
        }
        last: list[tuple[dict[str, Any], Any]] = [
            (self._head(seq, _REFUSED + name), _note(seq, name, told))
            for name, told in refused.items()
        ]
        if mark is not None:
            told = {"id": _MARK, "seq": seq, "gone": True, "mark": mark}
            last.append((self._head(seq, _MARK), told))
        if last:
            self._cluster.bulk(last)
        if items:
            with self._cluster.asked() as client:
                client.indices.refresh(index=self._index)

    def _head(self, seq: int, name: str) -> dict[str, Any]:
        head: dict[str, Any] = {"_index": self._index, "_id": name, "version": seq}
        head["version_type"] = "external_gte"
        head["require_alias"] = True  # else a name that is not there would make an index
        return {"index": head}

    def seen(self) -> str:
        told = self._cluster.found(lambda client: client.get(index=self._index, id=_MARK))
        return str(told["_source"]["mark"]) if told else ""

    @contextmanager
    def beside(self) -> Iterator[ElasticSearch]:
        """A new index to be written while this one answers; it takes its place at the end."""
        index = self._cluster.make(_ALIAS, MAPPING, SHAPE)
        with ExitStack() as broken:
            broken.callback(self._forget, index)
            yield ElasticSearch(self._cluster, alias=beside(index))
            broken.pop_all()
        self._cluster.swap(_ALIAS, index)

    def sweep(self, until: datetime) -> int:
        return self._cluster.sweep(_ALIAS, until)

    def _forget(self, index: str) -> None:
        with self._cluster.asked() as client:
            client.indices.delete(index=index, ignore_unavailable=True)

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
        wanted = asked(text)
        if (text.strip() and not wanted) or not all(where.any):
            return Hits([], 0, None)
        with self._cluster.asked() as client:
            answer = client.search(
                index=self._index, query=_query(wanted, where, boost), size=first + bool(first),
                sort=[{"_score": "desc"}, {"id": "asc"}], track_total_hits=True, source=False,
                preference=_preference(text),
                **({"search_after": list(last)} if last else {}),
            )  # fmt: skip
        told = answer["hits"]
        rows = [each["sort"] for each in told["hits"]]
        more = len(rows) > first > 0
        return Hits(
            [name for _, name in rows[:first]],
            int(told["total"]["value"]),
            cursor(float(rows[first - 1][0]), str(rows[first - 1][1])) if more else None,
        )

    def counts(
        self, text: str, where: Filter = EVERYTHING, *, families: Collection[str]
    ) -> dict[str, int]:
        wanted = asked(text)
        if (text.strip() and not wanted) or not all(where.any):
            return {}
        begins = "|".join(map(_literally, sorted(families)))
        terms = {"field": "attributes", "size": _COUNTED, "include": f"({begins}).*"}
        with self._cluster.asked() as client:
            answer = client.search(
                index=self._index, query=_query(wanted, where, ""), size=0,
                aggs={"carried": {"terms": terms}}, preference=_preference(text),
            )  # fmt: skip
        return {
            each["key"]: int(each["doc_count"])
            for each in answer["aggregations"]["carried"]["buckets"]
        }

    def flaws(self) -> Iterator[str]:
        """Documents that the cluster refused for what they are, and that nothing newer replaced."""
        with self._cluster.asked() as client:
            answer = client.search(
                index=self._index, query={"prefix": {"id": _REFUSED}}, size=1_000
            )
        noted = {each["_source"]["id"].removeprefix(_REFUSED): each["_source"]
                 for each in answer["hits"]["hits"]}  # fmt: skip
        if not noted:
            return
        with self._cluster.asked() as client:
            there = client.mget(index=self._index, ids=list(noted), source=["seq"])["docs"]
        newest = {each["_id"]: each["_source"]["seq"] for each in there if each.get("found")}
        for name, note in noted.items():
            if newest.get(name, -1) < note["seq"]:
                yield f"search: {name} was refused: {note['refused']}"

    def close(self) -> None:
        self._cluster.close()


def _source(seq: int, document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "seq": seq,
        "gone": False,
        "title": _folded(document.texts.get("title", "")),
        "body": _folded(document.texts.get("body", "")),
        "attributes": sorted(document.attributes),
        "numbers": {name: max(0.0, value) for name, value in document.numbers.items()},
    }


def _preference(text: str) -> str:
    """The same question asks the same copies: others may count words a little differently."""
    return f"for{crc32(text.encode('utf-8', 'replace')) % 97}"


def _folded(text: str) -> str:
    """What goes in; behind it whatever ``one`` would leave inside a word, each by itself."""
    words = [run.text for run in runs(text)]
    inside = (each for word in words if len(word) > 1 for each in _JOINED.findall(word))
    return " ".join([*words, *dict.fromkeys(inside)])


_JOINED = re.compile("[\u3005\u3007\u3040-\u30ff\uac00-\ud7af]")
"""The usual tokenizer takes Chinese words apart; those in kana and hangul it leaves whole."""


def _refused(outcome: Outcome) -> bool:
    """Not taken for what it is; that something newer is there is no refusal."""
    return outcome.status >= 400 and outcome.status != 409


def _note(seq: int, name: str, outcome: Outcome) -> dict[str, Any]:
    return {"id": _REFUSED + name, "seq": seq, "gone": True, "refused": outcome.reason[:500]}


def _query(wanted: Sequence[Run], where: Filter, boost: str) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [{"term": {"gone": False}}]
    filters += [{"term": {"attributes": each}} for each in where.all]
    filters += [{"terms": {"attributes": list(group)}} for group in where.any]
    none = [{"terms": {"attributes": list(where.none)}}] if where.none else []
    said: list[dict[str, Any]] = [_said(run) for run in wanted]
    found = {"bool": {"must": said or [{"match_all": {}}], "filter": filters, "must_not": none}}
    lifted = {"field": f"numbers.{boost}", "missing": 0}
    return {
        "function_score": {
            "query": found,
            "functions": [{"weight": 1}, {"field_value_factor": lifted}],
            "score_mode": "sum",
            "boost_mode": "multiply",
        }
    }


def _literally(text: str) -> str:
    """As Lucene's regular expressions spell it."""
    return "".join(f"\\{each}" if not each.isalnum() else each for each in text)


def _said(run: Run) -> dict[str, Any]:
    """In the title, which counts three times, or in the body."""
    pairs = run.chinese and len(run.text) > 1
    title, body = ("title", "body") if pairs else ("title.one", "body.one")
    said: list[dict[str, Any]] = [
        {"match_phrase": {title: {"query": run.text, "boost": 3}}},
        {"match_phrase": {body: {"query": run.text}}},
    ]
    return {"bool": {"should": said, "minimum_should_match": 1}}
