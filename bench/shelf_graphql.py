"""The shelf by GraphQL (货架查询): the 20 newest of a tag on an account, out of 10,000 materials.

Uncached, every request is executed: a variable that nobody declared makes its answer unlike any
other. Persisted, a GET by the hash is answered from memory. The baseline executes nothing either
way, it picks its dicts from memory; its answers are compared with ours before anything is timed.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.lib import shelf
from bench.lib.line import Round, compared, measured
from bench.lib.load import asked
from bench.lib.server import Server

QUERY = """
query Shelf($channel: ID!, $tags: [ID!], $first: Int = 20, $after: String) {
  shelf(
    channel: $channel, filter: {tags: {all: $tags, descendants: true}}, first: $first, after: $after
  ) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id type title summary cover { url } tags { id label facet } opens closes trackedUrl }
  }
}
"""
TAG = """
mutation Tag($input: TagMaterialsInput!) {
  tagMaterials(input: $input) { materials { id } problems { code } }
}
"""
EDIT = """
mutation Edit($input: EditMaterialInput!) {
  editMaterial(input: $input) { material { title } problems { code } }
}
"""
HASH = hashlib.sha256(QUERY.encode()).hexdigest()
MATERIALS, MANY, CONNECTIONS = 10_000, 100_000, 8
AGAINST = "Flask, shelf in memory, orjson, gunicorn 1 process x 4 threads"


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        small = Ours(stack, home / "small", MATERIALS)
        _lay_out(small, home / "memory")
        usual = Server("bench.baselines.flask_memory:app", home / "memory", interface="gunicorn")
        stack.callback(usual.stop)
        _same_answers(small, usual)
        seconds = 2.0 * size

        def rounds(server: Server, requests: list[str]) -> Any:
            return lambda: asked(server, requests, connections=CONNECTIONS, seconds=seconds)

        against = rounds(usual, small.posts)
        for name, requests, goal, most in (
            ("shelf_graphql_uncached", small.posts, 1.5, 0.7),
            ("shelf_graphql_persisted", small.gets, 6.0, 0.2),
        ):
            yield _cheap(
                compared(
                    name, rounds(small.server, requests), against, unit="requests/s", size=size,
                    against=AGAINST, goal=goal, materials=MATERIALS,
                ),
                most,
            )  # fmt: skip
        yield _memory("shelf_graphql_memory", small, size, 150)
        many = Ours(stack, home / "many", MANY)
        yield _grown(many, small, rounds, size)
        yield _memory("shelf_graphql_memory_100k", many, size, 300)
        for suffix, ours in (("", small), ("_100k", many)):
            yield _tagging(f"tagging_1000{suffix}", ours, size)
            yield _visible(f"edit_visible{suffix}", ours, size)


class Ours:
    """A company of so many materials, served; its first answers are given."""

    def __init__(self, stack: ExitStack, home: Path, materials: int, **stores: str) -> None:
        self.tags, tokens = shelf.company(home / "company", materials, **stores)
        self.token, self.editor = tokens["channel_app"], tokens["editor"]
        self.server = Server(
            "juzhen.web.front:app", home / "ours", JUZHEN_HOME=str(home / "company")
        )
        stack.callback(self.server.stop)
        self.posts = [_post(question([tag], nonce="{n}"), self.token) for tag in self.tags]
        self.gets = [_get(tag, self.token) for tag in self.tags]
        begun = time.perf_counter()
        self.told(question([self.tags[0]]))
        self.cold_ms = (time.perf_counter() - begun) * 1000
        for get in self.gets:
            done: Round = asked(self.server, [get], connections=1, seconds=0.01)
            assert done.value

    def told(self, question: dict[str, Any]) -> dict[str, Any]:
        return _told(self.server, question, self.token)

    def changed(self, mutation: str, **given: Any) -> dict[str, Any]:
        return _answer(self.server, {"query": mutation, "variables": {"input": given}}, self.editor)


def _cheap(line: dict[str, Any], most: float) -> dict[str, Any]:
    """A line that has to be cheap as well: ``most`` milliseconds of CPU a request."""
    return line | {"goal_cpu_ms": most, "ok": line["ok"] and line["cpu_ms"] <= most}


def _grown(many: Ours, small: Ours, rounds: Any, size: int) -> dict[str, Any]:
    """Ten times the materials, warm; ``value`` is how many times as long an answer takes."""
    told = compared(
        "shelf_graphql_100k", rounds(many.server, many.posts), rounds(small.server, small.posts),
        unit="requests/s", size=size, against=f"the same with {MATERIALS:,} materials",
        goal=round(1 / 1.3, 3), materials=MANY,
    )  # fmt: skip
    return told | {"cold_ms": round(many.cold_ms, 1)}


def _memory(name: str, ours: Ours, size: int, most: int) -> dict[str, Any]:
    return measured(name, ours.server.memory_mib(), "MiB RssAnon", size=size, most=most)


def _tagging(name: str, ours: Ours, size: int) -> dict[str, Any]:
    """1,000 materials get a tag in one call."""
    materials = [f"m{number}" for number in range(1_000)]
    took = []
    for change in ("add", "remove", "add"):
        begun = time.perf_counter()
        told = ours.changed(TAG, materials=materials, **{change: [ours.tags[0]]})
        if told["tagMaterials"]["problems"]:
            raise RuntimeError(f"not tagged: {told}")
        took.append(time.perf_counter() - begun)
    return measured(name, sorted(took)[1] * 1000, "ms", size=size, most=1_000)


def _visible(name: str, ours: Ours, size: int) -> dict[str, Any]:
    """From the answer to an edit until the shelf tells of it."""
    took = []
    for number in range(20):
        first = ours.told(question([ours.tags[0]]))["nodes"][0]["id"]
        ours.changed(EDIT, material=first, title=f"改过 {number}")
        begun = time.perf_counter()
        seen = ours.told(question([ours.tags[0]]))["nodes"][0]["title"]
        took.append(time.perf_counter() - begun)
        if seen != f"改过 {number}":
            raise RuntimeError("an edit was not seen by the next question")
    return measured(name, sorted(took)[len(took) // 2] * 1000, "ms", size=size, most=10)


def question(tags: list[str], *, first: int = 20, **more: Any) -> dict[str, Any]:
    return {"query": QUERY, "variables": {"channel": "app", "tags": tags, "first": first, **more}}


def _post(told: dict[str, Any], token: str) -> str:
    body = orjson.dumps(told).decode()
    grown = body.count("{n}") * 13  # the number that stands there in the end is longer
    return (
        "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"Content-Length: {len(body.encode()) + grown}\r\n\r\n{body}"
    )


def _get(tag: str, token: str) -> str:
    told = {
        "variables": orjson.dumps({"channel": "app", "tags": [tag], "first": 20}).decode(),
        "extensions": orjson.dumps({"persistedQuery": {"version": 1, "sha256Hash": HASH}}).decode(),
    }
    return (
        f"GET /graphql?{urlencode(told)} HTTP/1.1\r\nHost: bench\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )


def _answer(server: Server, question: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    told = orjson.loads(server.post("/graphql", orjson.dumps(question), headers))
    if "errors" in told:
        raise RuntimeError(f"not answered: {told['errors']}")
    data: dict[str, Any] = told["data"]
    return data


def _told(server: Server, question: dict[str, Any], token: str) -> dict[str, Any]:
    told: dict[str, Any] = _answer(server, question, token)["shelf"]
    return told


def _lay_out(ours: Ours, memory: Path) -> None:
    """Let the baseline hold in memory what our shelf tells."""
    memory.mkdir()
    nodes: dict[str, Any] = {}
    for tag in ours.tags:
        more: dict[str, Any] = {}
        while True:
            page = ours.told(question([tag], first=100, **more))
            nodes |= {node["id"]: node for node in page["nodes"]}
            if not page["pageInfo"]["hasNextPage"]:
                break
            more = {"after": page["pageInfo"]["endCursor"]}
    newest_first = sorted(nodes.values(), key=lambda node: node["opens"], reverse=True)
    (memory / "shelf.json").write_bytes(orjson.dumps(newest_first))


def _same_answers(ours: Ours, usual: Server) -> None:
    for tag in ours.tags:
        told = [_told(server, question([tag]), ours.token) for server in (ours.server, usual)]
        for page in told:
            page["pageInfo"]["endCursor"] = None  # opaque, and the baseline has none
        if told[0] != told[1]:
            raise RuntimeError(f"the answers about {tag} differ")
