"""Asking (一问一答): a question to a platform, and what it means for it that no answer came.

What may be asked again is `Busy` then; what may not is `Unanswered`, even where a gateway spoke:
what stands behind it may have done it. Knows no platform and no token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any
from urllib.parse import urlencode

import orjson

from channels.base import Busy, Unanswered
from channels.outbound.words import Answer, Http
from kernel.values import dataclass

JSON = {"Content-Type": "application/json; charset=utf-8"}
_LOST_BEHIND_A_GATEWAY = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call, as yet without whatever signs it in."""

    method: str = "GET"
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    """Does asking twice do no harm?"""

    @classmethod
    def of_json(cls, path: str, payload: Any, *, repeatable: bool = True) -> Question:
        return cls(
            method="POST", path=path, body=orjson.dumps(payload), headers=JSON,
            repeatable=repeatable,
        )  # fmt: skip

    def signed(
        self, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Question:
        """The same with more in its query and its headers."""
        return replace(
            self, query={**self.query, **(query or {})}, headers={**self.headers, **(headers or {})}
        )


def asked(http: Http, host: str, question: Question) -> Answer:
    """The answer, whatever it says. Raises `Busy` where nothing was done or it may be asked again,
    `Unanswered` where nobody knows, and what else ``http`` raises."""
    url = f"{host}{question.path}"
    if question.query:
        url += f"?{urlencode(question.query)}"
    try:
        return http.request(question.method, url, body=question.body, headers=question.headers)
    except Unanswered as lost:
        if not question.repeatable:
            raise
        raise Busy(lost.reason, down=True, **lost.facts) from lost
    except Busy as later:
        if question.repeatable or later.facts.get("status") not in _LOST_BEHIND_A_GATEWAY:
            raise
        raise Unanswered("platform_did_not_answer", host=host) from later


def fields(answer: Answer, question: Question) -> dict[str, Any]:
    """The fields of a JSON answer; one that stands alone in a list is taken out of it. What is
    none, a gateway's page or half an answer, is as good as no answer."""
    try:
        told = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf").strip())
        told = told[0] if isinstance(told, list) and len(told) == 1 else told
        if not isinstance(told, dict):
            raise orjson.JSONDecodeError("not an object", "", 0)
    except orjson.JSONDecodeError as strange:
        if not question.repeatable:
            raise Unanswered("platform_answer_unreadable", path=question.path) from strange
        raise Busy("platform_answer_unreadable", down=True, path=question.path) from strange
    return told
