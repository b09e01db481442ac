"""Livestreams (直播成交): which orders a livestream brought, product by product.

An order is the livestream's that its buyer entered last before it, within three days (D), if its
product is on that livestream's list; a list that names none counts every order. What was paid back
counts no more. Names nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from data_hub.findings import Findings, Found
from data_hub.identities import Identities
from data_hub.referrals.rewards import orders
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.events import Event
from kernel.values import dataclass
from stores.history import History

TYPE = "livestream"
ENTERED = "entered_livestream"
DAYS = 30
WITHIN = timedelta(days=3)
MOST = 5_000
"""So many entries of the last days are looked at, the latest."""


@dataclass(frozen=True, slots=True)
class Sales:
    """What a livestream came to in the last days."""

    viewers: int
    orders: int
    cents: int
    products: Mapping[str, tuple[int, int]]
    """By product, those of the list first: how many orders, and what they came to in cents."""
    whole: bool
    """Are these told from all entries of the last days?"""

    @property
    def amount(self) -> float:
        return self.cents / 100


class Livestreams:
    """What livestreams sell."""

    def __init__(
        self,
        history: History,
        findings: Findings,
        identities: Identities,
        clock: Clock,
        zone: Zone,
    ) -> None:
        self._history = history
        self._findings = findings
        self._identities = identities
        self._clock = clock
        self._zone = zone

    def of(self, material: str, products: Collection[str] = ()) -> Sales:
        """``products``: what its list names, by code or name as orders do."""
        entries, whole = self._entries()
        viewers = {her for her, hers in entries.items() if any(one == material for _, one in hers)}
        number, cents = Counter(dict.fromkeys(products, 0)), Counter(dict.fromkeys(products, 0))
        for her, found in self._bought(viewers).items():
            for order in orders(found, min(at for at, _ in entries[her])):
                if order.cents <= 0 or _came_by(entries[her], order.at) != material:
                    continue
                if not products or order.product in products:
                    number[order.product] += 1
                    cents[order.product] += order.cents
        told = {product: (count, cents[product]) for product, count in number.items()}
        return Sales(len(viewers), number.total(), cents.total(), told, whole)

    def _entries(self) -> tuple[dict[str, list[tuple[datetime, str]]], bool]:
        """By customer, when she entered which livestream, the earliest first."""
        since = self._zone.day(self._clock()) - timedelta(days=DAYS)
        events: list[Event] = []
        before = None
        while len(events) < MOST:
            page = self._history.of_kinds((ENTERED,), since=since, before=before, limit=100)
            events += [each for each in page.items if each.handle and not each.detail.get("bot")]
            if (before := page.next) is None:
                break
        customers = self._identities.customers_of({str(each.handle) for each in events})
        found: dict[str, list[tuple[datetime, str]]] = {}
        for each in sorted(events, key=lambda event: (event.at, event.id)):
            found.setdefault(customers[str(each.handle)], []).append((each.at, each.material))
        return found, before is None

    def _bought(self, customers: Collection[str]) -> dict[str, list[Found]]:
        """What they bought and gave back, by customer."""
        hers = {
            str(handle): customer
            for customer, handles in self._identities.handles_of(customers).items()
            for handle in handles
        }
        found: dict[str, list[Found]] = {}
        for each in self._findings.about(hers, ("bought", "refunded")):
            found.setdefault(hers[each.handle], []).append(each)
        return found


def _came_by(entries: Collection[tuple[datetime, str]], at: datetime) -> str:
    """The livestream that she entered last before that moment, if that was not long before."""
    came = [material for then, material in entries if at - WITHIN <= then <= at]
    return came[-1] if came else ""
