"""The bridge (桥接): runs the Flask application in threads for the front that listens.

A few threads for reads of which one computes, because more only fight over the interpreter, while
others wait for their commit; a few for doors that wait; one for each open stream, so that nobody
else's answer stands behind it. Knows no door's meaning.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache, partial
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # theirs

from juzhen.web.answers import Answer, Header
from juzhen.web.cutting import cut
from kernel import logs
from kernel.turns import Turns
from kernel.values import dataclass

Shortcut = Callable[[str, Header, bytes], Answer | None]
"""(path, header, body) of what was posted → its answer, or None for the application."""
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]
STREAMS = 64
"""How many streams one process holds open."""
_WHOLE = 1 << 20
"""What is not larger is answered in one piece."""
_SLOW = ("/media", "/login", "/auth/")
"""Doors that wait: for a disk, for another platform, for a password's hash."""
_READERS = 4
"""Of whom one computes, so that so many answers less one may wait for what they wrote."""
_SLOW_ONES = 4
"""Of whom each waits in a slow door."""
_MOST = 256
"""Requests inside at once; who comes then is sent away."""
_LAST_WORDS = 0.2
"""Seconds that the end of what broke off has to leave, before its connection is cut."""
PATIENCE = 5.0
"""Seconds that a request waits for a thread; whoever asked has better things to do by then."""


class Crowded(Exception):
    """So many requests wait, or for so long, that another would only wait too."""


class FileBody:
    """A file as an answer, PEP 3333's file wrapper: the server sends it without us."""

    def __init__(self, file: BinaryIO, size: int = 65_536) -> None:
        self.file = file
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(self._size):
            yield chunk

    def close(self) -> None:
        self.file.close()


@dataclass(slots=True)
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    file: str = ""
    stream: Iterable[bytes] | None = None


class Bridge:
    """A WSGI application, asked from an event loop."""

    def __init__(
        self,
        app: WSGI,
        *,
        url: str,
        draining: threading.Event,
        shortcut: Shortcut = lambda *_: None,
    ) -> None:
        """``url`` is the address that people know us by.
        ``shortcut`` may answer in the application's place."""
        self._app = app
        self._shortcut = shortcut
        self._scheme = urlsplit(url).scheme or "http"
        self._draining = draining
        self._reads = Turns(_READERS, "reads")
        self._slow = ThreadPoolExecutor(_SLOW_ONES, "slow")
        self._streams = ThreadPoolExecutor(STREAMS, "stream")
        self._inside = 0
        self._streaming = 0

    async def answer(self, scope: Any, proto: Any, body: bytes | BinaryIO) -> None:
        """Ask the application and send what it says. Raises `Crowded` instead of queueing on."""
        if self._inside >= _MOST:
            raise Crowded
        loop = asyncio.get_running_loop()
        self._inside += 1
        try:
            until = time.monotonic() + PATIENCE
            if _is_read(scope):
                reply = await self._in_turn(loop, scope, body, until)
            else:
                reply = await loop.run_in_executor(self._slow, self._ask, scope, body, until)
        finally:
            self._inside -= 1
        if reply.stream is not None:
            await self._stream(scope, proto, reply, loop)
        elif reply.file:
            proto.response_file(reply.status, reply.headers, reply.file)
        elif scope.method == "HEAD" or not reply.body:
            proto.response_empty(reply.status, reply.headers)
        else:
            proto.response_bytes(reply.status, _without_length(reply.headers), reply.body)

    def aside(self, task: Callable[[], None]) -> None:
        """Do it beside the requests. What it cannot do is left to whoever asks for it first."""
        self._slow.submit(task)

    def close(self) -> None:
        """Wait for what is being answered."""
        self._reads.close()
        for pool in (self._slow, self._streams):
            pool.shutdown()

    async def _in_turn(self, loop: Any, scope: Any, body: bytes | BinaryIO, until: float) -> _Reply:
        told = loop.create_future()

        def task() -> None:
            try:
                reply, failure = self._read(scope, body, until), None
            except BaseException as met:  # noqa: BLE001 - whoever waits is told
                reply, failure = None, met
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_tell, told, reply, failure)

        self._reads.do(task)
        reply: _Reply = await told
        return reply

    def _read(self, scope: Any, body: bytes | BinaryIO, until: float) -> _Reply:
        ready = None
        if isinstance(body, bytes) and plain_post(scope) and time.monotonic() <= until:
            ready = self._shortcut(scope.path, scope.headers.get, body)
        return _Reply(*ready) if ready is not None else self._ask(scope, body, until)

    def _ask(self, scope: Any, body: bytes | BinaryIO, until: float) -> _Reply:
        """One request, start to end, in a thread of a pool that had one free in time."""
        if time.monotonic() > until:
            raise Crowded
        environ = self._environ(scope, body)
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            told[:] = [int(status[:3]), headers]

        found = self._app(environ, start)
        reply = _Reply(*told)
        if isinstance(found, FileBody) and reply.status == 200 and _named(found.file):
            reply.file = str(found.file.name)
            found.close()
        elif _is_stream(reply.headers) and environ["REQUEST_METHOD"] != "HEAD":
            reply.stream = found
        else:
            reply.body = _joined(found)
        return reply

    async def _stream(self, scope: Any, proto: Any, reply: _Reply, loop: Any) -> None:
        if self._streaming >= STREAMS:
            _close(reply.stream)
            raise Crowded
        self._streaming += 1
        try:
            transport = proto.response_stream(reply.status, reply.headers)
            pour = partial(self._pour, endless=_is_endless(reply.headers))
            whole = await loop.run_in_executor(self._streams, pour, reply.stream, transport, loop)
            if not whole:
                await asyncio.sleep(_LAST_WORDS)
                cut(scope.client, scope.server)
            del transport  # until here it kept the server from ending the answer
        finally:
            self._streaming -= 1

    def _pour(self, found: Iterable[bytes], transport: Any, loop: Any, *, endless: bool) -> bool:
        """Send piece by piece, as fast as the other side takes it, until it goes; what has no end
        also until we stop. False if it failed half way."""
        broken: list[str] = []
        try:
            for piece in _unbroken(found, broken):
                if endless and self._draining.is_set():
                    return True
                if piece:
                    asyncio.run_coroutine_threadsafe(_send(transport, piece), loop).result()
        except (ProtocolClosed, ProtocolError):
            return True  # it went away
        finally:
            _close(found)
        return endless or not broken

    def _environ(self, scope: Any, body: bytes | BinaryIO) -> dict[str, Any]:
        host, _, port = scope.server.rpartition(":")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": scope.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": scope.path.encode().decode("latin-1"),
            "QUERY_STRING": scope.query_string,
            "SERVER_NAME": host,
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
            "REMOTE_ADDR": scope.client.rpartition(":")[0],
            "HTTP_HOST": scope.authority or "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._scheme,
            "wsgi.input": BytesIO(body) if isinstance(body, bytes) else body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileBody,
        }
        headers: dict[str, str] = {}
        for name, value in scope.headers.items():
            if (key := _spelled(name)) in headers:
                joint = "; " if key == "HTTP_COOKIE" else ","
                headers[key] += f"{joint}{value}"
            elif key:
                headers[key] = value
        return environ | headers


def _is_read(scope: Any) -> bool:
    """Is it a question, of a door that does not wait?"""
    if scope.method not in {"GET", "HEAD"} and scope.path != "/graphql":
        return False
    return not (scope.path.startswith(_SLOW) or scope.headers.get("idempotency-key"))


def _tell(
    told: asyncio.Future[_Reply], reply: _Reply | None, failure: BaseException | None
) -> None:
    if told.done():
        return  # whoever asked has gone
    if failure is not None:
        told.set_exception(failure)
    elif reply is not None:
        told.set_result(reply)


@lru_cache(maxsize=512)
def _spelled(name: str) -> str:
    """A header's name in an environ; empty for one with ``_``, which would be taken for the one
    with dashes."""
    if "_" in name:
        return ""
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


def plain_post(scope: Any) -> bool:
    return scope.method == "POST" and not scope.query_string


def _unbroken(found: Iterable[bytes], broken: list[str]) -> Iterator[bytes]:
    """A stream that fails ends here: its answer has begun, so no other can be given.

    Caught where nobody holds the transport: a traceback that did would keep the answer open.
    """
    try:
        yield from found
    except Exception as failure:  # noqa: BLE001 - the outermost loop of a stream
        logs.error("stream_failed", failure)
        broken.append(type(failure).__name__)


async def _send(transport: Any, piece: bytes) -> None:
    await transport.send_bytes(piece)


def _named(file: Any) -> bool:
    return isinstance(getattr(file, "name", None), str) and file.tell() == 0


def _is_stream(headers: list[tuple[str, str]]) -> bool:
    """Whether it has no end that we know of, or is too large for one piece."""
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value) > _WHOLE
    return True


def _is_endless(headers: list[tuple[str, str]]) -> bool:
    kinds = (value for name, value in headers if name.lower() == "content-type")
    return any(kind.startswith("text/event-stream") for kind in kinds)


def _without_length(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in headers if pair[0].lower() != "content-length"]


def _joined(found: Iterable[bytes]) -> bytes:
    try:
        return b"".join(found)
    finally:
        _close(found)


def _close(found: Any) -> None:
    if hasattr(found, "close"):
        found.close()
