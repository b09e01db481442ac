"""The outbound client (出站客户端): the one way out of this process. Knows no platform.

What fails before the first byte has left is `Busy`: the call certainly did nothing. What fails
after it is `Unanswered`. Nothing leaves while a transaction is open. At the level ``debug`` every
call is told in the log, with nothing secret.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from channels.base import Busy, Refused
from channels.outbound.guard import Destination, Resolve, checked, resolve
from channels.outbound.masking import masked
from channels.outbound.proxy import Proxy
from channels.outbound.words import Answer
from kernel import logs
from kernel.clock import Clock, utc_now
from kernel.errors import Problem
from stores.records import in_transaction

if TYPE_CHECKING:
    from channels.outbound.connections import Connections

_REDIRECTS = (301, 302, 303, 307, 308)
_LONGEST = 86_400.0
"""Seconds that a platform can keep us away by its own word, whatever it says."""


class Outbound:
    """Calls public addresses and the origins that the settings name, with limits on everything."""

    def __init__(
        self,
        *,
        origins: Collection[str] = (),
        seconds: float = 15,
        size: int = 10 * 1024 * 1024,
        proxy: Proxy | None = None,
        look_up: Resolve = resolve,
        clock: Clock = utc_now,
    ) -> None:
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._seconds = seconds
        self._size = size
        self._proxy = proxy
        self._look_up = look_up
        self._clock = clock
        self._connections: Connections | None = None
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

    def allows(self, url: str) -> bool:
        """Could it be called at all? A name that nobody knows now could: it is looked up again at
        every call. Not inside a transaction: name servers take their time."""
        if in_transaction():
            raise RuntimeError("no name server is asked while a transaction is open")
        try:
            checked(url, self._origins, self._look_up)
        except Refused:
            return False
        except Busy:
            pass
        return True

    def close(self) -> None:
        if self._connections is not None:
            self._connections.close()

    def _once(
        self, method: str, to: Destination, body: bytes, headers: Mapping[str, str] | None
    ) -> Answer:
        sent = {"Host": to.authority, "User-Agent": "juzhen", "Accept-Encoding": "identity"}
        proxy = None if to.trusted else self._proxy
        begun, status, why = time.monotonic(), 0, ""
        try:
            answer = self._way_out().call(method, to, proxy, body, sent | dict(headers or {}))
            status = answer.status
        except Problem as trouble:
            why = trouble.reason
            raise
        finally:
            if logs.detailed():
                logs.debug(
                    "called", method=method, host=to.authority, path=masked(to.path), status=status,
                    why=why, seconds=round(time.monotonic() - begun, 3), bytes=len(body),
                )  # fmt: skip
        return answer

    def _way_out(self) -> Connections:
        with self._lock:
            if self._connections is None:
                from channels.outbound.connections import Connections

                self._connections = Connections(self._seconds, self._size)
            return self._connections

    def _judged(self, answer: Answer) -> Answer:
        if answer.status != 429 and answer.status < 500:
            return answer
        wait = self._retry_after(answer.headers.get("retry-after", ""))
        raise Busy(
            "platform_busy", seconds=wait, down=answer.status >= 500, status=answer.status
        )  # fmt: skip

    def _retry_after(self, told: str) -> float:
        """Seconds, from either of the two forms, a day at the most; 0 for what is neither."""
        if told.isdecimal():
            return min(float(told), _LONGEST)
        try:
            seconds = (parsedate_to_datetime(told) - self._clock()).total_seconds()
        except (ValueError, TypeError):
            return 0
        return min(max(0.0, seconds), _LONGEST)
