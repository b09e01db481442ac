"""Events over HTTP (采集) with the journal on PostgreSQL beside SQLite files: the same front, 32
connections, durable before the answer; single events, and batches of a hundred.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.intake_single import CONNECTIONS, same_answers
from bench.lib.line import compared
from bench.lib.load import load
from bench.lib.places import database
from bench.lib.server import OWNER, Server
from stores.postgres.journal import PostgresJournal

SECONDS = 2.0


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(database())
        journal = PostgresJournal(url, owner=OWNER)
        journal.prepare()
        journal.close()
        here = Server("bench.servers.intake:app", home / "here")
        stack.callback(here.stop)
        there = Server("bench.servers.intake:app", home / "there", BENCH_POSTGRES=url)
        stack.callback(there.stop)
        for name, path, batch in (
            ("intake_single_postgres", "/v1/track", 0),
            ("intake_batch_postgres", "/v1/batch", 100),
        ):
            same_answers(there, here, path, batch)
            ask = partial(
                load, path=path, connections=CONNECTIONS, seconds=SECONDS * size, batch=batch
            )
            yield compared(
                name, partial(ask, there), partial(ask, here), unit="events/s", size=size,
                against="SQLite files", goal=0.0,
            )  # fmt: skip
