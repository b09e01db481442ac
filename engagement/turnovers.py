"""Turnovers (成交额对照): what lists made for a customer do to what she buys. Only ever secondary.

Matching is judged by `responses`. Beside that stands what the advised bought within four weeks,
against the held out, once what was known of everybody before is taken out of it: what she bought
in the four weeks before anybody was ever advised on her, whose customer she is, and which kind of
product she had bought by then (CUPED with the rep and the product as covariates). What she bought
since may follow from the lists already: taking that out would take out what they do. Claims nothing
below a hundred buyers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from data_hub.identities import Identities
from data_hub.profiles import Profile, Profiles
from engagement.responses import LOOKS
from kernel.clock import Clock
from matching.experiments import Uplift, adjusted, held_out, kinds
from stores.records import Records
from stores.spelling import moment, spelled

WINDOW = timedelta(weeks=LOOKS)
"""Bought within so much of the first advice in it; the pre-period is as long."""
_MOST = 20_000
"""Customers advised within the window that are looked at, the earliest first."""


class Advised(NamedTuple):
    """Somebody for whom a rep was advised, as far as turnover goes."""

    customer: str
    rep: str
    product: str
    """The category that she bought last before any advice; empty for who had never bought."""
    before: float
    """Before any advice that is still kept."""
    after: float


class Turnovers:
    """What the advised bought."""

    def __init__(
        self,
        records: Records,
        identities: Identities,
        profiles: Profiles,
        clock: Clock,
        *,
        hold_out: float = 0.0,
    ) -> None:
        self._records = records
        self._identities = identities
        self._profiles = profiles
        self._clock = clock
        self._hold_out = hold_out

    def uplift(self) -> Uplift:
        """By how much more she buys for whom lists are made, with rep and product held equal."""
        return compared(self.advised(), self._hold_out)

    def advised(self) -> list[Advised]:
        """Everybody advised on within the window, once, by her first advice in it."""
        earliest = spelled(self._records, self._clock() - WINDOW)
        rows = self._records.rows(_ADVISED, [earliest, _MOST])
        customers = self._identities.customers_of({handle for handle, *_ in rows})
        first: dict[str, Advised] = {}
        since: dict[str, datetime] = {}
        ever: dict[str, datetime] = {}
        for handle, rep, at, once in rows:
            customer = customers[handle]
            if customer not in first:
                since[customer] = moment(at)
                first[customer] = Advised(customer, rep, "", 0.0, 0.0)
            ever[customer] = min(ever.get(customer, moment(once)), moment(once))
        for customer, profile in self._profiles.each(first):
            rep = first[customer].rep
            first[customer] = _told(customer, rep, since[customer], ever[customer], profile)
        return list(first.values())


def compared(advised: Sequence[Advised], share: float) -> Uplift:
    """The same of people who are told. Pure."""
    treated = np.array([not held_out(each.customer, share) for each in advised], bool)
    known = np.column_stack(
        (
            np.array([each.before for each in advised], np.float64),
            kinds([each.rep for each in advised]),
            kinds([each.product for each in advised]),
        )
    )
    return adjusted(np.array([each.after for each in advised], np.float64), treated, known)


def _told(customer: str, rep: str, at: datetime, ever: datetime, profile: Profile) -> Advised:
    """``at`` is her first advice in the window, ``ever`` her first of all."""
    bought = profile.bought()
    earlier = [each for each in bought if each.at < ever]
    return Advised(
        customer, rep, earlier[0].category if earlier else "",
        sum(each.amount for each in earlier if each.at >= ever - WINDOW),
        sum(each.amount for each in bought if at <= each.at < at + WINDOW),
    )  # fmt: skip


_ADVISED = (
    "SELECT handle, rep, min(at), (SELECT min(ever.at) FROM offers AS ever"
    " WHERE ever.handle = offers.handle AND ever.rep <> '')"
    " FROM offers WHERE rep <> '' AND at >= ? GROUP BY handle, rep ORDER BY min(at) LIMIT ?"
)
