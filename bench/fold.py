"""The fold (入库): events a second from the journal into the history, repeats dropped, counted.

One in twenty is a repeat. The baseline writes the same events straight into one indexed table, a
hundred a transaction as batches come in; both hold the same events afterwards. Another process
reads timelines all the while. Judged by this process's own time, with the wall's beside it.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.baselines.indexed_table import IndexedTable
from bench.lib.line import Round, compared
from kernel.events import Event, Handle, pack
from stores.history import Fold
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal

GOAL = 15_000
EVENTS, CUSTOMERS, MATERIALS, BATCH = 20_000, 5_000, 200, 100
KINDS = ("viewed_page", "read_material", "shared_material", "searched", "bought")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def events(
    dice: random.Random, numbers: Iterator[int], count: int, *, people: int = CUSTOMERS
) -> list[Event]:
    """So many events of one stretch, one in twenty of them told again."""
    fresh = []
    for number in itertools.islice(numbers, count - count // 20):
        at = NOW - timedelta(seconds=dice.randrange(30 * 86_400))
        fresh.append(
            Event(
                id=f"e{number:09}", kind=dice.choice(KINDS), at=at, account="acc_app",
                handle=Handle("user", "acc_app", f"u{dice.randrange(people)}"),
                material=f"mat_{dice.randrange(MATERIALS)}", ecosystem="own_app", received=NOW,
                detail={"properties": {"page": "/home", "seconds": dice.randrange(90)}},
            )
        )  # fmt: skip
    told = [*fresh, *dice.choices(fresh, k=count // 20)]
    dice.shuffle(told)
    return told


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        journal, history = SqliteJournal(home / "journal"), SqliteHistory(home / "history.db")
        table, fold = IndexedTable(home / "table.db"), Fold(journal, history)
        ours = (random.Random(1), itertools.count(1))
        theirs = (random.Random(1), itertools.count(1))

        walls: list[float] = []

        def folded() -> Round:
            told = events(*ours, EVENTS * size)
            for begin in range(0, len(told), BATCH):
                journal.append([pack(each) for each in told[begin : begin + BATCH]])
            took, begun, used = [], time.perf_counter(), time.process_time()
            while True:
                at = time.perf_counter()
                if not fold.run(5_000):
                    break
                took.append((time.perf_counter() - at) * 1_000)
            walls.append(len(told) / (time.perf_counter() - begun))
            return _round(len(told), took, used)

        def written() -> Round:
            told = events(*theirs, EVENTS * size)
            took, used = [], time.process_time()
            for begin in range(0, len(told), BATCH):
                at = time.perf_counter()
                table.put(told[begin : begin + BATCH])
                took.append((time.perf_counter() - at) * 1_000)
            return _round(len(told), took, used)

        with _read_meanwhile(home / "history.db"):
            line = compared(
                "fold", folded, written, unit="events/s", size=EVENTS * size,
                against="one indexed table, a hundred events a transaction", goal=0.5,
            )  # fmt: skip
        same = table.count() == sum(count for _, count in history.counts([]))
        for store in (journal, history, table):
            store.close()
    wall = round(statistics.median(walls), 1)
    yield line | {"ok": same and line["value"] >= GOAL, "by_the_wall": wall}


@contextmanager
def _read_meanwhile(path: Path) -> Iterator[None]:
    """Another process asks for timelines, a hundred a second, until we are done."""
    reader = multiprocessing.get_context("spawn").Process(target=_read, args=(path,), daemon=True)
    reader.start()
    try:
        yield
    finally:
        reader.terminate()
        reader.join()


def _read(path: Path) -> None:
    history, dice = SqliteHistory(path), random.Random(2)
    while True:
        history.timeline([Handle("user", "acc_app", f"u{dice.randrange(CUSTOMERS)}")])
        time.sleep(0.01)


def _round(count: int, took: list[float], used: float) -> Round:
    spent = time.process_time() - used
    return Round(
        count / spent, float(np.percentile(took, 50)), float(np.percentile(took, 99)),
        spent * 1_000 / count,
    )  # fmt: skip
