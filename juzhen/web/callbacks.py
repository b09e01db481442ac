"""Callbacks (平台回调): where platforms call back. Their formats live with the adapters.

The front answers them itself: a thread beside its loop has the adapter check and read one after the
other, the loop answers each once it is durable. The same door stands in the Flask application, for
tests and for those who mount it alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

import orjson
from flask import Blueprint, Response, request

from channels.base import Callback
from channels.callbacks import Heard
from juzhen import metrics
from juzhen.web.answers import PROBLEM, SAFE, Answer, refusal
from juzhen.web.durable import Durable
from juzhen.web.problems import problem_details
from kernel.errors import Overloaded, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LARGEST = 1_000_000
_UNDER = "/callbacks/"
_WAITING = 2_000
"""So many are inside one process at once; a platform that is sent away calls again."""


class Begins(Protocol):
    """What `channels.callbacks.Callbacks` does for a door that does not wait in a thread."""

    def begin(self, account: str, callback: Callback, /) -> Heard: ...


class CallbackDoor:
    """One process's door on its front."""

    limit = LARGEST

    def __init__(self, callbacks: Begins, *, waiting: int = _WAITING) -> None:
        self._callbacks = callbacks
        self._waiting = waiting
        self._inside = 0
        self._reading = ThreadPoolExecutor(1, "callbacks")
        self._durable = Durable()

    def mine(self, path: str) -> bool:
        return path.startswith(_UNDER) and len(path) > len(_UNDER) and path.count("/") == 2

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer one callback; what it told is durable by then."""
        begun = time.perf_counter()
        told = await self._answered(method, path, query, headers, body)
        metrics.metric(
            "juzhen_requests_total", door="callbacks", status=f"{told.status // 100}xx"
        ).inc()
        took = time.perf_counter() - begun
        metrics.metric("juzhen_request_seconds", door="callbacks").observe(took)
        return told

    def close(self) -> None:
        self._reading.shutdown()

    async def _answered(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if method not in {"GET", "POST"}:
            return refusal("no_such_verb", ("allow", "GET, POST"))
        if self._inside >= self._waiting:
            return refusal("overloaded", ("retry-after", "1"), reason="too_many_requests_wait")
        self._inside += 1
        try:
            heard = await asyncio.get_running_loop().run_in_executor(
                self._reading, self._read, path, query, headers, body
            )
            for kept in heard.kept:
                await self._durable.wait(kept)
        except Problem as problem:
            return _refused(problem)
        finally:
            self._inside -= 1
        return Answer(200, [("content-type", _kind(heard.answer)), *SAFE], heard.answer)

    def _read(self, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Heard:
        asked: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            asked.setdefault(name, value)  # of one sent twice, the first
        callback = Callback(query=asked, body=body, headers=headers)
        return self._callbacks.begin(path.removeprefix(_UNDER), callback)


def _refused(problem: Problem) -> Answer:
    told = problem_details(problem, "zh")
    headers = [("content-type", PROBLEM), *SAFE]
    if isinstance(problem, Overloaded):
        headers.append(("retry-after", str(max(1, round(problem.seconds)))))
    return Answer(told["status"], headers, orjson.dumps(told))


def _kind(answer: bytes) -> str:
    return "application/json" if answer.startswith(b"{") else "text/plain; charset=utf-8"


def blueprint(platform: Platform) -> Blueprint:
    """The same door in the Flask application."""
    door = Blueprint("callbacks", __name__)

    @door.route("/callbacks/<account>", methods=["GET", "POST"])
    def take(account: str) -> Response:
        request.max_content_length = LARGEST
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(query=request.args.to_dict(), body=request.get_data(), headers=headers)
        answer = platform.callbacks.take(account, callback)
        return Response(answer, content_type=_kind(answer))

    return door
