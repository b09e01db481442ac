"""The breaker (熔断): a row an account, shared by all workers. Calls nobody.

Five failures within 30 s and no answer for a second open it: what answers most calls is not out of
order. Then one probe goes out every 30 s until one is answered.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Busy
from kernel.clock import Clock
from stores.records import Record, Records

_FAILURES = 5
_ABREAST = 8
"""Calls side by side to an account that answers."""
_WINDOW = timedelta(seconds=30)
_SILENT = timedelta(seconds=1)
_SHUT = "SELECT 1 FROM breakers WHERE account = ? AND shut_until IS NOT NULL"
_FAILED = "SELECT 1 FROM breakers WHERE account = ? AND failures > 0"


class Breaker(Record, kw_only=True):
    """How an account's platform has been answering lately."""

    __tablename__ = "breakers"

    account: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    """When it answered last, to the half second, or shortly before it first failed."""
    shut_until: Mapped[datetime | None] = mapped_column(default=None)


class Breakers:
    """Keeps workers from waiting for platforms that are out of order."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._well: dict[str, datetime] = {}
        """Until when an account's answers are no news here."""

    def admit(self, account: str) -> None:
        """Raises `Busy` while it is open. Half-open it lets one through and shuts behind it."""
        if not self._records.rows(_SHUT, [account]):
            return
        now = self._clock()
        with self._records.write() as session:
            row = session.get(Breaker, account, with_for_update=True)
            if row is None or row.shut_until is None:
                return
            wait = row.shut_until - now
            if timedelta() < wait <= 2 * _WINDOW:  # further off is of a clock that was put back
                raise Busy("platform_out_of_order", seconds=wait.total_seconds())
            row.shut_until = now + _WINDOW

    def room(self, account: str) -> int:
        """How many calls may be made side by side: after one that was lost, one at a time."""
        return 1 if self._records.rows(_FAILED, [account]) else _ABREAST

    def failed(self, account: str, *, weight: int = 1) -> None:
        """No answer, or one that says the platform is out of order. A call that hung weighs more
        than one refused at once: fewer of them fit into the window. Alone, or in a write that
        names `guard`."""
        now = self._clock()
        self._well.pop(account, None)
        with self._records.write(guard(account)) as session:
            row = session.get(Breaker, account)
            if row is None:
                row = Breaker(account=account, since=now - _SILENT)
                session.add(row)
            if row.shut_until is None and abs(now - row.since) > _WINDOW:
                row.failures, row.since = 0, now - _SILENT
            row.failures += weight
            if row.failures >= _FAILURES and now - row.since >= _SILENT:
                row.shut_until = now + _WINDOW

    def answered(self, account: str) -> None:
        """It answered, whatever it said. Alone, or in a write that names `guard`."""
        now = self._clock()
        if now < self._well.get(account, now):
            return
        with self._records.read() as session:
            row = session.get(Breaker, account)
        if row is None or (_well(row) and now - row.since < _SILENT / 2):
            self._well[account] = now + _SILENT / 4
            return
        with self._records.write(guard(account)) as session:
            if row := session.get(Breaker, account):
                row.failures, row.shut_until, row.since = 0, None, now

    def shut(self) -> dict[str, datetime]:
        """By account, until when its platform is taken to be out of order."""
        with self._records.read() as session:
            rows = session.query(Breaker).where(Breaker.shut_until.is_not(None))
            return {row.account: row.shut_until for row in rows if row.shut_until is not None}

    def open(self) -> list[str]:
        """The accounts whose platforms are taken to be out of order."""
        return sorted(self.shut())


def guard(account: str) -> str:
    """What a write that tells a breaker something must name."""
    return f"breaker:{account}"


def _well(row: Breaker) -> bool:
    return row.failures == 0 and row.shut_until is None
