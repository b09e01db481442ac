"""Renewing (授权续期): every creator's grant is renewed ahead of its end, and she is told in time.

One that cannot be renewed any more pauses its account only when it has ended; until then the page
about accounts shows how long it lives.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from channels.accounts import Accounts, Channels
from channels.base import SignedOut
from kernel import logs
from kernel.errors import Problem


@runtime_checkable
class Renews(Protocol):
    """A channel whose right to act ends by itself."""

    def renew(self) -> bool:
        """Was there anything to renew? `SignedOut` if a person must say yes again."""
        ...


class Renewing:
    """The walk over all accounts."""

    def __init__(self, accounts: Accounts, channels: Channels) -> None:
        self._accounts = accounts
        self._channels = channels

    def run(self) -> int:
        """How many were renewed. Doing it twice does no harm."""
        renewed = 0
        for account in self._accounts.all():
            if account.paused:
                continue
            try:
                channel = self._channels.of(account)
                renewed += isinstance(channel, Renews) and channel.renew()
            except SignedOut as over:
                self._accounts.pause(account.id, over.reason, by="worker")
            except Problem as later:
                logs.info("not_renewed", account=account.id, why=later.reason)
        return renewed
