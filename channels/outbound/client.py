"""The outbound client (出站客户端): the one way out of this process. Knows no platform.

What fails before the first byte has left is `Busy`: the call certainly did nothing. What fails
after it is `Unanswered`. Nothing leaves while a transaction is open.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException
from typing import Protocol
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from channels.base import Busy, Refused, Unanswered
from channels.outbound.guard import Destination, Resolve, checked, resolve
from channels.outbound.proxy import Proxy
from kernel.clock import Clock, utc_now
from stores.records import in_transaction

_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65536
_IDLE = 8
"""Connections kept open to one place."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Http(Protocol):
    """What an adapter needs of the world: so a stand-in can play a platform."""

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises `Busy`, `Unanswered`, `Refused`."""
        ...


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; read when the first call needs it."""
    return ssl.create_default_context()


class Outbound:
    """Calls public addresses and the origins that the settings name, with limits on everything."""

    def __init__(
        self,
        *,
        origins: Collection[str] = (),
        connect_seconds: float = 5,
        seconds: float = 15,
        size: int = 10 * 1024 * 1024,
        proxy: Proxy | None = None,
        look_up: Resolve = resolve,
        clock: Clock = utc_now,
    ) -> None:
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._connect_seconds = connect_seconds
        self._seconds = seconds
        self._size = size
        self._proxy = proxy
        self._look_up = look_up
        self._clock = clock
        self._idle: dict[tuple[str, str, int], deque[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, whatever HTTP status it is answered with below 500 (but 429).

        A GET follows at most three redirects, each checked like the first address.
        """
        if in_transaction():
            raise RuntimeError("nothing leaves the process while a transaction is open")
        for _ in range(4):
            answer = self._once(method, checked(url, self._origins, self._look_up), body, headers)
            onward = answer.headers.get("location")
            if answer.status not in _REDIRECTS or method != "GET" or not onward:
                return self._judged(answer)
            url, headers = urljoin(url, onward), None
        raise Refused("too_many_redirects")

    def close(self) -> None:
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def _once(
        self, method: str, to: Destination, body: bytes, headers: Mapping[str, str] | None
    ) -> Answer:
        deadline = time.monotonic() + self._seconds
        connection = self._connected(to)
        sent = {"Host": to.authority, "User-Agent": "juzhen", "Accept-Encoding": "identity"}
        path = to.path
        if (proxy := self._through(to)) is not None and to.scheme == "http":
            sent, path = sent | proxy.headers, proxy.path(to)
        with ExitStack() as broken:
            broken.callback(connection.close)
            try:
                connection.request(
                    method, path, body=body or None, headers=sent | dict(headers or {}),
                    preload_content=False,
                )  # fmt: skip
                response = connection.getresponse()
                read = self._read(response, deadline)
            except (OSError, HTTPException, HTTPError, ValueError) as lost:
                raise Unanswered("platform_did_not_answer", host=to.host) from lost
            broken.pop_all()
        told = {name.lower(): value for name, value in response.headers.items()}
        self._keep(to, connection, told)
        return Answer(response.status, told, read)

    def _connected(self, to: Destination) -> HTTPConnection:
        """An idle connection to the place, or a new one; nothing of the call has left yet."""
        with self._lock:
            idle = self._idle.get((to.scheme, to.authority, to.port), deque())
            while idle:
                connection = idle.pop()
                if connection.is_connected:
                    return connection
                connection.close()
        connection = self._opened(to)
        try:
            connection.connect()
        except (OSError, HTTPError) as lost:
            connection.close()
            raise Busy("platform_unreachable", down=True, host=to.host) from lost
        connection.timeout = self._seconds
        connection.sock.settimeout(self._seconds)
        return connection

    def _opened(self, to: Destination) -> HTTPConnection:
        """Not connected yet: to the address that was checked, or to the proxy that is told it."""
        limits = Timeout(connect=self._connect_seconds, read=self._seconds)
        proxy = self._through(to)
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

    def _through(self, to: Destination) -> Proxy | None:
        return None if to.trusted else self._proxy

    def _read(self, response: BaseHTTPResponse, deadline: float) -> bytes:
        """The whole body, no longer than the cap and no later than the deadline."""
        parts: list[bytes] = []
        size = 0
        for part in response.stream(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > self._size or time.monotonic() > deadline:
                raise ValueError("the answer is too long or takes too long")
        return b"".join(parts)

    def _keep(self, to: Destination, connection: HTTPConnection, told: Mapping[str, str]) -> None:
        with self._lock:
            idle = self._idle.setdefault((to.scheme, to.authority, to.port), deque())
            if told.get("connection", "").lower() != "close" and len(idle) < _IDLE:
                idle.append(connection)
                return
        connection.close()

    def _judged(self, answer: Answer) -> Answer:
        if answer.status != 429 and answer.status < 500:
            return answer
        wait = self._retry_after(answer.headers.get("retry-after", ""))
        raise Busy(
            "platform_busy", seconds=wait, down=answer.status >= 500, status=answer.status
        )  # fmt: skip

    def _retry_after(self, told: str) -> float:
        """Seconds, from either of the two forms; 0 for what is neither."""
        if told.isdecimal():
            return float(told)
        try:
            return max(0.0, (parsedate_to_datetime(told) - self._clock()).total_seconds())
        except (ValueError, TypeError):
            return 0
