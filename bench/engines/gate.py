"""The gate (闸门) on PostgreSQL beside SQLite: eight processes decide at once, none over a cap."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.gate import PROCESSES, decided
from bench.lib.line import Round, compared
from bench.lib.places import database
from channels.touch_policy import SLICE

TURNS = 2


def run(size: int) -> Iterator[dict[str, Any]]:
    over, turns = itertools.count(), TURNS * size

    def there() -> Round:
        with database() as url:
            return decided(url, turns, over)

    def here() -> Round:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            return decided(f"sqlite:///{Path(folder) / 'records.db'}", turns, over)

    line = compared(
        "gate_postgres", there, here, unit="decisions/s", size=PROCESSES * turns * SLICE,
        against="SQLite", goal=0.0, processes=PROCESSES,
    )  # fmt: skip
    over_cap = next(over)
    yield line | {"over_cap": over_cap, "ok": line["ok"] and not over_cap}
