"""Single events (单条采集): one a request, 32 connections, durable before the answer."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from bench.lib.line import compared
from bench.lib.load import event, load
from bench.lib.server import Server

CONNECTIONS = 32
P99_MS, COMMITS = 15.0, 0.1
"""At most, for one process that nobody disturbs."""
_HEADERS = {"X-Write-Key": "wk", "Content-Type": "application/json"}


def run(size: int) -> Iterator[dict[str, Any]]:
    line = measured("intake_single", size, batch=0, processes=1, goal=5.0)
    kept = line["p99_ms"] <= P99_MS and line["commits_per_request"] <= COMMITS
    yield line | {"most": {"p99_ms": P99_MS, "commits_per_request": COMMITS},
                  "ok": line["ok"] and kept}  # fmt: skip
    yield measured("intake_single_default", size, batch=0, processes=2, goal=4.0)
    yield measured(
        "intake_single_process", size, batch=0, processes=1, goal=2.5, durability="process"
    )


def measured(
    name: str, size: int, *, batch: int, processes: int, goal: float, durability: str = "power"
) -> dict[str, Any]:
    """Our front against design A, both with the same check, by turns."""
    path = "/v1/batch" if batch else "/v1/track"
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        told = {"BENCH_DURABILITY": durability}
        ours = Server("bench.servers.intake:app", home / "ours", processes=processes, **told)
        stack.callback(ours.stop)
        usual = Server(
            "bench.baselines.flask_sqlite:app", home / "usual", interface="wsgi", processes=2,
            **told,
        )  # fmt: skip
        stack.callback(usual.stop)
        same_answers(ours, usual, path, batch)

        def rounds(server: Server) -> Any:
            many = {"connections": CONNECTIONS, "seconds": 2.0 * size, "batch": batch}
            return lambda: load(server, path, **many)

        line = compared(
            name,
            rounds(ours),
            rounds(usual),
            unit="events/s",
            size=size,
            against=f"Flask 2x1, SQLite, one commit a request ({durability})",
            goal=goal,
        )
        commits = commits_per_request(home / "ours" / "journal", batch)
        return line | {
            "commits_per_request": commits, "fsyncs_per_s": round(fsyncs(home)),
            "memory_mib": round(ours.memory_mib()),
        }  # fmt: skip


def same_answers(ours: Server, usual: Server, path: str, batch: int) -> None:
    told = {"batch": [event(each) for each in range(batch)]} if batch else event(0)
    body = orjson.dumps(told)
    answers = [server.post(path, body, _HEADERS) for server in (ours, usual)]
    if answers[0] != answers[1]:
        raise RuntimeError(f"ours said {answers[0]!r}, the baseline {answers[1]!r}")


def commits_per_request(folder: Path, batch: int) -> float:
    """From what the journal holds: a row is a commit."""
    import sqlite3

    commits = events = 0
    for file in folder.glob("*.db"):
        with sqlite3.connect(file) as journal:
            rows, held = journal.execute("select count(*), sum(count) from commits").fetchone()
        journal.close()
        commits, events = commits + rows, events + (held or 0)
    return round(commits / max(1, events / max(1, batch)), 3)


def fsyncs(folder: Path) -> float:
    """How often this disk can do it in a second, for comparison."""
    count, begun = 0, time.perf_counter()
    with (folder / "probe").open("wb") as file:
        while time.perf_counter() - begun < 0.5:
            file.write(b"x" * 512)
            file.flush()
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.perf_counter() - begun)
