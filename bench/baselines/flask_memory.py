"""The usual way at its fastest: Flask, a shelf held in memory, hand-written dicts, orjson.

No database, no schema, no access rules: what a front end's own back end would do if it were all
there is to do. It answers the same bytes as ours.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request

from kernel.clock import utc_now

app = Flask("baseline", static_folder=None)
_FIELDS = (
    "id", "type", "title", "summary", "cover", "tags", "opens", "closes", "trackedUrl",
)  # fmt: skip


def _shelves() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What stands, by account and tag, the newest first."""
    held: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for node in orjson.loads((Path(os.environ["BENCH_HOME"]) / "shelf.json").read_bytes()):
        node["_opens"] = datetime.fromisoformat(node["opens"])
        node["_closes"] = datetime.fromisoformat(node["closes"])
        for tag in node["tags"]:
            held.setdefault("app", {}).setdefault(tag["id"], []).append(node)
    return held


SHELVES = _shelves()


@app.post("/graphql")
def shelf() -> Response:
    asked = orjson.loads(request.get_data())["variables"]
    now = utc_now()
    (tag,) = asked["tags"]
    standing = [
        node for node in SHELVES[asked["channel"]][tag] if node["_opens"] <= now < node["_closes"]
    ]
    page = standing[: asked["first"]]
    told = {
        "totalCount": len(standing),
        "pageInfo": {"hasNextPage": len(standing) > len(page), "endCursor": None},
        "nodes": [{name: node[name] for name in _FIELDS} for node in page],
    }
    return Response(orjson.dumps({"data": {"shelf": told}}), content_type="application/json")
