"""Health (账号健康): how each account stands with its platform, for whoever looks after it.

Token, breaker, rate and quota, how far behind the outbox is, when the platform last called back.
Everything is read from what others keep; only the last callback is kept here. Calls no platform.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.deliveries import Deliveries, State
from channels.deliveries.record import STUCK
from channels.outbound import Breakers
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Problem
from kernel.values import dataclass
from stores.records import Record, Records, upsert

_OFTEN = timedelta(seconds=10)
"""A callback is noted no oftener, so that a burst of them costs one write."""
_SOON = timedelta(minutes=5)
Expiries = Callable[[], Mapping[str, datetime]]
"""By account, when the token that its calls are signed in with ends."""


class Heard(Record, kw_only=True):
    """When an account's platform called back last."""

    __tablename__ = "callbacks_heard"

    account: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """How one account stands at a moment."""

    account: Account
    usable: bool
    """Its settings and secrets are whole and can be opened."""
    token_until: datetime | None
    shut_until: datetime | None
    """Until when its platform is taken to be out of order."""
    heard: datetime | None
    waiting: timedelta
    """How long the oldest delivery that could go has been waiting."""
    counts: Mapping[str, int]
    """Deliveries by state."""
    said: int
    """Messages to single persons today."""
    most: int | None
    """How many of them the platform allows a day; None if it names no number."""

    @property
    def stuck(self) -> int:
        return sum(n for state, n in self.counts.items() if state in STUCK)

    @property
    def left(self) -> int | None:
        return None if self.most is None else max(0, self.most - self.said)

    @property
    def state(self) -> str:
        """``paused``, ``unusable``, ``out_of_order``, ``behind`` or ``well``: the worst of it."""
        if self.account.paused:
            return "paused"
        if not self.usable:
            return "unusable"
        if self.shut_until is not None:
            return "out_of_order"
        return "behind" if self.waiting > _SOON else "well"


class Health:
    """How all accounts stand."""

    def __init__(
        self,
        records: Records,
        accounts: Accounts,
        channels: Channels,
        deliveries: Deliveries,
        breakers: Breakers,
        clock: Clock,
        *,
        zone: Zone,
        expiries: Expiries = dict,
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._channels = channels
        self._deliveries = deliveries
        self._breakers = breakers
        self._clock = clock
        self._zone = zone
        self._expiries = expiries
        self._noted: dict[str, datetime] = {}

    def is_news(self, account: str) -> bool:
        """Is it some time since it was noted that its platform called back?"""
        noted = self._noted.get(account)
        return noted is None or self._clock() - noted >= _OFTEN

    def heard(self, account: str) -> None:
        """Its platform called back. Most of the time this costs nothing."""
        if not self.is_news(account):
            return
        now = self._clock()
        with self._records.write() as session:
            upsert(session, Heard, [{"account": account, "at": now}])
        self._noted[account] = now

    def all(self) -> Sequence[Signs]:
        """Every account, whichever needs somebody first."""
        now = self._clock()
        tokens, shut = self._expiries(), self._breakers.shut()
        overdue = self._deliveries.overdue()
        midnight = self._zone.at(self._zone.day(now))
        said = self._deliveries.said_since(midnight)
        counts: dict[str, dict[str, int]] = {}
        for (account, state), n in self._deliveries.tally().items():
            counts.setdefault(account, {})[state] = n
        with self._records.read() as session:
            heard = {each.account: each.at for each in session.scalars(select(Heard))}
        signs = [
            Signs(
                account=account, usable=self._usable(account), token_until=tokens.get(account.id),
                shut_until=shut.get(account.id), heard=heard.get(account.id),
                waiting=max(timedelta(), now - overdue.get(account.id, now)),
                counts=counts.get(account.id, {}), said=said.get(account.id, 0),
                most=self._most(account),
            )
            for account in self._accounts.all()
        ]  # fmt: skip
        return sorted(signs, key=lambda each: (_WORST.index(each.state), each.account.id))

    def _usable(self, account: Account) -> bool:
        try:
            self._channels.of(account)
        except Problem:
            return False
        return True

    def _most(self, account: Account) -> int | None:
        """The company's own number, if it set one, or what the platform is known to allow."""
        own = account.settings.get("messages_a_day")
        if own is not None:
            return int(own)
        try:
            limits = self._channels.of(account).capabilities.at(self._clock())
        except Problem:
            return None
        return limits.messages_a_day


_WORST = ("paused", "unusable", "out_of_order", "behind", "well")
SHOWN = (
    State.DUE, State.SENDING, State.SUBMITTED, State.AWAITING_PERSON, State.UNKNOWN, State.PARKED,
    State.REFUSED,
)  # fmt: skip
"""The states that a strip shows: everything that is not over."""
