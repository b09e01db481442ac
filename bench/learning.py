"""Learning (学习): what counting a thousand events a second costs, and how long a night takes.

Counters by this process's own time: the share of one core that keeping up with a thousand events a
second takes, neighbours packed along the way. The night from 10,000 readers of 5,000 contents,
with its lists, its weights and its verdict, in a process of its own: its memory is the most that
this ever had. No baselines: these are what we promise.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.lib.library import write
from bench.lib.line import measured
from bench.lib.server import anonymous_mib
from juzhen import wiring
from juzhen.settings import Settings
from kernel.events import Event, Handle
from kernel.secret import Secret
from matching.counters.records import Trail
from matching.nightly import Night

EVENTS, PEOPLE, CONTENTS = 20_000, 2_000, 500
READERS, ACTIVE, READ = 10_000, 5_000, 30
SHARE, NIGHT_S, MOST_MIB = 40.0, 60.0, 400.0
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PUT = 2_000


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        wiring.migrate(_settings(folder))
        platform = wiring.assemble(_settings(folder))
        try:
            yield _counted(platform, EVENTS * size)
            write(platform.people, Trail, _trails())
        finally:
            platform.close()
        apart = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, apart) as one:
            night, took, most = one.submit(_night, folder).result()
    line = measured("night", took, "s", size=night.contents, most=NIGHT_S)
    yield line | {"readers": night.people, "judged": night.judged}
    yield measured("night_memory", most, "MiB RssAnon at most", size=ACTIVE, most=MOST_MIB)


def _settings(folder: str) -> Settings:
    return Settings(home=Path(folder), keys_secrets=Secret("00" * 32), keys_links=Secret("11" * 32))


def _counted(platform: wiring.Platform, many: int) -> dict[str, Any]:
    chance = np.random.default_rng(1)
    for upto, begin in enumerate(range(0, many, _PUT), 1):
        platform.history.put([_event(begin + n, chance) for n in range(_PUT)], upto=upto)
    begun, used = time.perf_counter(), time.process_time()
    while platform.counters.fold():
        pass
    cpu, took = time.process_time() - used, time.perf_counter() - begun
    line = measured(
        "counters", 100 * cpu / (many / 1_000), "% of a core at 1,000 events/s", size=many,
        most=SHARE,
    )  # fmt: skip
    return line | {"events_s": round(many / took)}


def _event(number: int, chance: np.random.Generator) -> Event:
    """Few contents are read by many."""
    content = min(CONTENTS - 1, int(chance.exponential(CONTENTS / 6)))
    at = NOW + timedelta(milliseconds=number)
    return Event(
        id=f"e{number:08}", kind="read_material", at=at, received=at, account="acc_app",
        handle=Handle("user", "acc_app", f"u{chance.integers(PEOPLE)}"),
        material=f"mat_{content:05}",
    )  # fmt: skip


def _night(folder: str) -> tuple[Night, float, float]:
    """The night, its seconds, and the most memory that this process had meanwhile."""
    platform, over, most = wiring.assemble(_settings(folder)), threading.Event(), [0.0]

    def watch() -> None:
        while not over.wait(0.02):
            most.append(max(most.pop(), anonymous_mib("self")))

    watching = threading.Thread(target=watch)
    watching.start()
    begun = time.perf_counter()
    try:
        night = platform.nightly.run()
    finally:
        took = time.perf_counter() - begun
        over.set()
        watching.join()
        platform.close()
    if night is None:
        raise RuntimeError("a night found nothing to learn from")
    return night, took, most[0]


def _trails() -> Iterator[dict[str, Any]]:
    """Each has read within two of fifty themes, so that there is something to learn."""
    chance = np.random.default_rng(2)
    theme = ACTIVE // 50
    for number in range(READERS):
        drawn = chance.choice(50, 2)[chance.integers(2, size=READ)] * theme
        read = dict.fromkeys((drawn + chance.integers(theme, size=READ)).tolist())
        began = NOW.timestamp() - chance.uniform(1, 60) * 86_400
        steps = [
            [began + 60 * at, f"n{number}-{at}", f"act_{content:05}", "acc_app", ""]
            for at, content in enumerate(read)
        ]
        yield {
            "handle": f"user:acc_app:n{number}", "steps": orjson.dumps(steps),
            "moved": steps[-1][0],
        }  # fmt: skip
