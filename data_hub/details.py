"""Details (事件细节): what an event carries, in our words, whichever front end spelled it.

An SDK's own values stand in ``detail["properties"]``; ours stand in ``detail`` itself and win.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kernel.events import Event
from stores.told import Said


class Order(NamedTuple):
    """What was bought, as far as the event says."""

    amount: float
    product: str
    category: str
    number: str = ""
    """Its order's; what is paid back names it."""


def details(event: Event | Said) -> Mapping[str, Any]:
    """Everything told, the front end's own properties underneath."""
    properties = event.detail.get("properties")
    return {**properties, **event.detail} if isinstance(properties, dict) else event.detail


def order(told: Mapping[str, Any]) -> Order:
    """The order inside an event's details: Segment's and our own spelling."""
    amount = next(
        (told[name] for name in ("amount", "revenue", "total", "value") if name in told), 0
    )
    lines = told.get("products")
    first = lines[0] if isinstance(lines, list) and lines and isinstance(lines[0], dict) else {}
    return Order(
        float(amount) if isinstance(amount, int | float) and abs(amount) < _MOST else 0.0,
        text(told.get("product")) or text(first.get("name")),
        text(told.get("category")) or text(first.get("category")),
        _number(told.get("order_id")),
    )


_MOST = 1e12
"""Yuan: what is said to cost more says nothing."""


def _number(value: Any) -> str:
    return str(value)[:120] if isinstance(value, str | int) else ""


def text(value: Any) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def yes(told: Any) -> bool:
    """Was it affirmed, in whatever way a list or a front end says so?"""
    return str(told).strip().lower() in _YES


_YES = frozenset({"true", "1", "1.0", "yes", "y", "是", "农历", "阴历"})
