"""The front (前台): the only thing that listens. Reads bodies, answers intake, hands on the rest.

RSGI on granian, one event loop a process. No slow body and no open stream may delay another
request: bodies are read here, under a size and a deadline, before any thread is asked. Knows no
rule: what a door does stands with the door.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # theirs

from juzhen.garbage import seldom
from juzhen.web.answers import REFUSED, Answer, Header, Quick, Swift, refusal, shown
from juzhen.web.bridge import WSGI, Bridge, Crowded, Shortcut, plain_post
from juzhen.web.patience import Patience
from kernel import logs

if TYPE_CHECKING:
    from juzhen.settings import Settings

BODY_LIMIT = 64 * 1024 * 1024
PATIENCE = 10.0
"""Seconds a body may take, besides what it needs at `_SLOWEST`."""
_PATIENCE = Patience(PATIENCE)
_SLOWEST = 50_000
"""Bytes a second: who sends slower is cut off."""
_IN_MEMORY = 1 << 20
_FIRST_REQUESTS = 1.0
"""Seconds that who waits for the start has the process for."""
_SWITCH = 0.0005
"""Seconds before a busy thread must let the loop in; the default of 5 ms is ten requests."""


class Intake(Protocol):
    """The doors that the front answers itself (`juzhen.web.collect`)."""

    limit: int

    def mine(self, path: str) -> bool: ...

    async def answer(
        self, method: str, path: str, query: str, header: Header, body: bytes
    ) -> Answer: ...


class Hears(Protocol):
    """The door that platforms call back at (`juzhen.web.callbacks`)."""

    limit: int

    def mine(self, path: str) -> bool: ...

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer: ...


class _Refused(Exception):
    def __init__(self, code: str, *headers: tuple[str, str], **more: Any) -> None:
        super().__init__(code)
        self.answer = refusal(code, *headers, **more)


class Front:
    """One process's RSGI application."""

    def __init__(
        self,
        pages: WSGI,
        *,
        intake: Intake | None = None,
        callbacks: Hears | None = None,
        quick: Quick | None = None,
        swift: Swift | None = None,
        shortcut: Shortcut = lambda *_: None,
        url: str = "http://127.0.0.1",
        draining: threading.Event | None = None,
        opens: Callable[[str], bool] = lambda _: True,
        warm: Callable[[], None] = lambda: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """``opens`` says which paths this process has a door for; ``warm`` is called soon after
        the first requests, beside others, ``close`` last."""
        self._draining = draining or threading.Event()
        self._bridge = Bridge(pages, url=url, draining=self._draining, shortcut=shortcut)
        self._intake = intake
        self._callbacks = callbacks
        self._quick = quick
        self._swift = swift
        self._opens = opens
        self._warm = warm
        self._close = close

    def __rsgi_init__(self, loop: Any) -> None:
        sys.setswitchinterval(_SWITCH)
        self._warming = loop.call_later(_FIRST_REQUESTS, self._bridge.aside, self._warmed)
        if threading.current_thread() is threading.main_thread():
            # The loop's own handler, which stops the server, runs beside this one.
            signal.signal(signal.SIGTERM, lambda *_: self._draining.set())

    def _warmed(self) -> None:
        self._warm()
        gc.freeze()  # it stays for ever, like what was made before

    def __rsgi_del__(self, loop: Any) -> None:
        self._draining.set()
        self._warming.cancel()
        self._bridge.close()
        self._close()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        try:
            answer = await self._answer(scope, proto)
        except _Refused as refused:
            answer = self._readable(refused.answer, scope.path)
        except Crowded:
            answer = refusal("overloaded", ("retry-after", "1"), reason="too_many_requests_wait")
        except Exception as failure:  # noqa: BLE001 - the outermost loop
            logs.error("front_failed", failure, path=scope.path)
            answer = self._readable(refusal("failed", reason="request_not_answered"), scope.path)
        if answer is None:
            return
        if answer.status >= 400:
            answer = shown(answer, scope.path, scope.headers.get)
        if answer.body and scope.method != "HEAD":
            proto.response_bytes(answer.status, answer.headers, answer.body)
        else:
            proto.response_empty(answer.status, answer.headers)

    def _readable(self, refused: Answer, path: str) -> Answer:
        """The front's own refusal; at an intake door for pages of other origins, too."""
        if self._intake is None or not self._intake.mine(path):
            return refused
        return refused._replace(headers=[*refused.headers, *REFUSED])

    async def _answer(self, scope: Any, proto: Any) -> Answer | None:
        """The answer, or None if the application has given it."""
        path, header = scope.path, scope.headers.get  # granian copies all headers at each look
        if not self._opens(path):
            return refusal("no_such_page")
        if self._intake is not None and self._intake.mine(path):
            body = await _body(scope, proto, self._intake.limit, header)
            return await self._intake.answer(
                scope.method, path, scope.query_string, header, _bytes(body)
            )
        if self._callbacks is not None and self._callbacks.mine(path):
            body = await _body(scope, proto, self._callbacks.limit, header)
            headers = dict(scope.headers.items())
            return await self._callbacks.answer(
                scope.method, path, scope.query_string, headers, _bytes(body)
            )
        if self._quick is not None and scope.method == "GET":
            ready = await self._quick(path, scope.query_string, header)
            if ready is not None:
                return ready
        body = await _body(scope, proto, BODY_LIMIT, header)
        if self._swift is not None and path == "/graphql" and isinstance(body, bytes):
            ready = await self._swift(header, body) if plain_post(scope) else None
            if ready is not None:
                return ready
        try:
            await self._bridge.answer(scope, proto, body)
        finally:
            if not isinstance(body, bytes):
                body.close()
        return None


async def _body(scope: Any, proto: Any, limit: int, header: Header) -> bytes | BinaryIO:
    """The whole body: bytes, or a file on the disk if it is large."""
    told = header("content-length")
    if told is None and header("transfer-encoding") is None and _bodyless(scope):
        return b""
    length = int(told) if told and told.isdigit() else None
    if length is not None and length > limit:
        raise _Refused("body_too_large", ("connection", "close"))
    try:
        if length is not None and length <= 65_536:
            body: bytes | BinaryIO = await _PATIENCE.whole(proto())
        else:
            body = await _gathered(proto, limit, spoken=scope.http_version)
    except TimeoutError:
        raise _Refused("body_too_slow", ("connection", "close")) from None
    except ProtocolClosed:  # whoever sent it has gone
        raise _Refused("body_not_whole", ("connection", "close")) from None
    if length is not None and _size(body) != length:
        if not isinstance(body, bytes):
            body.close()
        raise _Refused("body_not_whole", ("connection", "close"))
    return body


def _bodyless(scope: Any) -> bool:
    """HTTP/2 may send a body without saying how long it is."""
    return scope.http_version.startswith("1") or scope.method in {"GET", "HEAD", "OPTIONS"}


async def _gathered(proto: Any, limit: int, *, spoken: str) -> bytes | BinaryIO:
    """Piece by piece; the deadline moves with what has come.

    granian tells the end of a body as an empty piece, and one that broke off as another before it:
    only so is a file that was sent in chunks known to be whole. HTTP/2 has empty pieces of its own.
    What finds no room is read to its end, since most clients hear no answer before they have sent
    everything.
    """
    begun, size, empty = asyncio.get_running_loop().time(), 0, 0
    full: _Refused | None = None
    file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by who reads it
    with ExitStack() as broken:
        broken.callback(file.close)
        async with asyncio.timeout(PATIENCE) as deadline:
            async for piece in proto:
                size += len(piece)
                empty += not piece
                if size > limit:
                    raise _Refused("body_too_large", ("connection", "close"))
                full = full or _spool(file, piece)
                deadline.reschedule(begun + PATIENCE + size / _SLOWEST)
        if empty > 1 and spoken.startswith("1"):
            raise _Refused("body_not_whole", ("connection", "close"))
        if full:
            raise full
        broken.pop_all()
    file.seek(0)
    body: BinaryIO = file
    return body


def _spool(file: Any, piece: bytes) -> _Refused | None:
    """Keep a piece; if there is no room for it, why whoever sent it is sent away."""
    try:
        file.write(piece)
    except OSError as failure:
        from stores.busy import is_full, no_room_left

        if not is_full(failure):
            raise
        full = no_room_left()
        again = ("retry-after", str(full.seconds))
        return _Refused(full.code, again, reason=full.reason, **full.facts)
    return None


def _size(body: bytes | BinaryIO) -> int:
    if isinstance(body, bytes):
        return len(body)
    size = body.seek(0, 2)
    body.seek(0)
    return size


def _bytes(body: bytes | BinaryIO) -> bytes:
    if isinstance(body, bytes):
        return body
    with body:
        return body.read()


def build(settings: Settings) -> Front:
    """The front of one process, with everything behind it."""
    from juzhen import wiring
    from juzhen.logs import start as start_logs
    from juzhen.web import app, collect
    from juzhen.web.afar import Afar
    from juzhen.web.callbacks import CallbackDoor
    from juzhen.web.swift import Swift

    start_logs(settings.log_level, process="web")
    platform = wiring.assemble(settings)
    intake = collect.collect(platform)
    swift = (Afar if platform.records.on_postgres else Swift)(platform)
    return Front(
        app.create(platform).wsgi_app,
        intake=intake,
        callbacks=CallbackDoor(platform.callbacks),
        quick=swift.get,
        swift=swift.post,
        shortcut=swift.ask,
        url=settings.public_url,
        draining=platform.draining,
        opens=_doors(settings.web_doors, intake),
        warm=(lambda: None) if settings.web_doors == "intake" else platform.warm,
        close=platform.close,
    )


def _doors(which: str, intake: Intake) -> Callable[[str], bool]:
    """Intake, pages or all; every process answers for its health."""
    health = {"/livez", "/readyz", "/metrics"}
    if which == "intake":
        return lambda path: path in health or intake.mine(path)
    if which == "pages":
        return lambda path: not intake.mine(path)
    return lambda _: True


def __getattr__(name: str) -> Any:
    """``juzhen.web.front:app``, built when granian asks for it in each process."""
    if name == "app":
        from juzhen.settings import load

        if threading.current_thread() is threading.main_thread():
            # What the parent left us would swallow a stop until the loop runs.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        front = build(load())
        seldom()
        return front
    raise AttributeError(name)
