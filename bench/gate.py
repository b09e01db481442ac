"""The gate (闸门): durable decisions under the caps, by eight processes at once, none over a cap.

Ours decides five hundred in one transaction; the baseline takes one transaction a decision. The
same persons with two handles each, the same rules, the same fsyncs.
"""

from __future__ import annotations

import itertools
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.lib.line import Round, compared
from channels.touch_policy import SLICE, Nature, Person, Touch, TouchPolicy
from channels.touch_policy.record import Touched
from data_hub.consents import Consents
from kernel.calendar import Zone
from kernel.errors import Overloaded
from stores.changes import Changes
from stores.records import Record, Records

PROCESSES = 8
_PERSONS = 20_000
_LEAST = 2_000
_ZONE = Zone("Asia/Shanghai")
_NOON = datetime(2026, 3, 2, 12, tzinfo=_ZONE.info)


def run(size: int) -> Iterator[dict[str, Any]]:
    over = itertools.count()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = (f"sqlite:///{Path(folder) / f'{n}.db'}" for n in itertools.count())
        line = compared(
            "gate", lambda: decided(next(files), 6 * size, over),
            lambda: decided(next(files), 25 * size, over, slice_=1),
            unit="decisions/s", size=PROCESSES * 6 * SLICE * size,
            against="one transaction a decision", goal=5.0, processes=PROCESSES,
            at_least=_LEAST,
        )  # fmt: skip
    over_cap = next(over)
    good = line["ok"] and line["value"] >= _LEAST and not over_cap
    yield line | {"over_cap": over_cap, "ok": good}


class Everybody:
    """Persons of two handles; every tenth is a VIP."""

    def behind(self, handles: Collection[str]) -> Mapping[str, Person]:
        return {handle: _person(handle.split(":")[2]) for handle in handles}


class Half:
    """Every second content is promotion."""

    def of(self, materials: Collection[str]) -> Mapping[str, Nature]:
        return {key: Nature(promo=key.endswith(("1", "3"))) for key in materials}

    def mega_sales(self, campaigns: Collection[str]) -> Collection[str]:
        return ()

    def priorities(self, campaigns: Collection[str]) -> Mapping[str, int]:
        return {}


def _person(number: str) -> Person:
    handles = (f"openid:oa:{number}", f"user:app:{number}")
    return Person(customer=number, handles=handles, vip=number.endswith("0"))


def _policy(url: str) -> tuple[Records, TouchPolicy]:
    records = Records(url, durability="power")
    changes = Changes(records, lambda: _NOON)
    policy = TouchPolicy(
        records=records, changes=changes, consents=Consents(records, changes, lambda: _NOON),
        persons=Everybody(), natures=Half(), clock=lambda: _NOON, zone=_ZONE,
    )  # fmt: skip
    return records, policy


def decided(url: str, turns: int, over: Iterator[int], *, slice_: int = SLICE) -> Round:
    """So many slices in each of eight processes, in an empty database; ``over`` goes on for each
    person who is over her cap."""
    records, _ = _policy(url)
    records.create(Record)
    records.close()  # what is open does not live through a fork
    begun, told = time.perf_counter(), _in_processes(lambda n: _decide(url, n, turns, slice_))
    seconds = time.perf_counter() - begun
    took = list(itertools.chain.from_iterable(each["took"] for each in told))
    cpu = sum(each["cpu"] for each in told)
    records, _ = _policy(url)
    for _ in range(_over_cap(records)):
        next(over)
    records.close()
    count = PROCESSES * turns * slice_
    p50, p99 = np.percentile(took, [50, 99])
    return Round(count / seconds, float(p50), float(p99), cpu * 1000 / count)


def _decide(url: str, number: int, turns: int, slice_: int) -> dict[str, Any]:
    records, policy = _policy(url)
    chance = random.Random(number)
    took = []
    cpu = time.process_time()
    for turn in range(turns):
        touches = _touches(chance, f"{number}:{turn}", slice_)
        begun = time.perf_counter()
        _insist(partial(policy.reserve, touches, by="bench"))
        took.append((time.perf_counter() - begun) * 1000)
    records.close()
    return {"took": took, "cpu": time.process_time() - cpu}


def _insist(act: Callable[[], object]) -> None:
    """Whoever waited for a lock in vain comes back, as a worker does."""
    while True:
        try:
            act()
        except Overloaded:
            continue
        return


def _touches(chance: random.Random, name: str, count: int) -> Sequence[Touch]:
    return [
        Touch(
            key=f"{name}:{n}", handle=f"{way}:{chance.randrange(_PERSONS)}", account=way,
            channel=way.partition(":")[0], material=f"mat_{chance.randrange(40)}",
            priority=chance.randrange(100),
        )
        for n in range(count)
        for way in [chance.choice(["openid:oa", "user:app"])]
    ]  # fmt: skip


def _over_cap(records: Records) -> int:
    """Persons who have more than one marketing touch that day."""
    with records.read() as session:
        counted = Counter(
            (row.handle.split(":")[2], row.day)
            for row in session.query(Touched).filter(Touched.kind == "marketing")
        )
    return sum(count > 1 for count in counted.values())


def _in_processes(work: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    """Every answer of eight forks."""
    reads = []
    for number in range(PROCESSES):
        read, write = os.pipe()
        if os.fork() == 0:
            try:
                os.close(read)
                with os.fdopen(write, "wb") as out:
                    out.write(orjson.dumps(work(number)))
            finally:
                os._exit(0)  # whatever its parent has yet to tidy up is not its own
        os.close(write)
        reads.append(read)
    told = []
    for read in reads:
        with os.fdopen(read, "rb") as answer:
            told.append(orjson.loads(answer.read()))
    for _ in reads:
        os.wait()
    return told
