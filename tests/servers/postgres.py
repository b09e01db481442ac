"""A real PostgreSQL for the tests: one cluster a test process, on the loopback, thrown away after.

The first test that needs it starts a guard (this file, run as a program), which makes a cluster,
starts it, and takes it down once the test process is gone, however that ended: we hold a lock on a
file as long as we live, and the guard waits for it. Processes do not share one: a transaction
anywhere in a cluster holds back everybody who follows changes in it.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

MISSING = "PostgreSQL is not here: apt-get install postgresql (or put initdb on the PATH)"
_HOMES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin")
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
log_min_messages = warning
"""
_HASTE = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
"""
"""What a test gives up: its data may go with the machine."""
_OWNER = "juzhen"


def programs() -> Path | None:
    """Where initdb and postgres lie, the newest first; None if nowhere."""
    found = [place for pattern in _HOMES for place in Path("/").glob(pattern[1:])]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    able = [
        place for place in found if (place / "initdb").exists() and (place / "postgres").exists()
    ]
    return max(able, key=lambda place: (len(str(place)), str(place)), default=None)


def tool(name: str, url: str, *words: str) -> None:
    """Run one of its own programs on the database of a url."""
    at = make_url(url)
    told = ["-h", "127.0.0.1", "-p", str(at.port), "-U", at.username, "-d", at.database, *words]
    subprocess.run([programs() / name, *told], check=True, capture_output=True)


class Cluster:
    """A running server, and databases made in it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{_OWNER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The url of a fresh database, dropped afterwards whoever is still connected."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with psycopg.connect(_address(self.port), autocommit=True) as connection:
            connection.execute(statement)


def cluster(*, durable: bool = False) -> Cluster:
    """A cluster for this process. The lock is never let go of: the system does, when we end.

    ``durable`` is as somebody would run it who wants to keep what is in it: for benchmarks.
    """
    home = Path(tempfile.mkdtemp(prefix="juzhen-postgres-"))
    home.chmod(0o755)
    fcntl.flock(os.open(home / "user", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
    with (home / "log").open("a") as log:
        guard = subprocess.Popen(
            [sys.executable, __file__, str(home), *(["durable"] if durable else [])],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + 60
    while not (home / "port").exists():
        if guard.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'log').read_text()}")
        time.sleep(0.02)
    guard.returncode = 0  # it outlives us on purpose: no warning that it still runs
    return Cluster(int((home / "port").read_text()))


@contextmanager
def kept(home: Path) -> Iterator[Cluster]:
    """A durable one whose data stay in the folder, from one start to the next."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    server = _serve(home, port := _free_port(), "")
    try:
        yield Cluster(port)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


class Own(Cluster):
    """A server of a test's own, that may be restarted under whoever is connected."""

    def __init__(self, home: Path) -> None:
        super().__init__(_free_port())
        self._home = home
        self._server = _serve(home, self.port, _HASTE)

    def made(self, database: str) -> str:
        """The url of a database that was not there."""
        self.run(f"CREATE DATABASE {database}")
        return self.url(database)

    def plain(self, database: str) -> str:
        """The address as the driver itself reads it."""
        return f"postgresql://{_OWNER}@127.0.0.1:{self.port}/{database}"

    def restart(self) -> None:
        """Everybody is cut off, and for a moment nobody answers."""
        self.stop()
        self._server = _serve(self._home, self.port, _HASTE)

    def stop(self) -> None:
        self._server.send_signal(signal.SIGINT)
        self._server.wait()


@contextmanager
def own() -> Iterator[Own]:
    """A server that this test alone talks to; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="juzhen-postgres-"))
    home.chmod(0o755)
    server = Own(home)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _guard(home: Path, settings: str) -> None:
    """Run a cluster until the test process is gone."""
    os.umask(0o022)
    server = None
    try:
        port = _free_port()
        server = _serve(home, port, settings)
        (home / "port.new").write_text(str(port))
        (home / "port.new").rename(home / "port")
        with (home / "user").open("a") as user:
            fcntl.flock(user, fcntl.LOCK_EX)
    finally:
        if server:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _serve(home: Path, port: int, told: str) -> subprocess.Popen:
    place, data = programs(), home / "data"
    fresh = not data.exists()
    data.mkdir(mode=0o700, exist_ok=True)
    somebody = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = _nobody()
        os.chown(data, user.pw_uid, user.pw_gid)
        somebody = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    make = [place / "initdb", "-D", data, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C"]
    if fresh:
        subprocess.run(
            [*make, "--no-sync"], check=True, cwd=data, stdout=subprocess.DEVNULL, **somebody
        )
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(port=port) + told)
    command = [place / "postgres", "-D", data, "-p", str(port)]
    server = subprocess.Popen(command, cwd=data, start_new_session=True, **somebody)
    while server.poll() is None:
        try:
            psycopg.connect(_address(port)).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return server
    raise RuntimeError(f"postgres ended with {server.returncode}")


def _nobody() -> pwd.struct_passwd:
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _address(port: int) -> str:
    return f"host=127.0.0.1 port={port} user={_OWNER} dbname=postgres connect_timeout=5"


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), "" if sys.argv[2:] else _HASTE)
