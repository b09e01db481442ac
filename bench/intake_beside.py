"""Intake beside the fold (边收边入库): how long one durable event takes while the fold is at work.

The same front at one time alone and at the next beside the fold, which then also has before it what
came in meanwhile. The closed loop keeps 32 events under way, so one event waits for 31 others. On
two cores the load, the front and the fold want three. Then beside eight who read a page of half a
millisecond each in the same process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.intake_single import CONNECTIONS
from bench.lib.line import Round, compared, measured
from bench.lib.load import asked, load
from bench.lib.server import ROOT, Server

TIMES = 2.0
"""How much longer the slowest of a hundred may take."""


READERS, READ_MS = 8, 60.0
_PAGE = "GET /page HTTP/1.1\r\nHost: bench\r\n\r\n"


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        server = Server("bench.servers.paging:app", home)
        try:
            yield _line(server, home, size)
            yield _read(server, size)
        finally:
            server.stop()


def _read(server: Server, size: int) -> dict[str, Any]:
    """The slowest of a hundred events while eight read, in the middle one of three rounds."""
    told: list[Round] = []
    for _ in range(3):
        with ThreadPoolExecutor(1) as beside:
            pages = beside.submit(asked, server, [_PAGE], connections=READERS, seconds=2.5 * size)
            told.append(
                load(server, "/v1/track", connections=CONNECTIONS, seconds=2.0 * size, batch=0)
            )
            read = pages.result()
    line = measured("intake_beside_readers", _middle(told), "ms (p99)", size=size, most=READ_MS)
    return line | {"events_per_s": round(told[-1].value), "pages_per_s": round(read.value)}


def _line(server: Server, home: Path, size: int) -> dict[str, Any]:
    alone: list[Round] = []
    beside: list[Round] = []

    def sent(rounds: list[Round]) -> Round:
        told = load(server, "/v1/track", connections=CONNECTIONS, seconds=2.0 * size, batch=0)
        rounds.append(told)
        return told

    def folded() -> Round:
        with _folding(home):
            return sent(beside)

    line = compared(
        "intake_beside_fold", folded, lambda: sent(alone), unit="events/s", size=size,
        against="the same front with nobody folding", goal=0.0,
    )  # fmt: skip
    times = _middle(beside) / _middle(alone)
    return line | {
        "baseline": line["baseline"] | {"p99_ms": round(_middle(alone), 2)},
        "p99_ms": round(_middle(beside), 2), "times": round(times, 2), "goal": TIMES,
        "ok": times <= TIMES,
    }  # fmt: skip


def _middle(rounds: list[Round]) -> float:
    return sorted(each.p99_ms for each in rounds)[len(rounds) // 2]


@contextmanager
def _folding(home: Path) -> Iterator[None]:
    """Another process folds all the while."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.servers.folding", str(home)], cwd=ROOT,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the fold did not begin")
        yield
        if process.poll() is not None:
            raise RuntimeError("the fold ended meanwhile")
    finally:
        process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()
