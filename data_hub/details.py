"""Details (事件细节): what an event carries, in our words, whichever front end spelled it.

An SDK's own values stand in ``detail["properties"]``; ours stand in ``detail`` itself and win.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
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


class Teller(NamedTuple):
    """Who tells of an order."""

    name: str
    shop: str = ""
    """The account, if it is a shop's own system that tells: a webhook, a platform of commerce, a
    list of orders. They tell by the order's number."""


def teller(account: str, id_: str, shop: object = "") -> Teller:
    """Who told of an order by an event of this id. What an account's page tells and what a list
    that was brought in under it tells are two. ``shop``: the account for whose shop this one tells
    (`SHOP`), if that is another."""
    shops = id_.startswith(ORDERS)
    return Teller(ORDERS + account, text(shop) or account) if shops else Teller(account)


def told_by(event: Event | Said) -> Teller:
    """The same of an event."""
    return teller(event.account, event.id, event.detail.get(SHOP))


SHOP = "same_shop"
"""What the detail of an order's event says where its account tells for another's shop."""


def two_shops(one: str, other: str) -> bool:
    """Shops number their orders alike: two of them never tell of the same."""
    return bool(one and other) and one != other


NEAR = 7 * 86_400
"""Seconds: a page tells of an order when it is placed, its shop once it is paid."""
ORDERS = "order:"
"""How the ids begin that say which order was told of, and not who told of it when."""


def details(event: Event | Said) -> Mapping[str, Any]:
    """Everything told, the front end's own properties underneath."""
    properties = event.detail.get("properties")
    return {**properties, **event.detail} if isinstance(properties, dict) else event.detail


def order(told: Mapping[str, Any]) -> Order:
    """The order inside an event's details: Segment's and our own spelling. What was paid in other
    money than yuan comes to nothing: nobody here knows what that is worth."""
    amount = next((told[name] for name in AMOUNTS if name in told), None)
    money = text(told.get("currency")).strip().upper()
    lines = told.get("products")
    first = lines[0] if isinstance(lines, list) and lines and isinstance(lines[0], dict) else {}
    return Order(
        (_spent(amount) if money in _YUAN else None) or 0.0,
        text(told.get("product")) or text(first.get("name")),
        text(told.get("category")) or text(first.get("category")),
        _number(told.get("order_id")),
    )


AMOUNTS = ("amount", "revenue", "total", "value")
_YUAN = frozenset(("", "CNY", "RMB", "CNH", "¥", "￥", "元", "人民币"))
_MOST = 1e12
"""Yuan: what is said to cost more says nothing."""


def _spent(told: Any) -> float | None:
    try:
        amount = yuan(told)
    except ValueError:
        return None
    return amount if amount is not None and abs(amount) < _MOST else None


def yuan(told: Any) -> float | None:
    """An amount, spelled as people do: ``¥1,000.00``, ``50 元``. None where nothing is told; raises
    `ValueError` for what is no amount."""
    if told is None or told == "":
        return None
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        raise ValueError("no amount")
    amount = float(str(told).strip().lstrip("¥￥").removesuffix("元").replace(",", ""))
    if not isfinite(amount):
        raise ValueError("no amount")
    return amount


def _number(value: Any) -> str:
    return str(value)[:120] if isinstance(value, str | int) else ""


def text(value: Any) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def yes(told: Any) -> bool:
    """Was it affirmed, in whatever way a list or a front end says so?"""
    return str(told).strip().lower() in _YES


_YES = frozenset({"true", "1", "1.0", "yes", "y", "是", "农历", "阴历"})
