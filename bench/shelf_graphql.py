"""The shelf by GraphQL (货架查询): the 20 newest of a tag on an account, out of 10,000 materials.

Uncached, every request is executed: a variable that nobody declared makes its answer unlike any
other. Persisted, a GET by the hash is answered from memory. The baseline executes nothing either
way, it picks its dicts from memory; its answers are compared with ours before anything is timed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.lib.line import Round, compared
from bench.lib.load import asked
from bench.lib.server import Server
from kernel.actors import Role
from kernel.clock import utc_now

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
HASH = hashlib.sha256(QUERY.encode()).hexdigest()
MATERIALS, TAGS, WORN, CONNECTIONS = 10_000, 40, 6, 8


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        tags, token = _company(home)
        ours = Server("juzhen.web.front:app", home / "ours", JUZHEN_HOME=str(home / "company"))
        stack.callback(ours.stop)
        _lay_out(ours, home / "memory", tags, token)
        usual = Server("bench.baselines.flask_memory:app", home / "memory", interface="wsgi")
        stack.callback(usual.stop)
        _same_answers(ours, usual, tags, token)
        seconds = 2.0 * size
        against = "Flask, shelf in memory, orjson, granian WSGI 1x1"

        def rounds(server: Server, requests: list[str]) -> Any:
            return lambda: asked(server, requests, connections=CONNECTIONS, seconds=seconds)

        posts = [_post(_question([tag], nonce="{n}"), token) for tag in tags]
        gets = [_get(tag, token) for tag in tags]
        for get in gets:
            _warm(ours, get)
        for name, requests, goal in (
            ("shelf_graphql_uncached", posts, 0.6),
            ("shelf_graphql_persisted", gets, 2.0),
        ):
            yield compared(
                name, rounds(ours, requests), rounds(usual, posts), unit="requests/s", size=size,
                against=against, goal=goal,
            )  # fmt: skip


def _question(tags: list[str], *, first: int = 20, **more: Any) -> dict[str, Any]:
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


def _warm(server: Server, get: str) -> None:
    """The first of every question is executed; the rest is what is measured."""
    done: Round = asked(server, [get], connections=1, seconds=0.01)
    assert done.value


def _told(server: Server, question: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    told = orjson.loads(server.post("/graphql", orjson.dumps(question), headers))
    shelf: dict[str, Any] = told["data"]["shelf"]
    return shelf


def _lay_out(ours: Server, memory: Path, tags: list[str], token: str) -> None:
    """Let the baseline hold in memory what our shelf tells."""
    memory.mkdir()
    nodes: dict[str, Any] = {}
    for tag in tags:
        more: dict[str, Any] = {}
        while True:
            shelf = _told(ours, _question([tag], first=100, **more), token)
            nodes |= {node["id"]: node for node in shelf["nodes"]}
            if not shelf["pageInfo"]["hasNextPage"]:
                break
            more = {"after": shelf["pageInfo"]["endCursor"]}
    newest_first = sorted(nodes.values(), key=lambda node: node["opens"], reverse=True)
    (memory / "shelf.json").write_bytes(orjson.dumps(newest_first))


def _same_answers(ours: Server, usual: Server, tags: list[str], token: str) -> None:
    for tag in tags:
        told = [_told(server, _question([tag]), token) for server in (ours, usual)]
        for shelf in told:
            shelf["pageInfo"]["endCursor"] = None  # opaque, and the baseline has none
        if told[0] != told[1]:
            raise RuntimeError(f"the answers about {tag} differ")


def _company(home: Path) -> tuple[list[str], str]:
    """A company with a full shelf, from the cache; its tags and a front end's token."""
    kept = _cache()
    if not (kept / "done").exists():
        shutil.rmtree(kept, ignore_errors=True)
        _fill(kept)
    shutil.copytree(kept, home / "company")
    with _opened(home / "company") as platform:
        account = platform.accounts.one("app").id
        token = platform.access.issue(Role.CHANNEL_APP, "bench", account=account, by="bench")
        return [tag.id for tag in platform.taxonomy.find("主题", limit=TAGS)], token.reveal()


def _cache() -> Path:
    """Built once; `_opened` brings it to what this version needs."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "juzhen-bench" / f"shelf-{MATERIALS}-v1"


class _opened:  # noqa: N801 - used as a context
    def __init__(self, home: Path) -> None:
        from juzhen.settings import load
        from juzhen.wiring import assemble, migrate

        settings = load({"JUZHEN_HOME": str(home)})
        migrate(settings)
        self._platform = assemble(settings)

    def __enter__(self) -> Any:
        return self._platform

    def __exit__(self, *_: object) -> None:
        self._platform.close()


def _fill(home: Path) -> None:
    from juzhen.settings import begin

    home.mkdir(parents=True)
    begin(home, stores_durability="process")
    with _opened(home) as platform:
        platform.accounts.add(code="app", name="应用", kind="app", ecosystem="own_app", by="bench")
        account, now = platform.accounts.one("app").id, utc_now()
        tags = [
            platform.taxonomy.create(f"主题{n:02}", "topic", code=f"t{n}", by="bench").id
            for n in range(TAGS)
        ]
        for n in range(MATERIALS):
            made = platform.materials.create(
                "image_text", f"退休后的养老规划 {n}", summary="每月一次的家庭资产体检" * 3,
                tags=[tags[(n * 7 + k * k) % TAGS] for k in range(WORN)], by="bench",
            )  # fmt: skip
            platform.shelf.place(
                made.id, account, opens=now - timedelta(minutes=n + 1),
                closes=now + timedelta(days=3_000), by="bench",
            )  # fmt: skip
    (home / "done").touch()
