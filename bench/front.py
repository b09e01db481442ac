"""The front (前台): an empty page of Flask's through it, against the same on granian by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.lib.line import Round, compared
from bench.lib.load import asked
from bench.lib.server import Server

CONNECTIONS = 32
PAGE = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        ours = Server("bench.servers.paging:app", home / "ours", processes=2)
        stack.callback(ours.stop)
        bare = Server("bench.servers.paging:bare", home / "bare", interface="wsgi", processes=2)
        stack.callback(bare.stop)
        yield compared(
            "front_page", _rounds(ours, size), _rounds(bare, size), unit="pages/s", size=size,
            against="granian WSGI 2x1", goal=0.8,
        )  # fmt: skip


def _rounds(server: Server, size: int) -> Callable[[], Round]:
    return lambda: asked(server, [PAGE], connections=CONNECTIONS, seconds=2.0 * size)
