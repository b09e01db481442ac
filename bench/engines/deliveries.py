"""Deliveries (投放) on PostgreSQL beside SQLite: calls fail, workers are killed, both durable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.deliveries import carried
from bench.lib.line import Round, compared
from bench.lib.places import database

MANY, KILLS = 400, 2


def run(size: int) -> Iterator[dict[str, Any]]:
    def there() -> Round:
        with database() as url:
            return _round(MANY * size, url)

    yield compared(
        "deliveries_postgres", there, lambda: _round(MANY * size), unit="deliveries/s",
        size=MANY * size, against="SQLite", goal=0.0, killed=KILLS,
    )  # fmt: skip


def _round(many: int, records: str = "") -> Round:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        told = carried(Path(folder), many, kills=KILLS, durability="power", records=records)
    if told["lost"] or told["doubled"]:
        raise RuntimeError(f"not each went out once: {told}")
    each = told["seconds"] * 1_000 / many
    return Round(many / told["seconds"], each, each, told["cpu_ms"])
