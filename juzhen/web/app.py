"""The web application (网页应用): who asks, the doors, the one table from problem to answer.

Flask behind the front. Every door is a blueprint of its own; this module only stands before and
after them: identifies the actor, refuses forged forms, sets the security headers, spells errors.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from juzhen import metrics
from juzhen.logs import logger
from kernel.actors import Actor
from kernel.errors import Forbidden, Invalid, Overloaded, Problem, SignedOff
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

COOKIE = "jz_session"
STATUS = {
    "invalid": 422,
    "not_found": 404,
    "conflict": 409,
    "forbidden": 403,
    "signed_off": 401,
    "overloaded": 503,
    "channel_refused": 422,
    "channel_busy": 503,
    "channel_signed_out": 409,
    "channel_unanswered": 502,
}
"""Problem code → HTTP status: the whole table."""
BODY_LIMIT = 64 * 1024 * 1024
_PAGES = ("/console", "/workbench")
_SAFE = {"GET", "HEAD", "OPTIONS"}


def create(platform: Platform) -> Flask:
    """The application with all its doors."""
    from juzhen.web import doors, pages

    app = Flask("juzhen", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(lambda: _arrive(platform))
    app.after_request(_leave)
    app.register_error_handler(Problem, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)
    pages.install(app, platform)
    for door in doors.all_of(platform):
        app.register_blueprint(door)
    return app


def _arrive(platform: Platform) -> AnyResponse | None:
    g.begun = time.perf_counter()
    g.nonce = secrets.token_urlsafe(12)
    g.request_id = request.headers.get("X-Request-Id", "")[:64] or secrets.token_hex(8)
    g.actor, g.csrf = None, ""
    structlog.contextvars.bind_contextvars(request=g.request_id)
    if request.path in {"/livez", "/readyz", "/metrics"}:
        return None
    _identify(platform)
    return platform.repeats.recall() if request.method == "POST" else None


def _identify(platform: Platform) -> None:
    """Whoever the credentials speak for. None at all is fine here; a bad one is not."""
    bearer = request.headers.get("Authorization", "")
    if bearer.startswith("Bearer "):
        g.actor = platform.access.of_token(bearer.removeprefix("Bearer ").strip())
    elif key := request.cookies.get(COOKIE):
        try:
            signed = platform.access.of_session(key)
        except SignedOff:
            return
        g.actor, g.csrf = signed.actor, signed.csrf
        if request.method not in _SAFE:
            _check_origin(signed.csrf)


def _check_origin(csrf: str) -> None:
    """A browser sends her cookie for every site's form: only ours may do something with it."""
    site = request.headers.get("Sec-Fetch-Site", "")
    origin = request.headers.get("Origin", "")
    if site not in {"", "same-origin"} or (origin and origin != request.host_url.rstrip("/")):
        raise Forbidden("form_of_another_site")
    typed = (request.mimetype or "").startswith(("multipart/", "application/x-www-form"))
    shown = request.form.get("csrf", "") if typed else ""
    shown = shown or request.headers.get("X-CSRF-Token", "")
    if not secrets.compare_digest(shown.encode(), csrf.encode()):
        raise Forbidden("form_too_old")


def asker() -> Actor:
    """The actor of this request. Raises `SignedOff` if nobody signed in."""
    actor: Actor | None = g.actor
    if actor is None:
        raise SignedOff("sign_in_first")
    return actor


def language() -> str:
    """The asker's language: what the address says, her own, her browser's; Chinese first."""
    chosen = request.args.get("lang") or request.cookies.get("jz_lang")
    if chosen in {"zh", "en"}:
        return chosen
    if g.get("actor") is not None and g.actor.staff:
        return str(g.actor.language)
    return request.accept_languages.best_match(["zh", "zh-CN", "en"], "zh")[:2]


def _leave(response: Response) -> Response:
    """Security headers on every answer, whatever it is."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{g.get('nonce', '')}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    } | g.get("policy", {})
    headers = response.headers
    headers["Content-Security-Policy"] = "; ".join(f"{k} {v}" for k, v in policy.items())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["X-Request-Id"] = g.get("request_id", "")
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    headers.setdefault("Cache-Control", "no-store")
    _count(response)
    return response


def _count(response: AnyResponse) -> None:
    door = (request.blueprint or "none").split(".")[0]
    metrics.metric(
        "juzhen_requests_total", door=door, status=f"{response.status_code // 100}xx"
    ).inc()
    if "begun" in g:
        took = time.perf_counter() - g.begun
        metrics.metric("juzhen_request_seconds", door=door).observe(took)
    structlog.contextvars.unbind_contextvars("request")


def problem_details(problem: Problem, tongue: str) -> dict[str, Any]:
    """The problem as RFC 9457 spells one."""
    status = STATUS.get(problem.code, 500)
    told: dict[str, Any] = {
        "type": f"/docs/errors#{problem.code}",
        "title": say(f"title_{problem.code}", tongue),
        "status": status,
        "code": problem.code,
        "reason": problem.reason,
        "detail": problem.message(tongue),
    }
    if isinstance(problem, Invalid):
        told["errors"] = [
            {"field": flaw.field, "code": flaw.reason, "message": flaw.message(tongue)}
            for flaw in problem.flaws
        ]
    return told


def _refuse(problem: Problem) -> AnyResponse:
    told = problem_details(problem, language())
    if problem.code == "signed_off" and _wants_page() and request.method == "GET":
        return redirect(f"/login?next={request.full_path.rstrip('?')}")
    response = _page_of(told) if _wants_page() else _json_of(told)
    if isinstance(problem, Overloaded):
        response.headers["Retry-After"] = str(max(1, round(problem.seconds)))
    if problem.code == "signed_off":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refuse_http(problem: HTTPException) -> AnyResponse:
    """What Werkzeug refuses (404, 405, 413…), spelled our way."""
    if problem.response is not None and (problem.code or 500) < 400:
        return problem.response
    status, tongue = problem.code or 500, language()
    known = {404: "no_such_page", 405: "no_such_verb", 413: "body_too_large"}
    reason = known.get(status, "request_not_understood")
    told = {
        "type": f"/docs/errors#{reason}",
        "title": say(reason, tongue),
        "status": status,
        "code": reason,
        "detail": say(reason, tongue),
    }
    response = _page_of(told) if _wants_page() else _json_of(told)
    if problem.code == 405 and (allow := getattr(problem, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(allow)
    return response


def _fail(failure: Exception) -> AnyResponse:
    """The outermost loop: nobody is shown a stack trace, everybody a number to name."""
    logger().error("request_failed", path=request.path, exc_info=failure)
    tongue = language()
    told = {
        "type": "/docs/errors#failed",
        "title": say("title_failed", tongue),
        "status": 500,
        "code": "failed",
        "detail": say("we_failed", tongue, number=g.get("request_id", "")),
    }
    return _page_of(told) if _wants_page() else _json_of(told)


def _wants_page() -> bool:
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html" and not request.path.startswith(("/graphql", "/v1", "/callbacks"))


def _json_of(told: dict[str, Any]) -> Response:
    return Response(orjson.dumps(told), told["status"], content_type="application/problem+json")


def _page_of(told: dict[str, Any]) -> Response:
    from juzhen.web import pages

    return Response(pages.render("problem.html", problem=told), told["status"])
