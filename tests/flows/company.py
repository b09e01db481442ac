"""A small company in real processes: web, worker and sandbox, each to be killed and started again.

The flows ask it over HTTP only. Nothing in here knows what an answer should be.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import urllib3

ROOT = Path(__file__).parents[2]


def free_port():
    """One that is free, with the one after it: below those that the system hands to whoever calls
    somebody, so that nobody gets it before its process listens."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 1))
            return port


def eventually(told, patience=90.0, every=0.05):
    """Ask until the answer is true, and give it back; the last answer when patience ends."""
    deadline = time.monotonic() + patience
    while not (answer := told()) and time.monotonic() < deadline:
        threading.Event().wait(every)
    return answer


class Processes:
    """Commands of `juzhen`, each in a process of its own."""

    def __init__(self, home, environment):
        self.home = home
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("JUZHEN_")},
            "PYTHONPATH": str(ROOT),
            "JUZHEN_HOME": str(home),
            **environment,
        }
        self.running = {}

    def start(self, name, *command, **extra):
        log = open(self.home / f"{name}.log", "ab")  # noqa: SIM115 — the child keeps it
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "juzhen", *command],
            env=self.environment | extra,
            cwd=self.home,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def kill(self, name):
        """As hard as a power cut: the whole family of the process at once."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self, name, patience=30):
        """Ask it to finish, and say how it ended."""
        process = self.running.pop(name)
        process.terminate()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    def close(self):
        for name in list(self.running):
            self.kill(name)

    def log(self, name):
        return (self.home / f"{name}.log").read_text("utf-8", "replace")


class Asking:
    """Requests to one address."""

    def __init__(self, url):
        self.url = url
        self._pool = urllib3.PoolManager(timeout=30, retries=False)

    def __call__(self, method, path, token="", headers=None, **told):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        address = path if path.startswith("http") else self.url + path
        return self._pool.request(method, address, headers=headers, redirect=False, **told)

    def up(self, path="/livez"):
        try:
            return self("GET", path).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def graphql(self, query, token, **variables):
        answer = self("POST", "/graphql", token, json={"query": query, "variables": variables})
        told = json.loads(answer.data)
        assert answer.status == 200, told
        assert "errors" not in told, told["errors"]
        return told["data"]
