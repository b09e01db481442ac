"""Operations (运维): is the process alive, is it ready, what does it count. No login needed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from juzhen import migrations
from juzhen.counting import scraped

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LEAST_FREE = 64 * 1024 * 1024


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("operations", __name__)

    @door.get("/livez")
    def livez() -> Response:
        return jsonify(alive=True)

    @door.get("/readyz")
    def readyz() -> tuple[Response, int]:
        flaws = list(unready(platform))
        return jsonify(ready=not flaws, flaws=flaws), 503 if flaws else 200

    @door.get("/metrics")
    def counted() -> Response:
        body, kind = scraped(platform.fold)
        return Response(body, content_type=kind)

    return door


def unready(platform: Platform) -> Iterator[str]:
    """Why no request should be sent here, if there is a reason."""
    if platform.draining.is_set():
        yield "draining"
    for name, records in (("records", platform.records), ("people", platform.people)):
        with records.read() as session:
            session.execute(text("SELECT 1"))
        if migrations.pending(records.engine, name):
            yield f"{name} needs `juzhen migrate`"
    if shutil.disk_usage(platform.settings.home).free < LEAST_FREE:
        yield "disk nearly full"
