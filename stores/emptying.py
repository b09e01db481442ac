"""Emptying (清空日志): what was committed goes into the file, and the log beside it is empty.

Until then what was erased or written over stands in the log. Who reads by the log is waited for by
nobody: whoever wants it empty asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def empty(run: Callable[[str], Any], turn: AbstractContextManager[None]) -> bool:
    """Is the log of this connection's file empty now? In ``turn`` nobody else writes.

    The first step holds nobody up; the second needs only those away who had begun to read before
    it, and goes without it if they are not.
    """
    run("pragma wal_checkpoint(passive)").fetchall()
    (patience,) = run("pragma busy_timeout").fetchone()
    with turn:
        run("pragma busy_timeout=0").fetchall()
        try:
            (busy, *_) = run("pragma wal_checkpoint(truncate)").fetchone()
        finally:
            run(f"pragma busy_timeout={int(patience)}").fetchall()
    return not busy
