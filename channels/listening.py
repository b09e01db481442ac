"""Listening (只听不发): the half of an adapter whose platform shows and says nothing of ours."""

from __future__ import annotations

from datetime import datetime

from channels.base import Message, Post, Receipt, Refused
from kernel.events import Event, Handle


class OnlyListens:
    """Answers for what cannot be done there, as `channels.base.Channel` asks it."""

    _account: str

    def publish(self, post: Post, *, key: str) -> Receipt:
        raise Refused("channel_shows_nothing", account=self._account)

    def outcome(self, ref: str) -> Receipt:
        raise Refused("channel_shows_nothing", account=self._account)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        return None

    def withdraw(self, ref: str) -> None:
        """Nothing of ours is up there."""

    def send(self, message: Message, *, key: str) -> Receipt:
        raise Refused("channel_says_nothing", account=self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None
