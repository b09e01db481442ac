"""What a client may ask over GraphQL (GraphQL 请求契约): a question's envelope, by POST or GET.

The schemas are the contract; the plans are the same in straight-line Python (`schemas.events`).
Reads no document: that is the guard's and the compiler's.
"""

from __future__ import annotations

import hashlib
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from kernel.errors import Flaw, Invalid
from schemas.events import checked, compile_plan


def _text() -> fields.String:
    return fields.String(allow_none=True, error_messages={"invalid": "not_a_text"})


def _object() -> fields.Dict:
    return fields.Dict(allow_none=True, error_messages={"invalid": "not_an_object"})


class Asked(Schema):
    """A question, as GraphQL over HTTP spells it. Unknown keys are nobody's business."""

    class Meta:
        unknown = EXCLUDE

    query = _text()
    operationName = _text()
    variables = _object()
    extensions = _object()


class Persisted(Schema):
    """The hash of a question that is known already."""

    class Meta:
        unknown = EXCLUDE

    sha256Hash = _text()


ASKED, PERSISTED = Asked(), Persisted()
_asked, _persisted = compile_plan(ASKED), compile_plan(PERSISTED)


def asked(told: dict[str, Any]) -> dict[str, Any]:
    """The envelope, checked. Raises `Invalid` naming each field that is wrong."""
    loaded = _asked(told)
    return checked(ASKED, told) if loaded is None else loaded


def persisted(told: Any) -> str | None:
    """The hash, if there is one. Raises `Invalid` for one that is no text."""
    if type(told) is not dict:
        return None
    loaded = _persisted(told)
    if loaded is None:
        try:
            loaded = checked(PERSISTED, told)
        except Invalid as wrong:
            raise Invalid.because(
                Flaw(f"extensions.persistedQuery.{each.field}", each.reason) for each in wrong.flaws
            ) from None
    found: str | None = loaded.get("sha256Hash")
    return found


def hash_of(text: str) -> str:
    """By which a document is found again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
