"""Our intake as it is deployed, without the rest of the house: ``bench.servers.intake:app``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from data_hub.intake import Intake
from juzhen.garbage import seldom
from juzhen.web.bridge import WSGI
from juzhen.web.collect import Collect
from juzhen.web.front import Front
from kernel.clock import utc_now
from stores.journal import Journal, SharedCommit
from stores.sqlite.journal import SqliteJournal


def _no_pages(_: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "0")])
    return [b""]


def built(pages: WSGI = _no_pages) -> Front:
    home = Path(os.environ["BENCH_HOME"])
    durability = os.environ.get("BENCH_DURABILITY", "power")
    if url := os.environ.get("BENCH_POSTGRES"):
        from bench.lib.server import OWNER
        from stores.postgres.journal import PostgresJournal

        journal: Journal = PostgresJournal(url, owner=OWNER)
    else:
        journal = SqliteJournal(home / "journal", durability=durability)
    commit = SharedCommit(journal)
    owners = {"wk": ("acc_app", "own_app")}
    doors = Collect(Intake(commit, utc_now), owners.get, utc_now)
    front = Front(pages, intake=doors, close=commit.close)
    seldom()
    return front


def __getattr__(name: str) -> Any:
    if name == "app":
        return built()
    raise AttributeError(name)
