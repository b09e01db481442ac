"""The transport (传输): how a call may go wrong on its way, whatever it is about.

Sits before and after every call of a platform: writes it into the journal, and misbehaves as a
fault says. A dropped connection is a real one: nothing more is sent and the socket closes.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from flask import Flask, Response, g, request

from juzhen.sandbox.knobs import Fault
from juzhen.sandbox.limits import SAYS
from juzhen.sandbox.world import World

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_ASKED_BYTES = 4_096
_AFTERWARDS = ("lose_answer", "truncate", "slow_body", "gzip", "odd_json")
_TRICKLES = 8
"""Pieces in which a slow answer comes."""


class Crowd:
    """How many calls of a path are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()

    def enters(self, path: str, most: Mapping[str, int]) -> bool:
        """Is there room for one more? It is counted either way, until it leaves."""
        with self._lock:
            self._inside[path] += 1
            return self._inside[path] <= most.get(path, self._inside[path])

    def leaves(self, path: str) -> None:
        with self._lock:
            self._inside[path] -= 1


def misbehave(app: Flask, world: World) -> None:
    """Have every call of the platform pass through the faults."""

    crowd = Crowd()

    @app.before_request
    def before() -> Response | None:
        if (path := _called(request.path)) is None:
            return None
        g.number, g.fault = world.journal.begin(request.method, path, _asked()), None
        if not crowd.enters(path, world.knobs["at_once"]):
            return _instead(Fault("errcode", {"errcode": 45033}))
        g.fault = world.knobs.take(request.path, g.number)
        return _instead(g.fault) if g.fault and g.fault.kind not in _AFTERWARDS else None

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "number" in g:
            crowd.leaves(_called(request.path) or "")

    @app.after_request
    def after(response: Response) -> Response:
        if "number" not in g:
            return response
        if world.knobs["callbacks"] == "early":
            world.flush()
        return _answered(world, response, g.fault)


def _answered(world: World, response: Response, fault: Fault | None) -> Response:
    """The answer, written into the journal, as the fault lets it through."""
    kind = fault.kind if fault else ""
    errcode, appid = g.get("errcode", 0), g.get("appid", "")
    world.journal.end(g.number, appid, response.status_code, errcode, kind)
    if kind == "lose_answer":
        return _dropped()
    changed = _CHANGED.get(kind)
    return changed(response, fault.told) if changed and fault else response


_PLATFORMS = (
    "/cgi-bin/", "/wecom/cgi-bin/", "/sms-gateway/", "/push-gateway/", "/sns/",
    "/douyin-open/", "/ocean/open_api/",
)  # fmt: skip


def _called(path: str) -> str | None:
    """What is called of a platform's interface; None for pages and the control door."""
    for before in _PLATFORMS:
        if path.startswith(before):
            return path.removeprefix(before)
    return None


def _asked() -> str:
    if request.mimetype == "multipart/form-data":
        return f"multipart, {request.content_length or 0} bytes"
    body = request.get_data(cache=True)[:_ASKED_BYTES].decode(errors="replace")
    return "" if "secret" in body else body


def _instead(fault: Fault) -> Response | None:
    """What is answered instead of doing it; None after waiting."""
    told = fault.told
    if fault.kind == "slow":
        time.sleep(float(told.get("seconds", 1)))
        return None
    if fault.kind == "drop":
        return _dropped()
    if fault.kind in ("busy", "errcode"):
        g.errcode = int(told.get("errcode", -1))
        answer: dict[str, object] = {"errcode": g.errcode, "errmsg": SAYS.get(g.errcode, "error")}
        if request.path.startswith("/douyin-open/"):
            code = 2100004 if fault.kind == "busy" else g.errcode
            answer = {"data": {"error_code": code, "description": "error"}, "extra": {}}
        elif request.path.startswith("/ocean/"):
            code = 50000 if fault.kind == "busy" else g.errcode
            answer = {"code": code, "message": "error", "data": {}}
        return Response(orjson.dumps(answer), content_type="application/json")
    if fault.kind == "too_many":
        after = {"Retry-After": str(told.get("seconds", 1))}
        return Response(_PAGE.format("429 Too Many Requests"), 429, after)
    if fault.kind == "bad_gateway":
        return Response(_PAGE.format("502 Bad Gateway"), 502)
    return Response(_PAGE.format("系统维护中"), 200)


def _dropped() -> Response:
    return Response(_cut_off(b""), 200, direct_passthrough=True)


def _cut(response: Response, _: Mapping[str, Any]) -> Response:
    """The headers promise the whole answer; half of it comes."""
    whole = response.get_data()
    cut = Response(_cut_off(whole[: len(whole) // 2]), response.status_code)
    cut.headers["Content-Type"] = response.headers["Content-Type"]
    cut.headers["Content-Length"] = str(len(whole))
    return cut


def _slowly(response: Response, told: Mapping[str, Any]) -> Response:
    """All of it comes, piece by piece."""
    whole, pause = response.get_data(), float(told.get("seconds", 1)) / _TRICKLES
    size = max(1, len(whole) // _TRICKLES)

    def trickle() -> Iterator[bytes]:
        for begin in range(0, len(whole), size):
            time.sleep(pause)
            yield whole[begin : begin + size]

    slow = Response(trickle(), response.status_code, direct_passthrough=True)
    slow.headers["Content-Type"] = response.headers["Content-Type"]
    slow.headers["Content-Length"] = str(len(whole))
    return slow


def _packed(response: Response, _: Mapping[str, Any]) -> Response:
    response.set_data(gzip.compress(response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _oddly(response: Response, _: Mapping[str, Any]) -> Response:
    """As gateways and older versions of the platform have been seen to answer."""
    told = orjson.loads(response.get_data())
    if not told.get("errcode"):
        told.pop("errcode", None)
        told.pop("errmsg", None)
    response.set_data(orjson.dumps(_as_texts(told) | {"x_unknown": {"a": [1]}, "rid": "r-1"}))
    return response


def _as_texts(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _as_texts(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_as_texts(value) for value in told]
    return str(told) if isinstance(told, int) and not isinstance(told, bool) else told


_CHANGED: dict[str, Callable[[Response, Mapping[str, Any]], Response]] = {
    "truncate": _cut, "slow_body": _slowly, "gzip": _packed, "odd_json": _oddly,
}  # fmt: skip


def _cut_off(sent: bytes) -> Iterator[bytes]:
    if sent:
        yield sent
    raise ConnectionResetError
