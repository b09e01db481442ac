"""Begins a rebuild in a process of its own and is killed in the middle of it, by itself."""

import os
import signal
import sys

from engines import clusters

from stores.contract.search import document
from stores.elastic.search import ElasticSearch
from stores.postgres.search import PostgresSearch


def main(address, prefix):
    if prefix:
        index = ElasticSearch(clusters.joined(address, prefix))
    else:
        index = PostgresSearch(address, owner=lambda: "the tests")
    with index.beside() as fresh:
        fresh.put(1, [document("half", "养老")])
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
