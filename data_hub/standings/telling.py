"""How a look at a customer is told (现状告知): the finding, and the event that brought it about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel.events import Event


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
