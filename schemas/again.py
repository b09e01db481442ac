"""Once more (重试): a refused thing read again by today's rules, as its own wire reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import orjson

from channels.base import Channel
from channels.callbacks import DOOR as CALLBACK
from channels.unread import ReadsAgain
from data_hub.catalogue import kind_of
from kernel.calendar import Zone
from kernel.events import Event, Refusal, unpack
from schemas import segment, sensors, tables
from schemas.taking import Taken, retold


class Whose(NamedTuple):
    """What an account is, as far as its events depend on it."""

    ecosystem: str
    appids: Mapping[str, str]
    """Our accounts by the platform's id for them."""
    channel: Channel | None = None
    """None if it cannot be made as its account stands."""


def again(refusal: Refusal, whose: Callable[[str], Whose | None], zone: Zone) -> Event | None:
    """The event that it is now; None if it still is none, or its account has gone."""
    owner = whose(refusal.account)
    if owner is None:
        return None
    if refusal.door == CALLBACK:
        return _called_back(refusal, owner.channel)
    taken = _taken(refusal, owner, zone)
    event = taken.events[0] if taken and taken.events else None
    if isinstance(event, Event) and refusal.door == tables.DOOR:
        return _of_a_row(event, refusal)
    return unpack(event) if isinstance(event, bytes) else event


def _of_a_row(event: Event, refusal: Refusal) -> Event | None:
    try:
        return tables.about(event, orjson.loads(refusal.again)["item"])
    except KeyError:
        return None


def _called_back(refusal: Refusal, channel: Channel | None) -> Event | None:
    if not isinstance(channel, ReadsAgain):
        return None
    event = channel.read_again(refusal.again, refusal.at)
    return None if event is None else replace(event, received=refusal.at)


def _taken(refusal: Refusal, owner: Whose, zone: Zone) -> Taken | None:
    try:
        call = retold(refusal.again)
    except (ValueError, KeyError, TypeError):
        return None
    account, at = refusal.account, refusal.at
    if refusal.door in {segment.DOOR, tables.DOOR}:
        return segment.turn(call, account, owner.ecosystem, at, _kind)
    if refusal.door == sensors.DOOR:
        return sensors.turn(
            call, account, owner.ecosystem, at, _kind, zone=zone,
            where=lambda appid: owner.appids.get(appid, appid),
        )  # fmt: skip
    return None


def _kind(name: str) -> str:
    return kind_of(name).name
