"""Effects (规则成效): what customers bought once a rule had placed something on their list.

By rule: for how many customers it did, how many of these bought within four weeks of the first
time, and how many of the same had bought in the four weeks before. Proves nothing: whoever is in a
rule's segment is there because of what she does. Read off what was offered and off profiles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from data_hub.identities import Identities
from data_hub.profiles import Profile, Profiles
from kernel.clock import Clock
from stores.records import Records
from stores.spelling import moment, spelled, unpacked

LOOKED_BACK = timedelta(days=90)
WINDOW = timedelta(weeks=4)
"""Bought within so much of the first time; the time before is as long."""
_MOST = 5_000
"""Offers of that time that are looked at, the earliest first."""


class Effect(NamedTuple):
    """What came of one rule."""

    shown: int
    """For so many customers it placed or raised something."""
    after: int
    """Of these, who bought within four weeks of the first time, up to now…"""
    before: int
    """…and who had bought in the four weeks before."""


class Effects:
    """Every rule that moved a list lately, with what came of it."""

    def __init__(
        self, records: Records, identities: Identities, profiles: Profiles, clock: Clock
    ) -> None:
        self._records = records
        self._identities = identities
        self._profiles = profiles
        self._clock = clock

    def all(self) -> dict[str, Effect]:
        """By rule; those that placed nothing are left out."""
        since = spelled(self._records, self._clock() - LOOKED_BACK)
        rows = self._records.rows(_RULED, [since, '%"rule"%', _MOST])
        customers = self._identities.customers_of({handle for handle, *_ in rows})
        first: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        for handle, at, items in rows:
            for rule in set(_rules(unpacked(items))):
                first[rule].setdefault(customers[handle], moment(at))
        profiles = self._profiles.many({each for shown in first.values() for each in shown})
        return {rule: effect(shown, profiles) for rule, shown in first.items()}


def effect(shown: Mapping[str, datetime], profiles: Mapping[str, Profile]) -> Effect:
    """Of one rule. ``shown``: since when it has moved each customer's list. Pure."""
    after = before = 0
    for customer, at in shown.items():
        bought = [each.at for each in (profiles.get(customer) or Profile()).bought()]
        after += any(at <= each < at + WINDOW for each in bought)
        before += any(at - WINDOW <= each < at for each in bought)
    return Effect(len(shown), after, before)


def _rules(items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        for reason in item["reasons"]:
            if rule := reason["evidence"].get("rule"):
                yield rule


_RULED = (
    "SELECT handle, at, items FROM offers WHERE at >= ? AND CAST(items AS TEXT) LIKE ?"
    " ORDER BY at, id LIMIT ?"
)
