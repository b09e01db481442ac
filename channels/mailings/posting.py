"""Posting mailings (合并群发投递): the call for all of them, and what came of each.

The platform's number of a mailing is kept before its deliveries are told apart, so that a worker
killed between the two makes no second task: it asks for the outcomes. One killed before looks for
the task there. Whoever works on a mailing carries the fence of her lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select

from channels.accounts import Account, Accounts, Channels
from channels.base import Busy, Mailed, Mails, Message, Progress, Receipt, Refused, Unanswered
from channels.broadcasts.record import Broadcast
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, State
from channels.deliveries.retries import Retries
from channels.mailings.record import Mailing
from content_hub.materials import Materials
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded, Problem
from kernel.events import Handle
from stores.records import Records

LEASE = timedelta(seconds=60)
SLICE = 200
ASKED = declare("mailings.asked", "the platform made a task for many; its number is not kept")
KEPT = declare("mailings.kept", "the task's number is kept; its deliveries know nothing of it")
TOLD = declare("mailings.told", "a slice of a mailing's deliveries is told apart")
_OPEN = (State.SENDING, State.AWAITING_PERSON)
_AWAITED = Receipt(ref="", progress=Progress.AWAITING_PERSON)

Against = Callable[[Mapping[str, tuple[str, str, str]], Account], Mapping[str, Problem]]
"""What speaks against some deliveries by now (`channels.publishing.LastQuestion`)."""


class MailPost:
    """Between mailings and platforms."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        accounts: Accounts,
        channels: Channels,
        deliveries: Deliveries,
        courier: Courier,
        composer: Composer,
        materials: Materials,
        against: Against,
    ) -> None:
        self._records = records
        self._against = against
        self._clock = clock
        self._accounts = accounts
        self._channels = channels
        self._deliveries = deliveries
        self._courier = courier
        self._composer = composer
        self._materials = materials
        self._retries = Retries()
        self.slice = SLICE

    def run(self) -> int:
        """Do what is due about one mailing; 0 if nothing was. Harmless when repeated."""
        mailing = self._lease()
        if mailing is None:
            return 0
        try:
            channel = self._channels.of(mailing.account)
            self._courier.admit(mailing.account)
        except Overloaded:
            raise
        except Problem as trouble:
            self._later(mailing, self._wait(mailing, trouble))
            return 1
        if isinstance(channel, Mails) and mailing.ref is None:
            self._post(mailing, channel, channel.longest_review)
        elif isinstance(channel, Mails):
            self._look(mailing, channel)
        else:
            self._park(mailing, Refused("channel_says_nothing", account=mailing.account))
        return 1

    def _lease(self) -> Mailing | None:
        now = self._clock()
        with self._records.read() as session:
            if session.scalar(_due(now).with_only_columns(Mailing.id)) is None:
                return None
        with self._records.write() as session:
            mailing = session.scalar(_due(now).with_for_update(skip_locked=True, of=Mailing))
            if mailing is not None:
                mailing.fence, mailing.lease_until = mailing.fence + 1, now + LEASE
                if session.get_one(Broadcast, mailing.broadcast).cancelled is not None:
                    mailing.cancelled = mailing.cancelled or now
        return mailing

    # the call

    def _post(self, mailing: Mailing, channel: Mails, review: timedelta) -> None:
        to, ended = self._recipients(mailing), self._ended(mailing)
        if not to or (ended is not None and mailing.asked is None):
            self._end(mailing, ended)
            return
        doubted = mailing.asked
        try:
            message = self._message(mailing, to[0])
            told = None
            if doubted is not None:
                told = self._courier.heard(
                    mailing.account,
                    lambda: channel.find_mailing(message, to, key=mailing.id, since=doubted),
                )
                if told is None and (left := doubted + review - self._clock()) > timedelta():
                    self._later(mailing, min(left, self._patience(mailing)))
                    return
            if told is None and ended is None:
                told = self._ask(mailing, channel, message)
        except Overloaded:
            raise
        except Problem as trouble:
            self._trouble(mailing, trouble, doubted)
            return
        crash_point(ASKED)
        if told is not None:
            self._keep(mailing, told)
        elif ended is not None:
            self._end(mailing, ended)

    def _ask(self, mailing: Mailing, channel: Mails, message: Message) -> Mailed | None:
        """Make the task; None if somebody else works on it by now, or nobody is left in it."""
        self._leave_out(mailing)
        if not (to := self._recipients(mailing)):
            self._end(mailing, None)
            return None
        if not self._change(mailing, asked=self._clock(), attempts=mailing.attempts + 1):
            return None
        return self._courier.heard(
            mailing.account, lambda: channel.mail(message, to, key=mailing.id)
        )

    def _leave_out(self, mailing: Mailing) -> None:
        """The last question once more, a slice a transaction: between a place in a mailing and its
        leaving an account may rest for days."""
        account = self._accounts.one(mailing.account)
        asked = select(Delivery.id, Delivery.target, Delivery.purpose, Delivery.material).where(
            Delivery.mailing == mailing.id, Delivery.state == State.SENDING
        ).order_by(Delivery.id)  # fmt: skip
        with self._records.read() as session:
            going = {key: (who, what, of) for key, who, what, of in session.execute(asked)}
        keys = list(going)
        for begin in range(0, len(keys), self.slice):
            with self._records.write():
                some = {key: going[key] for key in keys[begin : begin + self.slice]}
                against = self._against(some, account)
                self._deliveries.note_mailed(
                    mailing.id,
                    {
                        key: Receipt(ref="", progress=Progress.WITHDRAWN, reason=no.reason)
                        for key, no in against.items()
                    },
                )

    def _trouble(self, mailing: Mailing, trouble: Problem, doubted: datetime | None) -> None:
        """It did not go out, or nobody knows."""
        if isinstance(trouble, Unanswered) or (doubted is not None and isinstance(trouble, Busy)):
            self._later(mailing, self._wait(mailing, trouble))
        elif isinstance(trouble, Busy):
            since = self._clock() - (mailing.closed or mailing.made)
            if self._retries.worn_out(mailing.attempts, since):
                self._park(mailing, trouble)
            else:
                wait = self._retries.wait(mailing.attempts, trouble.seconds)
                self._change(mailing, asked=None, next_at=self._clock() + wait, lease_until=None)
        elif self._accounts.one(mailing.account).paused_at is not None:  # it signed us out
            self._change(mailing, asked=None, next_at=self._clock(), lease_until=None)
        else:
            self._park(mailing, trouble)

    def _message(self, mailing: Mailing, first: Handle) -> Message:
        """What all of them are told: the same, but for whom it is to."""
        of_it = select(Delivery).where(Delivery.mailing == mailing.id).limit(1)
        with self._records.read() as session:
            delivery = session.scalars(of_it).one()
        material = self._materials.one(delivery.material) if delivery.material else None
        return self._composer.message(
            material, self._accounts.one(mailing.account), first, delivery.words, mailing.rep,
            delivery.purpose, shared=True,
        )  # fmt: skip

    def _recipients(self, mailing: Mailing) -> list[Handle]:
        going = select(Delivery.target).where(
            Delivery.mailing == mailing.id, Delivery.state == State.SENDING
        )
        with self._records.read() as session:
            return [Handle.parse(each) for each in session.scalars(going.order_by(Delivery.id))]

    # what came of it

    def _keep(self, mailing: Mailing, told: Mailed) -> None:
        """Its number first, with whom the platform did not take; then each of the others."""
        refused = {
            key: receipt
            for key, value in self._open_of(mailing)
            if (receipt := told.receipts.get(value)) and receipt.progress is Progress.REFUSED
        }
        with self._records.write():
            if not self._change(mailing, ref=told.ref, next_at=self._clock()):
                return
            self._deliveries.note_mailed(mailing.id, dict(list(refused.items())[: self.slice]))
        crash_point(KEPT)
        self._tell(mailing, told.receipts)
        self._later(mailing, timedelta(seconds=1))

    def _look(self, mailing: Mailing, channel: Mails) -> None:
        """How far has each got? What nobody wants any more is taken back first."""
        ended = self._ended(mailing)
        ref = mailing.ref or ""
        try:
            if ended is not None:
                self._courier.heard(mailing.account, lambda: channel.withdraw(ref))
            told = self._courier.heard(mailing.account, lambda: channel.mailed(ref))
        except Overloaded:
            raise
        except Problem as trouble:
            self._later(mailing, self._wait(mailing, trouble))
            return
        self._tell(mailing, told)
        if ended is not None:
            self._end(mailing, ended)
        elif self._open_of(mailing):
            self._later(mailing, self._patience(mailing))
        else:
            self._change(mailing, over=self._clock(), next_at=None, lease_until=None)

    def _ended(self, mailing: Mailing) -> Receipt | None:
        """What becomes of whoever has not got it, if its time is over."""
        with self._records.read() as session:
            broadcast = session.get(Broadcast, mailing.broadcast)
        if mailing.cancelled is not None or (broadcast and broadcast.cancelled is not None):
            return Receipt(ref="", progress=Progress.WITHDRAWN, reason="mailing_taken_back")
        expires = broadcast.expires if broadcast else None
        if expires is not None and expires <= self._clock():
            return Receipt(ref="", progress=Progress.EXPIRED, reason="its_time_went_by")
        return None

    def _tell(self, mailing: Mailing, told: Mapping[str, Receipt]) -> None:
        """Each delivery what came of it, a slice a transaction; who is not named awaits her."""
        self._note(mailing, {k: told.get(v, _AWAITED) for k, v in self._open_of(mailing)})

    def _end(self, mailing: Mailing, receipt: Receipt | None) -> None:
        """Whoever has not got it by now never does."""
        if receipt is not None:
            self._note(mailing, {key: receipt for key, _ in self._open_of(mailing)})
        self._change(mailing, over=self._clock(), next_at=None, lease_until=None)

    def _note(self, mailing: Mailing, told: Mapping[str, Receipt]) -> None:
        keys = list(told)
        for begin in range(0, len(keys), self.slice):
            some = {key: told[key] for key in keys[begin : begin + self.slice]}
            self._deliveries.note_mailed(mailing.id, some)
            crash_point(TOLD)

    def _park(self, mailing: Mailing, trouble: Problem) -> None:
        """It will not work by itself: a person reads why at each of them."""
        while self._deliveries.park_mailed(mailing.id, trouble, limit=self.slice):
            pass
        self._change(mailing, over=self._clock(), next_at=None, lease_until=None)

    def _open_of(self, mailing: Mailing) -> list[tuple[str, str]]:
        """Its deliveries that are not settled, each with the value of its handle."""
        hers = select(Delivery.id, Delivery.target).where(
            Delivery.mailing == mailing.id, Delivery.state.in_(_OPEN)
        )
        with self._records.read() as session:
            rows = session.execute(hers.order_by(Delivery.id)).all()
        return [(key, Handle.parse(target).value) for key, target in rows]

    # its row

    def _change(self, mailing: Mailing, **values: object) -> bool:
        """Write these down, if the lease still stands."""
        with self._records.write() as session:
            kept = session.get(Mailing, mailing.id, with_for_update=True, populate_existing=True)
            if kept is None or kept.fence != mailing.fence:
                return False
            for name, value in values.items():
                setattr(kept, name, value)
        return True

    def _later(self, mailing: Mailing, wait: timedelta) -> None:
        self._change(mailing, next_at=self._clock() + wait, lease_until=None)

    def _patience(self, mailing: Mailing) -> timedelta:
        """Ask often at first and seldom later: a quarter of its age, 1 s to 5 min."""
        age = self._clock() - (mailing.asked or mailing.made)
        return min(max(age / 4, timedelta(seconds=1)), timedelta(minutes=5))

    def _wait(self, mailing: Mailing, trouble: Problem) -> timedelta:
        asked = trouble.seconds if isinstance(trouble, Busy) else 0
        return timedelta(seconds=asked) if asked else self._patience(mailing)


def _due(now: datetime) -> Select[Mailing]:
    """The one to be worked on next, if any. A lease further off than any lasts was given by a clock
    that has been put back, and holds nobody up."""
    until = Mailing.lease_until
    free = or_(until.is_(None), until <= now, until > now + 2 * LEASE)
    stopped = Broadcast.cancelled.is_not(None)
    return (
        select(Mailing)
        .join(Account, Account.id == Mailing.account)
        .join(Broadcast, Broadcast.id == Mailing.broadcast)
        .where(Mailing.over.is_(None), Mailing.closed.is_not(None), free)
        .where(Account.paused_at.is_(None))
        .where(or_(Mailing.next_at <= now, stopped & Mailing.cancelled.is_(None)))
        .order_by(Mailing.next_at, Mailing.id)
        .limit(1)
    )
