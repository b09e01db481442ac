"""Reading (读取 JSON): what SDKs write for JSON, also where it is none by the letter.

One event's cut-off emoji, half a character or number without end must not cost the hundred beside
it: what cannot be text becomes U+FFFD, which no id may hold, and what is no number is null. Knows
no event and judges nothing.
"""

from __future__ import annotations

import math
import re
from json import loads
from typing import Any

import orjson

from kernel.errors import Invalid

DAMAGED = "\ufffd"
"""Stands where something was that is no character."""
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)
_INSIDE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_DEEPEST = 400
"""Deeper than anything that can be kept, and less deep than a reader of ours may go."""
_MOST_DEEP = 50_000
"""With more brackets than this nothing is sorted out any more: that would be work for nobody."""


def parsed(body: bytes) -> Any:
    """The JSON. Raises `Invalid` for what is none even so."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8-sig", "replace")
    if "\\ud" in text or "\\uD" in text:
        text = _ESCAPE.sub(lambda found: r"\ufffd" if found["half"] else found[0], text)
    try:
        try:
            return _loosely(text)
        except RecursionError:
            return _loosely(_shallow(text))
    except (ValueError, RecursionError) as wrong:
        raise Invalid("body", "not_json") from wrong


def _loosely(text: str) -> Any:
    """NaN and numbers without end, which JSON has not, are null."""
    return loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_fitting)


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None


def _fitting(written: str) -> int | float | None:
    """What is longer than 64 bits is as near as a float comes to it."""
    number = int(written) if len(written) <= 20 else 1 << 64
    return number if -(1 << 63) <= number < 1 << 64 else _finite(written)


def _shallow(text: str) -> str:
    """The same with null for whatever lies too deep, so that its neighbours can be read."""
    if text.count("[") + text.count("{") > _MOST_DEEP:
        raise RecursionError
    parts, depth, kept = [], 0, 0
    for found in _INSIDE.finditer(text):
        sign = found[0]
        if sign in "[{":
            depth += 1
            if depth == _DEEPEST + 1:
                parts += [text[kept : found.start()], "null"]
        elif sign in "]}":
            depth -= 1
            if depth == _DEEPEST:
                kept = found.end()
    return "".join((*parts, text[kept:]))
