"""Queueing (排队): one writer at a time to a file, over all processes. Opens no database.

SQLite's own busy handler starves single writers for seconds; a file lock is fair.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path


@contextmanager
def fair_turn(database: str, *, first: bool = False) -> Iterator[None]:
    """In this block it is ours to write. Who goes ``first``, because somebody outside waits for
    it, lets whoever writes finish and one more; all others who wait come after it."""
    path = Path(database)
    with (
        nullcontext() if first else _locked(path.with_suffix(".queue")),
        _locked(path.with_suffix(".lock")),
    ):
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    door = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)
