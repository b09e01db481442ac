"""Callbacks (平台回调): what platforms tell us, kept before they are answered.

The adapter checks and reads; here the events go to the intake, the outcomes to the deliveries. A
platform tells things twice, late and out of order: event ids are the same each time and older
outcomes never overwrite newer, so a repeat gets the first answer and adds nothing.
"""

from __future__ import annotations

from channels.accounts import Accounts, Channels
from channels.base import Callback, Refused
from channels.deliveries import Deliveries
from channels.health import Health
from channels.preferences import Preferences
from channels.welcoming import Welcoming
from data_hub.intake import Intake
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Forbidden
from kernel.events import Refusal

TAKEN = declare("callbacks.taken", "events of a callback are durable; its outcomes are not noted")


class Callbacks:
    """The door that platforms knock at."""

    def __init__(
        self,
        accounts: Accounts,
        channels: Channels,
        intake: Intake,
        deliveries: Deliveries,
        clock: Clock,
        welcoming: Welcoming | None = None,
        health: Health | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        self._accounts = accounts
        self._channels = channels
        self._intake = intake
        self._deliveries = deliveries
        self._clock = clock
        self._welcoming = welcoming
        self._health = health
        self._preferences = preferences

    def take(self, account: str, callback: Callback) -> bytes:
        """Keep what it tells, and say what the platform wants to hear.

        Raises `NotFound` for an account that is not ours, `Forbidden` for what its platform did
        not send. What it did send and we cannot read is kept as it came.
        """
        ours = self._accounts.one(account)
        try:
            received = self._channels.of(ours).receive(callback)
        except Refused as forged:
            raise Forbidden("callback_not_genuine", account=ours.code) from forged
        refusals = []
        if received.unreadable:
            sample = received.unreadable[:4096].decode("utf-8", "replace")
            refusals.append(
                Refusal(
                    at=self._clock(), door="callback", reason="callback_unreadable",
                    account=ours.id, sample=sample,
                )
            )  # fmt: skip
        if received.greetings and self._welcoming is not None:
            self._welcoming.note(ours, received.greetings)
        self._intake.take(received.events, refusals, door="callback")
        crash_point(TAKEN)
        if self._preferences is not None:
            for stop in received.stops:
                self._preferences.take(stop, source=ours.kind)
        for outcome in received.outcomes:
            self._deliveries.note_outcome(ours.id, outcome)
        if self._health is not None:
            self._health.heard(ours.id)
        return received.answer
