"""Collecting (行为采集): the doors that behaviour comes in by, on Segment's wire.

The front answers them itself: decode, check, hand to the shared commit, answer once it is durable.
The same doors stand in the Flask application, for tests and for those who mount it alone. What a
call means is `schemas.segment`'s business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import orjson

from data_hub.catalogue import kind_of
from juzhen import metrics
from juzhen.web.answers import PROBLEM, SAFE, Answer, Header
from juzhen.web.problems import problem_details
from kernel.clock import Clock
from kernel.errors import Invalid, Overloaded, Problem, SignedOff
from kernel.events import Event, Refusal
from schemas import segment

if TYPE_CHECKING:
    from flask import Blueprint

    from juzhen.wiring import Platform

_SETTINGS = "/v1/projects/"
_REMEMBERED = 5.0
"""Seconds that a write key's account is remembered."""
_KEYS = 10_000
_LARGE = 65_536
"""A larger body is taken apart beside the loop, which would stand still meanwhile."""

_CORS = ("access-control-allow-origin", "*")
_ALLOWED = [
    ("access-control-allow-methods", "POST, GET, OPTIONS"),
    ("access-control-allow-headers", "authorization, content-type, x-retry-count, x-write-key"),
    ("access-control-max-age", "86400"),
]
_JSON = [("content-type", "application/json"), _CORS, *SAFE]

Owner = tuple[str, str]
"""The id and the ecosystem of the account that a write key belongs to."""


class Begins(Protocol):
    """What `data_hub.intake.Intake` does for a door that does not wait in a thread."""

    def begin(self, events: Iterable[Event], refusals: Iterable[Refusal] = ()) -> Future[None]: ...


class Collect:
    """The intake doors of one process."""

    limit = segment.BATCH_LIMIT

    def __init__(
        self,
        intake: Begins,
        owner_of: Callable[[str], Owner | None],
        clock: Clock,
        *,
        url: str = "http://127.0.0.1",
    ) -> None:
        """``owner_of`` may ask a database; it is called outside the loop."""
        self._intake = intake
        self._owner_of = owner_of
        self._clock = clock
        self._url = urlsplit(url)
        self._owners: dict[str, tuple[Owner | None, float]] = {}
        self._beside = ThreadPoolExecutor(2, "collect")
        self._group: tuple[Future[None], list[asyncio.Future[None]]] | None = None

    def mine(self, path: str) -> bool:
        return path in segment.PATHS or (
            path.startswith(_SETTINGS) and path.endswith("/settings") and path.count("/") == 4
        )

    async def answer(
        self, method: str, path: str, query: str, header: Header, body: bytes
    ) -> Answer:
        """Answer one request; what it brought is durable by then."""
        if method != "POST" or path not in segment.PATHS:
            other: Answer = await self._aside(self._other, method, path)
            return other
        try:
            if len(body) > _LARGE:
                taken, kept = await self._aside(self._take, path, header, query, body)
            else:
                call = segment.read(path, header, query, body)
                if not self._remembers(call.key):
                    await self._aside(self._owner, call.key)
                taken, kept = self._keep(call)
            await self._durable(kept)
        except Problem as problem:
            return _refusal(problem, header)
        return _told(taken, header)

    def answer_waiting(
        self, method: str, path: str, query: str, header: Header, body: bytes
    ) -> Answer:
        """The same for a thread that may wait."""
        if method != "POST" or path not in segment.PATHS:
            return self._other(method, path)
        try:
            taken, kept = self._take(path, header, query, body)
            kept.result()
        except Problem as problem:
            return _refusal(problem, header)
        return _told(taken, header)

    def close(self) -> None:
        self._beside.shutdown()

    def _take(
        self, path: str, header: Header, query: str, body: bytes
    ) -> tuple[segment.Taken, Future[None]]:
        return self._keep(segment.read(path, header, query, body))

    def _keep(self, call: segment.Call) -> tuple[segment.Taken, Future[None]]:
        """Turn the call into events and put them on their way to the disk."""
        owner = self._owner(call.key) if call.key else None
        if owner is None and (call.key or call.flaw is None):
            raise SignedOff("unknown_write_key")
        account, ecosystem = owner or ("", "")
        taken = segment.turn(call, account, ecosystem, self._clock(), _kind)
        return taken, self._intake.begin(taken.events, taken.refusals)

    def _remembers(self, key: str) -> bool:
        return not key or self._owners.get(key, _NOBODY)[1] > time.monotonic()

    def _owner(self, key: str) -> Owner | None:
        """Whose key it is, as of a few seconds ago."""
        owner, until = self._owners.get(key, _NOBODY)
        if until > time.monotonic():
            return owner
        owner = self._owner_of(key)
        if len(self._owners) >= _KEYS:
            self._owners.clear()
        self._owners[key] = (owner, time.monotonic() + _REMEMBERED)
        return owner

    def _other(self, method: str, path: str) -> Answer:
        """Preflights, and the settings that browser SDKs fetch before they send anything."""
        if method == "OPTIONS":
            return Answer(204, [_CORS, *_ALLOWED, *SAFE])
        if method not in {"GET", "HEAD"} or path in segment.PATHS:
            told = {"code": "no_such_verb", "message": "POST"}
            return Answer(405, [("allow", "POST, OPTIONS"), *_JSON], orjson.dumps(told))
        key = path.removeprefix(_SETTINGS).removesuffix("/settings")
        if self._owner(key) is None:
            told = {"code": "not_found", "message": "There is no such write key."}
            return Answer(404, _JSON, orjson.dumps(told))
        ours = {"apiKey": key, "apiHost": f"{self._url.netloc}/v1", "protocol": self._url.scheme}
        return Answer(200, _JSON, orjson.dumps({"integrations": {"Segment.io": ours}}))

    async def _aside(self, work: Callable[..., Any], *told: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._beside, work, *told)

    async def _durable(self, kept: Future[None]) -> None:
        """Wait for the commit. It is shared: no waiter may cancel it, and one wakes them all."""
        if kept.done():
            return kept.result()
        loop = asyncio.get_running_loop()
        if self._group is None or self._group[0] is not kept:
            waiting: list[asyncio.Future[None]] = []
            self._group = (kept, waiting)
            kept.add_done_callback(lambda _: loop.call_soon_threadsafe(_wake, kept, waiting))
        waiter: asyncio.Future[None] = loop.create_future()
        self._group[1].append(waiter)
        return await waiter


def _wake(kept: Future[None], waiting: list[asyncio.Future[None]]) -> None:
    wrong = kept.exception()
    for waiter in waiting:
        if waiter.done():  # who asked has gone
            continue
        if wrong is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(wrong)


_NOBODY: tuple[Owner | None, float] = (None, 0.0)


def _kind(name: str) -> str:
    return kind_of(name).name


def _tongue(header: Header) -> str:
    return "en" if (header("accept-language") or "").startswith("en") else "zh"


def _told(taken: segment.Taken, header: Header) -> Answer:
    """200 with what was accepted; 400 only if nothing can ever be."""
    _count(len(taken.events), len(taken.rejected))
    if not taken.rejected:
        return _all_accepted(len(taken.events))
    tongue = _tongue(header)
    rejected = [
        {
            "index": each.index,
            "code": each.flaw.reason,
            "field": each.flaw.field,
            "message": each.flaw.message(tongue),
        }
        for each in taken.rejected
    ]
    if taken.events:
        told = {"success": True, "accepted": len(taken.events), "rejected": rejected}
        return Answer(200, _JSON, orjson.dumps(told))
    refused = Invalid.because(each.flaw for each in taken.rejected[:1])
    return _refusal(refused, header, rejected=rejected)


@lru_cache(256)
def _all_accepted(count: int) -> Answer:
    told = {"success": True, "accepted": count, "rejected": []}
    return Answer(200, _JSON, orjson.dumps(told))


def _refusal(problem: Problem, header: Header, **more: Any) -> Answer:
    """Old SDKs read ``code`` and ``message``; they try again after 5xx, never after 4xx."""
    told = problem_details(problem, _tongue(header)) | more
    if isinstance(problem, Invalid):
        told["status"] = 400
        where = f"{problem.field}: " if problem.field else ""
        told["detail"] = f"{where}{told['detail']}"
    told["message"] = told["detail"]
    headers = [("content-type", PROBLEM), _CORS, *SAFE]
    if isinstance(problem, Overloaded):
        headers.append(("retry-after", str(max(1, round(problem.seconds)))))
    return Answer(told["status"], headers, orjson.dumps(told))


def _count(accepted: int, refused: int) -> None:
    if accepted:
        _counter("accepted").inc(accepted)
    if refused:
        _counter("refused").inc(refused)


@cache
def _counter(outcome: str) -> Any:
    return metrics.metric("juzhen_events_total", door="segment", outcome=outcome)


def collect(platform: Platform) -> Collect:
    """The intake doors over a platform."""

    def owner_of(key: str) -> Owner | None:
        account = platform.accounts.by_write_key(key)
        return (account.id, account.ecosystem) if account else None

    return Collect(platform.intake, owner_of, platform.clock, url=platform.settings.public_url)


def blueprint(platform: Platform) -> Blueprint:
    """The same doors in the Flask application."""
    from flask import Blueprint, Response, request

    door = Blueprint("collect", __name__)
    doors = collect(platform)

    def take(**_: str) -> Response:
        query = request.query_string.decode("latin-1")
        answer = doors.answer_waiting(
            request.method, request.path, query, request.headers.get, request.get_data()
        )
        return Response(answer.body, answer.status, answer.headers)

    methods = ["POST", "OPTIONS", "GET"]
    for path in (*sorted(segment.PATHS), f"{_SETTINGS}<key>/settings"):
        door.add_url_rule(
            path, path.strip("/"), take, methods=methods, provide_automatic_options=False
        )
    return door
