"""Conversions (试购转化): of those who took a trial, how many went on to the full product, by pair.

Read off the profiles of whoever bought last; which product is a trial of which the company says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from sqlalchemy import select

from content_hub.products import Relation
from data_hub.profiles import Profiles
from data_hub.standings import StandingRow
from kernel.values import dataclass
from matching.sequels import Pair, Sequels, bought
from stores.records import Records

BUYERS = 5_000
"""So many of those who bought last are looked at."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Conversion:
    """How one trial did."""

    trial: str
    full: str
    took: int
    """Who took it and did not have the full product by then."""
    went_on: int
    """Of these, who bought that later."""
    days: float | None
    """How long that took them, the median."""

    @property
    def rate(self) -> float | None:
        """None while nobody took it."""
        return self.went_on / self.took if self.took else None


class Conversions:
    """Every trial with what it leads to."""

    def __init__(self, people: Records, profiles: Profiles, sequels: Sequels) -> None:
        self._people = people
        self._profiles = profiles
        self._sequels = sequels

    def all(self) -> list[Conversion]:
        """Of every pair, in the order of the trials."""
        pairs = self._sequels.pairs()
        trials = [each for each in pairs.related if each.kind == Relation.TRIAL]
        if not trials:
            return []
        latest = (
            select(StandingRow.customer)
            .where(StandingRow.occasions > 0)
            .order_by(StandingRow.last_bought.desc(), StandingRow.customer)
        )
        with self._people.read() as session:
            buyers = list(session.scalars(latest.limit(BUYERS)))
        theirs = [bought(each, pairs) for _, each in self._profiles.each(buyers)]
        return [conversion(each, theirs) for each in trials]


def conversion(pair: Pair, theirs: Iterable[Mapping[str, float]]) -> Conversion:
    """Of one pair. ``theirs``: since when each buyer has which product."""
    took, waited = 0, []
    for since in theirs:
        begun, went_on = since.get(pair.product), since.get(pair.of)
        if begun is None or (went_on is not None and went_on < begun):
            continue
        took += 1
        if went_on is not None:
            waited.append((went_on - begun) / _DAY)
    days = median(waited) if waited else None
    return Conversion(pair.product, pair.of, took, len(waited), days)
