"""Grants (创作者授权): that a creator lets us act on her account, until when, and its renewals.

She grants it on the platform; the code that comes back is changed into two tokens, kept sealed.
The short one is refreshed by the long one, the long one renewed five times at most: then she is
asked again. Calls no platform.
"""

import secrets
from collections.abc import Callable
from dataclasses import field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.accounts import Sealer
from channels.base import Busy, SignedOut
from kernel.clock import Clock
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.secret import Secret
from kernel.values import dataclass
from stores.changes import Changes
from stores.claims import Leases
from stores.records import Record, Records

ASKED_FOR = timedelta(minutes=10)
"""So long she may take to say yes."""
RENEWALS = 5
_REFRESHING = 30.0
"""Seconds that one process may take to refresh a token before another does."""


class CreatorGrant(Record, kw_only=True):
    """What one account's creator granted last."""

    __tablename__ = "creator_grants"

    account: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[str] = mapped_column(default="", repr=False)
    """What the answer must carry, so that nobody slips in an account of her own."""
    asked_at: Mapped[datetime | None] = mapped_column(default=None)
    creator: Mapped[str] = mapped_column(default="")
    """The platform's id of her."""
    scopes: Mapped[str] = mapped_column(default="")
    sealed: Mapped[str] = mapped_column(default="", repr=False)
    expires: Mapped[datetime | None] = mapped_column(default=None)
    """Of the token that calls are signed in with."""
    ends: Mapped[datetime | None] = mapped_column(default=None)
    """Of the grant: then she must be asked again, unless it is renewed."""
    renewals: Mapped[int] = mapped_column(default=0)
    granted: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Two tokens as the platform hands them out."""

    creator: str
    access: Secret
    seconds: float
    refresh: Secret
    refresh_seconds: float
    scopes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What we may do, opened for a moment."""

    creator: str
    expires: datetime
    ends: datetime
    renewals: int
    access: str = field(repr=False)
    refresh: str = field(repr=False)

    @property
    def renewable(self) -> bool:
        return self.renewals < RENEWALS


class Grants:
    """What every creator granted."""

    def __init__(self, records: Records, changes: Changes, sealer: Sealer, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._sealer = sealer
        self._clock = clock
        self._leases = Leases(records, clock)

    def ask(self, account: str, *, by: str) -> str:
        """Begin to ask her; what the answer must carry. What she granted before stays."""
        word = secrets.token_urlsafe(24)
        with self._records.write(f"grant:{account}") as session:
            kept = _row(session, account)
            kept.asked, kept.asked_at = word, self._clock()
            self._changes.note("creator_asked", "account", account, by=by)
        return word

    def answered(self, word: str) -> str:
        """Whose account this answer is about; once. Raises `Conflict` if nobody was asked."""
        asked = select(CreatorGrant).where(CreatorGrant.asked == word, CreatorGrant.asked != "")
        with self._records.write() as session:
            kept = session.scalar(asked.with_for_update())
            if kept is None or (kept.asked_at or self._clock()) + ASKED_FOR < self._clock():
                raise Conflict("nobody_was_asked")
            kept.asked = ""
            return kept.account

    def keep(self, account: str, told: Granted, *, by: str) -> None:
        """She said yes."""
        now = self._clock()
        with self._records.write(f"grant:{account}") as session:
            kept = _row(session, account)
            kept.creator, kept.scopes, kept.granted, kept.renewals = (
                told.creator, told.scopes[:1_000], now, 0,
            )  # fmt: skip
            self._seal(kept, told.access.reveal(), told.refresh.reveal())
            kept.expires = now + timedelta(seconds=told.seconds)
            kept.ends = now + timedelta(seconds=told.refresh_seconds)
            self._changes.note("creator_granted", "account", account, by=by)

    def one(self, account: str) -> Grant:
        """Raises `SignedOut` if she granted nothing, took it back, or must be asked again."""
        with self._records.read() as session:
            kept = session.get(CreatorGrant, account)
        if kept is None or not kept.sealed or kept.expires is None or kept.ends is None:
            raise SignedOut("creator_must_grant", account=account)
        opened = orjson.loads(self._sealer.open(kept.sealed, account))
        return Grant(
            creator=kept.creator, expires=kept.expires, ends=kept.ends, renewals=kept.renewals,
            access=opened["access"], refresh=opened["refresh"],
        )  # fmt: skip

    def good(
        self, account: str, refresh: Callable[[Grant], object], *, not_this: str = ""
    ) -> Grant:
        """With a short token that should be good and is not the one that just failed; where there
        is none, ``refresh`` fetches and keeps one, in one process at a time. Raises `SignedOut` as
        `one` does, and `Busy` while another process fetches."""
        if self._is_good(grant := self.one(account), not_this):
            return grant
        with self._leases.held(f"grant:{account}", new_id("tok"), _REFRESHING) as lease:
            if lease is None:
                raise Busy("token_is_being_fetched", seconds=1)
            if self._is_good(grant := self.one(account), not_this):
                return grant
            refresh(grant)
        return self.one(account)

    def _is_good(self, grant: Grant, not_this: str) -> bool:
        return grant.access != not_this and grant.expires > self._clock()

    def refreshed(self, account: str, access: Secret, seconds: float) -> None:
        """A new short token; the grant ends when it did."""
        with self._records.write(f"grant:{account}") as session:
            kept = _row(session, account)
            old = orjson.loads(self._sealer.open(kept.sealed, account))
            self._seal(kept, access.reveal(), old["refresh"])
            kept.expires = self._clock() + timedelta(seconds=seconds)

    def renewed(self, account: str, refresh: Secret, seconds: float) -> None:
        """A new long token: it ends later."""
        with self._records.write(f"grant:{account}") as session:
            kept = _row(session, account)
            old = orjson.loads(self._sealer.open(kept.sealed, account))
            self._seal(kept, old["access"], refresh.reveal())
            kept.ends = self._clock() + timedelta(seconds=seconds)
            kept.renewals += 1
            self._changes.note(
                "creator_grant_renewed", "account", account, by="worker", times=kept.renewals
            )

    def revoke(self, account: str) -> None:
        """She took it back. Twice does no harm."""
        with self._records.write(f"grant:{account}") as session:
            kept = session.get(CreatorGrant, account)
            if kept is not None and kept.sealed:
                kept.sealed, kept.expires, kept.ends = "", None, None
                self._changes.note("creator_revoked", "account", account, by="platform")

    def ends(self) -> dict[str, datetime]:
        """By account, when she must be asked again at the latest."""
        with self._records.read() as session:
            kept = session.scalars(select(CreatorGrant).where(CreatorGrant.ends.is_not(None)))
            return {row.account: row.ends for row in kept if row.ends is not None}

    def _seal(self, kept: CreatorGrant, access: str, refresh: str) -> None:
        told = orjson.dumps({"access": access, "refresh": refresh}).decode()
        kept.sealed = self._sealer.seal(told, kept.account)


def _row(session: Session, account: str) -> CreatorGrant:
    kept = session.get(CreatorGrant, account)
    if kept is None:
        kept = CreatorGrant(account=account)
        session.add(kept)
    return kept
