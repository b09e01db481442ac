"""An event, ready to be written (待写事件), as every engine of the history works it out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from kernel.calendar import Zone
from kernel.events import Event, Handle, pack, unpack

REMEMBERED = 3
"""How many arrival days back a repeat is recognised, besides the day it arrives on."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MICROSECOND = timedelta(microseconds=1)


class Said(NamedTuple):
    """As much of an event as its label is made of."""

    kind: str
    at: datetime
    account: str
    handle: str
    rep: str
    detail: Mapping[str, Any]
    id: str = ""

    @classmethod
    def of(cls, event: Event) -> Said:
        handle = "" if event.handle is None else str(event.handle)
        return cls(event.kind, event.at, event.account, handle, event.rep, event.detail, event.id)


Label = Callable[[Said], str]
"""What is asked of an event wherever everybody's are counted, as one text; empty for nothing."""


def unlabelled(_: Said) -> str:
    return ""


class Told(NamedTuple):
    """An event, ready to be written."""

    digest: str
    arrived: int
    names: frozenset[str]
    at: int
    account: str
    id: str
    kind: str
    material: str
    day: str
    packed: bytes
    own: str
    """The name of whoever did it; empty for nobody."""
    label: str = ""

    @classmethod
    def of(cls, event: Event, zone: Zone, label: Label = unlabelled) -> Told:
        return cls(
            digest_of(event.account, event.id),
            (event.received or event.at).astimezone(UTC).toordinal(), names_of(event),
            micros(event.at), event.account, event.id, event.kind, event.material,
            zone.day(event.at).isoformat(), pack(event),
            "" if event.handle is None else str(event.handle), label(Said.of(event)),
        )  # fmt: skip

    @classmethod
    def read(cls, packed: bytes, zone: Zone, label: Label = unlabelled) -> Told:
        """The same out of what `pack` wrote, without making an event of it.

        Raises ValueError, KeyError or TypeError for anything that could not be unpacked.
        """
        told: Any = orjson.loads(packed)
        if not isinstance(told, dict) or not told.keys() <= _FIELDS:
            raise ValueError("no event")
        at, own = datetime.fromisoformat(told["at"]), told.get("handle", "")
        arrived = datetime.fromisoformat(told["received"]) if "received" in told else at
        names = frozenset((own, *told.get("links", ())) if own else told.get("links", ()))
        for name in names:
            Handle.parse(name)
        account, id_, kind = told["account"], told["id"], told["kind"]
        said = Said(kind, at, account, own, told.get("rep", ""), told.get("detail", {}), id_)
        return cls(
            digest_of(account, id_), arrived.astimezone(UTC).toordinal(), names, micros(at),
            account, id_, kind, told.get("material", ""), zone.day(at).isoformat(), packed, own,
            label(said),
        )  # fmt: skip


_FIELDS = {each.name for each in fields(Event)}


def told_of(entry: Event | Told, zone: Zone, label: Label = unlabelled) -> Told:
    return entry if isinstance(entry, Told) else Told.of(entry, zone, label)


def amended(packed: bytes, told: Event) -> bytes:
    """The event that is kept, with another detail and other raw bytes; all else stays as it is."""
    return pack(replace(unpack(packed), detail=told.detail, raw=told.raw))


def names_of(event: Event) -> frozenset[str]:
    """Everybody whose timeline shows it."""
    own = () if event.handle is None else (event.handle,)
    return frozenset(str(handle) for handle in (*own, *event.links))


def whose(event: Event) -> Handle | None:
    """The handle it is told of; one that only links handles is the first one's."""
    return event.handle or (event.links[0] if event.links else None)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def digest_of(account: str, id_: str) -> str:
    told = hashlib.blake2b(f"{account}\0{id_}".encode(), digest_size=16)
    return base64.b64encode(told.digest()).decode()[:22]
