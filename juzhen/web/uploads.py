"""The door for large files (断点续传): tus 1.0.0, or straight into the store by a ticket or a form.

Any tus client works: ``POST`` says how long the file is, ``PATCH`` brings the next bytes, ``HEAD``
asks how far it got. When the last byte is there, ``Media-Id`` names the file.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response as AnyResponse

from content_hub.uploads import LARGEST, FileUpload
from juzhen.web.asking import asker
from kernel.actors import require
from kernel.errors import Conflict, Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_TUS, _PIECE = "1.0.0", "application/offset+octet-stream"
_ABLE = {
    "Tus-Resumable": _TUS, "Tus-Version": _TUS, "Tus-Max-Size": str(LARGEST),
    "Tus-Extension": "creation,termination,expiration",
}  # fmt: skip


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("uploads", __name__, url_prefix="/media/uploads")
    _speak(door)

    @door.post("")
    def begin() -> AnyResponse:
        """Of bytes that are here already nothing more has to come."""
        by, told = _sender(), _metadata(request.headers.get("Upload-Metadata", ""))
        size = _whole("Upload-Length")
        upload = platform.uploads.begin(
            size, by=by, name=told.get("filename", ""), digest=told.get("sha256", "")
        )
        ticket, form = platform.uploads.ticket(upload), platform.uploads.form(upload)
        answer = jsonify(
            upload=upload.id, media=upload.media or None,
            ticket={"method": "PUT", "url": ticket.url, "headers": ticket.headers}
            if ticket else None,
            form={"method": "POST", "url": form.url, "fields": form.fields} if form else None,
        )  # fmt: skip
        answer.status_code = 201
        answer.headers["Location"] = f"/media/uploads/{upload.id}"
        return _far(answer, upload)

    @door.get("/<key>")
    def look(key: str) -> AnyResponse:
        """HEAD asks the same without the words."""
        upload = platform.uploads.one(key, by=_sender())
        answer = jsonify(upload=upload.id, media=upload.media or None, offset=upload.taken)
        answer.headers["Upload-Length"] = str(upload.size)
        answer.headers["Cache-Control"] = "no-store"
        return _far(answer, upload)

    @door.route("/<key>", methods=["PATCH"])
    def go_on(key: str) -> AnyResponse:
        by = _sender()
        if request.mimetype != _PIECE:
            raise UnsupportedMediaType
        at = _whole("Upload-Offset")
        try:
            upload = platform.uploads.add(key, at, request.get_data(cache=False), by=by)
        except Conflict as elsewhere:
            return Response(
                status=409, headers={"Upload-Offset": str(elsewhere.facts.get("at", ""))}
            )
        return _far(Response(status=204), upload)

    @door.post("/<key>/arrived")
    def arrived(key: str) -> AnyResponse:
        """All of it was put into the store with the ticket, or posted with the form."""
        upload = platform.uploads.arrived(key, by=_sender())
        return _far(jsonify(upload=upload.id, media=upload.media), upload)

    @door.delete("/<key>")
    def drop(key: str) -> AnyResponse:
        platform.uploads.drop(key, by=_sender())
        return Response(status=204)

    return door


def _speak(door: Blueprint) -> None:
    """What the protocol asks of every answer."""

    @door.before_request
    def understood() -> Response | None:
        """Another version of the protocol is none of ours."""
        if request.headers.get("Tus-Resumable", _TUS) == _TUS:
            return None
        return Response(status=412, headers={"Tus-Version": _TUS})

    @door.after_request
    def spoken(answer: Response) -> Response:
        answer.headers["Tus-Resumable"] = _TUS
        return answer

    @door.route("", methods=["OPTIONS"])
    def able() -> AnyResponse:
        return Response(status=204, headers=_ABLE)


def _sender() -> str:
    actor = asker()
    require(actor, "upload_media")
    return actor.id


def _far(answer: Response, upload: FileUpload) -> Response:
    answer.headers["Upload-Offset"] = str(upload.taken)
    answer.headers["Upload-Expires"] = upload.expires.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if upload.media:
        answer.headers["Media-Id"] = upload.media
    return answer


def _whole(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 13):
        raise Invalid(header, "not_a_number")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Words and their values in base64, as tus spells them."""
    told: dict[str, str] = {}
    for each in filter(None, header[:4_000].split(",")):
        name, _, value = each.strip().partition(" ")
        try:
            told[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Invalid("Upload-Metadata", "broken_text") from None
    return told
