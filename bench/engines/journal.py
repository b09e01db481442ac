"""Acknowledging events (确认): one committer, as in a web process, on PostgreSQL beside SQLite.

Both durable: whoever waits is told after the commit has reached the disk. Single events of 32 that
wait at a time, and batches of a hundred.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.fold import events
from bench.lib.line import Round, compared
from bench.lib.places import database
from bench.lib.server import OWNER
from kernel.events import pack
from stores.journal import Journal, SharedCommit
from stores.postgres.journal import PostgresJournal
from stores.sqlite.journal import SqliteJournal

WAITING, EACH = 32, 60


def run(size: int) -> Iterator[dict[str, Any]]:
    packed = [pack(each) for each in events(random.Random(1), itertools.count(1), 2_000)]
    with database() as url, tempfile.TemporaryDirectory() as folder:
        there = PostgresJournal(url, owner=OWNER)
        there.prepare()
        here = SqliteJournal(Path(folder) / "journal")
        for name, batch in (("journal_single", 1), ("journal_batch", 100)):
            yield compared(
                f"{name}_postgres", _taken(there, packed, batch, size),
                _taken(here, packed, batch, size), unit="events/s", size=WAITING * EACH * batch,
                against="SQLite files", goal=0.0,
            )  # fmt: skip
        there.close()
        here.close()


def _taken(journal: Journal, packed: list[bytes], batch: int, size: int) -> Callable[[], Round]:
    def round_() -> Round:
        commit, took = SharedCommit(journal), list[float]()

        def wait() -> None:
            for turn in range(EACH * size):
                begin = turn * batch % (len(packed) - batch)
                at = time.perf_counter()
                commit.put(packed[begin : begin + batch]).result()
                took.append((time.perf_counter() - at) * 1_000)

        waiting = [threading.Thread(target=wait) for _ in range(WAITING)]
        begun, used = time.perf_counter(), time.process_time()
        for each in waiting:
            each.start()
        for each in waiting:
            each.join()
        spent, count = time.perf_counter() - begun, len(took) * batch
        cpu = (time.process_time() - used) * 1_000 / count
        commit.close()
        middle, last = (float(np.percentile(took, part)) for part in (50, 99))
        return Round(count / spent, middle, last, cpu)

    return round_
