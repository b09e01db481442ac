"""The transport (传输): how a call may go wrong on its way, whatever it is about.

Sits before and after every call of a platform: writes it into the journal, and misbehaves as a
fault says. A dropped connection is a real one: nothing more is sent and the socket closes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import orjson
from flask import Flask, Response, g, request

from juzhen.sandbox.knobs import Fault
from juzhen.sandbox.limits import SAYS
from juzhen.sandbox.world import World

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_ASKED_BYTES = 4_096
_AFTERWARDS = ("lose_answer", "truncate")


def misbehave(app: Flask, world: World) -> None:
    """Have every call of the platform pass through the faults."""

    @app.before_request
    def before() -> Response | None:
        if (path := _called(request.path)) is None:
            return None
        g.number = world.journal.begin(request.method, path, _asked())
        g.fault = world.knobs.take(request.path, g.number)
        if g.fault is None or g.fault.kind in _AFTERWARDS:
            return None
        return _instead(g.fault)

    @app.after_request
    def after(response: Response) -> Response:
        if "number" not in g:
            return response
        if world.knobs["callbacks"] == "early":
            world.flush()
        fault: Fault | None = g.fault
        kind = fault.kind if fault else ""
        errcode, appid = g.get("errcode", 0), g.get("appid", "")
        world.journal.end(g.number, appid, response.status_code, errcode, kind)
        if kind == "lose_answer":
            return _dropped()
        return _cut(response) if kind == "truncate" else response


_PLATFORMS = ("/cgi-bin/", "/wecom/cgi-bin/", "/sms-gateway/", "/sns/", "/douyin-open/")


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
        return Response(orjson.dumps(answer), content_type="application/json")
    if fault.kind == "too_many":
        after = {"Retry-After": str(told.get("seconds", 1))}
        return Response(_PAGE.format("429 Too Many Requests"), 429, after)
    if fault.kind == "bad_gateway":
        return Response(_PAGE.format("502 Bad Gateway"), 502)
    return Response(_PAGE.format("系统维护中"), 200)


def _dropped() -> Response:
    return Response(_cut_off(b""), 200, direct_passthrough=True)


def _cut(response: Response) -> Response:
    """The headers promise the whole answer; half of it comes."""
    whole = response.get_data()
    cut = Response(_cut_off(whole[: len(whole) // 2]), response.status_code)
    cut.headers["Content-Type"] = response.headers["Content-Type"]
    cut.headers["Content-Length"] = str(len(whole))
    return cut


def _cut_off(sent: bytes) -> Iterator[bytes]:
    if sent:
        yield sent
    raise ConnectionResetError
