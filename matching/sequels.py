"""Sequels (买后推荐): what follows from what she has bought.

Who took a cheap trial and had something of it is shown the full product; who has the base is shown
what goes with it, the better the more it earns. What she has already follows from nothing. The
company says which products stand to each other how; here is only what it means for a score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_hub.products import Product, ProductRelation, Relation, subject
from data_hub.profiles import Profile
from matching.scoring import Pull, Reason, Weights
from stores.changes import Changes
from stores.records import Records
from stores.remembered import Remembered

VALUE = ("used_tool", "redeemed", "praised", "shared_material", "saved_material")
"""What shows that a trial was worth something to her, if she did it after she took it."""


class Pair(NamedTuple):
    """One product that stands to another somehow."""

    kind: str
    product: str
    of: str
    margin: float


class Pairs(NamedTuple):
    """All of them, and what the products in them are called."""

    related: tuple[Pair, ...]
    names: Mapping[str, str]
    codes: Mapping[str, str]
    """By code and by name: orders tell of a product by either."""


class Sequels:
    """What the company says of its products, as it is now."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._pairs: Remembered[Pairs] = Remembered(records, changes, "content", _load)

    def pairs(self) -> Pairs:
        """Which products lead to which."""
        return self._pairs.now()


def _load(session: Session) -> Pairs:
    related = tuple(
        Pair(each.kind, each.product, each.of, each.margin or 0.0)
        for each in session.scalars(select(ProductRelation).order_by(ProductRelation.product))
    )
    codes = {code for each in related for code in (each.product, each.of)}
    if not codes:
        return Pairs((), {}, {})
    told = select(Product.code, Product.name).where(Product.code.in_(codes))
    names = dict(session.execute(told).all())
    called = {name: code for code, name in names.items()} | {code: code for code in names}
    return Pairs(related, names, called)


def sequel_pulls(profile: Profile, pairs: Pairs, weights: Weights) -> list[Pull]:
    """What speaks for contents about what follows from what she has."""
    if not pairs.related:
        return []
    hers = bought(profile, pairs)
    return [
        pull
        for each in pairs.related
        if (pull := _pull(each, hers, profile, pairs.names, weights)) is not None
    ]


def bought(profile: Profile, pairs: Pairs) -> dict[str, float]:
    """What of these products she has, and since when she has it."""
    told: Iterable[tuple[str, float]] = [
        *((each.product, each.at.timestamp()) for each in profile.bought()),
        *((each.product, each.since.timestamp()) for each in profile.holdings() if each.since),
    ]
    since: dict[str, float] = {}
    for product, at in told:
        if code := pairs.codes.get(product):
            since[code] = min(at, since.get(code, at))
    return since


def _pull(
    pair: Pair,
    hers: Mapping[str, float],
    profile: Profile,
    names: Mapping[str, str],
    weights: Weights,
) -> Pull | None:
    if pair.kind == Relation.TRIAL:
        has, wanted, weight = pair.product, pair.of, weights.sequel
        if has not in hers or not _worth_it(profile.spans, hers[has]):
            return None
    else:
        has, wanted = pair.of, pair.product
        weight = weights.sequel * (1 + pair.margin) / 2
    if has not in hers or wanted in hers:
        return None
    facts = {"has": names.get(has, has), "wanted": names.get(wanted, wanted)}
    evidence = {"has": has, "wanted": wanted, "margin": pair.margin}
    reason = Reason("sequel", f"reason_{pair.kind}", facts, weight, evidence)
    return Pull.because(subject(wanted), reason)


def _worth_it(spans: Mapping[str, Collection[float]], since: float) -> bool:
    """Has she shown since then that she had something of it?"""
    return any(max(spans[kind]) > since for kind in VALUE if kind in spans)
