"""What the suites of the history tell it (历史契约用事件): a few people, and events of a Monday."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kernel.events import Event, Handle
from stores.told import Said

ANNA = Handle("openid", "acc_1", "o-anna")
PHONE = Handle("phone", "", "+8613800000000")
BERT = Handle("openid", "acc_1", "o-bert")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def event(id: str, handle: Handle | None = ANNA, **other: Any) -> Event:  # noqa: A002  # as an event calls it
    told: dict[str, Any] = {
        "kind": "viewed",
        "at": MONDAY,
        "account": "acc_1",
        "received": MONDAY,
    } | other
    return Event(id=id, handle=handle, **told)


def ids(events: Any) -> list[str]:
    return [each.id for each in events]


def label(said: Said) -> str:
    return "a label" if said.rep == "labelled" else ""
