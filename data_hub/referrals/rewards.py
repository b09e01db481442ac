"""Rewards (转介绍奖励): what an inviter is promised, and what her friend's orders come to.

A promise is spelled ``20`` (yuan for the first order) or ``5%`` (of every order); empty promises
nothing. Pure sums in whole cents; pays nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from data_hub import details, ordering
from data_hub.details import Teller
from data_hub.findings import Found
from data_hub.profiles import purchases
from kernel.values import dataclass

_CENT = Decimal("0.01")


@dataclass(slots=True)
class Order:
    """One order of somebody who was invited."""

    key: str
    """Stands for it in the ledger, and names it to nobody."""
    at: datetime
    product: str = ""
    cents: int = 0
    """What was paid, without what was paid back."""


def cents(amount: float | str) -> int:
    """Yuan in whole cents, half a cent up."""
    return int(Decimal(str(amount)).quantize(_CENT, ROUND_HALF_UP) * 100)


def orders(found: Iterable[Found], since: datetime) -> list[Order]:
    """Her orders since then, the oldest first, from what was found of purchases and refunds. What
    several tell of one order counts as the first of them told it (`data_hub.profiles.purchases`).
    """
    told = sorted(found, key=lambda each: (each.at, each.key))
    lines, keys = purchases.Numbered(), dict[int, str]()
    kept: dict[str, Order] = {}
    rows: list[purchases.Row] = []
    for each in told:
        if each.kind != "bought":
            continue
        what, at, by = _what(each), each.at.timestamp(), _teller(each)
        if purchases.told_again(lines.of(what.number), what, at, by):
            continue
        lines.add(row := purchases.note(rows, what, at, by))
        keys[id(row)] = key = _key(each)
        if each.at >= since:
            order = kept.setdefault(key, Order(key, each.at, what.product))
            order.cents += cents(what.amount)
    tellers: dict[str, Teller] = {}
    heard = set[tuple[str, str, str]]()
    for each in told:
        if each.kind != "refunded":
            continue
        what, by = _what(each), _teller(each)
        part = what.number, by.name, ordering.part_of("refunded", each.evidence, what)
        if what.number and part in heard:
            continue
        heard.add(part)
        hers = purchases.about(lines.of(what.number), what.number, by)
        key = keys[id(hers[0])] if hers else ""
        if (back := kept.get(key)) is not None and tellers.setdefault(key, by) == by:
            less = cents(what.amount)
            back.cents = max(back.cents - less, 0) if less > 0 else 0  # of all, if it says none
    return list(kept.values())


def earned(promise: str, made: Iterable[Order]) -> Mapping[str, int]:
    """What each order earns her inviter, in cents. What was paid back whole earns nothing, and the
    next order is then the first."""
    paid = [each for each in made if each.cents > 0]
    if not promise:
        return {}
    if not promise.endswith("%"):
        return {each.key: cents(promise) for each in paid[:1]}
    share = Decimal(promise.removesuffix("%")) / 100
    return {
        each.key: int((each.cents * share).quantize(Decimal(1), ROUND_HALF_UP)) for each in paid
    }


def _what(found: Found) -> details.Order:
    told = found.evidence
    number, product = str(told.get("order_id") or ""), str(told.get("product") or "")
    return details.Order(float(told.get("amount") or 0), product, "", number)


def _teller(found: Found) -> Teller:
    told = found.evidence
    return details.teller(str(told.get("account")), str(told.get("event")), told.get(details.SHOP))


def _key(found: Found) -> str:
    told = f"{found.evidence.get('account')}:{_number(found)}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _number(found: Found) -> str:
    return str(found.evidence.get("order_id") or found.evidence.get("event"))
