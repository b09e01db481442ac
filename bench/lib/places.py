"""Real servers for the benchmarks of engines (测试服务器): durable, on the loopback, gone after."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from servers import postgres, shared

from bench.lib.server import OWNER
from stores.elastic.cluster import Cluster, Place

_RUN = f"bench-{os.getpid()}"
_clusters: list[postgres.Cluster] = []


@contextmanager
def database() -> Iterator[str]:
    """An empty database of a PostgreSQL that is as durable as it comes."""
    if not _clusters:
        _clusters.append(postgres.cluster(durable=True))
    with _clusters[0].database() as url:
        yield url


def on_postgres(url: str) -> dict[str, str]:
    """The settings of a company whose stores all lie in this database."""
    beside = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")
    return {"stores_records": url, **beside}


@contextmanager
def cluster(kind: str = "elasticsearch") -> Iterator[Cluster]:
    """A connection to a search server, under a prefix that nobody else uses."""
    at = Place((shared.shared(kind, _RUN),), f"b{secrets.token_hex(8)}")
    connected = Cluster(at, owner=OWNER, patience=60)
    try:
        yield connected
    finally:
        indices = connected.client().indices
        for name in indices.get(index=f"{at.prefix}-*", expand_wildcards="all"):
            indices.delete(index=name)  # by name: a careful cluster takes no wildcards here
        connected.close()
