"""Answers (应答): what the front says without Flask, and the headers of every such answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import orjson

from juzhen.web.codes import details
from kernel.wording import say

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


def refusal(code: str, *headers: tuple[str, str], reason: str = "", **facts: object) -> Answer:
    """A refusal of the front's own, spelled as every other; ``reason`` is a finer sentence."""
    said = reason or code
    told = details(code, "zh", say(said, **facts), message=say(said, "en", **facts))
    return Answer(told["status"], [("content-type", PROBLEM), *SAFE, *headers], orjson.dumps(told))
