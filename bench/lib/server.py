"""A server of a benchmark: granian in processes of its own, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = 0.05
"""Seconds of CPU in half a second: nothing is under way."""
ROOT = Path(__file__).parents[2]
OWNER = "the benches".format
"""What answers whose the schemas and indices of a bench are."""


def anonymous_mib(process: int | str) -> float:
    """RssAnon of a process (``self`` is this one)."""
    (told,) = [
        line for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("RssAnon")
    ]  # fmt: skip
    return int(told.split()[1]) / 1024


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Started at once, stopped by `stop`."""

    def __init__(
        self, target: str, home: Path, *, interface: str = "rsgi", processes: int = 1, **told: str
    ) -> None:
        self.port = free_port()
        home.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "BENCH_HOME": str(home)} | told
        self._process = subprocess.Popen(
            self._command(target, interface, processes), env=environment
        )
        self._wait()

    def _command(self, target: str, interface: str, processes: int) -> list[str]:
        if interface == "gunicorn":
            return [
                *(sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4"),
                *("--no-control-socket", "--log-level", "error"),
                *("--bind", f"127.0.0.1:{self.port}", target),
            ]
        command = [
            *(sys.executable, "-m", "granian", "--interface", interface, "--loop", "uvloop"),
            *("--no-ws", "--log-level", "error", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", str(processes), "--backlog", "2048", target),
        ]
        if interface == "wsgi":
            command[-1:] = ["--blocking-threads", "1", target]
        return command

    def memory_mib(self) -> float:
        """Anonymous memory of the largest of the processes that serve."""
        return max(map(anonymous_mib, self._children() or [self._process.pid]))

    def post(
        self, path: str, body: bytes, headers: dict[str, str], *, patience: float = 10
    ) -> bytes:
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        with urllib.request.urlopen(asked, timeout=patience) as answer:
            told: bytes = answer.read()
            return told

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used so far."""
        total = 0.0
        for process in (self._process.pid, *self._children()):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICK
        return total

    def rest(self, patience: float = 60.0) -> None:
        """Wait until its processes have done what a start leaves them to do."""
        until, before = time.monotonic() + patience, self.cpu()
        while time.monotonic() < until:
            time.sleep(0.5)
            now = self.cpu()
            if now - before < _IDLE:
                return
            before = now
        raise RuntimeError("a server that nobody asks does not come to rest")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(15)

    def _children(self) -> list[int]:
        pid = self._process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return
