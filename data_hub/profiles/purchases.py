"""Purchases (购买记录): an order is bought and paid back once, however many accounts tell of it.

Two accounts tell of one order when its number is the same, one of them at least is no shop's own
system, and it comes to as much or they tell of it within a week. Shops number their orders alike:
two of them never tell of the same. Keeps rows as `Profile.purchases` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_hub.details import NEAR, Order, Teller, two_shops
from data_hub.profiles.profile import CENT, paid

Row = list[Any]

OWED = 50
"""So many early refunds of one customer are kept, the latest: what a client makes up beyond them is
not."""


class Numbered:
    """Purchases by their orders' numbers, for who goes through more than a profile keeps."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def of(self, number: str) -> list[Row]:
        """The lines of this number, whoever told of them."""
        return self._rows.get(number, [])

    def add(self, row: Row) -> None:
        if row[4]:
            self._rows.setdefault(row[4], []).append(row)


def note(purchases: list[Row], bought: Order, at: float, by: Teller) -> Row:
    """Note what was bought."""
    purchases.append([at, *bought, 0.0, by.name, "", by.shop])
    return purchases[-1]


def known(purchases: Sequence[Row], bought: Order, at: float, by: Teller) -> list[Row]:
    """What was told of this order before."""
    return [
        each for each in _numbered(purchases, bought.number, by)
        if abs(at - each[0]) < NEAR or abs(bought.amount - each[1]) < CENT
    ]  # fmt: skip


def told_again(purchases: Sequence[Row], bought: Order, at: float, by: Teller) -> bool:
    """Was this told of before? The lines of an order come from one: of a shop's its ids say which
    there are, a page that is loaded anew tells the same again. A shop whose order a page had told
    of is known for its shop from now on."""
    before = known(purchases, bought, at, by)
    if any(each[6] == by.name for each in before):
        return not by.shop and any(_same_line(each, bought, by) for each in before)
    for each in before:
        each[8] = each[8] or by.shop
    return bool(before)


def _same_line(row: Row, bought: Order, by: Teller) -> bool:
    same = row[6] == by.name and row[2:4] == [bought.product, bought.category]
    return same and abs(bought.amount - row[1]) < CENT


def about(purchases: Sequence[Row], number: str, by: Teller) -> list[Row]:
    """The lines of the order that somebody means by a number: of theirs, if they told of one."""
    same = _numbered(purchases, number, by)
    own = [each for each in same if each[6] == by.name or "" != by.shop == each[8]]
    return own or same


def _numbered(purchases: Sequence[Row], number: str, by: Teller) -> list[Row]:
    """What has this number and is no other shop's."""
    return [
        each for each in purchases
        if number and each[4] == number and not two_shops(each[8], by.shop)
    ]  # fmt: skip


def owe(owed: list[Row], back: Order, by: Teller) -> None:
    """Note what was paid back of an order that comes later."""
    owed.append([back.amount, back.number, *by])
    del owed[:-OWED]


def settle(owed: list[Row], number: str, by: Teller) -> list[tuple[Order, Teller]]:
    """What was owed of this order, with who told of it; it is owed no more."""
    due = [
        each for each in owed
        if number and each[1] == number and not two_shops(each[3], by.shop)
    ]  # fmt: skip
    owed[:] = [each for each in owed if each not in due]
    return [(Order(amount, "", "", number), Teller(*told)) for amount, number, *told in due]


def pay_back(purchases: Sequence[Row], back: Order, by: Teller) -> float:
    """Note with what was bought that it was paid back; says how much of it was.

    By the number of the order, its latest line first; a refund that says no amount is of all of
    it, and another account that tells of refunds of it, too, tells of the same. Without a number it
    is the latest purchase for which as much was paid.
    """
    if back.number:
        lines = about(purchases, back.number, by)
        told_by_another = any(each[7] not in ("", by.name) for each in lines)
        hers = [each for each in lines if paid(each) >= CENT and not told_by_another]
    else:
        as_much = [each for each in purchases if CENT <= paid(each) > back.amount - CENT]
        hers = as_much[-1:] if back.amount > 0 else []
    left = back.amount if back.amount > 0 else sum(map(paid, hers))
    less = 0.0
    for each in reversed(hers):
        part = min(paid(each), left - less)
        each[5] += part
        each[7] = by.name if part else each[7]
        less += part
    return less
