"""Codes (错误码): every code that an answer of ours may carry, and its HTTP status: the one table.

What a code means (``title_…``) and what to do about it (``cure_…``) are sentences of
`kernel.wording`; ``/docs/errors`` and ``docs/reference/errors.md`` tell them all. GraphQL answers
the same codes, as ``extensions.code``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kernel.wording import say


class Code(NamedTuple):
    """How a code is answered over HTTP."""

    status: int
    also: tuple[int, ...] = ()
    """Other statuses it has at doors whose clients expect them."""


CODES = {
    "invalid": Code(422, (400,)),  # 400: SDKs drop what got it; GraphQL refused before it began
    "not_found": Code(404),
    "conflict": Code(409),
    "forbidden": Code(403),
    "signed_off": Code(401),
    "overloaded": Code(503, (429,)),  # 429: the SDKs wait only then
    "channel_refused": Code(422),
    "channel_busy": Code(503),
    "channel_signed_out": Code(409),
    "channel_unanswered": Code(502),
    "no_such_page": Code(404),
    "no_such_verb": Code(405),
    "body_too_large": Code(413),
    "body_too_slow": Code(408),
    "body_not_whole": Code(400),
    "request_not_understood": Code(400, (415,)),
    "PERSISTED_QUERY_NOT_FOUND": Code(200),  # Apollo's clients ask once more with the text
    "failed": Code(500),
}


def details(
    code: str, language: str, detail: str, *, status: int | None = None, **more: Any
) -> dict[str, Any]:
    """A refusal as RFC 9457 spells one. A code that nobody wrote down is a failure of ours."""
    known = code if code in CODES else "failed"
    return {
        "type": f"/docs/errors#{known}",
        "title": say(f"title_{known}", language),
        "status": CODES[known].status if status is None else status,
        "code": known,
        **more,
        "detail": detail,
    }
