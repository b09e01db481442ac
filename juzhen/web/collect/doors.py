"""The intake doors (采集入口): whose key it is, when it is durable, what is answered.

Knows no wire: each brings its own reading, turning and answering (`wires`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import orjson

from juzhen.counting import count_events
from juzhen.web.answers import CORS, SAFE, Answer, Header, refusal
from juzhen.web.collect.wires import JSON, Owner, Segment, Sensors, Wire, stranger
from juzhen.web.collect.wires import refusal as told_no
from juzhen.web.durable import Durable
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Overloaded, Problem
from kernel.events import Event, Refusal
from schemas import segment, sensors
from schemas.taking import Call, Taken

if TYPE_CHECKING:
    from flask import Blueprint

    from juzhen.wiring import Platform

SETTINGS = "/v1/projects/"
_REMEMBERED = 5.0
"""Seconds that a write key's account is remembered."""
_KEYS = 10_000
_TURNS = 5
"""Of the loop, each some microseconds: so long a commit waits for others. Two cost 3 % more."""
_LARGE = 65_536
"""A larger body is taken apart beside the loop, which would stand still meanwhile."""

_AGAIN = 0.1
"""Seconds until who waits for room in the queue looks again."""
_MOST_WAITING = 100
"""So many wait for it at once; whoever comes then is sent away."""

_ALLOWED = [
    ("access-control-allow-methods", "POST, GET, OPTIONS"),
    ("access-control-allow-headers", "authorization, content-type, x-retry-count, x-write-key"),
    ("access-control-max-age", "86400"),
]


class Begins(Protocol):
    """What `data_hub.intake.Intake` does for a door that does not wait in a thread."""

    def begin(
        self,
        events: Iterable[Event | bytes],
        refusals: Iterable[Refusal] = (),
        *,
        gather: bool = False,
    ) -> Future[None]: ...

    def now(self) -> None: ...


class Collect:
    """The intake doors of one process."""

    limit = segment.BATCH_LIMIT

    def __init__(
        self,
        intake: Begins,
        owner_of: Callable[[str], Owner | tuple[str, str] | None],
        clock: Clock,
        *,
        url: str = "http://127.0.0.1",
        zone: Zone | None = None,
        patience: float = 5.0,
    ) -> None:
        """``owner_of`` may ask a database; it is called outside the loop. ``patience``: seconds
        that SDKs which lose what is refused are kept waiting for room."""
        self._intake = intake
        self._owner_of = owner_of
        self._clock = clock
        self._url = urlsplit(url)
        segments, records = Segment(), Sensors(zone or Zone(), patience)
        self._wires: dict[str, Wire] = dict.fromkeys(segment.PATHS | segment.PIXELS, segments)
        self._wires |= dict.fromkeys(sensors.PATHS, records)
        self._owners: dict[str, tuple[Owner | None, float]] = {}
        self._beside = ThreadPoolExecutor(2, "collect")
        self._durable = Durable()
        self._gathering = False
        self._waiting = 0
        self._came: dict[str, tuple[int, int]] = {}
        """By door, what was accepted and refused in this turn of the loop."""

    @property
    def paths(self) -> list[str]:
        return sorted(self._wires)

    def mine(self, path: str) -> bool:
        return path in self._wires or (
            path.startswith(SETTINGS) and path.endswith("/settings") and path.count("/") == 4
        )

    async def answer(
        self, method: str, path: str, query: str, header: Header, body: bytes
    ) -> Answer:
        """Answer one request; what it brought is durable by then."""
        wire = self._wires.get(path)
        if wire is None or not wire.takes(method, path):
            other: Answer = await self._aside(self._other, method, path, header)
            return other
        try:
            if len(body) > _LARGE:
                call = await self._aside(wire.read, path, header, query, body)
            else:
                call = wire.read(path, header, query, body)
            taken, kept = await self._patiently(wire, path, header, call, len(body) > _LARGE)
            accepted, refused = len(taken.events), len(taken.rejected)
            answer = wire.told(method, path, taken, header)
            del call, taken  # thousands who wait for the disk need not hold what they sent
            await self._durable.wait(kept)
        except Problem as problem:
            return wire.refused(method, path, problem, header)
        self._count(wire.door, accepted, refused)
        return answer

    async def _patiently(
        self, wire: Wire, path: str, header: Header, call: Call, large: bool
    ) -> tuple[Taken, Future[None]]:
        """Once the queue has room for it, if its wire waits for that and not too many do."""
        until = time.monotonic() + wire.patience
        while True:
            try:
                return await self._at_once(wire, path, header, call, large)
            except Overloaded as full:
                if full.reason != "intake_is_full" or self._waiting >= _MOST_WAITING:
                    raise
                if time.monotonic() >= until:
                    raise
            self._waiting += 1
            try:
                await asyncio.sleep(_AGAIN)
            finally:
                self._waiting -= 1

    async def _at_once(
        self, wire: Wire, path: str, header: Header, call: Call, large: bool
    ) -> tuple[Taken, Future[None]]:
        if large:
            kept: tuple[Taken, Future[None]] = await self._aside(
                self._keep, wire, path, header, call
            )
            return kept
        known = self._remembered(call.key) if call.key else _NEITHER
        if known is None:
            known = await self._aside(self._owner, call.key), 0.0
        kept = self._kept(wire, path, header, call, known[0], gather=True)
        self._commit_soon()
        return kept

    def answer_waiting(
        self, method: str, path: str, query: str, header: Header, body: bytes
    ) -> Answer:
        """The same for a thread that may wait."""
        wire = self._wires.get(path)
        if wire is None or not wire.takes(method, path):
            return self._other(method, path, header)
        try:
            taken, kept = self._keep(wire, path, header, wire.read(path, header, query, body))
            kept.result()
        except Problem as problem:
            return wire.refused(method, path, problem, header)
        return _told(wire, method, path, taken, header)

    def close(self) -> None:
        self._beside.shutdown()

    def _keep(
        self, wire: Wire, path: str, header: Header, call: Call
    ) -> tuple[Taken, Future[None]]:
        """Turn the call into events and put them on their way to the disk."""
        owner = self._owner(call.key) if call.key else None
        return self._kept(wire, path, header, call, owner)

    def _kept(
        self, wire: Wire, path: str, header: Header, call: Call, owner: Owner | None, *,
        gather: bool = False,
    ) -> tuple[Taken, Future[None]]:  # fmt: skip
        """The same for who knows whose key it is."""
        if owner is None and (call.key or call.flaw is None):
            raise stranger(wire)
        taken = wire.turn(call, owner or _NOBODYS, self._clock())
        if not wire.keeps(path, header):
            return taken, _NOTHING
        return taken, self._intake.begin(taken.events, taken.refusals, gather=gather)

    def _commit_soon(self) -> None:
        """Some turns of the loop later: whoever else is there by then shares the commit."""
        if not self._gathering:
            self._gathering = True
            self._turn(_TURNS)

    def _turn(self, left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1)
        else:
            self._gathering = False
            self._intake.now()

    def _count(self, door: str, accepted: int, refused: int) -> None:
        """Once in a turn of the loop: a commit lets many go in one."""
        if not self._came:
            asyncio.get_running_loop().call_soon(self._counted)
        before = self._came.get(door, (0, 0))
        self._came[door] = before[0] + accepted, before[1] + refused

    def _counted(self) -> None:
        came, self._came = self._came, {}
        for door, (accepted, refused) in came.items():
            count_events(door, accepted, refused)

    def _remembered(self, key: str) -> tuple[Owner | None, float] | None:
        """Whose key it is, as of a few seconds ago; None if nobody asked since."""
        known = self._owners.get(key)
        return known if known is not None and known[1] > time.monotonic() else None

    def _owner(self, key: str) -> Owner | None:
        """Whose key it is."""
        if known := self._remembered(key):
            return known[0]
        found = self._owner_of(key)
        owner = Owner(*found) if found else None
        if len(self._owners) >= _KEYS:
            self._owners.clear()
        self._owners[key] = (owner, time.monotonic() + _REMEMBERED)
        return owner

    def _other(self, method: str, path: str, header: Header) -> Answer:
        """Preflights, and the settings that browser SDKs fetch before they send anything."""
        if method == "OPTIONS":
            return Answer(204, [CORS, *_ALLOWED, *SAFE])
        if method not in {"GET", "HEAD"} or path in self._wires:
            allowed = "GET, OPTIONS" if path in segment.PIXELS else "POST, OPTIONS"
            return refusal("no_such_verb", ("allow", allowed), CORS)
        key = path.removeprefix(SETTINGS).removesuffix("/settings")
        try:
            known = self._owner(key) is not None
        except Problem as problem:  # the records are away
            return told_no(problem, header)
        if not known:
            return refusal("not_found", CORS, reason="unknown_write_key")
        ours = {"apiKey": key, "apiHost": f"{self._url.netloc}/v1", "protocol": self._url.scheme}
        return Answer(200, JSON, orjson.dumps({"integrations": {"Segment.io": ours}}))

    async def _aside(self, work: Callable[..., Any], *told: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._beside, work, *told)


_NOBODYS = Owner("", "")
"""Whose a request is that cannot be read, so that nobody can say."""
_NEITHER = (None, 0.0)
"""Nobody's, for a request without a key."""
_NOTHING: Future[None] = Future()
_NOTHING.set_result(None)


def _told(wire: Wire, method: str, path: str, taken: Taken, header: Header) -> Answer:
    count_events(wire.door, len(taken.events), len(taken.rejected))
    return wire.told(method, path, taken, header)


def collect(platform: Platform) -> Collect:
    """The intake doors over a platform."""

    def owner_of(key: str) -> Owner | None:
        project, between, token = key.partition("\n")
        known = platform.accounts
        account = known.by_project(project, token) if between else known.by_write_key(key)
        if account is None:
            return None
        appids = {
            each.settings["app_id"]: each.id for each in known.all() if "app_id" in each.settings
        }
        return Owner(account.id, account.ecosystem, appids)

    return Collect(
        platform.intake, owner_of, platform.clock, url=platform.settings.public_url,
        zone=platform.zone,
    )  # fmt: skip


def blueprint(platform: Platform) -> Blueprint:
    """The same doors in the Flask application."""
    from flask import Blueprint, Response, request

    door = Blueprint("collect", __name__)
    doors = collect(platform)

    def take(**_: str) -> Response:
        query = request.query_string.decode("latin-1")
        answer = doors.answer_waiting(
            request.method, request.path, query, request.headers.get, request.get_data()
        )
        return Response(answer.body, answer.status, answer.headers)

    methods = ["POST", "OPTIONS", "GET"]
    for path in (*doors.paths, f"{SETTINGS}<key>/settings"):
        door.add_url_rule(
            path,
            path.strip("/").replace(".", "_"),
            take,
            methods=methods,
            provide_automatic_options=False,
        )
    return door
