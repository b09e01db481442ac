"""Claims (名额与租约): the one primitive behind every quota, cap, lease and fence. Never N+1.

A quota counts up to a limit; a lease is held by one for a while, and each new holder gets a higher
fence, so that one who overslept can be told apart. Knows nothing of what is claimed.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.clock import Clock
from kernel.values import dataclass
from stores.records import Record, Records


class Quota(Record, kw_only=True):
    """How much of one thing has been taken."""

    __tablename__ = "quotas"

    key: Mapped[str] = mapped_column(primary_key=True)
    taken: Mapped[int]


class LeaseRow(Record, kw_only=True):
    """Who holds one thing, until when, and under which fence."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    fence: Mapped[int]
    until: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim that ends by itself. ``fence`` only ever grows."""

    name: str
    holder: str
    fence: int
    until: datetime


class Quotas:
    """Counters with limits."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def take(self, keys: Collection[str], limit: int, count: int = 1) -> bool:
        """Take ``count`` from what the keys share, or nothing.

        The limit holds for the sum over all keys (a customer's handles); what is taken is noted
        under the first. The outermost write must have named ``quota:<key>`` for each key; alone,
        this opens one that does.
        """
        with self._records.write(*(f"quota:{key}" for key in keys)) as session:
            rows = {
                row.key: row for row in session.scalars(select(Quota).where(Quota.key.in_(keys)))
            }
            if sum(row.taken for row in rows.values()) + count > limit:
                return False
            first = next(iter(keys))
            if first in rows:
                rows[first].taken += count
            else:
                session.add(Quota(key=first, taken=count))
        return True

    def give_back(self, keys: Collection[str], count: int = 1) -> None:
        """Give back what was taken; never below nothing."""
        with self._records.write(*(f"quota:{key}" for key in keys)) as session:
            for row in session.scalars(select(Quota).where(Quota.key.in_(keys), Quota.taken > 0)):
                returned = min(count, row.taken)
                row.taken -= returned
                count -= returned
                if count == 0:
                    return

    def taken(self, keys: Collection[str]) -> int:
        with self._records.read() as session:
            return sum(session.scalars(select(Quota.taken).where(Quota.key.in_(keys))))


class Leases:
    """Claims that end by themselves."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def hold(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Hold or renew; None while somebody else does. A renewal keeps its fence."""
        with self._records.write(f"lease:{name}") as session:
            return self._held(session, session.get(LeaseRow, name), name, holder, seconds)

    def hold_all(self, names: Collection[str], holder: str, seconds: float) -> set[str]:
        """Hold or renew many in one transaction; those that nobody else holds."""
        wanted = select(LeaseRow).where(LeaseRow.name.in_(names))
        with self._records.write(*(f"lease:{name}" for name in names)) as session:
            rows = {row.name: row for row in session.scalars(wanted)}
            return {
                name for name in names
                if self._held(session, rows.get(name), name, holder, seconds) is not None
            }  # fmt: skip

    def _held(
        self, session: Session, row: LeaseRow | None, name: str, holder: str, seconds: float
    ) -> Lease | None:
        now, lasts = self._clock(), timedelta(seconds=seconds)
        until = now + lasts
        put_back = row is not None and row.until - now > 2 * lasts  # since a clock held it
        if row is None:
            row = LeaseRow(name=name, holder=holder, fence=1, until=until)
            session.add(row)
        elif row.holder == holder and row.until > now:
            row.until = until
        elif row.until > now and not put_back:
            return None
        else:
            row.holder, row.fence, row.until = holder, row.fence + 1, until
        return Lease(name, holder, row.fence, until)

    def release(self, lease: Lease) -> None:
        """Let go at once. Harmless if somebody else holds it by now."""
        with self._records.write(f"lease:{lease.name}") as session:
            row = session.get(LeaseRow, lease.name)
            if row is not None and (row.holder, row.fence) == (lease.holder, lease.fence):
                row.until = self._clock()

    @contextmanager
    def held(self, name: str, holder: str, seconds: float) -> Iterator[Lease | None]:
        """Hold it for the length of a block, if nobody else does."""
        lease = self.hold(name, holder, seconds)
        try:
            yield lease
        finally:
            if lease:
                self.release(lease)

    def live(self) -> list[Lease]:
        """Every lease that has not ended."""
        with self._records.read() as session:
            rows = session.scalars(select(LeaseRow).where(LeaseRow.until > self._clock()))
            return [Lease(row.name, row.holder, row.fence, row.until) for row in rows]
