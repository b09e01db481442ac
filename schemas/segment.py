"""Segment's wire (行为采集协议): what its SDKs post becomes our events, or refusals with a reason.

All six calls and the batch, whatever content type they claim: the bytes are read by path. Does not
keep anything and asks no store; whose write key it is, the caller finds out between the two steps.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from data_hub.identities import somebodys
from kernel.errors import Invalid
from kernel.events import Event, Handle
from kernel.reading import parsed
from kernel.values import dataclass
from schemas.events import TYPES, Told, item
from schemas.lines import Lines, about
from schemas.taking import (
    COUNT_LIMIT,
    EVENT_LIMIT,
    Call,
    Header,
    Kinds,
    Taken,
    Turns,
    as_object,
    at,
    id_of,
    inflated,
    machine,
    reached_at,
    text,
    turned,
)

BATCH_LIMIT = 500 * 1024
DOOR = "segment"

_BATCHES = {"/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"}
_SINGLES = {f"/v1/{name}": kind for kind in TYPES for name in (kind, kind[0])}
PATHS = frozenset(_BATCHES | _SINGLES.keys())
"""Every path that events are posted to."""
_PIXELS = {
    f"{path}/{kind}": kind for path in ("/pixel/v1", "/v1/pixel") for kind in ("track", "page")
}
PIXELS = frozenset(_PIXELS)
"""Every path that tells one event by being fetched as an image."""

_KINDS = {
    "identify": "identified",
    "page": "viewed_page",
    "screen": "viewed_page",
    "group": "joined_group",
    "alias": "identified",
}
_PERSONS = {"cookie", "unionid"}
"""Kinds of outside ids that mean the same person wherever they are seen."""


def read(path: str, header: Header, query: str, body: bytes) -> Call:
    """Take a request apart. Never raises: what is wrong with it is the call's ``flaw``."""
    call = Call(
        key=_key_outside(header, query), imported=path == "/v1/import", body=body,
        machine=machine(header, image=path in PIXELS),
    )  # fmt: skip
    try:
        call.body = body = inflated(body, BATCH_LIMIT)
        if len(body) > BATCH_LIMIT:
            raise Invalid("body", "batch_too_large", limit=BATCH_LIMIT // 1024)
        call.small = len(body) <= EVENT_LIMIT
        call.clean = path not in _PIXELS and b"\\u0000" not in body
        envelope = _told_by_image(query) if path in _PIXELS else parsed(body)
        if type(envelope) is not dict:
            raise Invalid("body", "not_an_object")
        call.key = call.key or text(envelope.get("writeKey"))
        if path in _BATCHES:
            call.items = _batch(envelope)
            call.sent = _moment(envelope.get("sentAt"))
            call.context = envelope.get("context")
        else:
            envelope["type"] = _SINGLES.get(path) or _PIXELS[path]
            call.items = (envelope,)
    except Invalid as wrong:
        call.flaw = wrong.flaws[0]
    return call


def turn(call: Call, account: str, ecosystem: str, received: datetime, kinds: Kinds) -> Taken:
    """The call as events of the account its key belongs to. ``kinds`` names what was tracked."""

    def event_of(told: Told) -> Event:
        return _Turning(call, account, ecosystem, received, kinds, told, item(told)).event()

    return turned(call, DOOR, account, received, event_of)


def written(call: Call, account: str, ecosystem: str, received: datetime, kinds: Kinds) -> Taken:
    """The same, but what is plainly fine is written already, as the journal keeps it."""

    def event_of(told: Told) -> Event:
        return _Turning(call, account, ecosystem, received, kinds, told, item(told)).event()

    turns = Turns()
    ready = Lines(call, account, ecosystem, received, kinds, turns)
    return turned(call, DOOR, account, received, event_of, ready.write, turns)


def happened(told: Told, call: Call, received: datetime) -> datetime:
    """When a loaded item happened, by our clock."""
    name = "originalTimestamp" if told.get("originalTimestamp") else "timestamp"
    original: datetime | None = told.get(name)
    if original is None:
        return received
    return at(name, original, told.get("sentAt") or call.sent, received, imported=call.imported)


@dataclass(slots=True)
class _Turning:
    """One item on its way to being an event."""

    call: Call
    account: str
    ecosystem: str
    received: datetime
    kinds: Kinds
    raw: Told
    told: Told

    def event(self) -> Event:
        told = self.told
        handle, links = self.persons()
        properties = told.get("properties") or {}
        return Event(
            id=told.get("messageId") or self.digest(),
            kind=self.kind(),
            at=happened(told, self.call, self.received),
            account=self.account,
            handle=handle,
            links=links,
            ecosystem=self.ecosystem,
            material=text(properties.get("material") or properties.get("material_id")),
            rep=text(properties.get("rep")),
            received=self.received,
            detail=self.detail(),
        )

    def kind(self) -> str:
        kind = self.told["type"]
        if kind != "track":
            return _KINDS[kind]
        return self.kinds(self.needed("event"))

    def needed(self, name: str) -> str:
        if not (value := self.told.get(name)):
            raise Invalid(name, "field_is_missing")
        return str(value)

    def persons(self) -> tuple[Handle, tuple[Handle, ...]]:
        """Whom it is about, and who else she is shown to be."""
        told, account = self.told, self.account
        sent = [told.get(name) or "" for name in ("userId", "anonymousId")]
        user, anonymous = map(somebodys, sent)
        if user:
            handle = Handle("user", account, user)
        elif anonymous:
            handle = Handle("anonymous", account, anonymous)
        else:
            raise Invalid("userId", "id_of_nobody" if any(sent) else "no_user_or_anonymous_id")
        links = list(self.outside_ids())
        if told["type"] == "alias":
            handle = Handle("user", account, id_of(told, "userId"))
            links.append(Handle("anonymous", account, id_of(told, "previousId")))
        elif told["type"] == "identify":
            if user and anonymous:
                links.append(Handle("anonymous", account, anonymous))
            links += reached_at(self.traits())
        if not links:
            return handle, ()
        return handle, tuple(dict.fromkeys(link for link in links if link != handle))

    def outside_ids(self) -> list[Handle]:
        """``context.externalIds``; what is not spelled as one of them is passed over."""
        outside = self.context().get("externalIds")
        links = []
        for each in outside if isinstance(outside, list) else ():
            each = as_object(each)
            kind, value = text(each.get("type")), somebodys(text(each.get("id")))
            if not value:
                continue
            if kind in _PERSONS:
                links.append(Handle(kind, "", value))
            elif kind == "openid" and ":" not in (where := text(each.get("collection"))):
                links.append(Handle(kind, self.account if where in _NOWHERE else where, value))
        return links

    def traits(self) -> Told:
        """Rudder's SDKs put an identify's traits into the context."""
        return self.told.get("traits") or as_object(self.context().get("traits"))

    def context(self) -> Told:
        return self.told.get("context") or as_object(self.call.context)

    def detail(self) -> Told:
        told, context = self.told, self.context()
        detail: Told = {}
        if name := told.get("event") or told.get("name"):
            detail["name"] = name
        if category := text(told.get("category")):
            detail["category"] = category
        if told["type"] == "group":
            detail["group"] = self.needed("groupId")
            if traits := self.traits():  # the group's, not hers
                detail["group_traits"] = traits
        elif told["type"] == "identify" and (traits := self.traits()):
            detail["traits"] = traits
        if properties := told.get("properties"):
            detail["properties"] = properties
        if kept := about(context):
            detail["context"] = kept
        if agent := self.call.machine or text(context.get("userAgent")):
            detail["user_agent"] = agent
        return detail

    def digest(self) -> str:
        """An id for an item that came without: the same item, sent again later, has the same. One
        that does not even say when it happened is another each time it comes."""
        bare = {name: value for name, value in self.raw.items() if name != "sentAt"}
        timed = self.told.get("originalTimestamp") or self.told.get("timestamp")
        came = None if timed or self.call.imported else self.received.isoformat()
        told = orjson.dumps([bare, came] if came else bare, option=orjson.OPT_SORT_KEYS)
        return "auto-" + hashlib.blake2b(told, digest_size=16).hexdigest()


_NOWHERE = {"", "users"}
"""Segment's own word for "no collection in particular"."""


def _key_outside(header: Header, query: str) -> str:
    """The write key from Basic (the colon may be missing), X-Write-Key or the query."""
    scheme, _, given = (header("authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given, validate=True).decode().partition(":")[0].strip()
        except (binascii.Error, ValueError):
            return given.strip()
    if key := header("x-write-key"):
        return key.partition(":")[0].strip()
    for name, values in parse_qs(query).items() if query else ():
        if name.lower() == "writekey":
            return values[0].strip()
    return ""


def _told_by_image(query: str) -> Any:
    """``data=`` holds base64 of JSON; else each pair is a field, ``properties.x`` one inside."""
    pairs = {name: values[0] for name, values in parse_qs(query).items()}
    if data := pairs.get("data"):
        try:
            whole = base64.b64decode(data.replace(" ", "+") + "=" * (-len(data) % 4))
        except (binascii.Error, ValueError) as wrong:
            raise Invalid("data", "not_base64") from wrong
        return parsed(whole)
    told: Told = {}
    for name, value in pairs.items():
        *way, last = name.split(".")[:4]
        inside = told
        for step in way:
            deeper = inside.setdefault(step, {})
            inside = deeper if isinstance(deeper, dict) else {}
        inside[last] = value
    return told


def _batch(envelope: Told) -> list[Any]:
    items = envelope.get("batch")
    if type(items) is not list:
        raise Invalid("batch", "batch_is_not_a_list")
    if len(items) > COUNT_LIMIT:
        raise Invalid("batch", "too_many_events", limit=COUNT_LIMIT)
    return items


def _moment(text: Any) -> datetime | None:
    """The envelope's ``sentAt``. A bad one only costs the correction, never the batch."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
