"""Deals (成交): which orders a rep closed and a customer kept, and of what. Pure.

An order is one deal, however many lines it has and whoever tells of it, as
`data_hub.profiles.purchases` says. What was paid back whole is none, whichever of the two is heard
of first; what keeps some of its lines is a deal of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

import orjson

from data_hub import ordering
from data_hub.details import SHOP, Order, details, order, teller, text
from data_hub.profiles import purchases
from data_hub.profiles.profile import CENT, paid
from kernel.events import Event

KEPT = 200
"""So many lines of one handle are remembered, the latest; deals before them stay as they are."""


class Line(NamedTuple):
    """What was bought from a rep, or paid back; they sort by when."""

    at: float
    id: str
    back: bool
    rep: str
    material: str
    amount: float
    product: str
    category: str
    number: str
    account: str
    shop: str = ""
    part: str = ""
    """Which part of its order, of what was paid back."""

    @classmethod
    def of(cls, event: Event) -> Line:
        carried = details(event)
        told, back = order(carried), event.kind == "refunded"
        return cls(
            event.at.timestamp(), event.id, back, event.rep, event.material, *told, event.account,
            text(event.detail.get(SHOP)),
            ordering.part_of(event.kind, carried, told) if back else "",
        )  # fmt: skip

    @property
    def order(self) -> Order:
        return Order(self.amount, self.product, self.category, self.number)


class Sold(NamedTuple):
    """What a line of an order was: of which content, category and product."""

    material: str
    category: str
    product: str


Deals = Counter[tuple[str, Sold]]
"""How many orders, by rep and by what was sold."""


def closed(lines: Iterable[Line]) -> Deals:
    """Of these lines of one customer, by (at, id)."""
    heard = set[tuple[str, str, str]]()
    bought, kept, owed = list[Line](), list[purchases.Row](), list[purchases.Row]()
    for line in lines:
        told, by = line.order, teller(line.account, line.id, line.shop)
        if line.back:
            part = told.number, line.part, by.name
            if told.number and part in heard:
                continue
            heard.add(part)
            if told.number and not purchases.about(kept, told.number, by):
                purchases.owe(owed, told, by)
            purchases.pay_back(kept, told, by)
        elif not purchases.told_again(kept, told, line.at, by):
            bought.append(line)
            purchases.note(kept, told, line.at, by)
            for back, before in purchases.settle(owed, told.number, by):
                purchases.pay_back(kept, back, before)
    orders: dict[tuple[str, ...], set[Sold]] = {}
    for line, each in zip(bought, kept, strict=True):
        if not each[5] or paid(each) >= CENT:
            of = (line.number, each[6]) if line.number else (line.id,)
            sold = orders.setdefault((line.rep, *of), set())
            sold.add(Sold(line.material, line.category, line.product))
    return Counter((of[0], _together(sold)) for of, sold in orders.items())


def _together(sold: Collection[Sold]) -> Sold:
    """All of an order as one: of several things the content says which, as JSON."""
    if len(sold) == 1:
        return next(iter(sold))
    return Sold(orjson.dumps([tuple(each) for each in sorted(sold)]).decode(), "", "")


def apart(sold: Sold) -> list[Sold]:
    """The lines of an order again."""
    if not sold.material.startswith("["):
        return [sold]
    return [Sold(*each) for each in orjson.loads(sold.material)]
