"""Publishing (发布) with the outbox on PostgreSQL beside SQLite, to the same sandbox."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.lib.line import compared
from bench.lib.places import database, on_postgres
from bench.publish import ROUND, Company, sandbox


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(sandbox(home / "sandbox"))
        here = Company(home / "here", url)
        there = Company(home / "there", url, **on_postgres(stack.enter_context(database())))
        for company in (here, there):
            stack.callback(company.close)
        yield compared(
            "publish_postgres", partial(there.round, ROUND * size),
            partial(here.round, ROUND * size), unit="deliveries/s", size=ROUND * size,
            against="SQLite", goal=0.0,
        )  # fmt: skip
