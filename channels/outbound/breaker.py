"""The breaker (熔断): a row an account, shared by all workers. Calls nobody.

Five failures within 30 s open it; then one probe goes out every 30 s until one is answered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Busy
from kernel.clock import Clock
from stores.records import Record, Records

_FAILURES = 5
_WINDOW = timedelta(seconds=30)


class Breaker(Record, kw_only=True):
    """How an account's platform has been answering lately."""

    __tablename__ = "breakers"

    account: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    shut_until: Mapped[datetime | None] = mapped_column(default=None)


class Breakers:
    """Keeps workers from waiting for platforms that are out of order."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def admit(self, account: str) -> None:
        """Raises `Busy` while it is open. Half-open it lets one through and shuts behind it."""
        now = self._clock()
        with self._records.read() as session:
            known = session.get(Breaker, account)
            if known is None or known.shut_until is None:
                return
        with self._records.write() as session:
            row = session.get(Breaker, account, with_for_update=True)
            if row is None or row.shut_until is None:
                return
            if now < row.shut_until:
                wait = (row.shut_until - now).total_seconds()
                raise Busy("platform_out_of_order", seconds=wait)
            row.shut_until = now + _WINDOW

    def failed(self, account: str, *, weight: int = 1) -> None:
        """No answer, or one that says the platform is out of order. A call that hung weighs more
        than one refused at once: fewer of them fit into the window."""
        now = self._clock()
        with self._records.write(f"breaker:{account}") as session:
            row = session.get(Breaker, account)
            if row is None:
                row = Breaker(account=account, since=now)
                session.add(row)
            if row.shut_until is None and now - row.since > _WINDOW:
                row.failures, row.since = 0, now
            row.failures += weight
            if row.failures >= _FAILURES:
                row.shut_until = now + _WINDOW

    def answered(self, account: str) -> None:
        """It answered, whatever it said."""
        with self._records.read() as session:
            if session.get(Breaker, account) is None:
                return
        with self._records.write(f"breaker:{account}") as session:
            if row := session.get(Breaker, account):
                session.delete(row)

    def shut(self) -> dict[str, datetime]:
        """By account, until when its platform is taken to be out of order."""
        with self._records.read() as session:
            rows = session.query(Breaker).where(Breaker.shut_until.is_not(None))
            return {row.account: row.shut_until for row in rows if row.shut_until is not None}

    def open(self) -> list[str]:
        """The accounts whose platforms are taken to be out of order."""
        with self._records.read() as session:
            return sorted(
                row.account for row in session.query(Breaker).where(Breaker.shut_until.is_not(None))
            )
