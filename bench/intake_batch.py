"""Batches of events (批量采集): 100 a request, 32 connections, durable before the answer.

The load is a bare loop over sockets that sends bodies it has encoded before; it shares the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.intake_single import measured

GOAL = 40_000
"""Events a second."""


def run(size: int) -> Iterator[dict[str, Any]]:
    for name, processes, goal in (("intake_batch", 1, 1.0), ("intake_batch_default", 2, 1.2)):
        line = measured(name, size, batch=100, processes=processes, goal=goal)
        yield line | {"least": GOAL, "ok": line["ok"] and line["value"] >= GOAL}
