"""The digest (消化): events a second into identities, profiles, standings and a hundred segments.

The same events in the same order, each slice one transaction; the baseline is the same digest with
no standings and no segments. Both leave the same profiles. Judged by this process's own time, with
the wall's beside it; the second line is how long events wait while a thousand arrive a second.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.line import Round, compared, measured
from bench.lib.segments import KINDS, rules
from bench.lib.server import OWNER
from data_hub.digest import SLICE, Digest
from data_hub.identities import Identities
from data_hub.profiles import Profiles
from data_hub.segments import Segments, written
from data_hub.standings import Standings
from kernel.events import Event, Handle
from stores.changes import Changes
from stores.history import History
from stores.postgres.history import PostgresHistory
from stores.records import Folded, Record, Records
from stores.sqlite.history import SqliteHistory

GOAL = 1_500
EVENTS, CUSTOMERS, SEGMENTS = 3_000, 1_000, 100
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CITIES = ("上海", "北京", "苏州")
"""A customer keeps hers, so that she changes segments by what she does."""
ARRIVING, FOR, LAG_MS = 1_000, 4.0, 2_000.0
"""Events a second, for so many seconds, and how long one may wait at most."""


class _Nothing:
    """No material is about anything."""

    def about(self, materials: object) -> dict[str, list[str]]:
        return {}


class Hub:
    """One company in a folder of its own, or in a database that has its tables."""

    def __init__(self, folder: Path, segments: int, url: str = "") -> None:
        def clock() -> datetime:
            return NOW

        self.records = Records(url or f"sqlite:///{folder}/records.db")
        self.people = Records(url or f"sqlite:///{folder}/people.db")
        self.records.create(Record)
        self.people.create(Folded)
        self.history: History = SqliteHistory(folder / "history.db")
        if url:
            self.history = PostgresHistory(url, owner=OWNER)
            self.history.prepare()
        changes = Changes(self.records, clock)
        identities = Identities(self.people, self.records, changes, clock)
        self.profiles = profiles = Profiles(self.people, identities)
        self.segments = Segments(self.records, self.people, identities, changes, clock)
        self.standings = standings = Standings(
            self.people, self.records, identities, profiles, self.history, self.segments, changes,
            clock,
        )  # fmt: skip
        for entry in rules(segments):
            self.segments.create(entry.code, rule=entry.rule and entry.name, by="bench")
        self.digest = Digest(
            self.history, self.people, self.records, identities, profiles, _Nothing(), clock,
            standings=standings if segments else None,
        )  # fmt: skip
        self.upto = itertools.count(1)
        self.told = itertools.count(1)
        self.dice = random.Random(1)

    def take(self, count: int) -> None:
        """So many events arrive; nobody has digested them yet."""
        self.history.put([self._event() for _ in range(count)], upto=next(self.upto))

    def _event(self) -> Event:
        number, dice = next(self.told), self.dice
        at = NOW - timedelta(days=60) + timedelta(seconds=number)
        who = dice.randrange(CUSTOMERS)
        handle = Handle("user", "acc_app", f"u{who}")
        traits = {"traits": {"city": CITIES[who % len(CITIES)]}}
        return Event(
            id=f"e{number:08}", kind=dice.choice(KINDS), at=at, account="acc_app", handle=handle,
            received=at, detail=traits,
        )  # fmt: skip

    def settle(self) -> None:
        while self.digest.run():
            pass

    def close(self) -> None:
        self.history.close()
        self.records.close()
        self.people.close()


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        hubs = []
        for name, segments in (("ours", SEGMENTS), ("bare", 0)):
            home = Path(folder) / name
            home.mkdir()
            hubs.append(Hub(home, segments))
        ours, bare = hubs
        for hub in hubs:
            hub.take(EVENTS * size)
            hub.settle()
        if not any(map(written, ours.segments.all())):
            raise RuntimeError("no segment has a rule")
        walls: list[float] = []
        line = compared(
            "digest", timed(ours, walls), timed(bare), unit="events/s", size=EVENTS * size,
            against="the same digest without standings and segments", goal=0.1,
        )  # fmt: skip
        wall = round(statistics.median(walls), 1)
        yield line | {"ok": line["value"] >= GOAL, "segments": SEGMENTS, "by_the_wall": wall}
        yield measured("digest_lag", _lag(ours), "ms", size=int(ARRIVING * FOR), most=LAG_MS)
        for hub in hubs:
            hub.close()


def _lag(hub: Hub) -> float:
    """The longest that an event waited for its digest, its way through the fold included."""
    waiting: deque[float] = deque()
    begun, sent, worst = time.perf_counter(), 0, 0.0
    while (passed := time.perf_counter() - begun) < FOR or waiting:
        due = int(min(passed, FOR) * ARRIVING) - sent
        if due > 0:
            hub.take(due)
            waiting.extend([begun + (sent + number) / ARRIVING for number in range(due)])
            sent += due
        for _ in range(min(hub.digest.run(SLICE), len(waiting))):
            worst = max(worst, time.perf_counter() - waiting.popleft())
    return worst * 1_000


def timed(hub: Hub, walls: list[float] | None = None, *, wall: bool = False) -> Callable[[], Round]:
    """A round, by this process's time or by the wall's; ``walls`` is given events a second."""

    def round_() -> Round:
        hub.take(EVENTS)
        took, begun, used = [], time.perf_counter(), time.process_time()
        while True:
            at = time.perf_counter()
            if not hub.digest.run(SLICE):
                break
            took.append((time.perf_counter() - at) * 1_000)
        passed, spent = time.perf_counter() - begun, time.process_time() - used
        if walls is not None:
            walls.append(EVENTS / passed)
        return Round(
            EVENTS / (passed if wall else spent), float(np.percentile(took, 50)),
            float(np.percentile(took, 99)), spent * 1_000 / EVENTS,
        )  # fmt: skip

    return round_
