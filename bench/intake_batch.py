"""Batches of events (批量采集): 100 a request, 32 connections, durable before the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.intake_single import measured


def run(size: int) -> Iterator[dict[str, Any]]:
    yield measured("intake_batch", size, batch=100, processes=1, goal=1.0)
    yield measured("intake_batch_default", size, batch=100, processes=2, goal=1.2)
