"""Connections out (连接): one call over one of them, with limits on everything. Judges no answer.

Loaded with the first call: urllib3 is a fortieth of what a start would take.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache, partial
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from channels.base import Busy, Unanswered
from channels.outbound.guard import Destination
from channels.outbound.proxy import Proxy
from channels.outbound.words import Answer

_CHUNK = 65536
_CONNECT = 5.0
"""Seconds that a place has to take a connection."""
_IDLE = 8
"""Connections kept open to one place."""


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; read when the first call needs it."""
    return ssl.create_default_context()


class Connections:
    """Those that are idle are kept for the next call to the same place."""

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._idle: dict[tuple[str, str, int], deque[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def call(
        self,
        method: str,
        to: Destination,
        proxy: Proxy | None,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        """Raises `Busy` before the first byte has left, `Unanswered` after it."""
        deadline = time.monotonic() + self._seconds
        connection = self._connected(to, proxy)
        connection.response_class = partial(_Timed, until=deadline)  # type: ignore[assignment]  # or whatever makes one
        path = to.path
        if proxy is not None and to.scheme == "http":
            headers, path = {**proxy.headers, **headers}, proxy.path(to)
        with ExitStack() as broken:
            broken.callback(connection.close)
            try:
                connection.request(
                    method, path, body=body or None, headers=headers, preload_content=False
                )
                response = connection.getresponse()
                read = self._read(response)
            except (OSError, HTTPException, HTTPError, ValueError) as lost:
                raise Unanswered("platform_did_not_answer", host=to.host) from lost
            broken.pop_all()
        told = {name.lower(): value for name, value in response.headers.items()}
        self._keep(to, connection, told)
        return Answer(response.status, told, read)

    def close(self) -> None:
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def _connected(self, to: Destination, proxy: Proxy | None) -> HTTPConnection:
        """An idle connection to the place, or a new one; nothing of the call has left yet."""
        with self._lock:
            idle = self._idle.get((to.scheme, to.authority, to.port), deque())
            while idle:
                connection = idle.pop()
                if connection.is_connected:
                    return connection
                connection.close()
        connection = self._opened(to, proxy)
        try:
            connection.connect()
        except (OSError, HTTPError) as lost:
            connection.close()
            raise Busy("platform_unreachable", down=True, host=to.host) from lost
        connection.timeout = self._seconds
        connection.sock.settimeout(self._seconds)
        return connection

    def _opened(self, to: Destination, proxy: Proxy | None) -> HTTPConnection:
        """Not connected yet: to the address that was checked, or to the proxy that is told it."""
        limits = Timeout(connect=_CONNECT, read=self._seconds)
        host, port = (to.address, to.port) if proxy is None else (proxy.host, proxy.port)
        if to.scheme == "http":
            return HTTPConnection(host, port, timeout=limits.connect_timeout)
        connection = HTTPSConnection(
            host, port, timeout=limits.connect_timeout, ssl_context=_trust(),
            server_hostname=to.host, assert_hostname=to.host,
        )  # fmt: skip
        if proxy is not None:
            connection.set_tunnel(to.address, to.port, headers=proxy.headers)
        return connection

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """The whole body, no longer than the cap."""
        parts: list[bytes] = []
        size = 0
        for part in response.stream(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > self._size:
                raise ValueError("the answer is too long")
        return b"".join(parts)

    def _keep(self, to: Destination, connection: HTTPConnection, told: Mapping[str, str]) -> None:
        with self._lock:
            idle = self._idle.setdefault((to.scheme, to.authority, to.port), deque())
            if told.get("connection", "").lower() != "close" and len(idle) < _IDLE:
                idle.append(connection)
                return
        connection.close()


class _Timed(HTTPResponse):
    """An answer that is read until a moment: heads and bodies that come byte by byte, too."""

    def __init__(self, sock: socket.socket, *told: Any, until: float, **more: Any) -> None:
        super().__init__(sock, *told, **more)
        self.fp = BufferedReader(_InTime(sock, self.fp.detach(), until))


class _InTime(RawIOBase):
    """A socket's bytes. The limit of a socket is for one look at it, and begins anew with each."""

    def __init__(self, sock: socket.socket, raw: RawIOBase, until: float) -> None:
        self._sock = sock
        self._raw = raw
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
