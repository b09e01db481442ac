"""The supervisor (进程看护): starts our processes beside each other and ends them together.

For one machine: `juzhen dev` and `juzhen demo`. A process that dies is started again, at most once
a second. On many machines the system's own supervisor does this.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType

_PATIENCE = 30.0
"""Seconds that everything has to finish."""


class Supervisor:
    """Processes that live and end together."""

    def __init__(
        self, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]
    ) -> None:
        """``commands`` are arguments of `juzhen`, by the process's name."""
        self._commands = commands
        self._environment = os.environ | dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ending = threading.Event()

    def start(self) -> None:
        """Start everything."""
        for name in self._commands:
            self._start(name)

    def _start(self, name: str) -> None:
        command = [sys.executable, "-m", "juzhen", *self._commands[name]]
        self._running[name] = subprocess.Popen(
            command, env=self._environment, start_new_session=True, stdin=subprocess.DEVNULL
        )

    def watch(self) -> None:
        """Stay until told to end (SIGINT, SIGTERM), and start again what dies meanwhile."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._end)
        while not self._ending.wait(1.0):
            for name, process in list(self._running.items()):
                if process.poll() is not None and not self._ending.is_set():
                    self._start(name)
        self.stop()

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending.set()

    def stop(self) -> None:
        """Ask everything to finish; what has not in time is ended."""
        deadline = time.monotonic() + _PATIENCE
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
