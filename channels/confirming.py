"""Confirming (催办与取消): what waits for a rep on her platform is asked for again, or taken back.

The platform keeps the task; here is only the act. Decides nothing about what is sent.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from channels.accounts import Channels
from channels.deliveries import Deliveries, Delivery, State
from kernel.errors import Conflict
from stores.changes import Changes
from stores.records import Records


@runtime_checkable
class AsksReps(Protocol):
    """A channel whose messages to customers wait for a rep."""

    def remind(self, ref: str) -> None:
        """Ask her once more. `Busy` if she was asked too often today."""
        ...

    def withdraw(self, ref: str) -> None: ...


class Waits(Protocol):
    """What a platform has handed to one of our reps."""

    id: str
    account: str
    rep: str
    ref: str | None


class Confirming:
    """What waits for reps."""

    def __init__(
        self, records: Records, changes: Changes, deliveries: Deliveries, channels: Channels
    ) -> None:
        self._records = records
        self._changes = changes
        self._deliveries = deliveries
        self._channels = channels

    def remind(self, key: str, *, by: str) -> Delivery:
        """Ask the rep once more. Raises `Conflict` if nothing waits for her, `Busy` if the
        platform lets her be."""
        delivery = self._deliveries.one(key)
        if delivery.state != State.AWAITING_PERSON:
            raise Conflict("nobody_to_remind", delivery=key)
        ask_again(self._records, self._changes, self._channels, "delivery", delivery, by=by)
        return delivery


def ask_again(
    records: Records, changes: Changes, channels: Channels, kind: str, what: Waits, *, by: str
) -> None:
    """Ask the rep for whatever is known to wait for her."""
    channel = channels.of(what.account)
    if not what.ref or not isinstance(channel, AsksReps):
        raise Conflict("nobody_to_remind", delivery=what.id)
    channel.remind(what.ref)
    with records.write():
        changes.note("rep_reminded", kind, what.id, by=by, account=what.account, rep=what.rep)
