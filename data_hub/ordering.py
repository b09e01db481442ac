"""Ordering (订单行为): what happened to an order happened once, whoever tells of it how often.

A page tells that an order was placed, its shop does, a list that is brought in does. Orders are
placed and cancelled once; an order is paid back and redeemed in parts, as often as whoever tells
most of them says. What was bought is `data_hub.profiles.purchases`. Pure; keeps rows as
`Profile.orders` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from data_hub.details import NEAR, Order, Teller, two_shops

Row = list[Any]

KINDS = frozenset(("ordered", "bought", "refunded", "redeemed", "cancelled_order"))
"""What happens to an order."""
_ONCE = frozenset(("ordered", "cancelled_order"))
_NAMED: Mapping[str, Sequence[str]] = {
    "refunded": ("refund_id", "after_sale_id"),
    "redeemed": ("redeem_id", "certificate_id", "verify_id", "voucher", "code"),
}
_CENT = 0.005


def part_of(kind: str, carried: Mapping[str, Any], told: Order) -> str:
    """Which part of an order was paid back or redeemed: by its own id, else by how much it is."""
    if kind in _ONCE:
        return ""
    given = (carried.get(name) for name in _NAMED.get(kind, ()))
    named = next((str(each).strip() for each in given if type(each) in (str, int)), "")
    return named[:200] or f"{told.amount:.2f}"


def heard(rows: Sequence[Row], kind: str, told: Order, part: str, by: Teller) -> bool:
    """Has the same teller told of this part before?"""
    asked = [kind, part, told.number, by.name]
    return bool(told.number) and any(each[2:6] == asked for each in rows)


def told_again(rows: list[Row], kind: str, told: Order, part: str, at: float, by: Teller) -> bool:
    """Was this told of before, by anybody? Notes that it is told now, too."""
    if not told.number:
        return False
    same = [each for each in rows if _is_of(each, kind, told, at, by)]
    for each in same:
        each[6] = each[6] or by.shop
    if heard(rows, kind, told, part, by):
        return True
    rows.append([at, told.amount, kind, part, told.number, by.name, by.shop])
    if kind in _ONCE:
        return bool(same)
    parts = defaultdict[str, int](int)
    for each in same:
        parts[each[5]] += 1
    return parts[by.name] < max(parts.values())


def _is_of(row: Row, kind: str, told: Order, at: float, by: Teller) -> bool:
    """Does this row tell of the same order, and of the same that happened to it?"""
    if row[2] != kind or row[4] != told.number or two_shops(row[6], by.shop):
        return False
    own: bool = row[5] == by.name
    return own or abs(at - row[0]) < NEAR or abs(told.amount - row[1]) < _CENT
