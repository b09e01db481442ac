"""Bulk tagging (批量贴标): 10,000 materials on a shelf get a tag by one act, and a tag that is on
thousands of them is merged into another; and for how long nobody else could write meanwhile. The
same act on 15,000 of 100,000.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.lib import shelf
from bench.lib.line import measured
from content_hub.tagging_runs import Chosen
from juzhen.wiring import Platform

MATERIALS, MANY, SOME = 10_000, 100_000, 15_000
SECONDS, LOCK_MS = 10.0, 100.0


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder) / "company"
        tags, _ = shelf.company(home, MATERIALS)
        with shelf.Opened(home) as platform:
            took, longest = _tagged(platform, Chosen(), MATERIALS)
            yield measured("tag_10000", took, "s", size=size, most=SECONDS)
            yield measured("tag_10000_slice", longest, "ms", size=size, most=LOCK_MS)
            took, longest = _merged(platform, tags)
            yield measured("merge_tag", took, "ms", size=size, most=LOCK_MS)
            yield measured("merge_tag_slice", longest, "ms", size=size, most=LOCK_MS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder) / "company"
        tags, _ = shelf.company(home, MANY)
        with shelf.Opened(home) as platform:
            took, longest = _tagged(platform, Chosen(tags=[tags[5]]), SOME)
            yield measured("tag_15000_of_100k", took, "s", size=size, most=1.5 * SECONDS)
            yield measured("tag_15000_of_100k_slice", longest, "ms", size=size, most=LOCK_MS)


def _tagged(platform: Platform, chosen: Chosen, all_of_them: int) -> tuple[float, float]:
    """Seconds for all, and milliseconds of the slowest slice but one in a hundred."""
    platform.taxonomy.create("批量", "topic", code="bulk", by="bench")
    begun = time.perf_counter()
    run = platform.tagging_runs.begin(["bulk"], chosen=chosen, by="bench")
    slices = list(_slices(lambda: platform.tagging_runs.go_on(run.id).finished is None))
    done = platform.tagging_runs.one(run.id)
    if (done.done, done.refused) != (all_of_them, 0):
        raise RuntimeError(f"not all are tagged: {done.done}")
    return time.perf_counter() - begun, _slowest(slices)


def _merged(platform: Platform, tags: list[str]) -> tuple[float, float]:
    """Milliseconds of the act itself, and of the slowest slice that follows it."""
    begun = time.perf_counter()
    platform.taxonomy.merge(tags[1], tags[0], by="bench")
    took = time.perf_counter() - begun
    return took * 1000, _slowest(list(_slices(lambda: platform.taxonomy.acts.settle(1) > 0)))


def _slices(work: Callable[[], bool]) -> Iterator[float]:
    while True:
        begun = time.perf_counter()
        more = work()
        yield (time.perf_counter() - begun) * 1000
        if not more:
            return


def _slowest(slices: list[float]) -> float:
    return sorted(slices)[round(len(slices) * 0.99) - 1]
