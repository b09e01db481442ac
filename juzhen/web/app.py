"""The web application (网页应用): who asks, the doors, the one table from problem to answer.

Flask behind the front. Every door is a blueprint of its own; this module only stands before and
after them: identifies the actor, refuses forged forms, sets the security headers, spells errors.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, g, request
from werkzeug.routing import Rule
from werkzeug.wrappers import Response as AnyResponse

from juzhen import metrics
from juzhen.web import doors, pages, problems
from juzhen.web.answers import ALWAYS
from juzhen.web.asking import check_text, identify, request_id
from kernel import logs

if TYPE_CHECKING:
    from juzhen.wiring import Platform

BODY_LIMIT = 64 * 1024 * 1024


def create(platform: Platform) -> Flask:
    """The application with all its doors."""
    app = Flask("juzhen", static_folder=None)
    app.url_rule_class = _Address
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(lambda: _arrive(platform))
    app.after_request(partial(_leave, platform=platform))
    problems.install(app)
    pages.install(app, platform)
    for door in doors.all_of(platform):
        app.register_blueprint(door)
    return app


class _Address(Rule):
    """Learns how it is written when a page first asks: two functions for each of 230 addresses
    would be a twentieth of a start."""

    _build: Callable[..., tuple[str, str]]
    _build_unknown: Callable[..., tuple[str, str]]

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        write = super()._compile_builder

        def build(rule: Rule, /, **values: str) -> tuple[str, str]:
            written = write(append_unknown).__get__(rule, None)
            if append_unknown:
                self._build_unknown = written
            else:
                self._build = written
            return cast("tuple[str, str]", written(**values))

        return build


def _arrive(platform: Platform) -> AnyResponse | None:
    g.begun = time.perf_counter()
    g.nonce = secrets.token_urlsafe(12)
    g.request_id = request_id(request.headers.get("X-Request-Id"))
    g.actor, g.csrf = None, ""
    logs.bind(request=g.request_id)
    if request.path in {"/livez", "/readyz", "/metrics"}:
        return None
    platform.changes.hold()  # as of now until the answer is made, or until it changes something
    if "Idempotency-Key" in request.headers:
        request.get_data()  # kept whole, before a form is read out of it
    identify(platform)
    check_text()
    return platform.repeats.recall() if request.method == "POST" else None


def _leave(response: Response, *, platform: Platform) -> Response:
    """Security headers on every answer, whatever it is."""
    platform.changes.let_go()
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
    if shown := g.get("pictures"):
        policy["img-src"] = " ".join([policy["img-src"], *sorted(shown)])
    if files := platform.files.origin:  # where pictures may lie
        policy |= {name: f"{policy[name]} {files}" for name in ("img-src", "media-src")}
    headers = response.headers
    headers["Content-Security-Policy"] = "; ".join(f"{k} {v}" for k, v in policy.items())
    headers.update(ALWAYS)
    if g.get("geolocation"):
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
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
    logs.bind()
