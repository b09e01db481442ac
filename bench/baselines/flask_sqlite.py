"""The usual way, tuned: Flask in two processes, one SQLite commit a request behind a file lock.

The same check and the same answer as ours; only where the work is done differs.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

import orjson
from flask import Flask, Response, request

from data_hub.catalogue import kind_of
from kernel.clock import utc_now
from kernel.events import pack
from schemas import segment

HOME = Path(os.environ.get("BENCH_HOME", "."))
app = Flask("baseline", static_folder=None)
_kept: dict[int, sqlite3.Connection] = {}


def _database() -> sqlite3.Connection:
    if os.getpid() not in _kept:
        database = sqlite3.connect(
            HOME / "events.db", isolation_level=None, check_same_thread=False
        )
        full = os.environ.get("BENCH_DURABILITY", "power") == "power"
        database.execute("pragma journal_mode=wal")
        database.execute("pragma synchronous=full" if full else "pragma synchronous=normal")
        database.execute("pragma busy_timeout=5000")
        database.execute("create table if not exists events (seq integer primary key, packed blob)")
        _kept[os.getpid()] = database
    return _kept[os.getpid()]


@app.post("/v1/<_>")
def take(_: str) -> Response:
    query = request.query_string.decode("latin-1")
    call = segment.read(request.path, request.headers.get, query, request.get_data())
    if call.key != "wk":
        return Response(status=401)
    kinds = lambda name: kind_of(name).name  # noqa: E731 - as a newcomer writes it
    taken = segment.turn(call, "acc_app", "own_app", utc_now(), kinds)
    rows = [(pack(event),) for event in taken.events]
    database = _database()
    with open(HOME / "events.lock", "a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        database.execute("begin immediate")
        database.executemany("insert into events (packed) values (?)", rows)
        database.execute("commit")
    told = {"success": True, "accepted": len(rows), "rejected": []}
    return Response(orjson.dumps(told), content_type="application/json")
