"""Promising (待发布): what stands on the shelf and no platform was asked to show is a delivery.

The promise itself is the queue: nothing else remembers what is to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from channels.accounts import Account
from channels.base import Progress
from channels.deliveries import Delivery, State
from channels.publishing.carrying import Carrying
from content_hub.placements import Placement
from content_hub.placements import State as Standing
from kernel.errors import Problem

_AT_ONCE = 100


class Promising(Carrying):
    """From the shelf to the outbox."""

    def flaws(self) -> Iterator[str]:
        """Where shelf and deliveries contradict each other for longer than a worker needs."""
        late = self._clock() - timedelta(minutes=15)
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

    def _queue_due(self) -> int:
        """A hundred at a time in one transaction, an account after the other."""
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
        return queued

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
