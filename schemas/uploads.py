"""Uploads (断点续传) as the reference describes them: tus 1.0.0 is their contract."""

from __future__ import annotations

from typing import Any

_WHICH = {"name": "upload", "in": "path", "required": True, "schema": {"type": "string"}}
_BYTES = {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_WORDS = {"type": "object", "additionalProperties": {"type": "string"}}


def _leave(method: str, told: str, why: str) -> Any:
    """Leave to go straight to the store."""
    return {
        "type": ["object", "null"], "description": why,
        "required": ["method", "url", told],
        "properties": {
            "method": {"type": "string", "enum": [method]},
            "url": {"type": "string", "format": "uri"}, told: _WORDS,
        },
    }  # fmt: skip


_BEGUN = {
    "type": "object",
    "required": ["upload", "media", "ticket", "form"],
    "properties": {
        "upload": {"type": "string"},
        "media": {"type": ["string", "null"], "description": "Set if its bytes are here already."},
        "ticket": _leave(
            "PUT", "headers", "Put exactly the bytes of sha256; null without it, or if clients do"
            " not reach the store.",
        ),
        "form": _leave(
            "POST", "fields", "Post a multipart form: these fields as they are, then `file`; null"
            " if clients do not reach the store. Good for an hour, this size and the content type"
            " that the file name's ending stands for.",
        ),
    },
}  # fmt: skip


def _does(
    summary: str, status: str, answer: str, *, one: bool = True, shape: Any = None, **more: Any
) -> Any:
    told: Any = {status: {"description": answer}, "404": {"description": "No upload of yours."}}
    if shape is not None:
        told[status]["content"] = {"application/json": {"schema": shape}}
    if not one:
        del told["404"]
    return {
        "summary": summary, "responses": told, "security": [{"token": []}],
        **({"parameters": [_WHICH]} if one else {}), **more,
    }  # fmt: skip


PATHS: dict[str, Any] = {
    "/media/uploads": {
        "post": _does(
            "Begin a resumable upload (tus 1.0.0); perhaps with leave to send it straight to the"
            " store, as a PUT (if sha256 is in its metadata) or as a form",
            "201", "Where to go on: Location.", one=False, shape=_BEGUN,
        ),
    },
    "/media/uploads/{upload}": {
        "get": _does(
            "How far it got; HEAD asks the same", "200", "Upload-Offset, perhaps Media-Id."
        ),
        "patch": _does(
            "The next bytes, from Upload-Offset on", "204",
            "Upload-Offset, and Media-Id once it is whole.",
            requestBody={"required": True, "content": _BYTES},
        ),
        "delete": _does("Give it up", "204", "Forgotten."),
    },
    "/media/uploads/{upload}/arrived": {
        "post": _does(
            "All of it is in the store, put with the ticket or posted with the form", "200",
            "Media-Id.",
        )
    },
}  # fmt: skip
