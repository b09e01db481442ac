"""Search clusters for the tests: an own prefix each, and nothing left behind."""

import secrets
from contextlib import contextmanager

from stores.elastic.cluster import Cluster, Place, place

__all__ = ["connected", "joined", "own", "place"]


@contextmanager
def own(urls, **how):
    """A connection with a prefix that nobody else uses; its indices are dropped at the end."""
    at = Place(tuple(urls.split(",")), f"t{secrets.token_hex(8)}")
    with connected(at, **how) as cluster:
        try:
            yield cluster
        finally:
            empty(cluster)


def joined(urls, prefix):
    """Another connection to somebody's indices."""
    return Cluster(Place(tuple(urls.split(",")), prefix), owner=lambda: "the tests", patience=60.0)


@contextmanager
def connected(at, *, owner="the tests", **how):
    cluster = Cluster(at, owner=lambda: owner, **({"patience": 60.0} | how))
    try:
        yield cluster
    finally:
        cluster.close()


def empty(cluster):
    """Drop what a test made: the servers are shared."""
    client = cluster.client()
    names = list(client.indices.get(index=f"{cluster.at.prefix}-*", expand_wildcards="all"))
    if names:
        client.indices.delete(index=names, ignore_unavailable=True)
