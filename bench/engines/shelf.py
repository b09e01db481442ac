"""The shelf by GraphQL (货架查询) on PostgreSQL beside SQLite: executed, and from memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.lib.line import compared
from bench.lib.load import asked
from bench.lib.places import database, on_postgres
from bench.shelf_graphql import CONNECTIONS, Ours, question

MATERIALS = 2_000


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(database())
        here = Ours(stack, home / "here", MATERIALS * size)
        there = Ours(stack, home / "there", MATERIALS * size, **on_postgres(url))
        _same(here, there)
        for name, ours, theirs in (
            ("shelf_uncached_postgres", there.posts, here.posts),
            ("shelf_persisted_postgres", there.gets, here.gets),
        ):
            ask = partial(asked, connections=CONNECTIONS, seconds=2.0)
            yield compared(
                name, partial(ask, there.server, ours), partial(ask, here.server, theirs),
                unit="requests/s", size=MATERIALS * size, against="SQLite", goal=0.0,
            )  # fmt: skip


def _same(here: Ours, there: Ours) -> None:
    for one, other in zip(here.tags, there.tags, strict=True):
        told = [
            [node["title"] for node in company.told(question([tag]))["nodes"]]
            for company, tag in ((here, one), (there, other))
        ]
        if told[0] != told[1] or not told[0]:
            raise RuntimeError("the two answer differently")
