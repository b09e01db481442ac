"""Promises (待发布与待撤下): what the shelf promises against what the platforms were asked to show.

The promise itself is the queue: nothing else remembers what is to be shown, or for how long.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, or_, select

from channels.accounts import Account, Accounts, Channels
from channels.base import Progress
from channels.deliveries import Courier, Deliveries, Delivery, State
from channels.deliveries.record import POST, UP
from content_hub.placements import Placement
from content_hub.placements import State as Standing
from content_hub.shelf import Shelf
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Problem
from stores.records import Records

QUEUED = declare("publishing.queued", "a placement has become a delivery; nothing is claimed")
_AT_ONCE = 100
_LOOKED_THROUGH = timedelta(seconds=5)
"""So long a look at everything is good for, if we do nothing: an account may be usable again."""
_LATE = timedelta(minutes=15)
"""Longer than a worker needs to keep a promise."""


class _Kept(NamedTuple):
    """Every promise was kept when our acts, or all commits, had come so far."""

    acts: Hashable
    since: datetime
    until: datetime

    def holds(self, acts: Hashable, now: datetime) -> bool:
        return acts == self.acts and self.since <= now < self.until


class _Down(threading.local):
    """Nothing was to be taken down when this thread last looked: each has stamps of its own."""

    kept: _Kept | None = None


class Promises:
    """Between the shelf and the outbox."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        shelf: Shelf,
        accounts: Accounts,
        channels: Channels,
        deliveries: Deliveries,
        courier: Courier,
    ) -> None:
        self._records = records
        self._clock = clock
        self._shelf = shelf
        self._accounts = accounts
        self._channels = channels
        self._deliveries = deliveries
        self._courier = courier
        self._kept: _Kept | None = None
        self._down = _Down()

    def queue_due(self) -> int:
        """Make deliveries of what should be shown by now, a hundred of each account in one
        transaction; says how many. While nobody acts and nothing opens, all of it was looked
        through already."""
        acts, now = self._acts(), self._clock()
        if self._kept and self._kept.holds(acts, now):
            return 0
        queued = self._queue_due()
        if not queued:
            self._kept = self._good(acts, now)
        return queued

    def _good(self, acts: Hashable, now: datetime) -> _Kept:
        """What was looked at now is good until something opens or closes."""
        boundary, until = self._shelf.next_boundary(now), now + _LOOKED_THROUGH
        return _Kept(acts, now, until if boundary is None else min(boundary, until))

    def _acts(self) -> int:
        ((newest,),) = self._records.rows("SELECT max(seq) FROM changes")
        return newest or 0

    def _queue_due(self) -> int:
        queued = 0
        for account, standing in self._promised():
            known = self._deliveries.of_placements([placement.id for placement in standing])
            due = [(each, why) for each in standing if (why := self._occasion(each, known))]
            if not due:
                continue
            with self._records.write():
                for placement, occasion in due[:_AT_ONCE]:
                    self._deliveries.queue(
                        account=account.id, occasion=occasion, placement=placement.id,
                        material=placement.material, by=placement.placed_by,
                    )  # fmt: skip
                    queued += 1
        if queued:
            crash_point(QUEUED)
        return queued

    def take_down(self) -> int:
        """Withdraw what stays up though its time is over, and cancel what waits in vain; says how
        many platforms have taken down. While nothing is committed and nothing closes, there is as
        little as a moment ago."""
        commits, now = self._records.stirred(), self._clock()
        if self._down.kept and self._down.kept.holds(commits, now):
            return 0
        gone = Delivery.placement.in_(select(Placement.id).where(self._shelf.not_standing(now)))
        waits = and_(POST, Delivery.progress == "", Delivery.state == State.DUE, gone)
        over = and_(POST, Delivery.progress.in_(UP), gone)
        if not self._deliveries.posts() or not self._deliveries.any(or_(waits, over)):
            self._down.kept = self._good(commits, now)
            return 0
        up = and_(over, or_(Delivery.next_at.is_(None), Delivery.next_at <= now))
        if not self._deliveries.any(or_(waits, up)):
            return 0
        self._deliveries.cancel(waits, reason="no_longer_on_shelf", by="worker")
        withdrawn = 0
        while delivery := self._deliveries.borrow(up):
            withdrawn += self._courier.withdraw(delivery)
        return withdrawn

    def flaws(self) -> Iterator[str]:
        """Where shelf and deliveries contradict each other for longer than a worker needs."""
        late = self._clock() - _LATE
        for delivery in self._deliveries.up():
            placement = self._shelf.one(delivery.placement)
            ended = min(placement.retired or placement.closes, placement.closes)
            if ended < late and placement.state(self._clock()) is not Standing.STANDING:
                yield f"publishing: {delivery.id} is still up though {placement.id} has ended"
        for account, standing in self._promised():
            known = self._deliveries.of_placements([placement.id for placement in standing])
            for placement in standing:
                if placement.id not in known and max(placement.opens, placement.placed_at) < late:
                    yield f"publishing: {placement.id} on {account.code} has no delivery"
        yield from self._deliveries.flaws(late)

    def _occasion(self, placement: Placement, known: dict[str, Delivery]) -> str | None:
        """Why it is to be shown now; None if a platform was asked already. What we took down, or
        never put up, because the placement was moved is shown again when it stands again."""
        latest = known.get(placement.id)
        if latest is None:
            return placement.id
        ours = latest.progress == Progress.WITHDRAWN and not latest.reason
        if not ours and latest.state != State.CANCELLED:
            return None
        return f"{placement.id}/{len(self._deliveries.of_placement(placement.id)) + 1}"

    def _promised(self) -> Iterator[tuple[Account, list[Placement]]]:
        """What stands now on every account that we publish to, by account."""
        for account in self._accounts.all():
            try:
                pulled = self._channels.of(account).pulled
            except Problem:
                continue  # an account that cannot be used holds up no other
            if not pulled and (standing := self._shelf.standing(account.id)):
                yield account, standing
