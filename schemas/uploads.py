"""Uploads (断点续传) as the reference describes them: tus 1.0.0 is their contract."""

from __future__ import annotations

from typing import Any

_WHICH = {"name": "upload", "in": "path", "required": True, "schema": {"type": "string"}}
_BYTES = {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def _does(summary: str, status: str, answer: str, *, one: bool = True, **more: Any) -> Any:
    told = {status: {"description": answer}, "404": {"description": "No upload of yours."}}
    if not one:
        del told["404"]
    return {
        "summary": summary, "responses": told, "security": [{"token": []}],
        **({"parameters": [_WHICH]} if one else {}), **more,
    }  # fmt: skip


PATHS: dict[str, Any] = {
    "/media/uploads": {
        "post": _does(
            "Begin a resumable upload (tus 1.0.0); with sha256 in its metadata, perhaps a ticket"
            " to put it straight into the store",
            "201", "Where to go on: Location.", one=False,
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
        "post": _does("All of it was put into the store with the ticket", "200", "Media-Id.")
    },
}  # fmt: skip
