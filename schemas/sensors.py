"""神策's wire (神策埋点协议): what the SensorsData SDKs post becomes our events, as Segment's does.

The body is form pairs whatever content type it claims, the value base64 of JSON, gzipped or not.
Keeps nothing and asks no store; whose project it is, the caller finds out between the two steps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from marshmallow import EXCLUDE, Schema, fields
from marshmallow.validate import OneOf

from data_hub.identities.handles import email, phone, somebodys
from kernel.calendar import Zone
from kernel.errors import Invalid
from kernel.events import Event, Handle
from kernel.reading import parsed
from kernel.values import dataclass
from schemas.events import Id, Millis, Sent, Told, checked, compile_plan
from schemas.sensor_forms import BODY_LIMIT, decoded, pairs
from schemas.sensor_traits import traits_of
from schemas.taking import (
    COUNT_LIMIT,
    EVENT_LIMIT,
    Call,
    Header,
    Kinds,
    Taken,
    at,
    id_of,
    inflated,
    machine,
    reached_at,
    text,
    turned,
)

DOOR = "sensors"
PATHS = frozenset({"/sa", "/sa.gif", "/debug"})

_VALUE_LIMIT = 8_192
_NAME = re.compile(r"[a-zA-Z_$][a-zA-Z\d_$]{0,99}")
_RESERVED = re.compile(
    r"distinct_id|original_id|time|properties|id|first_id|second_id|users|events?|event_id|"
    r"device_id|user_id|date|datetime|user_(?:group|tag).*",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,3}))?")
_SEEN = {"$pageview", "$MPViewScreen", "$AppViewScreen"}
_TRAITS = {
    "profile_set": "traits",
    "profile_set_once": "traits_once",
    "profile_increment": "traits_added",
    "profile_append": "traits_joined",
    "profile_unset": "traits_unset",
    "profile_delete": "traits_unset",
}
_BINDING = {"track_signup", "track_id_bind"}
_ITEMS = {"item_set": "item_noted", "item_delete": "item_removed"}
TYPES = ("track", "track_signup", "track_id_bind", "track_id_unbind", *_TRAITS, *_ITEMS)

_LOGIN, _MOBILE, _EMAIL = "$identity_login_id", "$identity_mobile", "$identity_email"
_UNIONID = "$identity_mp_unionid"
_OPENID = re.compile(r"\$identity_mp(?:_(.+))?_openid")
_DEVICES = {
    "$identity_cookie_id", "$identity_anonymous_id", "$identity_idfv", "$identity_android_id",
    "$identity_mp_id", "$identity_android_uuid", "$identity_idfa",
}  # fmt: skip
"""Ids of a device or a browser: whoever holds it next has the same one."""

Where = Callable[[str], str]
"""The account of ours that an appid belongs to; the appid itself if none does."""


class Record(Schema):
    """One record as 神策's wire spells it. Unknown keys are nobody's business."""

    class Meta:
        unknown = EXCLUDE

    type = fields.String(
        required=True,
        validate=OneOf(TYPES, error="unknown_record_type"),
        error_messages={
            "required": "field_is_missing",
            "null": "field_is_missing",
            "invalid": "unknown_record_type",
        },
    )
    event = Id(allow_none=True)
    time = Millis(allow_none=True)
    _flush_time = Sent(allow_none=True)
    distinct_id = Id(allow_none=True)
    original_id = Id(allow_none=True)
    login_id = Id(allow_none=True)
    anonymous_id = Id(allow_none=True)
    _track_id = Id(allow_none=True)
    item_type = Id(allow_none=True)
    item_id = Id(allow_none=True)
    identities = fields.Dict(allow_none=True, error_messages={"invalid": "not_an_object"})
    properties = fields.Dict(allow_none=True, error_messages={"invalid": "not_an_object"})
    lib = fields.Dict(allow_none=True, error_messages={"invalid": "not_an_object"})
    time_free = fields.Raw(allow_none=True)


RECORD = Record()
_plan = compile_plan(RECORD)


def record(told: Any) -> Told:
    """One record, checked: by the plan if it is plainly fine, else by the contract itself."""
    loaded = _plan(told) if type(told) is dict else None
    return checked(RECORD, told) if loaded is None else loaded


def read(path: str, header: Header, query: str, body: bytes) -> Call:
    """Take a request apart. Never raises: what is wrong with it is the call's ``flaw``."""
    del path
    asked = pairs(query.encode())
    call = Call(
        key=_key(asked.get("project", ""), asked.get("token", "")), body=body,
        machine=machine(header, image=not body),
    )  # fmt: skip
    try:
        told = decoded(asked | pairs(inflated(body, BODY_LIMIT)))
        call.body = told
        if len(told) > BODY_LIMIT:
            raise Invalid("data", "batch_too_large", limit=BODY_LIMIT // 1024)
        call.small = len(told) <= EVENT_LIMIT
        found = parsed(told)
        call.items = found if type(found) is list else [found]
        if len(call.items) > COUNT_LIMIT:
            raise Invalid("data_list", "too_many_events", limit=COUNT_LIMIT)
        if not call.key and call.items and type(first := call.items[0]) is dict:
            call.key = _key(text(first.get("project")), text(first.get("token")))
    except Invalid as wrong:
        call.flaw = wrong.flaws[0]
    return call


def _key(project: str, token: str) -> str:
    """A project is open to whom it is told, as a write key is; ``token`` is the write key then."""
    return f"{project}\n{token}" if project or token else ""


def turn(
    call: Call,
    account: str,
    ecosystem: str,
    received: datetime,
    kinds: Kinds,
    *,
    zone: Zone,
    where: Where = lambda appid: appid,
) -> Taken:
    """The call as events of the account its project belongs to. Local times are the zone's."""

    def event_of(told: Told) -> Event:
        turning = _Turning(
            account, ecosystem, received, kinds, zone, where, call.machine, told, record(told)
        )  # fmt: skip
        return turning.event()

    return turned(call, DOOR, account, received, event_of)


@dataclass(slots=True)
class _Turning:
    """One record on its way to being an event."""

    account: str
    ecosystem: str
    received: datetime
    kinds: Kinds
    zone: Zone
    where: Where
    machine: str
    raw: Told
    told: Told

    def event(self) -> Event:
        about = self.told["type"]
        properties = self.properties()
        handle, links = (None, ()) if about in _ITEMS else self.persons(properties)
        return Event(
            id=self.digest(properties),
            kind=self.kind(about),
            at=self.at(),
            account=self.account,
            handle=handle,
            links=links,
            ecosystem=self.ecosystem,
            material=text(properties.get("material") or properties.get("material_id")),
            rep=text(properties.get("rep")),
            received=self.received,
            detail=self.detail(about, properties),
        )

    def kind(self, about: str) -> str:
        if about in _ITEMS:
            self.needed("item_type")
            self.needed("item_id")
            return _ITEMS[about]
        if about == "track_id_unbind":
            return "parted_id"
        if about != "track":
            return "identified"
        name = _named("event", self.needed("event"))
        return "viewed_page" if name in _SEEN else self.kinds(name.lstrip("$"))

    def needed(self, name: str) -> str:
        if not (value := self.told.get(name)):
            raise Invalid(name, "field_is_missing")
        return str(value)

    def properties(self) -> Told:
        """The properties under their rules, local times told with their zone."""
        told = self.told.get("properties") or {}
        return {
            _named(f"properties.{name}", name): self.value(name, value)
            for name, value in told.items()
        }

    def value(self, name: str, value: Any) -> Any:
        if type(value) is not str:
            return value
        if len(value) > _VALUE_LIMIT:
            raise Invalid(f"properties.{name}", "value_too_long", limit=_VALUE_LIMIT)
        if 19 <= len(value) <= 23 and (local := _LOCAL.fullmatch(value)):
            return self.local(value, local[1], int(local[2] or 0))
        return value

    def local(self, value: str, told: str, millis: int) -> str:
        """The fraction is a count of milliseconds: the Python SDK writes 6 ms as ``.6``."""
        try:
            naive = datetime.fromisoformat(told)
        except ValueError:
            return value
        moment = self.zone.at(naive.date(), naive.time()) + timedelta(milliseconds=millis)
        return self.zone.local(moment).isoformat(timespec="milliseconds")

    def persons(self, properties: Told) -> tuple[Handle, tuple[Handle, ...]]:
        """Whom it is about, and, if the record binds them, who else she is shown to be."""
        told, about = self.told, self.told["type"]
        ids = {
            name: handle
            for name, value in (told.get("identities") or {}).items()
            if (handle := self.identity(name, somebodys(text(value))))
        }
        login = ids.get(_LOGIN)
        distinct = told.get("distinct_id") or ""
        if login is None and (user := self.login(properties)):
            login = self.handle("user", user)
        handle = login or min(ids.values(), key=_of_a_device, default=None)
        if handle is None and (device := somebodys(distinct)):
            handle = self.handle("anonymous", device)
        if handle is None:
            raise Invalid("distinct_id", "id_of_nobody" if distinct else "field_is_missing")
        links: list[Handle] = []
        if about in _BINDING:
            links += ids.values()
            if about == "track_signup" and not ids:
                links.append(self.handle("anonymous", id_of(told, "original_id")))
        if about.startswith("profile_set"):
            links += reached_at(properties)
        return handle, tuple(dict.fromkeys(link for link in links if link != handle))

    def login(self, properties: Told) -> str:
        """The login that the record is about, however its SDK says so."""
        told = self.told
        if told.get("login_id"):
            return somebodys(str(told["login_id"]))
        if told["type"] == "track_signup" or properties.get("$is_login_id") is True:
            return id_of(told, "distinct_id")
        return ""

    def identity(self, name: str, value: str) -> Handle | None:
        """An identity of 神策's, as everybody else here would call it."""
        if not value:
            return None
        if name == _LOGIN:
            return self.handle("user", value)
        if name == _MOBILE:
            return phone(value)
        if name == _EMAIL:
            return email(value)
        if name == _UNIONID:
            return Handle("unionid", "", value)
        if openid := _OPENID.fullmatch(name):
            return Handle("openid", self.where(openid[1]) if openid[1] else self.account, value)
        if name in _DEVICES:
            return self.handle("anonymous", value)
        return self.handle(_named(f"identities.{name}", name).removeprefix("$identity_"), value)

    def handle(self, kind: str, value: str) -> Handle:
        return Handle(kind, self.account, value)

    def detail(self, about: str, properties: Told) -> Told:
        told = self.told
        detail: Told = {}
        if about in _TRAITS:
            return {_TRAITS[about]: traits_of(about, properties)}
        if about in _ITEMS:
            detail |= {"item_type": told["item_type"], "item": told["item_id"]}
        elif name := told.get("event"):
            detail["name"] = name
        if about == "track_id_unbind":
            detail["ids"] = sorted(told.get("identities") or {})
        if agent := self.machine or text(properties.get("$user_agent")):
            detail["user_agent"] = agent
        if properties:
            detail["properties"] = properties
        if lib := told.get("lib"):
            library = {"name": text(lib.get("$lib")), "version": text(lib.get("$lib_version"))}
            detail["context"] = {"library": library}
        return detail

    def at(self) -> datetime:
        told = self.told
        original: datetime | None = told.get("time")
        if original is None:
            return self.received
        free = told.get("time_free") is True
        return at("time", original, told.get("_flush_time"), self.received, imported=free)

    def digest(self, properties: Told) -> str:
        """No SDK of theirs gives an id: the same record, sent again later, has the same. One that
        does not even say when it happened is another each time it comes."""
        told = self.told
        known = told.get("distinct_id") or told.get("login_id") or told.get("identities")
        distinct = known or f"{told.get('item_type')}+{told.get('item_id')}"
        time = self.raw.get("time")
        if time is None and not told.get("_track_id"):
            time = self.received.isoformat()
        what = told.get("_track_id") or [properties, told.get("identities")]
        whole = [told["type"], told.get("event"), distinct, time, what]
        packed = orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
        return "sa-" + hashlib.blake2b(packed, digest_size=16).hexdigest()


def _named(where: str, name: str) -> str:
    """A name as 神策 allows it; reserved ones would hide what a record says itself."""
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise Invalid(where[:120], "name_not_allowed")
    return name


def _of_a_device(handle: Handle) -> bool:
    return handle.kind == "anonymous"
