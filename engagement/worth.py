"""Worth (价值账): what the lists bring, in deals and money, beside the customers held out (R150).

Nothing is assumed: the rate without them is the one measured in the held out. Secondary to
`engagement.responses`, and nobody is ranked by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data_hub.measures import Worth, uplift
from data_hub.standings import StandingRow
from engagement.responses import FEWEST, Responses
from matching.experiments import Group, held_out
from stores.bulk import among
from stores.records import Records


class Deals(NamedTuple):
    """Of the customers for whom a rep was advised, how many bought afterwards."""

    treated: Group
    held: Group
    price: float
    """What a purchase comes to on average."""
    enough: bool
    """False: too few of a group, or too few deals in both, to say anything."""

    @property
    def expected(self) -> int:
        """How many of the treated would have bought at the rate of the held out."""
        return round(self.held.rate * self.treated.size)

    @property
    def worth(self) -> Worth | None:
        if not self.enough:
            return None
        return uplift(self.treated.size, self.expected, self.treated.did, self.price)


class Worths:
    """What the lists are worth."""

    def __init__(self, responses: Responses, people: Records, *, fewest: int = FEWEST) -> None:
        self._responses = responses
        self._people = people
        self._fewest = fewest

    def deals(self) -> Deals:
        """Of the weeks that an experiment runs, up to now."""
        advised = self._responses.advised()
        with self._people.read() as session:
            columns = ("customer", "last_bought")
            rows = among(session, columns, StandingRow.customer, advised)
            bought = {row.customer: row.last_bought for row in rows}
            sums = select(func.sum(StandingRow.spent), func.sum(StandingRow.occasions))
            spent, occasions = session.execute(sums).one()
        treated, held = self._groups(advised, bought)
        price = spent / occasions if occasions else 0.0
        enough = min(treated.size, held.size, treated.did + held.did) >= self._fewest
        return Deals(treated, held, price, enough)

    def _groups(
        self, advised: Mapping[str, datetime], bought: Mapping[str, float]
    ) -> tuple[Group, Group]:
        counts = {held: [0, 0] for held in (False, True)}
        for customer, at in advised.items():
            group = counts[held_out(customer, self._responses.hold_out)]
            group[0] += 1
            group[1] += bought.get(customer, 0.0) >= at.timestamp()
        return Group(*counts[False]), Group(*counts[True])
