"""Searching (检索): 20 of 10,000 materials by Chinese words, with a total, on the embedded index.

The mix: broad words, two words in one phrase, a word inside a filter, one character. The baseline
is FTS5 over single characters, in the same order: relevance times quality; both must find the same
number of materials for every question.
Two more lines ask 100,000 materials, an index kept in the user's cache, for two words with
filters, and for how many of what is found are of each type and wear each tag (what every view of
the library shows); their value is the slowest answer of a hundred.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bench.baselines.single_characters import SingleCharacters
from bench.lib.library import cache
from bench.lib.line import Round, compared
from bench.lib.line import measured as most
from bench.recommend import cpu, round_of, timed
from stores.search import Document, Filter
from stores.sqlite.search import SHAPE, SqliteSearch

MATERIALS, MANY = 10_000, 100_000
LAYOUT = 1
"""Counted up whenever the library below changes."""
FIRST = 20
_ROUND = 300
_FACETS = ("type:", "tag:")
_WORDS = [
    "养老",
    "社区",
    "理财",
    "保险",
    "重疾",
    "教育",
    "年金",
    "基金",
    "定投",
    "车险",
    "医疗",
    "健康",
    "规划",
    "退休",
    "家庭",
    "孩子",
    "稳健",
    "收益",
    "风险",
    "客户",
    "生日",
    "月底",
    "开放日",
    "早报",
    "海报",
    "话术",
    "异议",
    "太贵",
    "比较",
    "考虑",
    "资产",
    "配置",
    "传承",
    "税优",
    "长期",
    "短期",
    "到期",
    "续保",
    "理赔",
    "体检",
    "名医",
    "陪诊",
    "旅居",
    "护理",
]


def run(size: int) -> Iterator[dict[str, Any]]:
    documents = list(library(MATERIALS * size))
    with tempfile.TemporaryDirectory() as folder:
        index = SqliteSearch(Path(folder) / "search.db", durability="process")
        for begin in range(0, len(documents), 500):
            index.put(1, documents[begin : begin + 500])
        baseline = SingleCharacters(documents)
        try:
            yield measured(index, baseline, len(documents))
        finally:
            baseline.close()
            index.close()
    yield from among_many(MANY * size)


def among_many(count: int) -> Iterator[dict[str, Any]]:
    home = cache() / f"search-{count}-v{LAYOUT}-{SHAPE}"
    fresh = not (home / "done").exists()
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
    index = SqliteSearch(home / "search.db", durability="process")
    try:
        if fresh:
            documents = library(count)
            while some := list(islice(documents, 500)):
                index.put(1, some)
            (home / "done").touch()
        searched = middle(lambda each: index.search(*each, first=FIRST).total, list(filtered()))
        yield slowest("search_100k", searched, count, most_ms=20)
        views = list(viewed())
        index.counts(*views[0], families=_FACETS)
        counted = middle(lambda each: len(index.counts(*each, families=_FACETS)), views)
        yield slowest("facets_100k", counted, count, most_ms=50)
    finally:
        index.close()


def middle(ask: Callable[[Any], int], asked: list[Any]) -> Round:
    return sorted((asking(ask, asked) for _ in "123"), key=lambda each: each.p99_ms)[1]


def slowest(name: str, middle: Round, count: int, *, most_ms: float) -> dict[str, Any]:
    return most(name, middle.p99_ms, "ms p99", size=count, most=most_ms) | {
        "p50_ms": round(middle.p50_ms, 2), "p99_ms": round(middle.p99_ms, 2),
        "cpu_ms": round(middle.cpu_ms, 4),
    }  # fmt: skip


def viewed() -> Iterator[tuple[str, Filter]]:
    """The library as headquarters and a branch open it, and narrowed by a word or a tag."""
    chance = random.Random(9)
    for _ in range(25):
        yield "", Filter()
        yield "", Filter(any=(("unit:", "unit:unt_1"),))
        yield chance.choice(_WORDS), Filter()
        yield "", Filter(all=(f"tag:tag_{chance.randrange(300)}",))


def filtered() -> Iterator[tuple[str, Filter]]:
    """Two words, and what an editor of a branch chooses beside them."""
    chance = random.Random(8)
    for _ in range(100):
        where = Filter(
            all=(f"tag:tag_{chance.randrange(300)}", "account:acc_app"),
            any=(("type:script", "type:poster"), ("unit:", "unit:unt_1")),
        )
        yield " ".join(chance.sample(_WORDS, 2)), where


def measured(index: SqliteSearch, baseline: SingleCharacters, count: int) -> dict[str, Any]:
    asked = list(questions())

    def mine(question: tuple[str, str]) -> int:
        text, tag = question
        return index.search(text, Filter(all=(tag,)) if tag else Filter(), first=FIRST).total

    def theirs(question: tuple[str, str]) -> int:
        return baseline.search(*question, FIRST)[1]

    for question in asked:
        if mine(question) != theirs(question):
            raise RuntimeError(f"{question}: the two do not find the same materials")
    return compared(
        "search", lambda: asking(mine, asked), lambda: asking(theirs, asked), unit="searches/s",
        size=count, against="FTS5 over single characters, in memory", goal=1.0,
    )  # fmt: skip


def asking(ask: Callable[[Any], int], asked: list[Any]) -> Round:
    turn = iter(asked * (_ROUND // len(asked) + 1))
    took, used = cpu(lambda: timed(lambda: ask(next(turn)), _ROUND))
    return round_of(took, used)


def questions() -> Iterator[tuple[str, str]]:
    chance = random.Random(7)
    for _ in range(25):
        yield chance.choice(_WORDS), ""
        yield chance.choice(_WORDS), f"tag:tag_{chance.randrange(300)}"
        yield "".join(chance.sample(_WORDS, 2)), ""
    for character in "养财险金车":
        yield character, ""


def library(count: int) -> Iterator[Document]:
    """Titles of about 10 characters, bodies of about 85, 3 to 8 of 300 tags: always the same.

    Words of two characters out of 500, as frequent as Zipf says, with one topic in ten: as in real
    text, a character stands in many words, and a word is much rarer than its characters.
    """
    chance = random.Random(11)
    characters = [chr(0x4E00 + 13 * number) for number in range(500)]
    others = ["".join(chance.sample(characters, 2)) for _ in range(3_000)]
    weights = [1 / (place + 1) for place in range(len(others))]
    for number in range(count):
        words = chance.choices(others, weights, k=47)
        for place in chance.sample(range(47), 5):
            words[place] = chance.choice(_WORDS)
        tags = chance.sample(range(300), chance.randint(3, 8))
        yield Document(
            id=f"mat_{number:06d}",
            texts={"title": "".join(words[:5]), "body": "".join(words[5:])},
            attributes=[
                "type:script",
                "unit:",
                f"account:acc_{'app' if number % 2 else 'oa'}",
                *(f"tag:tag_{tag}" for tag in tags),
            ],
            numbers={"quality": chance.random()},
        )
