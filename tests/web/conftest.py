"""The front over real sockets: granian in a process of its own, a small application behind it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

APPLICATION = """
import os, threading, time
from pathlib import Path
from data_hub.intake import Intake
from juzhen.web.collect import Collect
from juzhen.web.answers import Answer
from juzhen.web.front import Front
from kernel.clock import utc_now
from kernel.turns import waiting
from stores.journal import SharedCommit
from stores.postgres.journal import PostgresJournal
from stores.sqlite.journal import SqliteJournal

home = Path(os.environ["HOME_OF_TEST"])
draining = threading.Event()

def pages(environ, start):
    path, body = environ["PATH_INFO"], b"pong"
    headers = [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        headers.append(("X-Told", repr(sorted(k for k in environ if k.startswith("HTTP_X")))))
    elif path == "/sleep" or path.startswith("/callbacks/"):
        time.sleep(0.5)
    elif path == "/commits":
        with waiting():
            time.sleep(1)
    elif path == "/fails":
        raise RuntimeError("a stand-in fails")
    elif path == "/draining":
        body = str(draining.is_set()).encode()
    elif path == "/file":
        start("200 OK", [("Content-Length", str(5_000_000))])
        return environ["wsgi.file_wrapper"](open(home / "file", "rb"))
    elif path == "/stream":
        start("200 OK", [("Content-Type", "text/event-stream")])
        return beats()
    elif path == "/breaks":
        start("200 OK", [("Content-Type", "text/csv")])
        return (b"x" * (100 // left) for left in (1, 0))
    elif path == "/list":
        start("200 OK", [("Content-Type", "text/csv")])
        return (b"y" * 65_536 for _ in range(128))
    elif path == "/large":
        start("200 OK", [("Content-Length", str(8 << 20))])
        return (b"x" * 65_536 for _ in range(128))
    start("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]

def beats():
    try:
        for number in range(10_000):
            yield b"data: %d\\n\\n" % number
            time.sleep(0.02)
    finally:
        (home / "stream_closed").touch()

async def quick(path, query, header):
    if path != "/quick":
        return None
    if header("if-none-match") == "1":
        return Answer(304, [("etag", "1")])
    return Answer(200, [("etag", "1")], query.encode())

class Built(Front):
    def __init__(self):
        elsewhere = os.environ.get("JOURNAL")
        journal = (
            PostgresJournal(elsewhere, owner=lambda: "the tests")
            if elsewhere else SqliteJournal(home / "journal")
        )
        commit = SharedCommit(journal, limit=int(os.environ.get("QUEUE", "50000")))
        def close():
            commit.close()
            (home / "closed").touch()
        owners = {key: ("acc_app", "own_app") for key in ("wk", "default\\n", "default\\nwk")}
        super().__init__(
            pages, intake=Collect(Intake(commit, utc_now), owners.get, utc_now), quick=quick,
            draining=draining, close=close, opens=lambda path: path != "/shut",
        )

def __getattr__(name):
    if name == "app":
        return Built()
    raise AttributeError(name)
"""


class Server:
    """One front, started and stopped like the real one."""

    def __init__(self, home, **environment):
        (home / "under_test.py").write_text(APPLICATION)
        (home / "file").write_bytes(b"f" * 5_000_000)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = home
        self._environment = (
            os.environ | {"PYTHONPATH": f"{ROOT}:{home}", "HOME_OF_TEST": str(home)} | environment
        )
        self.start()

    def start(self):
        command = "granian --interface rsgi --loop uvloop --no-ws --log-level warning"
        command += f" --host 127.0.0.1 --port {self.port} --workers-kill-timeout 10 under_test:app"
        with open(self.home / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command.split()],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120  # a busy machine starts slowly
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                assert time.monotonic() < deadline, (self.home / "server.log").read_text()
                threading.Event().wait(0.02)
            else:
                return

    @contextmanager
    def connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            yield connection
        finally:
            connection.close()

    def ask(self, method, path, body=None, headers=None):
        with self.connection() as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def raw(self, *pieces):
        """A socket that has sent these bytes and stays open."""
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        for piece in pieces:
            wire.sendall(piece)
        return wire

    def slowest(self, asks=10, rounds=12):
        """The longest of some quick requests, in seconds, in the best of a few rounds.

        What holds a request up does so in every round; a busy machine only in some.
        """
        with self.connection() as connection:
            return min(self._longest(connection, asks) for _ in range(rounds))

    def _longest(self, connection, asks):
        longest = 0.0
        for _ in range(asks):
            begun = time.perf_counter()
            connection.request("GET", "/ping")
            connection.getresponse().read()
            longest = max(longest, time.perf_counter() - begun)
        return longest

    def kill(self):
        """All its processes at once, as hard as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def stop(self, sign=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("front"))
    yield running
    running.stop()


@pytest.fixture
def started(tmp_path):
    """Starts a server of the test's own, with its own environment."""
    running = []

    def start(**environment):
        running.append(Server(tmp_path, **environment))
        return running[-1]

    yield start
    for each in running:
        each.stop()
