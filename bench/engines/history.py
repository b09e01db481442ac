"""The fold and the questions of the history (入库与查询) on PostgreSQL and Elasticsearch.

The same events go into each; each must hold the same counts and answer the same timelines as the
embedded history, in the same run. Small enough to end within minutes; SIZE=10 for more.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.fold import CUSTOMERS, events
from bench.lib.line import Round, compared
from bench.lib.places import cluster, database
from bench.lib.server import OWNER
from kernel.events import Event, Handle
from stores.elastic.history import ElasticHistory
from stores.history import Axis, History
from stores.postgres.history import PostgresHistory
from stores.sqlite.history import SqliteHistory

EVENTS, PUT, ASKED, PAGE = 10_000, 2_000, 100, 20
AXES = [Axis.MATERIAL, Axis.DAY, Axis.ACCOUNT]


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = PostgresHistory(stack.enter_context(database()), owner=OWNER)
        elastic = ElasticHistory(stack.enter_context(cluster()))
        for name, there in (("postgres", postgres), ("elasticsearch", elastic)):
            there.prepare()
            here = SqliteHistory(folder / f"{name}.db")
            yield from _compared(name, there, here, size)
            here.close()
        postgres.close()


def _compared(name: str, there: History, here: History, size: int) -> Iterator[dict[str, Any]]:
    lots = {
        id(kept): (random.Random(1), itertools.count(1), itertools.count(1))
        for kept in (there, here)
    }

    def put(kept: History) -> Callable[[], Round]:
        def round_() -> Round:
            dice, numbers, upto = lots[id(kept)]
            told = events(dice, numbers, EVENTS * size)
            parts = [told[begin : begin + PUT] for begin in range(0, len(told), PUT)]
            return _timed(lambda part: kept.put(part, upto=next(upto)), parts, per=PUT)

        return round_

    yield compared(
        f"fold_{name}", put(there), put(here), unit="events/s", size=EVENTS * size,
        against="SQLite", goal=0.0,
    )  # fmt: skip
    _same(there, here)
    dice = random.Random(2)
    handles = [Handle("user", "acc_app", f"u{dice.randrange(CUSTOMERS)}") for _ in range(ASKED)]
    for what, ask in _questions().items():
        yield compared(
            f"{what}_{name}", partial(_timed, partial(ask, there), handles),
            partial(_timed, partial(ask, here), handles), unit="answers/s",
            size=3 * EVENTS * size, against="SQLite", goal=0.0,
        )  # fmt: skip


def _questions() -> dict[str, Callable[[History, Handle], Any]]:
    return {
        "timeline": lambda kept, handle: kept.timeline([handle], limit=PAGE).items,
        "counts": lambda kept, _: kept.counts(AXES[:2], material="mat_7"),
    }


def _same(there: History, here: History) -> None:
    handle = Handle("user", "acc_app", "u7")
    shown: list[list[Event]] = [kept.timeline([handle]).items for kept in (there, here)]
    if there.counts(AXES) != here.counts(AXES) or shown[0] != shown[1]:
        raise RuntimeError("the two answer differently")


def _timed(ask: Callable[[Any], Any], asked: list[Any], *, per: int = 1) -> Round:
    took, begun, used = [], time.perf_counter(), time.process_time()
    for each in asked:
        at = time.perf_counter()
        ask(each)
        took.append((time.perf_counter() - at) * 1_000)
    spent, count = time.perf_counter() - begun, len(asked) * per
    middle, last = (float(np.percentile(took, part)) for part in (50, 99))
    return Round(count / spent, middle, last, (time.process_time() - used) * 1_000 / count)
