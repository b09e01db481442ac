"""Access tokens (接口凭证): kept sealed in a row, fetched by one process at a time.

Fetched 300 s before the old one ends. When a platform says that a token is no longer good, the
first to notice fetches another and the rest take that one. Knows no API but by the function given.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Sealer
from channels.base import Busy
from kernel.clock import Clock
from kernel.errors import Overloaded
from kernel.ids import new_id
from stores.claims import Leases
from stores.records import Record, Records

EARLY = timedelta(seconds=300)
_LEASE = 30.0
_WAIT = 0.05


class AccessToken(Record, kw_only=True):
    """The token that an account's calls are signed in with."""

    __tablename__ = "access_tokens"

    account: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(repr=False)
    expires: Mapped[datetime]
    fetched: Mapped[datetime]


Fetch = Callable[[bool], tuple[str, float]]
"""Asks the platform for a token and how many seconds it lives; true forces a new one."""


class Tokens:
    """Every account's token."""

    def __init__(self, records: Records, leases: Leases, sealer: Sealer, clock: Clock) -> None:
        self._records = records
        self._leases = leases
        self._sealer = sealer
        self._clock = clock
        self._at_hand: dict[str, tuple[str, datetime]] = {}
        """What this process used last; that another one replaced it is found out by failing."""

    def one(self, account: str, fetch: Fetch, *, not_this: str = "") -> str:
        """A token that should be good, and is not the one that just failed.

        Raises what ``fetch`` raises, and `Busy` if somebody else has been fetching for too long, or
        our own records are away: what it is for has not left.
        """
        try:
            return self._one(account, fetch, not_this)
        except Overloaded as away:
            raise Busy("records_were_away", seconds=away.seconds) from away

    def _one(self, account: str, fetch: Fetch, not_this: str) -> str:
        me = new_id("tok")
        for _ in range(int(_LEASE / _WAIT)):
            if kept := self._kept(account, not_this):
                return kept
            with self._leases.held(f"token:{account}", me, _LEASE) as lease:
                if lease is not None:
                    return self._kept(account, not_this) or self._fetch(account, fetch, not_this)
            threading.Event().wait(_WAIT)
        raise Busy("token_is_being_fetched", seconds=1)

    def _kept(self, account: str, not_this: str) -> str | None:
        now = self._clock()
        token, good_until = self._at_hand.get(account, ("", now))
        if token and token != not_this and now < good_until:
            return token
        with self._records.read() as session:
            row = session.get(AccessToken, account)
        if row is None or row.expires - EARLY <= now:
            return None
        token = self._sealer.open(row.sealed, account)
        if token == not_this:
            return None
        self._at_hand[account] = (token, row.expires - EARLY)
        return token

    def _fetch(self, account: str, fetch: Fetch, not_this: str) -> str:
        """The stable interface answers the same token while it lives: if that one is said to be
        bad, a new one is forced, which it allows 20 times a day."""
        token, seconds = fetch(False)
        if token == not_this:
            token, seconds = fetch(True)
        now = self._clock()
        row = AccessToken(
            account=account, sealed=self._sealer.seal(token, account), fetched=now,
            expires=now + max(timedelta(seconds=seconds), EARLY + timedelta(seconds=30)),
        )  # fmt: skip
        with self._records.write() as session:
            session.merge(row)
        return token
