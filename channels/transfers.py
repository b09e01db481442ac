"""Transfers (客户接替): one rep's customers become another's, where they are friends.

A row first, the platform after; what it does not answer at once is asked for until it is settled.
Who looks after a customer here follows from the new friendship; decides no hand-over by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import Progress, Receipt, wait_after
from content_hub.compliance import Compliance
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, Problem
from kernel.events import Handle
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records
from stores.waiting import GOES_BACK

MOST = 100
_AGAIN, _LATER = timedelta(minutes=1), timedelta(hours=1)
_GIVEN_UP = timedelta(days=7)
_OPEN = (Progress.AWAITING_PERSON, Progress.SUBMITTED)


@runtime_checkable
class HandsOver(Protocol):
    """A channel whose customers belong to reps, and may be given to others."""

    writes_to: str

    def hand_over(
        self, giver: str, taker: str, handles: Sequence[Handle], words: str, *, resigned: bool
    ) -> Mapping[Handle, Receipt]:
        """Ask for it; by customer, whether the platform will."""
        ...

    def handed_over(self, giver: str, taker: str, *, resigned: bool) -> Mapping[Handle, Receipt]:
        """What became of everything that was asked between these two."""
        ...


class Transfer(Record, kw_only=True):
    """One customer who goes from one rep to another."""

    __tablename__ = "transfers"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("trf"))
    account: Mapped[str] = mapped_column(index=True)
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    giver: Mapped[str]
    taker: Mapped[str]
    resigned: Mapped[bool] = mapped_column(default=False)
    """Does the giver work here no more?"""
    words: Mapped[str] = mapped_column(default="")
    """What the platform says to her once it is done."""
    by: Mapped[str]
    asked: Mapped[datetime]
    progress: Mapped[str] = mapped_column(default=Progress.AWAITING_PERSON.value)
    """``awaiting_person`` until the platform took it, then ``submitted``, then its end."""
    reason: Mapped[str] = mapped_column(default="")
    settled: Mapped[datetime | None] = mapped_column(default=None)
    next_at: Mapped[datetime | None] = mapped_column(default=None, index=True, info=GOES_BACK)


class Transfers:
    """Every hand-over, and what became of it."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._clock = clock
        self._compliance = Compliance(records, changes, clock)

    def hand_over(
        self,
        account: str,
        handles: Collection[Handle],
        *,
        giver: str,
        taker: str,
        by: str,
        words: str = "",
        resigned: bool = False,
    ) -> list[Transfer]:
        """Give these customers of one rep to another. Whoever is under way already is left out.

        Raises `Conflict` for an account whose channel cannot, `Invalid` for nobody or too many.
        """
        there = self._accounts.one(account)
        if giver == taker:
            raise Invalid("taker", "named_twice")
        if said := self._compliance.barred(words):
            raise Invalid("words", "words_may_not_be_said", words=[*said])
        hers, now = self._known_there(there, handles), self._clock()
        with self._records.write(f"transfers:{there.id}") as session:
            under_way = self._under_way(session, there, giver, hers)
            made = [
                Transfer(
                    account=there.id, handle=each, giver=giver, taker=taker, resigned=resigned,
                    words=words.strip(), by=by, asked=now, next_at=now + _AGAIN,
                )
                for each in hers if each not in under_way
            ]  # fmt: skip
            session.add_all(made)
            self._changes.note(
                "handed_customers_over", "account", there.id, by=by, giver=giver, taker=taker,
                count=len(made),
            )  # fmt: skip
        if made:
            self._ask(made)
        return made

    def _known_there(self, there: Account, handles: Collection[Handle]) -> list[str]:
        """Those by which the account's platform knows customers, each once."""
        channel = self._channels.of(there)
        if not isinstance(channel, HandsOver):
            raise Conflict("channel_hands_nobody_over", account=there.code)
        hers = [
            str(each)
            for each in dict.fromkeys(handles)
            if (each.kind, each.scope) == (channel.writes_to, there.id)
        ]
        if not 1 <= len(hers) <= MOST:
            raise Invalid("customers", "too_many_names" if hers else "missing", limit=MOST)
        return hers

    @staticmethod
    def _under_way(
        session: Session, there: Account, giver: str, handles: Collection[str]
    ) -> set[str]:
        """Whom this rep is giving away already."""
        open_ = select(Transfer.handle).where(
            Transfer.account == there.id, Transfer.giver == giver,
            Transfer.progress.in_(_OPEN), Transfer.handle.in_(handles),
        )  # fmt: skip
        return set(session.scalars(open_))

    def finish(self, limit: int = 200) -> int:
        """Ask for what became of those that are open; how many were asked for."""
        due = select(Transfer).where(Transfer.next_at <= self._clock())
        with self._records.read() as session:
            waiting = list(session.scalars(due.order_by(Transfer.next_at).limit(limit)))
        pairs: dict[tuple[str, str, str, bool], list[Transfer]] = {}
        for each in waiting:
            pair = (each.account, each.giver, each.taker, each.resigned)
            pairs.setdefault(pair, []).append(each)
        for some in pairs.values():
            self._look(some)
        return len(waiting)

    def page(
        self, *, account: str = "", first: int = 20, after: str | None = None
    ) -> Page[Transfer]:
        """The newest first."""
        wanted = select(Transfer)
        if account:
            wanted = wanted.where(Transfer.account == account)
        return newest_first(self._records, wanted, Transfer.id, first=first, after=after)

    def taken_after(self, mark: str, limit: int) -> list[Transfer]:
        """Those that the platform carried out since, the first to be so first; `mark` of the last
        goes on from there."""
        done = select(Transfer).where(Transfer.progress == Progress.SHOWN.value)
        if mark:
            at, id_ = mark.split("|")
            done = done.where(
                tuple_(Transfer.settled, Transfer.id) > (datetime.fromisoformat(at), id_)
            )
        with self._records.read() as session:
            order = done.order_by(Transfer.settled, Transfer.id)
            return list(session.scalars(order.limit(limit)))

    @staticmethod
    def mark(transfer: Transfer) -> str:
        assert transfer.settled is not None  # noqa: S101 — asked for of those alone
        return f"{transfer.settled.isoformat()}|{transfer.id}"

    def _ask(self, some: Sequence[Transfer]) -> None:
        first = some[0]
        try:
            told = self._channel(first).hand_over(
                first.giver, first.taker, [Handle.parse(each.handle) for each in some],
                first.words, resigned=first.resigned,
            )  # fmt: skip
        except Problem as trouble:
            self._trouble(some, trouble)
            return
        self._note(some, told)

    def _look(self, some: Sequence[Transfer]) -> None:
        """What became of them; those that the platform never took are asked for again."""
        first = some[0]
        try:
            told = self._channel(first).handed_over(
                first.giver, first.taker, resigned=first.resigned
            )
        except Problem as trouble:
            self._trouble(some, trouble)
            return
        self._note(some, told)
        never = [
            each
            for each in some
            if Handle.parse(each.handle) not in told and each.progress == Progress.AWAITING_PERSON
        ]
        if never:
            self._ask(never)

    def _channel(self, transfer: Transfer) -> HandsOver:
        channel = self._channels.of(transfer.account)
        assert isinstance(channel, HandsOver)  # noqa: S101 — asked when it was begun
        return channel

    def _note(self, some: Sequence[Transfer], told: Mapping[Handle, Receipt]) -> None:
        now = self._clock()
        with self._records.write() as session:
            for each in some:
                kept = session.get(Transfer, each.id)
                if kept is None:
                    continue  # she was erased just now
                receipt = told.get(Handle.parse(kept.handle))
                if receipt is None:
                    receipt = Receipt(ref="", progress=Progress(kept.progress), reason=kept.reason)
                kept.progress, kept.reason = receipt.progress.value, receipt.reason
                each.progress = kept.progress
                if kept.progress not in _OPEN:
                    kept.settled, kept.next_at = now, None
                elif now - kept.asked > _GIVEN_UP:
                    kept.progress, kept.reason = Progress.EXPIRED.value, "transfer_not_answered"
                    kept.settled, kept.next_at = now, None
                else:
                    kept.next_at = now + _LATER

    def _trouble(self, some: Sequence[Transfer], trouble: Problem) -> None:
        """It was not answered, or not at all as it stands."""
        due = self._clock() + wait_after(trouble, _AGAIN)
        with self._records.write() as session:
            for each in some:
                if kept := session.get(Transfer, each.id):
                    kept.reason, kept.next_at = trouble.reason, due
