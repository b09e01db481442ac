"""The company's own app (自有应用): it asks us what is on the shelf, and has an inbox a person.

Nothing is published to it, because its front end pulls. A message is a row that the app shows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from channels.base import Callback, Idempotency, Message, Post, Progress, Receipt, Received, Refused
from channels.capabilities import EVERYTHING, Capabilities, Limits
from channels.inbox import Inbox
from kernel.events import Event, Handle


class OwnApp:
    """One app of ours."""

    key: ClassVar[str] = "app"
    writes_to: ClassVar[str] = "user"
    idempotency: ClassVar[Idempotency] = "native"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="our own front end",
                shows=EVERYTHING,
            ),
        )
    )
    longest_review = timedelta()

    def __init__(self, inbox: Inbox, *, account: str) -> None:
        self._inbox = inbox
        self._account = account

    def publish(self, post: Post, *, key: str) -> Receipt:
        """Nothing to do: whatever stands on its shelf is in its next answer."""
        return Receipt(ref=key, progress=Progress.SHOWN)

    def outcome(self, ref: str) -> Receipt:
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        return Receipt(ref=key, progress=Progress.SHOWN)

    def withdraw(self, ref: str) -> None:
        """A message is taken out of the inbox; what left the shelf is gone by itself."""
        self._inbox.take_out(ref)

    def send(self, message: Message, *, key: str) -> Receipt:
        self._inbox.put(message, account=self._account, key=key)
        return Receipt(ref=key, progress=Progress.SHOWN)

    def receive(self, callback: Callback) -> Received:
        """The app tells by its write key what happened; nobody calls back in its name."""
        raise Refused("callback_not_genuine", account=self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None
