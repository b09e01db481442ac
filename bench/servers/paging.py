"""Pages that cost nothing (``/``) and half a millisecond (any other), through the front
(``bench.servers.paging:app``) beside the intake, or bare (``bench.servers.paging:bare``)."""

from __future__ import annotations

import time
from typing import Any

COST = 0.0005


def bare(environ: dict[str, Any], start: Any) -> list[bytes]:
    """The pages by themselves, as a WSGI application."""
    if environ["PATH_INFO"] != "/":
        until = time.thread_time() + COST
        while time.thread_time() < until:
            pass
    start("200 OK", [("Content-Length", "0")])
    return [b""]


def __getattr__(name: str) -> Any:
    if name == "app":
        from bench.servers.intake import built

        return built(bare)
    raise AttributeError(name)
