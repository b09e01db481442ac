"""Answers (应答): what the front says without Flask, and the headers of every such answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import NamedTuple

import orjson

from juzhen.web.codes import details
from kernel.wording import LANGUAGES, say

Header = Callable[[str], str | None]


class Answer(NamedTuple):
    """A whole answer, made without Flask."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


Quick = Callable[[str, str, Header], Awaitable[Answer | None]]
"""(path, query, header) of a GET → an answer that is ready, or None for the application to say."""
Swift = Callable[[Header, bytes], Awaitable[Answer | None]]
"""(header, body) of a question that was posted → its answer, or None for the application."""

PROBLEM = "application/problem+json"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Security headers of every answer, whoever makes it."""
SAFE = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    *((name.lower(), value) for name, value in ALWAYS.items()),
]
"""Headers of every answer that Flask does not make."""
CORS = ("access-control-allow-origin", "*")
"""SDKs run in pages of other origins, and read what intake answers."""
REFUSED = [CORS, ("access-control-expose-headers", "retry-after")]
"""Else no page reads that intake refused it, nor when to come again."""

_PROGRAMS = ("/graphql", "/v1", "/callbacks")
_STYLED = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<link rel="stylesheet" href="/static/now/juzhen.css"></head>
<body class="plain"><main><section class="narrow card"><p class="kicker">{status}</p>
<h1>{title}</h1><p>{detail}</p><p>{back}</p><p><a class="button quiet" href="/">{start}</a></p>
</section></main></body></html>
"""


def shown(told: Answer, path: str, header: Header) -> Answer:
    """The same refusal as a page, if a person's browser asked for one; programs get it as it is."""
    problem = dict(told.headers).get("content-type") == PROBLEM
    if not problem or "text/html" not in (header("accept") or "") or path.startswith(_PROGRAMS):
        return told
    tongue = _tongue(header)
    said = orjson.loads(told.body)
    spoken = {
        "title": say(f"title_{said['code']}", tongue),
        "detail": said["detail"] if tongue == "zh" else said["message"],
        "back": say("typed_go_back", tongue), "start": say("to_start", tongue),
    }  # fmt: skip
    page = _PAGE.format(
        lang="zh-CN" if tongue == "zh" else "en", status=told.status,
        **{name: escape(text) for name, text in spoken.items()},
    )  # fmt: skip
    changed = {"content-type": "text/html; charset=utf-8", "content-security-policy": _STYLED}
    headers = [(name, changed.get(name, value)) for name, value in told.headers]
    return Answer(told.status, headers, page.encode())


def _tongue(header: Header) -> str:
    """As her browser is set, or speaks. Other programs on this host set cookies, too, of whatever
    spelling: only ours is looked for."""
    for each in (header("cookie") or "").split(";"):
        name, _, chosen = each.strip().partition("=")
        if name == "jz_lang" and chosen in LANGUAGES:
            return chosen
    first = (header("accept-language") or "zh")[:2].lower()
    return first if first in LANGUAGES else "zh"


def refusal(code: str, *headers: tuple[str, str], reason: str = "", **facts: object) -> Answer:
    """A refusal of the front's own, spelled as every other; ``reason`` is a finer sentence."""
    said = reason or code
    told = details(code, "zh", say(said, **facts), message=say(said, "en", **facts))
    return Answer(told["status"], [("content-type", PROBLEM), *SAFE, *headers], orjson.dumps(told))
