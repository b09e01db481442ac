"""Problems (错误应答): how a problem is answered over HTTP, as JSON or as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.web.codes import details
from juzhen.web.repeats import ONCE
from kernel import logs
from kernel.errors import Invalid, Overloaded, Problem
from kernel.wording import say
from stores.busy import is_full, no_room_left

_TOO_LATE = {"sign_in_first", "form_too_old"}
_OF_SIGN_INS = ("/log", "/password")
_MOST_TYPED = 500_000
_NEW = {"csrf", ONCE}
"""What a form that is sent again has anew."""


def install(app: Flask) -> None:
    """Answer every problem of the house by the table."""
    app.register_error_handler(Problem, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)


def problem_details(problem: Problem, tongue: str) -> dict[str, Any]:
    """The problem as RFC 9457 spells one."""
    told = details(problem.code, tongue, problem.message(tongue), reason=problem.reason)
    if isinstance(problem, Invalid):
        told["errors"] = [
            {"field": flaw.field, "code": flaw.reason, "message": flaw.message(tongue)}
            for flaw in problem.flaws
        ]
    return told


def _refuse(problem: Problem) -> AnyResponse:
    told = problem_details(problem, language())
    if problem.code == "signed_off" and _wants_page() and request.method == "GET":
        return redirect(f"/login?{urlencode({'next': request.full_path.rstrip('?')}, safe='/')}")
    lost = problem.reason in _TOO_LATE or isinstance(problem, Overloaded)
    response = _page_of(told, _typed() if lost else ()) if _wants_page() else _json_of(told)
    if isinstance(problem, Overloaded):
        response.headers["Retry-After"] = str(max(1, round(problem.seconds)))
    if problem.code == "signed_off":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refuse_http(problem: HTTPException) -> AnyResponse:
    """What Werkzeug refuses (404, 405, 413…), spelled our way."""
    if isinstance(problem.response, AnyResponse) and (problem.code or 500) < 400:
        return problem.response
    status, tongue = problem.code or 500, language()
    known = {404: "no_such_page", 405: "no_such_verb", 413: "body_too_large"}
    code = known.get(status, "request_not_understood")
    told = details(code, tongue, say(code, tongue), status=status)
    response = _page_of(told) if _wants_page() else _json_of(told)
    if problem.code == 405 and (allow := getattr(problem, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(allow)
    return response


def _fail(failure: Exception) -> AnyResponse:
    """The outermost loop: nobody is shown a stack trace, everybody a number to name."""
    if is_full(failure):
        return _refuse(no_room_left())
    logs.error("request_failed", failure, path=request.path)
    tongue = language()
    told = details("failed", tongue, say("we_failed", tongue, number=g.get("request_id", "")))
    return _page_of(told, _typed()) if _wants_page() else _json_of(told)


def _wants_page() -> bool:
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html" and not request.path.startswith(("/graphql", "/v1", "/callbacks"))


def _json_of(told: dict[str, Any]) -> Response:
    return Response(orjson.dumps(told), told["status"], content_type="application/problem+json")


def _page_of(told: dict[str, Any], typed: Sequence[tuple[str, str]] = ()) -> Response:
    """``typed`` is what she sent in vain: she sends it again from this page, with one touch."""
    files = any(each.filename for each in request.files.values()) if typed else False
    return Response(
        pages.render("problem.html", problem=told, typed=typed, files=files), told["status"]
    )


def _typed() -> Sequence[tuple[str, str]]:
    """What a form of ours said in vain: her sign-in had run out, or was another by then, or we were
    busy or failed. No password and no file is among it, and nothing that another site sent."""
    ours = request.headers.get("Origin", "").rstrip("/") == request.host_url.rstrip("/")
    if not ours or request.path.startswith(_OF_SIGN_INS):
        return ()
    told = [(name, value) for name, value in request.form.items(multi=True) if name not in _NEW]
    return told if sum(len(value) for _, value in told) <= _MOST_TYPED else ()
