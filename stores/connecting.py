"""Connecting (连接): a database's engine, set as our transactions need it. Opens none of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event

from stores import caches
from stores.bulk import as_json
from stores.rested import ping_the_rested

_TIMEOUTS = (
    "-c statement_timeout=60s -c lock_timeout=2s -c idle_in_transaction_session_timeout=5min"
)
"""What no connection of ours outlasts on PostgreSQL, however it was left."""


def connected(url: str, durability: str, patient: bool) -> Engine:
    """``patient`` is for who changes tables: no statement of its is broken off."""
    if not url.startswith("sqlite"):
        served = create_engine(
            url, pool_size=8, max_overflow=8, pool_timeout=2, pool_use_lifo=True,
            hide_parameters=True, json_serializer=as_json,
            connect_args={"connect_timeout": 5, "options": "" if patient else _TIMEOUTS},
        )  # fmt: skip
        ping_the_rested(served)
        return served
    # The connection used last is used next: few of them fill their page cache.
    engine = create_engine(
        url, pool_size=16, max_overflow=16, pool_use_lifo=True, hide_parameters=True,
        json_serializer=as_json,
    )  # fmt: skip
    synchronous = "full" if durability == "power" else "normal"
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, synchronous))
    return engine


def _prepare(connection: Any, synchronous: str) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=wal",
        f"synchronous={synchronous}",
        "foreign_keys=on",
        "busy_timeout=5000",
        caches.EACH,
        caches.ALL,
        "mmap_size=268435456",
    ):
        cursor.execute(f"pragma {pragma}")
    cursor.close()
