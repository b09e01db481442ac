"""What one stretch comes to (消化结果): worked out by the digest, kept in one write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, NamedTuple

from data_hub.identities import Identities, Noted
from data_hub.profiles import Profile
from data_hub.standings import Stood
from kernel.events import Handle
from kernel.values import dataclass


class Since(NamedTuple):
    """How things stood when somebody began to think."""

    mark: int
    """How far history had been digested."""
    voids: int
    """How often what was read before had been void."""
    amended: int
    """How often people had been written about out of turn."""


@dataclass(slots=True)
class Slice:
    """What one stretch of events comes to."""

    noted: Noted
    since: Since
    """Before any of it was read."""
    profiles: dict[str, Profile] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    found: list[dict[str, Any]] = field(default_factory=list)
    stood: Stood | None = None

    @property
    def about(self) -> set[str]:
        """Every customer it changes, those who are no more among them."""
        noted = self.noted
        were = (old for olds in noted.were.values() for old in olds)
        return {*self.profiles, *noted.customers.values(), *noted.gone, *were}


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
