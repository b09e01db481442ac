"""Metrics (指标): what Prometheus may scrape. Holds no business figure; those are measures.

Several processes share one folder of counters (prometheus_client's multiprocess mode), so that a
scrape of any of them tells about all. On a full disk what cannot be counted is not.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

_made: dict[str, Any] = {}
_making = threading.Lock()

METRICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "juzhen_requests_total": ("counter", "Requests answered.", ("door", "status")),
    "juzhen_request_seconds": ("histogram", "How long answers took.", ("door",)),
    "juzhen_write_seconds": ("histogram", "How long writes held the records.", ()),
    "juzhen_events_total": ("counter", "Events taken in or refused.", ("door", "outcome")),
    "juzhen_folded_total": ("counter", "Journal entries folded into history.", ()),
    "juzhen_digested_total": ("counter", "Events digested into profiles.", ()),
    "juzhen_backlog": ("gauge", "Entries acknowledged and not yet folded.", ()),
    "juzhen_deliveries_total": ("counter", "What became of deliveries.", ("outcome",)),
    "juzhen_duty_seconds": ("histogram", "How long a round of a worker's duty took.", ("duty",)),
    "juzhen_duty_failures_total": ("counter", "Rounds of a duty that failed.", ("duty",)),
}
"""Every metric: its kind, what it says, its labels."""


def share(folder: Path) -> None:
    """Share counters with other processes through a folder. Call before anything is counted."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _sweep(folder: Path) -> None:
    """Drop what processes counted that are gone: else every start left files, read by every scrape.
    Whoever lives holds a lock on his own (see `_allocate_counters`), in whichever container; one
    that was made just now may not have it yet."""
    for place in folder.glob("*.db"):
        with suppress(OSError), place.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_mtime < time.time() - _NEW:
                place.unlink()


def metric(name: str, **labels: str) -> Any:
    """The metric of that name, made when it is first used, whichever thread comes first."""
    try:
        return _counted(name, labels)
    except OSError:
        return _Uncounted(name, labels)


def _counted(name: str, labels: Mapping[str, str]) -> Any:
    if name not in _made:
        with _making:
            if name not in _made:
                _made[name] = _make(name)
    return _made[name].labels(**labels) if labels else _made[name]


class _Uncounted:
    """Stands in for a metric that the disk had no room for, until it has."""

    def __init__(self, *which: Any) -> None:
        self._which = which

    def inc(self, amount: float = 1) -> None:
        with suppress(OSError):
            _counted(*self._which).inc(amount)

    def observe(self, amount: float) -> None:
        with suppress(OSError):
            _counted(*self._which).observe(amount)

    def set(self, amount: float) -> None:
        with suppress(OSError):
            _counted(*self._which).set(amount)


def _make(name: str) -> Any:
    import prometheus_client

    _allocate_counters()
    kind, says, known = METRICS[name]
    made: dict[str, Any] = {
        "counter": prometheus_client.Counter,
        "histogram": prometheus_client.Histogram,
        "gauge": prometheus_client.Gauge,
    }
    extra = {"multiprocess_mode": "mostrecent"} if kind == "gauge" else {}
    return made[kind](name, says, known, **extra)


def exposition() -> tuple[bytes, str]:
    """All counters as Prometheus reads them, and the content type."""
    import prometheus_client
    from prometheus_client import multiprocess

    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs
    return prometheus_client.generate_latest(registry), prometheus_client.CONTENT_TYPE_LATEST


_ROOM = 1 << 16
"""Bytes of a new file of counters, as prometheus_client makes it."""
_NEW = 60
"""Seconds for which nobody wonders whose file of counters it is."""


@cache
def _allocate_counters() -> None:
    """Have files of counters allocated before they are mapped: theirs are holes, and who writes to
    a hole of a full disk through a mapping is ended by the system (SIGBUS)."""
    from prometheus_client import values
    from prometheus_client.mmap_dict import MmapedDict

    class Allocated(MmapedDict):
        def __init__(self, filename: str, read_mode: bool = False) -> None:
            _allocate(Path(filename), _ROOM)
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # theirs
            fcntl.flock(self._f, fcntl.LOCK_SH)

        def _init_value(self, key: str) -> None:
            if self._used + len(key.encode()) + 32 > self._capacity:  # 28 of its own, and padding
                _allocate(Path(self._fname), 2 * self._capacity)
            super()._init_value(key)  # type: ignore[no-untyped-call]  # theirs

    values.MmapedDict = Allocated  # type: ignore[attr-defined]  # which they do not say they have


def _allocate(place: Path, size: int) -> None:
    """Make a file so long at least, with no hole in it; or leave it as it was, and raise."""
    with place.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            while (lacking := size - file.tell()) > 0:
                file.write(bytes(lacking))
        except OSError:
            file.truncate(before)
            if not before:
                place.unlink()  # who collects reads no empty file
            raise
