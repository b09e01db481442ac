"""Handed over (人工渠道): an account where a person posts for us what lies ready for her.

Everything that is said about a post is what `channels.hand_offs` was told of it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from channels.base import (
    Busy,
    Callback,
    Idempotency,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Refused,
)
from channels.capabilities import Capabilities, Limits
from channels.hand_offs import HandOff, HandOffs, Standing
from kernel.events import Event, Handle

_PROGRESS = {
    Standing.WAITING: Progress.AWAITING_PERSON,
    Standing.POSTED: Progress.SHOWN,
    Standing.OVERDUE: Progress.SHOWN,
    Standing.GONE: Progress.WITHDRAWN,
}


class HandedOver:
    """An account on a platform where a person posts for us, such as Xiaohongshu (小红书)."""

    key: ClassVar[str] = "hand_off"
    writes_to: ClassVar[str] = ""
    idempotency: ClassVar[Idempotency] = "native"
    pulled: ClassVar[bool] = False
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="a person posts it",
                shows=frozenset({"article", "text", "image", "video", "file"}),
                title=64,
            ),
        )
    )
    longest_review = timedelta()

    def __init__(self, hand_offs: HandOffs, *, account: str) -> None:
        self._hand_offs = hand_offs
        self._account = account

    def publish(self, post: Post, *, key: str) -> Receipt:
        return self._receipt(self._hand_offs.put(post, account=self._account, key=key))

    def outcome(self, ref: str) -> Receipt:
        return self._receipt(self._hand_offs.one(ref))

    def find(self, post: Post, *, key: str) -> Receipt | None:
        kept = self._hand_offs.known(key)
        return self._receipt(kept) if kept else None

    def withdraw(self, ref: str) -> None:
        """What nobody posted is over at once; what somebody did is hers to take down."""
        self._hand_offs.end(ref)
        if self._hand_offs.one(ref).standing is Standing.OVERDUE:
            raise Busy("a_person_takes_it_down", seconds=300)

    def send(self, message: Message, *, key: str) -> Receipt:
        raise Refused("channel_says_nothing", account=self._account)

    def receive(self, callback: Callback) -> Received:
        raise Refused("callback_not_genuine", account=self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None

    @staticmethod
    def _receipt(kept: HandOff) -> Receipt:
        return Receipt(ref=kept.id, progress=_PROGRESS[kept.standing])
