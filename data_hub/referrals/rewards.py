"""Rewards (转介绍奖励): what an inviter is promised, and what her friend's orders come to.

A promise is spelled ``20`` (yuan for the first order) or ``5%`` (of every order); empty promises
nothing. Pure sums in whole cents; pays nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from data_hub.findings import Found
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
    """Her orders since then, the oldest first, from what was found of purchases and refunds."""
    told = _once(sorted(found, key=lambda each: (each.at, each.key)))
    kept: dict[str, Order] = {}
    for each in told:
        if each.kind == "bought" and each.at >= since:
            order = kept.setdefault(
                _key(each), Order(_key(each), each.at, str(each.evidence.get("product") or ""))
            )
            order.cents += cents(each.evidence.get("amount") or 0)
    keys = {_order(each): _key(each) for each in told if each.kind == "bought"}
    for each in told:
        if each.kind == "refunded" and (back := kept.get(keys.get(_order(each), ""))) is not None:
            less = cents(each.evidence.get("amount") or 0)
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


def _once(told: Iterable[Found]) -> list[Found]:
    """What one account told of each order, the first to do so: several may tell of the same."""
    tellers: dict[tuple[str, str], str] = {}
    return [
        each for each in told
        if tellers.setdefault((each.kind, _order(each)), account := _account(each)) == account
    ]  # fmt: skip


def _key(found: Found) -> str:
    told = f"{_account(found)}:{_number(found)}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _order(found: Found) -> str:
    """The order's number; one that has none is its own."""
    return str(found.evidence.get("order_id") or _key(found))


def _account(found: Found) -> str:
    return str(found.evidence.get("account"))


def _number(found: Found) -> str:
    return str(found.evidence.get("order_id") or found.evidence.get("event"))
