"""Preferences (退订): what a customer lets us send, and what is queued for her when she stops it.

One act over consents and deliveries. Does not judge what may be sent: that is asked at the last
moment, in the transaction that marks a delivery.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from channels.accounts import Account
from channels.base import Stop
from channels.deliveries import OPTED_OUT, Deliveries, Delivery
from data_hub.consents import Consents
from data_hub.identities import Identities
from kernel.events import Handle
from kernel.values import dataclass
from stores.records import Records


@dataclass(frozen=True, slots=True)
class OptedOut:
    """What opting out did at once."""

    cancelled: int
    in_flight: int
    """Begun before and not back yet; none is begun after. What still waits for its rep alone is
    taken back from her."""


class Preferences:
    """What a customer lets us send."""

    def __init__(
        self,
        records: Records,
        consents: Consents,
        deliveries: Deliveries,
        identities: Identities,
    ) -> None:
        self._records = records
        self._consents = consents
        self._identities = identities
        self._deliveries = deliveries

    def opt_out(
        self,
        handles: Collection[Handle],
        purpose: str,
        *,
        source: str,
        channel: str = "",
        by: str = "",
        at: datetime | None = None,
    ) -> OptedOut:
        """Withdraw the consent and cancel what is queued: both or neither. ``channel`` is the one
        kind of channel that she stops; empty is all of them. ``at``: when she said so, if that
        was before now."""
        hers = Delivery.target.in_([str(handle) for handle in handles])
        which = [hers, Delivery.purpose == purpose]
        if channel:
            which.append(Delivery.account.in_(select(Account.id).where(Account.kind == channel)))
        with self._records.write(*(f"handle:{handle}" for handle in handles)):
            self._consents.withdraw(handles, purpose, channel=channel, source=source, by=by, at=at)
            cancelled = self._deliveries.cancel(*which, reason=OPTED_OUT, by=by or "customer")
            self._deliveries.take_back(*which)
            in_flight = self._deliveries.in_flight(*which)
        return OptedOut(cancelled, in_flight)

    def take(self, stop: Stop, *, source: str) -> OptedOut:
        """She said so herself, on one of her handles: it counts for all of them."""
        hers = [Handle.parse(each) for each in self._identities.alongside(stop.handle)]
        return self.opt_out(hers, stop.purpose, source=source, channel=stop.channel)

    def opt_in(
        self, handles: Collection[Handle], purpose: str, *, source: str, channel: str = "",
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        """She wants it again. What was cancelled stays cancelled."""
        self._consents.allow(handles, purpose, channel=channel, source=source, at=at)
