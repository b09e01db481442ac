"""All servers of a company beyond one machine, at one desk (桌面集群): ``make demo CLUSTER=1``.

``python tests/servers/desk.py FOLDER COMMAND…`` starts PostgreSQL, Elasticsearch and an S3 gateway
on the loopback with their data in the folder, runs the command with settings that place all stores
there, and ends them after it. Their data stay: the next start goes on with them, until the program
is run without a command, which throws them away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import psycopg
from servers import cached, postgres, running

from kernel.secret import Secret
from stores.s3 import S3, Place

_BUCKET = "demo"


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """The settings that place a company's stores on them."""
    if not folder.exists():
        forget(folder)  # somebody threw it away by hand; what lay elsewhere goes with it
    with ExitStack() as stack:
        database = _database(stack.enter_context(postgres.kept(_reachable(folder / "postgres"))))
        started = {}
        for kind in ("elasticsearch", "s3"):
            running.archive(kind)
            started[kind] = server = running.MAKERS[kind](folder / kind)
            server.apart = True
            stack.callback(server.stop)
            server.start()
        search, files = (started[kind].ready().url for kind in ("elasticsearch", "s3"))
        _bucket(files)
        host = files.removeprefix("http://")
        yield {
            "JUZHEN_STORES_RECORDS": database,
            "JUZHEN_STORES_JOURNAL": "records",
            "JUZHEN_STORES_SEARCH": f"elastic+{search}/demo",
            "JUZHEN_STORES_HISTORY": f"elastic+{search}/demo",
            "JUZHEN_STORES_FILES": f"s3+http://{running.KEY}:{running.SECRET}@{host}/{_BUCKET}",
        }


def _reachable(folder: Path) -> Path:
    """PostgreSQL does not run as root, and whom it runs as then may not enter root's folders."""
    if os.geteuid() != 0:
        return folder
    told = hashlib.blake2b(str(folder.absolute()).encode(), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"juzhen-postgres-{told}"


def _database(cluster: postgres.Cluster) -> str:
    with suppress(psycopg.errors.DuplicateDatabase):
        cluster.run("CREATE DATABASE demo")
    return cluster.url("demo")


def _bucket(url: str) -> None:
    client = S3(Place(url, _BUCKET, "", running.KEY, Secret(running.SECRET)))._client()
    if _BUCKET not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=_BUCKET)


def forget(folder: Path) -> None:
    for each in (_reachable(folder / "postgres"), folder):
        shutil.rmtree(each, ignore_errors=True)


def main(folder: str, *command: str) -> int:
    """The command's own exit code. Ctrl-C reaches the command itself; we end after it."""
    if not command:
        forget(Path(folder))
        return 0
    if postgres.programs() is None:
        print(postgres.MISSING, file=sys.stderr)
        return 1
    print("PostgreSQL, Elasticsearch and S3 are starting …", flush=True)
    try:
        with servers(Path(folder)) as settings:
            return _run(command, settings)
    except cached.Missing as why:
        print(why, file=sys.stderr)
        return 1


def _run(command: Sequence[str], settings: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=os.environ | settings)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        with suppress(KeyboardInterrupt):
            return process.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
