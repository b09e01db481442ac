"""A proxy before a real server (代理): hands everything on, and does to it what networks do.

It delays, cuts answers short, changes a header, answers with an error of its own, asks for TLS and
an API key. It never makes up an answer that a server could have given.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Fault:
    """What happens to the requests it fits, as often as it may still happen."""

    fits: Callable[[str, str], bool] = lambda method, path: True
    times: int = 1_000_000
    delay: threading.Event | None = None
    """The answer waits for this, or for as long as the client has patience."""
    status: int = 0
    """Answered by us, without asking the server."""
    cut: int | None = None
    """So many bytes of the answer's body are sent, then the connection ends."""
    headers: dict[str, str] = field(default_factory=dict)
    """These headers of the answer are changed."""
    lost: bool = False
    """The server does it, and nobody is told."""


class Proxy(ThreadingHTTPServer):
    """Listens on a loopback port of its own; ``url`` is where. Use it with ``with``."""

    daemon_threads = True

    def __init__(self, to: str, *, api_key: str = "", tls: tuple[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handing)
        self.to = urlsplit(to)
        self.api_key = api_key
        self.faults: list[Fault] = []
        self.seen: list[tuple[str, str]] = []
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def fault(self, method: str, path: str) -> Fault | None:
        for each in self.faults:
            if each.times > 0 and each.fits(method, path):
                each.times -= 1
                return each
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what is being tested."""


class _Handing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _hand_on(self) -> None:
        body = self._body()
        self.server.seen.append((self.command, self.path))
        if self.server.api_key and self.headers.get("Authorization") != self.server.api_key:
            return self._answer(401, {}, b'{"error":{"type":"security_exception"},"status":401}')
        fault = self.server.fault(self.command, self.path) or Fault()
        if fault.delay is not None:
            fault.delay.wait(30)
        if fault.status:
            return self._answer(fault.status, {"Retry-After": "0"}, b"{}")
        status, headers, answer = self._ask(body)
        if fault.lost:
            self.close_connection = True
            return None
        return self._answer(status, headers | fault.headers, answer, fault.cut)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        to = self.server.to
        wire = http.client.HTTPConnection(to.hostname or "", to.port or 80, timeout=60)
        headers = {
            name: value for name, value in self.headers.items()
            if name.lower() not in {"transfer-encoding", "connection", "expect"}
        }  # fmt: skip
        headers["Content-Length"] = str(len(body))
        try:
            asked = re.sub("^http://[^/]+", "", self.path)  # whole if we are the client's own proxy
            wire.request(self.command, asked, body, headers)
            told = wire.getresponse()
            return told.status, dict(told.getheaders()), told.read()
        finally:
            wire.close()

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, cut: int | None = None
    ) -> None:
        self.send_response_only(status)
        told = {name.title(): value for name, value in headers.items()}
        length = told.pop("Content-Length", "") if self.command == "HEAD" else ""
        for name, value in told.items():
            if name not in {"Transfer-Encoding", "Connection", "Content-Length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _hand_on

    def log_message(self, *_: object) -> None:
        """Says nothing: what went through is in `Proxy.seen`."""
