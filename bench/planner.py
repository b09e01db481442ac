"""The planner (群发排期): a hundred thousand customers of a segment become deliveries, each once.

The product's own planner in a process of its own, from an announced broadcast to the last row of
the outbox, every slice durable. No baseline: what there must not be more of is a minute and
400 MiB of anonymous memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.lib.library import write
from bench.lib.line import measured
from bench.lib.server import ROOT, anonymous_mib
from data_hub.identities import Known, own_id
from data_hub.segments.records import Fill, Member
from juzhen import wiring
from juzhen.settings import Settings
from kernel.events import Handle
from kernel.secret import Secret

_TARGETS = 100_000
_MOST_SECONDS, _MOST_MIB = 60.0, 400.0


def run(size: int) -> Iterator[dict[str, Any]]:
    many = _TARGETS * size
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.planner", folder, str(many)],
            capture_output=True, check=True, cwd=ROOT,
        )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    line = measured("planner", told.pop("seconds"), "s", size=many, most=_MOST_SECONDS * size)
    good = line["ok"] and told["planned"] == many and told["rss_anon_mib"] <= _MOST_MIB
    yield line | told | {"ok": good}


def planned(home: Path, many: int) -> dict[str, Any]:
    """Plan one broadcast to so many; the worker's duty, one slice after the other."""
    platform = wiring.assemble(_company(home))
    broadcast = _announced(platform, many)
    slices, begun, spent = 0, time.perf_counter(), time.process_time()
    longest = 0.0
    while True:
        before = time.perf_counter()
        if not platform.planning.run():
            break
        slices, longest = slices + 1, max(longest, time.perf_counter() - before)
    told = {
        "seconds": time.perf_counter() - begun,
        "cpu_ms": round((time.process_time() - spent) * 1000 / many, 4),
        "slices": slices, "longest_ms": round(longest * 1000, 1),
        "planned": platform.broadcasts.one(broadcast).planned,
        "rss_anon_mib": round(anonymous_mib("self"), 1),
    }  # fmt: skip
    platform.close()
    return told


def _company(home: Path) -> Settings:
    told = Settings(
        home=home, stores_durability="power", keys_secrets=Secret("00" * 32),
        keys_links=Secret("11" * 32), company_modules="mass_send",
    )  # fmt: skip
    wiring.migrate(told)
    return told


def _announced(platform: wiring.Platform, many: int) -> str:
    """Uncounted: an account, so many customers there who are all in one segment, a broadcast."""
    account = platform.accounts.add(
        code="app", name="App", kind="push", ecosystem="own_app", by="bench",
        settings={"url": "http://127.0.0.1:9/hook"}, secrets={"sign_key": "s"},
    )  # fmt: skip
    now = datetime.now(UTC)
    segment = platform.segments.create("Everybody", code="all", by="bench")
    write(platform.people, Known, _known(account.id, many, now))
    write(platform.people, Member, _members(account.id, many, segment.id, now))
    write(platform.people, Fill, [
        {"segment": segment.id, "signature": "bench", "through": "~", "done": now}
    ])  # fmt: skip
    return platform.broadcasts.create(
        "Bench", "app", segment=segment.code, words="您好", by="bench"
    ).id


def _handle(account: str, number: int) -> Handle:
    return Handle("user", account, f"u{number:07}")


def _known(account: str, many: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(many):
        handle = _handle(account, number)
        own = own_id(handle)
        yield {
            "handle": str(handle), "value": handle.value, "own": own, "customer": own,
            "region": str(handle), "first_seen": now,
        }  # fmt: skip


def _members(account: str, many: int, segment: str, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(many):
        yield {"segment": segment, "customer": own_id(_handle(account, number)), "since": now}


if __name__ == "__main__":
    folder, count = sys.argv[1:]
    print(json.dumps(planned(Path(folder), int(count))))
