"""An event, ready to be written (待写事件), as every engine of the history works it out."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, pack

REMEMBERED = 3
"""How many arrival days back a repeat is recognised, besides the day it arrives on."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MICROSECOND = timedelta(microseconds=1)


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

    @classmethod
    def of(cls, event: Event, zone: Zone) -> Told:
        return cls(
            digest_of(event), (event.received or event.at).astimezone(UTC).toordinal(),
            names_of(event), micros(event.at), event.account, event.id, event.kind, event.material,
            zone.day(event.at).isoformat(), pack(event),
        )  # fmt: skip


def names_of(event: Event) -> frozenset[str]:
    """Everybody whose timeline shows it."""
    own = () if event.handle is None else (event.handle,)
    return frozenset(str(handle) for handle in (*own, *event.links))


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def digest_of(event: Event) -> str:
    told = hashlib.blake2b(f"{event.account}\0{event.id}".encode(), digest_size=16)
    return base64.b64encode(told.digest()).decode()[:22]
