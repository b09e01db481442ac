"""The digest (消化) on PostgreSQL beside SQLite: a hundred segments, the same events.

By the wall, because most of the work on a server is the server's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.digest import EVENTS, SEGMENTS, Hub, timed
from bench.lib.line import compared
from bench.lib.places import database


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = Hub(folder, SEGMENTS)
        there = Hub(folder, SEGMENTS, stack.enter_context(database()))
        for hub in (here, there):
            stack.callback(hub.close)
            hub.take(EVENTS * size)
            hub.settle()
        yield compared(
            "digest_postgres", timed(there, wall=True), timed(here, wall=True), unit="events/s",
            size=EVENTS * size, against="SQLite", goal=0.0, segments=SEGMENTS,
        )  # fmt: skip
