"""Vitals (体征): a worker's own ``/livez`` and ``/metrics``, for machines without a web process.

Plain HTTP on the loopback, a thread a request, and nothing else is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from juzhen.settings import BadSetting, name_of

Scraped = Callable[[], tuple[bytes, str]]
"""What Prometheus is told, and its content type."""


class Vitals:
    """Answers while the process lives."""

    def __init__(self, port: int, scraped: Scraped) -> None:
        """Raises `BadSetting` if somebody else listens on that port."""
        door = type("_Asked", (_Door,), {"scraped": staticmethod(scraped)})
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), door)
        except OSError as taken:
            raise BadSetting(f"{name_of('worker_metrics_port')}={port}: {taken.strerror}") from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="vitals")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Door(BaseHTTPRequestHandler):
    scraped: Scraped
    timeout = 5
    server_version = "juzhen"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/livez":
            self._say(200, b'{"alive":true}\n', "application/json")
        elif path == "/metrics":
            self._say(200, *self.scraped())
        else:
            self._say(404, b"", "text/plain")

    def _say(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """Whoever scrapes is not written down."""
