"""A company's year (一年的公司): rules previewed and timelines asked, live and all of it sealed.

Customers as companies have them, a few of them very busy; everybody digested. 70,000 events a SIZE;
the five million of the goals are SIZE=72, which take an hour of CPU to arrive and be digested.
Judged by this process's own time; the slowest of the rules counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.digest import Hub
from bench.lib.company import NOW, Company
from bench.lib.line import measured
from data_hub.segments import Previews
from kernel.events import Event, Handle
from stores.history import Axis

EVENTS = 70_000
PREVIEW_MS, TIMELINE_MS, COUNTS_MS, ROOM, SMALL = 500.0, 20.0, 100.0, 80.0, 8.0
"""``SMALL``: bytes more where a day has so few events that hardly two share a count."""
RULES = (
    "did viewed_page >= 3 in 30d",
    "(did read_material >= 2 in 30d or did viewed_product >= 2 in 7d) and not (did bought in 90d)",
    'trait city = "上海" and (did asked_quote in 60d or not (did bought in 90d and silent for 9d))',
    "did asked_quote then bought within 72h",
    "did searched then viewed_product then asked_quote within 72h in 30d",
    "did searched then bought within 1h in 365d",
    "did read_material of mat_000000000000000000007 >= 3",
    "spent >= 500 in 180d",
    "did read_material >= 5 in 180d and did viewed_page >= 9 in 365d",
    'did read_material on "acc_oa" >= 5 in 180d',
    "near 31.23, 121.47 within 3km in 720h",
)
_PUT, _ASKED, _BACK = 2_000, 300, 120


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        hub, company = Hub(Path(folder), 0), Company(EVENTS * size)
        told = iter(company)
        while some := list(islice(told, _PUT)):
            hub.history.put(some, upto=next(hub.upto))
        hub.settle()
        rows = {days: _everything(hub, days) for days in (7, 30)}
        hub.history.seal(date(2000, 1, 1), 1)  # as the worker does every hour: days that are over
        yield from (_all_counted(hub, company, days, row) for days, row in rows.items())
        yield from _asked(hub, company, "")
        held = hub.history.newest()
        later = Event(id="later", kind="viewed_page", at=NOW + timedelta(days=9), account="acc_app")
        hub.history.put([later], upto=1 << 40)  # what was heard today is remembered no longer
        hub.history.seal(date.max, 1 << 40)
        hub.history.pack()
        room = (Path(folder) / "history.db").stat().st_size / held
        yield measured(
            "company_sealed_room", room, "B an event", size=held, most=ROOM + SMALL / size
        )
        yield from _asked(hub, company, "_sealed")
        hub.close()


def _asked(hub: Hub, company: Company, how: str) -> Iterator[dict[str, Any]]:
    previews = Previews(hub.people, hub.profiles, hub.segments, hub.standings.subjects, lambda: NOW)
    slowest, rule = max((_previewed(previews, each), each) for each in RULES)
    size = company.events
    line = measured(f"company_preview{how}", slowest, "ms", size=size, most=PREVIEW_MS)
    yield line | {"slowest": rule}
    pages = _pages(hub, company)
    yield measured(f"company_timeline{how}", pages, "ms (p99)", size=size, most=TIMELINE_MS)
    counted = min(_counted(hub, "read_material") for _ in range(3))
    yield measured(f"company_counts{how}", counted, "ms", size=size, most=COUNTS_MS)


def _all_counted(hub: Hub, company: Company, days: int, rows: float) -> dict[str, Any]:
    """Content by day and account, of all contents; the baseline adds up a row a count."""
    took = _everything(hub, days)
    name = f"company_counts_all_{days}d"
    line = measured(name, took, "ms", size=company.events, most=COUNTS_MS)
    baseline = {"name": "row by row, as counts come in", "value": round(rows, 1)}
    return line | {"baseline": baseline, "ratio": round(rows / took, 2)}


def _everything(hub: Hub, days: int) -> float:
    """The quickest of three, by this process's own time."""
    took, since = [], NOW.date() - timedelta(days=days)
    for _ in range(3):
        used = time.process_time()
        hub.history.counts([Axis.MATERIAL, Axis.DAY, Axis.ACCOUNT], since=since)
        took.append((time.process_time() - used) * 1_000)
    return min(took)


def _counted(hub: Hub, kind: str) -> float:
    """As a board asks, of what is counted most: by day and account, for two months."""
    used, since = time.process_time(), NOW.date() - timedelta(days=60)
    if not hub.history.counts([Axis.DAY, Axis.ACCOUNT], kind=kind, since=since, until=NOW.date()):
        raise RuntimeError("nothing was counted")
    return (time.process_time() - used) * 1_000


def _previewed(previews: Previews, rule: str) -> float:
    """The quicker of two."""
    took = []
    for _ in range(2):
        used = time.process_time()
        if not previews.preview(rule).total:
            raise RuntimeError("nobody was asked")
        took.append((time.process_time() - used) * 1_000)
    return min(took)


def _pages(hub: Hub, company: Company) -> float:
    """Of busy customers and of any: the latest, those of one kind, and some months back."""
    took = []
    some = [*company.busiest[:_ASKED], *range(min(_ASKED, company.people))]
    for handle in map(company.handle, some):
        for kinds, back in ((None, 0), (["bought"], 0), (None, _BACK)):
            cursor = _cursor(hub, handle, back) if back else None
            used = time.process_time()
            hub.history.timeline([handle], before=cursor, limit=20, kinds=kinds)
            took.append((time.process_time() - used) * 1_000)
    return float(np.percentile(took, 99))


def _cursor(hub: Hub, handle: Handle, back: int) -> str | None:
    """Behind so many of hers, or as many as there are."""
    cursor = None
    for _ in range(back // 40):
        page = hub.history.timeline([handle], before=cursor, limit=40)
        if page.next is None:
            break
        cursor = page.next
    return cursor
