"""Starting (启动): `juzhen serve` on a company that has just begun, until its first answer.

``start`` takes the time from the command to the first page, with everything compiled and read from
the disk before; ``start_memory`` is what a web process then holds by itself. No baselines: these
are promises.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.lib.line import ROUNDS, measured
from bench.lib.server import ROOT, anonymous_mib, free_port

MOST_MS, MOST_MIB = 2_000.0, 150.0
PATIENCE_S = 60
_JUZHEN = (sys.executable, "-m", "juzhen")


def run(size: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "JUZHEN_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([*_JUZHEN, "init"], env=environment, check=True, capture_output=True)
        _, *rounds = [_started(environment) for _ in range(1 + ROUNDS)]  # the first one compiles
    seconds, memory = (statistics.median(each) for each in zip(*rounds, strict=True))
    yield measured("start", seconds * 1000, "ms", size=size, most=MOST_MS)
    yield measured("start_memory", memory, "MiB RssAnon", size=size, most=MOST_MIB)


def _started(environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until the first answer, and what the larger of the processes that answer holds."""
    port, begun = free_port(), time.monotonic()
    served = subprocess.Popen(
        [*_JUZHEN, "serve"], env={**environment, "JUZHEN_WEB_PORT": str(port)}
    )
    try:
        while not _answers(port):
            if served.poll() is not None or time.monotonic() > begun + PATIENCE_S:
                raise RuntimeError("it does not start")
            time.sleep(0.01)
        seconds = time.monotonic() - begun
        time.sleep(2.0)  # what is made beside the first requests
        children = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split()
        return seconds, max(anonymous_mib(each) for each in children)
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(PATIENCE_S)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=PATIENCE_S).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True
