"""How a look at a customer is told (现状告知): the finding, and the event that brought it about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from data_hub.segments.membership import Moves
from kernel.events import Event, Handle


def cause_of(event: Event | None, at: datetime) -> str:
    return f"{event.account}:{event.id}" if event else f"t{at.timestamp():.6f}"


def because(event: Event | None) -> dict[str, Any]:
    return {"event": event.id, "account": event.account} if event else {}


def finding(
    key: str, customer: str, handle: str, kind: str, at: datetime, told: dict[str, Any]
) -> dict[str, Any]:
    return {
        "key": key, "customer": customer, "handle": handle, "kind": kind, "at": at,
        "material": "", "rep": "", "evidence": told,
    }  # fmt: skip


def moved(
    moves: Moves, names: Mapping[str, Handle], causes: Mapping[str, Event], at: datetime
) -> list[dict[str, Any]]:
    """Who moved into and out of segments. Each is told under the handle that her id stands for, and
    goes with it, whoever she turns out to be; of who has none any more nothing is told."""
    found = []
    for kind, segment, customer in moves.told:
        if (name := names.get(customer)) is not None:
            cause = causes.get(customer)
            key = f"{kind}:{segment}:{customer}:{cause_of(cause, at)}"
            told = {"segment": segment} | because(cause)
            found.append(finding(key, customer, str(name), kind, at, told))
    return found
