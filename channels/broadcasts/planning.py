"""Planning (群发排期): the audience becomes deliveries, a slice a transaction, each person once.

How far it got is kept in the slice's own transaction, so that it goes on where it was killed; the
same occasion twice is refused by the outbox besides. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from channels.broadcasts.keeper import reached
from channels.broadcasts.record import Broadcast
from channels.deliveries import Deliveries, Delivery, Lane, State
from data_hub.consents import MARKETING
from data_hub.identities import Identities
from data_hub.segments import Segments
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from stores.records import Records

_SLICE, _SWEPT = 250, 100
"""Rows a transaction: those that are made, and those that are ended."""
_DELIVERIES: Any = Delivery.__table__
_LATER = (
    update(_DELIVERIES)
    .where(_DELIVERIES.c.id == bindparam("key"))
    .values(next_at=bindparam("at"), lane=Lane.GATED.value)
)
InWhoseName = Callable[[str, Collection[str]], Mapping[str, str]]
"""By customer, the rep in whose name an account writes to her, where it writes in anybody's."""
PLANNED = declare("broadcasts.planned", "a slice of the audience is queued and committed")


class Planning:
    """Between the audience and the outbox."""

    def __init__(
        self,
        *,
        records: Records,
        deliveries: Deliveries,
        segments: Segments,
        identities: Identities,
        clock: Clock,
        in_whose_name: InWhoseName = lambda _account, _customers: {},
    ) -> None:
        self._in_whose_name = in_whose_name
        self._records = records
        self._deliveries = deliveries
        self._segments = segments
        self._identities = identities
        self._clock = clock
        self.slice = _SLICE

    def run(self) -> int:
        """One slice of what is due; how much was done. Harmless when repeated."""
        unfinished = select(Broadcast).where(
            or_(
                Broadcast.complete.is_(None) & Broadcast.cancelled.is_(None),
                Broadcast.spreading.is_not(None),
                Broadcast.cancelled.is_not(None) & Broadcast.swept.is_(None),
            )
        )
        due = unfinished.where(
            or_(Broadcast.cancelled.is_not(None), Broadcast.opens <= self._clock()),
            or_(Broadcast.cancelled.is_not(None), Broadcast.paused.is_(None)),
        )
        with self._records.read() as session:
            waiting = list(session.scalars(due.order_by(Broadcast.opens, Broadcast.id)))
        for broadcast in waiting:
            if done := self._one(broadcast):
                return done
        return 0

    def _one(self, broadcast: Broadcast) -> int:
        if broadcast.cancelled is not None:
            return self._sweep(broadcast)
        if broadcast.spreading is not None:
            return self._spread(broadcast)
        return self._plan(broadcast)

    def _plan(self, broadcast: Broadcast) -> int:
        members = self._members(broadcast)
        if members is None:
            return 0
        hers = reached(self._identities, members, broadcast.account)
        reps = self._in_whose_name(broadcast.account, hers)
        now = self._clock()
        begin = broadcast.opens if broadcast.per_minute else max(broadcast.opens, now)
        with self._records.write() as session:
            kept = session.get_one(Broadcast, broadcast.id, with_for_update=True)
            if kept.through != broadcast.through or kept.cancelled or kept.paused:
                return 0  # another worker was faster, or somebody said stop
            queued = self._deliveries.queue_many(
                account=kept.account, occasion=kept.id, broadcast=kept.id, purpose=MARKETING,
                material=kept.material, words=kept.words, campaign=kept.campaign,
                priority=kept.priority, expires=kept.expires, by=kept.by, lane=Lane.GATED,
                targets={
                    handle: kept.moment(begin, kept.planned + place)
                    for place, handle in enumerate(hers.values())
                },
                reps={hers[customer]: rep for customer, rep in reps.items()},
            )  # fmt: skip
            kept.planned += queued
            kept.unreachable += len(members) - len(hers)
            if members:
                kept.through = members[-1]
            if len(members) < self.slice:
                kept.complete = now
        crash_point(PLANNED)
        return max(len(members), 1)

    def _members(self, broadcast: Broadcast) -> Sequence[str] | None:
        """The next of the audience; None while not everybody was asked about the segment."""
        if not broadcast.segment:
            return self._identities.customers_on(broadcast.account, broadcast.through, self.slice)
        if not self._segments.sizes([broadcast.segment])[broadcast.segment].ready:
            return None
        return self._segments.members(broadcast.segment, broadcast.through, self.slice)

    def _spread(self, broadcast: Broadcast) -> int:
        """What waited through a pause goes on one by one, from now."""
        now = self._clock()
        with self._records.write() as session:
            kept = session.get_one(Broadcast, broadcast.id, with_for_update=True)
            if kept.spreading is None or kept.spreading != broadcast.spreading:
                return 0
            waits = select(Delivery.id).where(
                Delivery.broadcast == kept.id, Delivery.state == State.DUE,
                Delivery.id > kept.spreading,
            ).order_by(Delivery.id).limit(self.slice)  # fmt: skip
            found = list(session.scalars(waits))
            before = session.scalar(
                select(func.count()).where(
                    Delivery.broadcast == kept.id, Delivery.state == State.DUE,
                    Delivery.id <= kept.spreading,
                )
            )  # fmt: skip
            moments = [
                {"key": key, "at": kept.moment(now, place)}
                for place, key in enumerate(found, before or 0)
            ]
            if moments:
                session.connection().execute(_LATER, moments)
            kept.spreading = found[-1] if len(found) == self.slice else None
        return max(len(found), 1)

    def _sweep(self, broadcast: Broadcast) -> int:
        """What was still queued of a cancelled one says so."""
        hers = Delivery.broadcast == broadcast.id
        with self._records.write() as session:
            gone = self._deliveries.cancel(
                hers, reason="broadcast_cancelled", by=broadcast.by, limit=_SWEPT
            )
            if gone < _SWEPT:
                session.get_one(Broadcast, broadcast.id).swept = self._clock()
        return max(gone, 1)
