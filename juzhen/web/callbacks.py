"""Callbacks (平台回调): where platforms call back. Their formats live with the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from channels.base import Callback

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LARGEST = 1_000_000


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("callbacks", __name__)

    @door.route("/callbacks/<account>", methods=["GET", "POST"])
    def take(account: str) -> Response:
        request.max_content_length = LARGEST
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(query=request.args.to_dict(), body=request.get_data(), headers=headers)
        answer = platform.callbacks.take(account, callback)
        kind = "application/json" if answer.startswith(b"{") else "text/plain; charset=utf-8"
        return Response(answer, content_type=kind)

    return door
