"""The digest (消化): events a second into identities, profiles, standings and a hundred segments.

The same events in the same order, each slice one transaction; the baseline is the same digest with
no standings and no segments. Both leave the same profiles.
"""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.line import Round, compared
from bench.segments import KINDS, rules
from data_hub.digest import Digest
from data_hub.identities import Identities
from data_hub.profiles import Profiles
from data_hub.segments import Segments, written
from data_hub.standings import Standings
from kernel.events import Event, Handle
from stores.changes import Changes
from stores.records import Folded, Record, Records
from stores.sqlite.history import SqliteHistory

GOAL = 1_500
EVENTS, CUSTOMERS, SEGMENTS = 3_000, 1_000, 100
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class _Nothing:
    """No material is about anything."""

    def about(self, materials: object) -> dict[str, list[str]]:
        return {}


class _Hub:
    """One company in a folder of its own."""

    def __init__(self, folder: Path, segments: int) -> None:
        def clock() -> datetime:
            return NOW

        self.records = Records(f"sqlite:///{folder}/records.db")
        self.people = Records(f"sqlite:///{folder}/people.db")
        self.records.create(Record)
        self.people.create(Folded)
        self.history = SqliteHistory(folder / "history.db")
        changes = Changes(self.records, clock)
        identities = Identities(self.people, self.records, changes, clock)
        profiles = Profiles(self.people, identities)
        self.segments = Segments(self.records, self.people, identities, changes, clock)
        standings = Standings(
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
        handle = Handle("user", "acc_app", f"u{dice.randrange(CUSTOMERS)}")
        traits = {"traits": {"city": dice.choice(("上海", "北京", "苏州"))}}
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
            hubs.append(_Hub(home, segments))
        ours, bare = hubs
        for hub in hubs:
            hub.take(EVENTS * size)
            hub.settle()
        if not any(map(written, ours.segments.all())):
            raise RuntimeError("no segment has a rule")
        line = compared(
            "digest", _timed(ours), _timed(bare), unit="events/s", size=EVENTS * size,
            against="the same digest without standings and segments", goal=0.1,
        )  # fmt: skip
        for hub in hubs:
            hub.close()
        shutil.rmtree(folder, ignore_errors=True)
    yield line | {"ok": line["value"] >= GOAL, "segments": SEGMENTS}


def _timed(hub: _Hub) -> Callable[[], Round]:
    def measured() -> Round:
        hub.take(EVENTS)
        took, begun, used = [], time.perf_counter(), time.process_time()
        while True:
            at = time.perf_counter()
            if not hub.digest.run(300):
                break
            took.append((time.perf_counter() - at) * 1_000)
        spent = time.perf_counter() - begun
        cpu = (time.process_time() - used) * 1_000 / EVENTS
        return Round(
            EVENTS / spent, float(np.percentile(took, 50)), float(np.percentile(took, 99)), cpu
        )

    return measured
