"""Segments (人群): checks of compiled rules a second, and how fast a rule is previewed.

A hundred rules as companies write them over customers with thirty acts each. The baseline asks the
same rules one by one, from the tree; both give the same memberships. Then one rule is previewed
over a company's kept customers: as many as are ever asked, whatever the company's size.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.lib.line import Round, compared
from bench.lib.line import measured as line_of
from data_hub.lifecycle import Cycles, standing
from data_hub.profiles import fold
from data_hub.segments import Book, Entry, Previews, Subject, read
from data_hub.segments.previewing import SAMPLE
from kernel.calendar import Zone
from kernel.events import Event, Handle

RULES, CUSTOMERS = 100, 400
GOAL = 1_000_000
"""Checks a second."""
PREVIEW_MS = 500.0
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KINDS = (
    "bought", "opened_link", "viewed_product", "asked_quote", "messaged", "read_material",
    "finished_material", "viewed_page",
)  # fmt: skip


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
    from bench.digest import Hub  # it takes its rules from here

    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder), RULES)
        told = {each.customer: each.profile for each in customers(SAMPLE)}
        hub.profiles.keep(told, {her: f"user:acc_app:{her}" for her in told}, ())
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


def rules(count: int, seed: int = 3) -> list[Entry]:
    """So many rules, of six shapes."""
    dice = random.Random(seed)
    shapes = (
        "did {a} >= {n} in {w}d and not did {b} in 30d",
        'stage in (silent, sleeping) and did {a} in {w}d and trait city = "上海"',
        "(did {a} or did {b} >= 2) and node = operate and not vip",
        "grade in (B, C) and silent for {m}d",
        'trait city = "北京" or did {c} >= 3 in 30d',
        "did {a} >= {n} in 7d and desire = asked",
    )
    made = []
    for number in range(count):
        a, b, c = dice.sample(KINDS, 3)
        text = dice.choice(shapes).format(
            a=a, b=b, c=c, n=number % 5 + 1, w=dice.choice((7, 30, 90)), m=number % 20 + 1
        )
        made.append(Entry(f"seg_{number}", f"s{number}", text, read(text)))
    return made


def customers(count: int, seed: int = 5) -> list[Subject]:
    """Customers with thirty acts of sixty days each."""
    dice, zone = random.Random(seed), Zone()
    made = []
    for number in range(count):
        handle = Handle("user", "acc_app", f"u{number}")
        events = sorted(
            (
                Event(
                    id=f"e{n:02}", kind=dice.choice(KINDS), account="acc_app", handle=handle,
                    at=NOW - timedelta(minutes=dice.randrange(60 * 1_440)),
                    detail={"traits": {"city": dice.choice(("上海", "北京", "苏州"))}},
                )
                for n in range(30)
            ),
            key=lambda each: (each.at, each.id),
        )  # fmt: skip
        profile = fold(events, lambda _: (), zone=zone)
        made.append(
            Subject(
                customer=f"cus_{number}", profile=profile, now=NOW, zone=zone,
                standing=standing(profile, NOW, Cycles(), zone), grade=dice.choice("ABCD"),
            )
        )  # fmt: skip
    return made
