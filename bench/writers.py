"""Writers (争写): 400 requests of 4 processes of 4 threads that read, add one and write, all at one
thing of the embedded records. The slowest hundredth is a promise and has no baseline.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.lib.line import ROUNDS, measured
from bench.lib.server import ROOT
from stores.changes import Version
from stores.records import Record, Records

MOST_MS = 500.0
PROCESSES, THREADS, TURNS = 4, 4, 25


def run(size: int) -> Iterator[dict[str, Any]]:
    slowest = statistics.median(_slowest(TURNS * size) for _ in range(ROUNDS))
    yield measured("writers", slowest * 1000, "ms p99", size=size, most=MOST_MS)


def _slowest(turns: int) -> float:
    """Seconds that the slowest hundredth took at least."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'records.db'}"
        records = Records(url, durability="process")
        records.create(Record)
        with records.write() as session:
            session.add(Version(name="race", number=0))
        records.close()
        racers = (sys.executable, ROOT / "tests/stores/racers.py", "count", url)
        numbers = [str(each) for each in (PROCESSES, THREADS, turns)]
        told = subprocess.run(
            [*racers, *numbers], env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
            text=True,
        )  # fmt: skip
    took = sorted(took for line in told.stdout.splitlines() for took, _ in json.loads(line))
    return float(took[int(0.99 * len(took))])
