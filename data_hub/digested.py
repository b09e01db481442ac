"""What one stretch comes to (消化结果): worked out by the digest, kept in one write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from data_hub.identities import Identities, Noted
from data_hub.profiles import Profile
from data_hub.standings import Stood
from kernel.events import Handle
from kernel.values import dataclass


@dataclass(slots=True)
class Slice:
    """What one stretch of events comes to."""

    noted: Noted
    voids: int = 0
    """How often what was read before was void when its events were read."""
    profiles: dict[str, Profile] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    found: list[dict[str, Any]] = field(default_factory=list)
    stood: Stood | None = None


def handles_of(
    identities: Identities, customers: Sequence[str], noted: Noted
) -> dict[str, list[Handle]]:
    """Every handle of these customers, by what was just worked out and what is kept."""
    now: dict[str, set[Handle]] = {customer: set() for customer in customers}
    for customer, handles in identities.handles_of(customers).items():
        now[customer] |= {h for h in handles if noted.customers.get(str(h)) in (None, customer)}
    for handle, customer in noted.customers.items():
        if customer in now:
            now[customer].add(Handle.parse(handle))
    return {customer: sorted(handles) for customer, handles in now.items()}
