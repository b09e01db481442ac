"""The wires (采集协议): by which paths each comes in, who it asks for, how it wants its answers.

One class a wire, all of one shape, so that the doors need not know which one they hold.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import orjson

from data_hub.catalogue import kind_of
from juzhen.web.answers import CORS, PROBLEM, REFUSED, SAFE, Answer, Header
from juzhen.web.problems import problem_details
from kernel.calendar import Zone
from kernel.errors import Invalid, Overloaded, Problem, SignedOff
from schemas import segment, sensors
from schemas.taking import Call, Taken

JSON = [("content-type", "application/json"), CORS, *SAFE]
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_GIF = [("content-type", "image/gif"), CORS, *SAFE]


class Owner(NamedTuple):
    """The account that a write key or a project belongs to."""

    account: str
    ecosystem: str
    appids: Mapping[str, str] = {}
    """Our accounts by the platform's id for them."""


class Wire(Protocol):
    """One way of spelling behaviour."""

    door: str
    stranger: str
    """Why somebody whose key nobody knows is sent away."""
    patience: float
    """Seconds that who comes to a full queue is kept waiting before being sent away."""

    def takes(self, method: str, path: str) -> bool:
        """Does a request like this bring events?"""
        ...

    def read(self, path: str, header: Header, query: str, body: bytes) -> Call: ...

    def turn(self, call: Call, owner: Owner, received: datetime) -> Taken: ...

    def keeps(self, path: str, header: Header) -> bool:
        """False where the sender only wants to know whether it would be taken."""
        ...

    def told(self, method: str, path: str, taken: Taken, header: Header) -> Answer: ...

    def refused(self, method: str, path: str, problem: Problem, header: Header) -> Answer: ...


class Segment:
    """Segment's own SDKs and all who speak as they do."""

    door = segment.DOOR
    stranger = "unknown_write_key"
    patience = 0.0  # its SDKs wait by themselves

    def takes(self, method: str, path: str) -> bool:
        return path in (segment.PATHS if method == "POST" else segment.PIXELS)

    def read(self, path: str, header: Header, query: str, body: bytes) -> Call:
        return segment.read(path, header, query, body)

    def turn(self, call: Call, owner: Owner, received: datetime) -> Taken:
        return segment.written(call, owner[0], owner[1], received, _kind)

    def keeps(self, path: str, header: Header) -> bool:
        return True

    def told(self, method: str, path: str, taken: Taken, header: Header) -> Answer:
        """200 with what was accepted; 400 only if nothing can ever be."""
        if method == "GET":
            return Answer(200, _GIF, _PIXEL)
        if not taken.rejected:
            return _all_accepted(len(taken.events))
        rejected = _rejected(taken, tongue(header))
        if taken.events:
            told = {"success": True, "accepted": len(taken.events), "rejected": rejected}
            return Answer(200, JSON, orjson.dumps(told))
        refused = Invalid.because(each.flaw for each in taken.rejected[:1])
        return refusal(refused, header, rejected=rejected)

    def refused(self, method: str, path: str, problem: Problem, header: Header) -> Answer:
        return Answer(200, _GIF, _PIXEL) if method == "GET" else refusal(problem, header)


class Sensors:
    """The SensorsData SDKs. What can never be an event is kept with its reason and answered 200:
    they would send it again for ever. What they tell of while the queue is full is answered late
    rather than refused: the one for mini-programs deletes whatever was answered at all, and the
    thread of the Python one's `AsyncBatchConsumer` dies of any refusal and loses what follows."""

    door = sensors.DOOR
    stranger = "unknown_project"

    def __init__(self, zone: Zone, patience: float) -> None:
        self._zone = zone
        self.patience = patience

    def takes(self, method: str, path: str) -> bool:
        return path in sensors.PATHS and method in {"GET", "POST"}

    def read(self, path: str, header: Header, query: str, body: bytes) -> Call:
        return sensors.read(path, header, query, body)

    def turn(self, call: Call, owner: Owner, received: datetime) -> Taken:
        where = owner.appids.get
        return sensors.turn(
            call, owner[0], owner[1], received, _kind, zone=self._zone,
            where=lambda appid: where(appid, appid),
        )  # fmt: skip

    def keeps(self, path: str, header: Header) -> bool:
        return path != "/debug" or (header("dry-run") or "").lower() != "true"

    def told(self, method: str, path: str, taken: Taken, header: Header) -> Answer:
        if path == "/debug" and taken.rejected:
            refused = Invalid.because(each.flaw for each in taken.rejected[:1])
            return refusal(refused, header, rejected=_rejected(taken, tongue(header)))
        if method == "GET":
            return Answer(200, _GIF, _PIXEL)
        if not taken.rejected:
            return _all_accepted(len(taken.events))
        told = {
            "success": True,
            "accepted": len(taken.events),
            "rejected": _rejected(taken, tongue(header)),
        }
        return Answer(200, JSON, orjson.dumps(told))

    def refused(self, method: str, path: str, problem: Problem, header: Header) -> Answer:
        return refusal(problem, header)


def _kind(name: str) -> str:
    return kind_of(name).name


def tongue(header: Header) -> str:
    return "en" if (header("accept-language") or "").startswith("en") else "zh"


def _rejected(taken: Taken, language: str) -> list[dict[str, Any]]:
    return [
        {
            "index": each.index,
            "code": each.flaw.reason,
            "field": each.flaw.field,
            "message": each.flaw.message(language),
        }
        for each in taken.rejected
    ]


@lru_cache(256)
def _all_accepted(count: int) -> Answer:
    told = {"success": True, "accepted": count, "rejected": []}
    return Answer(200, JSON, orjson.dumps(told))


def refusal(problem: Problem, header: Header, **more: Any) -> Answer:
    """Old SDKs read ``code`` and ``message``; they try again after 429 and 5xx, and drop what got
    any other 4xx. A full queue is theirs to wait for, so it is a 429."""
    told = problem_details(problem, tongue(header)) | more
    if isinstance(problem, Invalid):
        told["status"] = 400
        where = f"{problem.field}: " if problem.field else ""
        told["detail"] = f"{where}{told['detail']}"
    told["message"] = told["detail"]
    headers = [("content-type", PROBLEM), *REFUSED, *SAFE]
    if isinstance(problem, Overloaded):
        headers.append(("retry-after", str(max(1, round(problem.seconds)))))
        if problem.reason == "intake_is_full":
            told["status"] = 429
    return Answer(told["status"], headers, orjson.dumps(told))


def stranger(wire: Wire) -> SignedOff:
    return SignedOff(wire.stranger)
