"""The timeline (时间线): the latest twenty events of a customer, contents by day, a funnel of four.

The baseline asks one indexed table the same; both answer the same events. Then everything is sealed
and packed, and asked again. 250,000 events a SIZE, one in twenty of them a repeat: the full five
million are SIZE=20, of which our own take nine minutes of CPU to arrive and the baseline's more.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.baselines.indexed_table import IndexedTable
from bench.fold import CUSTOMERS, NOW, events
from bench.lib.line import Round, compared, measured
from data_hub.measures.funnels import funnel, level
from kernel.events import Event, Handle
from stores.history import Axis
from stores.sqlite.history import SqliteHistory

EVENTS, ASKED, PAGE = 250_000, 500, 20
MOST_MS, COUNTS_MS, FUNNEL_MS = 20.0, 100.0, 500.0
MOST_US, ROOM = 300.0, 80.0
STEPS = ("viewed_page", "searched", "read_material", "bought")
_PUT = 2_000


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        history = SqliteHistory(Path(folder) / "history.db", durability="process")
        table = IndexedTable(Path(folder) / "table.db")
        dice, numbers = random.Random(1), itertools.count(1)
        for upto in range(1, EVENTS * size // _PUT + 1):
            told = events(dice, numbers, _PUT)
            history.put(told, upto=upto)
            table.put(told)
        handles = [Handle("user", "acc_app", f"u{n}") for n in range(CUSTOMERS)]

        def ours(handle: Handle) -> list[Event]:
            return history.timeline([handle], limit=PAGE).items

        def theirs(handle: Handle) -> list[Event]:
            return table.timeline(str(handle), PAGE)

        asked = dice.sample(handles, ASKED)
        if any(_ids(ours(each)) != _ids(theirs(each)) for each in asked[:50]):
            raise RuntimeError("the two answer differently")
        line = compared(
            "timeline", _timed(ours, asked), _timed(theirs, asked), unit="pages/s",
            size=EVENTS * size, against="one indexed table", goal=0.3,
        )  # fmt: skip
        yield line | {"ok": line["p99_ms"] <= MOST_MS}
        yield measured(
            "timeline_counts", _counted(history), "ms", size=EVENTS * size, most=COUNTS_MS
        )
        yield measured(
            "timeline_funnel", _came_along(history), "ms", size=EVENTS * size, most=FUNNEL_MS
        )
        yield from _sealed(history, Path(folder) / "history.db", _timed(ours, asked), EVENTS * size)
        history.close()
        table.close()


def _sealed(
    history: SqliteHistory, file: Path, asking: Callable[[], Round], size: int
) -> Iterator[dict[str, Any]]:
    """What sealing costs, what a sealed event takes, and how fast it is found again."""
    held = history.newest()
    later = NOW + timedelta(days=9)  # what was heard today is no longer remembered then
    history.put([Event(id="later", kind="viewed_page", at=later, account="acc_app")], upto=1 << 40)
    used = time.process_time()
    history.seal(date.max, 1 << 40)
    spent = (time.process_time() - used) * 1_000_000 / held
    yield measured("sealing", spent, "us of CPU an event", size=size, most=MOST_US)
    history.pack()
    yield measured("sealed_room", file.stat().st_size / held, "B an event", size=size, most=ROOM)
    quickest = min(asking().p99_ms for _ in range(3))
    yield measured("sealed_timeline", quickest, "ms (p99)", size=size, most=MOST_MS)


def _ids(events_: list[Event]) -> list[str]:
    return [each.id for each in events_]


def _timed(ask: Callable[[Handle], list[Event]], asked: list[Handle]) -> Callable[[], Round]:
    def round_() -> Round:
        took, begun, used = [], time.perf_counter(), time.process_time()
        for handle in asked:
            at = time.perf_counter()
            ask(handle)
            took.append((time.perf_counter() - at) * 1_000)
        spent = time.perf_counter() - begun
        cpu = (time.process_time() - used) * 1_000 / len(asked)
        return Round(
            len(asked) / spent, float(np.percentile(took, 50)), float(np.percentile(took, 99)), cpu
        )

    return round_


def _counted(history: SqliteHistory) -> float:
    """Content × day × account over thirty days, the slowest of five, by this process's own time."""
    took = []
    for _ in range(5):
        used = time.process_time()
        history.counts(
            [Axis.MATERIAL, Axis.DAY, Axis.ACCOUNT], since=(NOW - timedelta(days=30)).date()
        )
        took.append((time.process_time() - used) * 1_000)
    return max(took)


def _came_along(history: SqliteHistory) -> float:
    """A funnel of four over thirty days, the slowest of five, by this process's own time; the
    same as person by person."""
    today, window, took = NOW.date(), timedelta(days=1), []
    for _ in range(5):
        used = time.process_time()
        acts = history.stretches(STEPS, since=today - timedelta(days=29), until=today)
        told = funnel(acts, STEPS, window, {})
        took.append((time.process_time() - used) * 1_000)
    acts = history.acts(STEPS, since=today - timedelta(days=29), until=today)
    hers: dict[int, list[tuple[float, str]]] = {}
    for who, kind, at in zip(acts.who.tolist(), acts.kind.tolist(), acts.at.tolist(), strict=True):
        hers.setdefault(who, []).append((at / 1_000_000, STEPS[kind]))
    levels = [level(each, STEPS, window.total_seconds()) for each in hers.values()]
    if [each.reached for each in told] != [sum(n >= k for n in levels) for k in (1, 2, 3, 4)]:
        raise RuntimeError("people one by one came along differently")
    return max(took)
