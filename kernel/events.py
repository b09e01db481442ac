"""Events (事件): what somebody did somewhere, and the handle we know her by.

Adapters make them, the journal keeps them, both hubs speak them. Which kinds exist is
``data_hub.catalogue``; who the person behind a handle is, ``data_hub.identities``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from kernel.values import dataclass


class Ecosystem(StrEnum):
    """The four worlds that channel accounts belong to (生态)."""

    WECHAT = "wechat"
    VIDEO = "video"
    COMMERCE = "commerce"
    OWN_APP = "own_app"


@dataclass(frozen=True, slots=True, order=True)
class Handle:
    """One way to recognise a person. Never changes, never means anybody else.

    ``scope`` is where the value has its meaning: an account for an openid, empty for a phone.
    Neither ``kind`` nor ``scope`` holds a colon.
    """

    kind: str
    scope: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.scope}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Handle:
        """Raises ValueError for a text that no handle is spelled as."""
        kind, scope, value = text.split(":", 2)
        if not (kind and value):
            raise ValueError(f"{text!r} is not a handle")
        return cls(kind, scope, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, told once under (account, id) however often it is heard."""

    id: str
    kind: str
    at: datetime
    account: str
    """The channel account that told us; ``juzhen`` for our own acts."""
    handle: Handle | None = None
    links: tuple[Handle, ...] = ()
    """Other handles that this very event shows to be the same person's."""
    ecosystem: str = ""
    material: str = ""
    rep: str = ""
    received: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes = b""


def pack(event: Event) -> bytes:
    """The event as the journal keeps it: one JSON object without line breaks."""
    told: dict[str, Any] = {
        "id": event.id,
        "kind": event.kind,
        "at": event.at,  # written as isoformat would
        "account": event.account,
    }
    if event.handle is not None:
        told["handle"] = str(event.handle)
    if event.links:
        told["links"] = [str(handle) for handle in event.links]
    for name in ("ecosystem", "material", "rep"):
        if value := getattr(event, name):
            told[name] = value
    if event.received is not None:
        told["received"] = event.received
    if event.detail:
        told["detail"] = event.detail
    packed = orjson.dumps(told)
    # PostgreSQL keeps no NUL in a text; one event must not stop the digest.
    if b"\\u0000" in packed:
        packed = packed.replace(b"\\u0000", b"\\ufffd")
    if event.raw:
        raw = orjson.dumps(event.raw.decode("latin-1"))
        packed = b"".join((packed[:-1], b',"raw":', raw, b"}"))
    return packed


def unpack(packed: bytes) -> Event:
    """The event that `pack` wrote."""
    told = orjson.loads(packed)
    told["at"] = datetime.fromisoformat(told["at"])
    if "handle" in told:
        told["handle"] = Handle.parse(told["handle"])
    if "links" in told:
        told["links"] = tuple(Handle.parse(link) for link in told["links"])
    if "received" in told:
        told["received"] = datetime.fromisoformat(told["received"])
    if "raw" in told:
        told["raw"] = told["raw"].encode("latin-1")
    return Event(**told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that came in and could not be an event: kept with the reason, never dropped."""

    at: datetime
    door: str
    """Which door it came to: ``segment``, ``callback``, ``import``…"""
    reason: str
    """A key of `kernel.wording`."""
    field: str = ""
    account: str = ""
    sample: str = ""
    """What was sent, cut to 4 KB."""
    again: str = ""
    """All that is needed to try it once more, as JSON; empty where nothing could help."""


def pack_refusal(refusal: Refusal) -> bytes:
    """Refusals travel through the journal beside the events, under the same commit."""
    told = {"at": refusal.at.isoformat(), "door": refusal.door, "reason": refusal.reason}
    told |= {"field": refusal.field, "account": refusal.account, "sample": refusal.sample[:4096]}
    if refusal.again:
        told["again"] = refusal.again
    return orjson.dumps({"refused": told})


REFUSED = b'{"refused":'
"""What `pack_refusal` writes begins with this; no event does."""


def unpack_refusal(packed: bytes) -> Refusal:
    """The refusal that `pack_refusal` wrote."""
    told = orjson.loads(packed)["refused"]
    return Refusal(**told | {"at": datetime.fromisoformat(told["at"])})


def unpack_any(packed: bytes) -> Event | Refusal:
    """What `pack` or `pack_refusal` wrote."""
    return unpack_refusal(packed) if packed.startswith(REFUSED) else unpack(packed)
