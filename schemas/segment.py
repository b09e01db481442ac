"""Segment's wire (行为采集协议): what its SDKs post becomes our events, or refusals with a reason.

All six calls and the batch, whatever content type they claim: the bytes are read by path. Does not
keep anything and asks no store; whose write key it is, the caller finds out between the two steps.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson

from data_hub.identities.handles import phone
from data_hub.intake import corrected
from kernel.errors import Flaw, Invalid
from kernel.events import Event, Handle, Refusal
from schemas.events import TYPES, Told, item

BATCH_LIMIT = 500 * 1024
EVENT_LIMIT = 32 * 1024
COUNT_LIMIT = 2_500
SAMPLE = 4_096
DOOR = "segment"

_BATCHES = {"/v1/batch", "/v1/b", "/v1/import"}
_SINGLES = {f"/v1/{name}": kind for kind in TYPES for name in (kind, kind[0])}
PATHS = frozenset(_BATCHES | _SINGLES.keys())
"""Every path that takes events."""

_KINDS = {
    "identify": "identified",
    "page": "viewed_page",
    "screen": "viewed_page",
    "group": "joined_group",
    "alias": "identified",
}
_FAR = timedelta(hours=24)
"""How far ahead of us a clock may claim to be before we stop believing it."""
_PERSONS = {"cookie", "unionid"}
"""Kinds of outside ids that mean the same person wherever they are seen."""
_KEPT_CONTEXT = ("campaign", "page", "device", "os", "app", "library", "locale")

Header = Callable[[str], str | None]
"""A request header by its name in lower case."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request, taken apart. With a ``flaw`` there is nothing in it that could be kept."""

    key: str = ""
    items: Sequence[Any] = ()
    sent: datetime | None = None
    context: Any = None
    imported: bool = False
    flaw: Flaw | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that was not accepted: which one of the batch, and why."""

    index: int
    flaw: Flaw


@dataclass(slots=True)
class Taken:
    """What a call came to. Everything refused stands in ``refusals`` too, with a sample."""

    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def read(path: str, header: Header, query: str, body: bytes) -> Call:
    """Take a request apart. Never raises: what is wrong with it is the call's ``flaw``."""
    call = Call(key=_key_outside(header, query), imported=path == "/v1/import", body=body)
    try:
        call.body = body = _inflated(body)
        if len(body) > BATCH_LIMIT:
            raise Invalid("body", "batch_too_large", limit=BATCH_LIMIT // 1024)
        envelope = _parsed(body)
        call.key = call.key or _text(envelope.get("writeKey"))
        if path in _BATCHES:
            call.items = _batch(envelope)
            call.sent = _moment(envelope.get("sentAt"))
            call.context = envelope.get("context")
        else:
            call.items = ({**envelope, "type": _SINGLES[path]},)
    except Invalid as wrong:
        call.flaw = wrong.flaws[0]
    return call


def turn(
    call: Call, account: str, ecosystem: str, received: datetime, kinds: Callable[[str], str]
) -> Taken:
    """The call as events of the account its key belongs to. ``kinds`` names what was tracked."""
    taken = Taken()
    if call.flaw is not None:
        _reject(taken, 0, call.flaw, account, received, call.body[:SAMPLE])
        return taken
    small = len(call.body) <= EVENT_LIMIT
    for index, told in enumerate(call.items):
        try:
            _check_size(told, small=small)
            turning = _Turning(call, account, ecosystem, received, kinds, told, item(told))
            taken.events.append(turning.event())
        except Invalid as wrong:
            for flaw in wrong.flaws[:1]:
                _reject(taken, index, flaw, account, received, _sample(told))
    return taken


def _reject(
    taken: Taken, index: int, flaw: Flaw, account: str, received: datetime, sample: bytes
) -> None:
    taken.rejected.append(Rejected(index, flaw))
    text = sample.decode("utf-8", "replace")[:SAMPLE]
    taken.refusals.append(
        Refusal(
            at=received, door=DOOR, reason=flaw.reason, field=flaw.field, account=account,
            sample=text,
        )
    )  # fmt: skip


@dataclass(slots=True)
class _Turning:
    """One item on its way to being an event."""

    call: Call
    account: str
    ecosystem: str
    received: datetime
    kinds: Callable[[str], str]
    raw: Told
    told: Told

    def event(self) -> Event:
        told = self.told
        handle, links = self.persons()
        properties = told.get("properties") or {}
        return Event(
            id=told.get("messageId") or self.digest(),
            kind=self.kind(),
            at=self.at(),
            account=self.account,
            handle=handle,
            links=links,
            ecosystem=self.ecosystem,
            material=_text(properties.get("material") or properties.get("material_id")),
            rep=_text(properties.get("rep")),
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
        user, anonymous = told.get("userId"), told.get("anonymousId")
        if user:
            handle = Handle("user", account, user)
        elif anonymous:
            handle = Handle("anonymous", account, anonymous)
        else:
            raise Invalid("userId", "no_user_or_anonymous_id")
        links = list(self.outside_ids())
        if told["type"] == "alias":
            handle = Handle("user", account, self.needed("userId"))
            links.append(Handle("anonymous", account, self.needed("previousId")))
        elif told["type"] == "identify":
            if user and anonymous:
                links.append(Handle("anonymous", account, anonymous))
            if number := phone(_text(self.traits().get("phone"))):
                links.append(number)
        if not links:
            return handle, ()
        return handle, tuple(dict.fromkeys(link for link in links if link != handle))

    def outside_ids(self) -> list[Handle]:
        """``context.externalIds``; what is not spelled as one of them is passed over."""
        outside = self.context().get("externalIds")
        links = []
        for each in outside if isinstance(outside, list) else ():
            each = _object(each)
            kind, value = _text(each.get("type")), _text(each.get("id"))
            if not value:
                continue
            if kind in _PERSONS:
                links.append(Handle(kind, "", value))
            elif kind == "openid" and ":" not in (where := _text(each.get("collection"))):
                links.append(Handle(kind, self.account if where in _NOWHERE else where, value))
        return links

    def traits(self) -> Told:
        """Rudder's SDKs put an identify's traits into the context."""
        return self.told.get("traits") or _object(self.context().get("traits"))

    def context(self) -> Told:
        return self.told.get("context") or _object(self.call.context)

    def detail(self) -> Told:
        told, context = self.told, self.context()
        detail: Told = {}
        if name := told.get("event") or told.get("name"):
            detail["name"] = name
        if told["type"] == "group":
            detail["group"] = self.needed("groupId")
        if told["type"] in {"identify", "group"} and (traits := self.traits()):
            detail["traits"] = traits
        if properties := told.get("properties"):
            detail["properties"] = properties
        if kept := {name: context[name] for name in _KEPT_CONTEXT if context.get(name)}:
            detail["context"] = kept
        if agent := _text(context.get("userAgent")):
            detail["user_agent"] = agent
        return detail

    def at(self) -> datetime:
        """When it happened, by our clock: an import's times are taken as they are."""
        name = "originalTimestamp" if self.told.get("originalTimestamp") else "timestamp"
        original: datetime | None = self.told.get(name)
        if original is None:
            return self.received
        if not 1990 <= original.year <= 9990:
            raise Invalid(name, "time_out_of_range")
        sent = self.told.get("sentAt") or self.call.sent
        if self.call.imported:
            sent = None
        if sent is not None and not 1990 <= sent.year <= 9990:
            sent = None
        if original - (sent or self.received) > _FAR:
            raise Invalid(name, "time_in_the_future")
        return corrected(sent, self.received, original).astimezone(UTC)

    def digest(self) -> str:
        """An id for an item that came without: the same item, sent again later, has the same."""
        bare = {name: value for name, value in self.raw.items() if name != "sentAt"}
        told = orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)
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


def _inflated(body: bytes) -> bytes:
    """Some SDKs gzip and say so, one gzips and says it is a form: the first bytes know."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, BATCH_LIMIT + 1)
    except zlib.error as wrong:
        raise Invalid("body", "not_gzip") from wrong
    if len(inflated) <= BATCH_LIMIT and not inflater.eof:
        raise Invalid("body", "not_gzip")
    return inflated


def _parsed(body: bytes) -> Told:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise Invalid("body", "not_json") from wrong
    if type(envelope) is not dict:
        raise Invalid("body", "not_an_object")
    return envelope


def _batch(envelope: Told) -> list[Any]:
    items = envelope.get("batch")
    if type(items) is not list:
        raise Invalid("batch", "batch_is_not_a_list")
    if len(items) > COUNT_LIMIT:
        raise Invalid("batch", "too_many_events", limit=COUNT_LIMIT)
    return items


def _check_size(told: Any, *, small: bool) -> None:
    """Written three levels deeper than it is, as the journal will: what passes can be kept."""
    if type(told) is not dict:
        raise Invalid("", "not_an_object")
    try:
        packed = orjson.dumps([[[told]]])
    except TypeError as wrong:
        raise Invalid("", "nested_too_deep") from wrong
    if not small and len(packed) > EVENT_LIMIT:
        raise Invalid("", "event_too_large", limit=EVENT_LIMIT // 1024)


def _sample(told: Any) -> bytes:
    try:
        return orjson.dumps(told)[:SAMPLE]
    except TypeError:  # nested deeper than can be written
        return b""


def _moment(text: Any) -> datetime | None:
    """The envelope's ``sentAt``. A bad one only costs the correction, never the batch."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    """Text or a number, trimmed; anything else, or anything odd, is nothing."""
    if type(value) is int:
        return str(value)
    if type(value) is not str or len(value) > 500:
        return ""
    value = value.strip()
    return value if value.isprintable() else ""


def _object(value: Any) -> Told:
    return value if type(value) is dict else {}
