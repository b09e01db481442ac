"""Segments (人群): checks of compiled rules a second, and how fast a rule is previewed.

A hundred rules as companies write them over customers with thirty acts each. The baseline asks the
same rules one by one, from the tree; both give the same memberships. Then one rule is previewed
over a company's kept customers: as many as are ever asked, whatever the company's size.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.digest import Hub
from bench.lib.line import Round, compared
from bench.lib.line import measured as line_of
from bench.lib.segments import NOW, customers, rules
from data_hub.profiles import rows_of
from data_hub.segments import Book, Previews, Subject
from data_hub.segments.previewing import SAMPLE

RULES, CUSTOMERS = 100, 400
GOAL = 1_000_000
"""Checks a second."""
PREVIEW_MS = 500.0


def run(size: int) -> Iterator[dict[str, Any]]:
    entries, subjects = rules(RULES), customers(CUSTOMERS * size)
    book = Book(entries)
    for each in subjects[:50]:
        if book.members(each) != {entry.id for entry in entries if book.holds(entry, each)}:
            raise RuntimeError("compiled and plain rules disagree")

    def plain(subject: Subject) -> None:
        for entry in entries:
            book.holds(entry, subject)

    line = compared(
        "segments", lambda: measured(book.members, subjects),
        lambda: measured(plain, subjects[:40]), unit="rule checks/s", size=len(subjects),
        against="the same rules walked one by one", goal=1.0,
    )  # fmt: skip
    yield line | {"ok": line["ok"] and line["value"] >= GOAL}
    yield preview()


def preview() -> dict[str, Any]:
    """The longest of five previews, by this process's own time."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder), RULES)
        told = {each.customer: each.profile for each in customers(SAMPLE)}
        hub.profiles.keep(rows_of(told, {her: f"user:acc_app:{her}" for her in told}), ())
        asked = Previews(
            hub.people, hub.profiles, hub.segments, hub.standings.subjects, lambda: NOW
        )
        took = []
        for entry in rules(5, seed=9):
            used = time.process_time()
            if asked.preview(entry.name).total != SAMPLE:
                raise RuntimeError("not everybody was asked")
            took.append((time.process_time() - used) * 1_000)
        hub.close()
    return line_of("segments_preview", max(took), "ms", size=SAMPLE, most=PREVIEW_MS)


def measured(ask: Callable[[Subject], object], subjects: list[Subject]) -> Round:
    """By this process's own time: other processes of the machine do not count."""
    took = []
    begun, used = time.perf_counter(), time.process_time()
    for subject in subjects:
        at = time.perf_counter()
        ask(subject)
        took.append((time.perf_counter() - at) * 1_000)
    spent = min(time.process_time() - used, time.perf_counter() - begun)
    took.sort()
    return Round(
        len(subjects) * RULES / spent, statistics.median(took), took[int(len(took) * 0.99)],
        spent * 1_000 / len(subjects),
    )  # fmt: skip
