"""The keeper of mailings (合并群发管理): gathers what leaves together, reminds reps, takes back.

What goes along is marked ``sending`` a slice a transaction, each after the last question, so a
worker that is killed meanwhile leaves nothing that was begun twice: nothing has left before the
mailing is closed. Calls no platform but to remind a rep; `channels.mailings.posting` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from channels.accounts import Account, Channels
from channels.broadcasts.record import Broadcast
from channels.confirming import ask_again
from channels.deliveries import Deliveries, Delivery, Lane, State
from channels.mailings.record import Mailing, Step
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, NotFound, Problem
from stores.changes import Changes
from stores.records import Records

Judge = Callable[[Sequence[Delivery]], Mapping[str, Any]]
"""The last question about some deliveries of one account (`channels.publishing.last_question`)."""

SLICE = 200
GATHERED = declare("mailings.gathered", "a slice is marked to leave together; nothing has left")
_WAITING = (Delivery.state == State.DUE, Delivery.lane == Lane.MAILING)


class Mailings:
    """Everything that leaves together."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        deliveries: Deliveries,
        channels: Channels,
        clock: Clock,
        judge: Judge,
    ) -> None:
        self._records = records
        self._changes = changes
        self._deliveries = deliveries
        self._channels = channels
        self._clock = clock
        self._judge = judge
        self.slice = SLICE

    # gathering, a duty harmless when repeated

    def gather(self) -> int:
        """Mark a slice of what may leave together by now; says how many were looked at.

        A broadcast's mailings wait until everybody it is for by now has been asked at the gate;
        whoever gets her place later leaves with a later one.
        """
        by_now = {"now": self._clock()}
        with self._records.read() as session:
            waits = session.execute(_group(), by_now).first()
            if not waits and session.scalar(_gathered(), by_now) is None:
                return 0
        with self._records.write("mailings") as session:
            if group := session.execute(_group(), by_now).first():
                account, broadcast, rep = group
                done = self._gather_some(session, account, broadcast, rep)
            else:
                done = self._close_one(session, by_now)
        crash_point(GATHERED)
        return done

    def _gather_some(self, session: Session, account: str, broadcast: str, rep: str) -> int:
        now = self._clock()
        hers = (Delivery.account == account, Delivery.broadcast == broadcast, Delivery.rep == rep)
        waits = select(Delivery).where(*_WAITING, *hers, Delivery.next_at <= now)
        mailing = self._open(session, account, broadcast, rep)
        room = min(self.slice, self._most(account) - mailing.size)
        due = session.scalars(
            waits.order_by(Delivery.id).limit(room).with_for_update(skip_locked=True)
        ).all()
        told = _alike(mailing, due, self._judge(due)) if due else {}
        mailing.size += self._deliveries.mark_mailed(session, due, told, mailing.id)
        if mailing.size:
            session.add(mailing)
            full = mailing.size >= self._most(account)
            if full or len(told) < len(due) or session.scalar(waits.limit(1)) is None:
                mailing.closed = mailing.next_at = now
        return len(due)

    def _close_one(self, session: Session, by_now: Mapping[str, datetime]) -> int:
        """What waited to go along was cancelled: it leaves with whom it has."""
        mailing = session.scalar(_gathered().with_for_update(skip_locked=True), by_now)
        if mailing is None:
            return 0
        mailing.closed = mailing.next_at = by_now["now"]
        return 1

    def _open(self, session: Session, account: str, broadcast: str, rep: str) -> Mailing:
        """The one that is being gathered, or a new one."""
        there = select(Mailing).where(
            Mailing.account == account, Mailing.broadcast == broadcast, Mailing.rep == rep,
            Mailing.closed.is_(None), Mailing.over.is_(None),
        )  # fmt: skip
        mailing = session.scalar(there.limit(1).with_for_update())
        return mailing or Mailing(
            account=account, broadcast=broadcast, rep=rep, made=self._clock()
        )  # fmt: skip

    def _most(self, account: str) -> int:
        limits = self._channels.of(account).capabilities.at(self._clock())
        return limits.mailed_at_once

    # acts

    def remind(self, key: str, *, by: str) -> Mailing:
        """Ask the rep once more. Raises `Conflict` if nothing waits for her, `Busy` if the
        platform lets her be."""
        mailing = self.one(key)
        if mailing.step is not Step.AWAITING_PERSON:
            raise Conflict("nobody_to_remind", delivery=key)
        ask_again(self._records, self._changes, self._channels, "mailing", mailing, by=by)
        return mailing

    def cancel(self, key: str, *, by: str) -> Mailing:
        """Take it back from the rep: whoever has it by then keeps it. Twice does no harm."""
        with self._records.write() as session:
            mailing = session.get(Mailing, key, with_for_update=True)
            if mailing is None:
                raise NotFound("mailing", key)
            if mailing.over is not None:
                raise Conflict("mailing_is_over")
            if mailing.cancelled is None:
                mailing.cancelled, mailing.by, mailing.next_at = self._clock(), by, self._clock()
                self._changes.note(
                    "cancelled_mailing", "mailing", mailing.id, by=by, account=mailing.account,
                    rep=mailing.rep,
                )  # fmt: skip
        return mailing

    # questions

    def one(self, key: str) -> Mailing:
        with self._records.read() as session:
            if found := session.get(Mailing, key):
                return found
        raise NotFound("mailing", key)

    def of_broadcasts(self, keys: Collection[str]) -> dict[str, list[Mailing]]:
        """By broadcast, in the order in which they were made."""
        told: dict[str, list[Mailing]] = {key: [] for key in keys}
        for each in self._where(Mailing.broadcast.in_(keys)):
            told[each.broadcast].append(each)
        return told

    def states(self, keys: Collection[str]) -> dict[str, Counter[str]]:
        """By mailing, how many of its deliveries are in which state."""
        counted = select(Delivery.mailing, Delivery.state, func.count()).where(
            Delivery.mailing.in_(keys)
        )
        told: dict[str, Counter[str]] = {key: Counter() for key in keys}
        with self._records.read() as session:
            grouped = counted.group_by(Delivery.mailing, Delivery.state)
            for key, state, n in session.execute(grouped):
                told[key][state] = n
        return told

    def _where(self, *which: ColumnElement[bool]) -> list[Mailing]:
        with self._records.read() as session:
            return list(session.scalars(select(Mailing).where(*which).order_by(Mailing.id)))


def _alike(mailing: Mailing, due: Sequence[Delivery], told: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was edited meanwhile: that leaves with the next one."""
    kept: dict[str, Any] = {}
    for each in due:
        said = told[each.id]
        if isinstance(said, Problem):
            kept[each.id] = said
            continue
        if not mailing.size and not any(not isinstance(v, Problem) for v in kept.values()):
            mailing.number = said.number
        if said.number == mailing.number:
            each.number, kept[each.id] = said.number, said
    return kept


# Asked every second of a worker's life: each is put together once.
_NOW: BindParameter[datetime] = bindparam("now")


def _still_asked(account: Any, broadcast: Any) -> Any:
    """Somebody it is for by now has not been asked at the gate. Naming the account has it looked
    for in the account's queue, instead of among all that a broadcast ever sent."""
    other = aliased(Delivery)
    return exists().where(
        other.account == account, other.broadcast == broadcast, other.state == State.DUE,
        other.lane == Lane.GATED, other.next_at <= _NOW,
    )  # fmt: skip


@cache
def _group() -> Select[str, str, str]:
    """Account, broadcast and rep of what has waited longest."""
    return (
        select(Delivery.account, Delivery.broadcast, Delivery.rep)
        .join(Account, Account.id == Delivery.account)
        .join(Broadcast, Broadcast.id == Delivery.broadcast)
        .where(*_WAITING, Delivery.next_at <= _NOW, Account.paused_at.is_(None))
        .where(Broadcast.complete.is_not(None) | Broadcast.cancelled.is_not(None))
        .where(~_still_asked(Delivery.account, Delivery.broadcast))
        .order_by(Delivery.next_at, Delivery.id)
        .limit(1)
    )


@cache
def _gathered() -> Select[Mailing]:
    """One that is being gathered, though nobody is left who could go along."""
    waits = exists().where(
        Delivery.broadcast == Mailing.broadcast, Delivery.account == Mailing.account,
        Delivery.rep == Mailing.rep, *_WAITING, Delivery.next_at <= _NOW,
    )  # fmt: skip
    return (
        select(Mailing)
        .where(Mailing.closed.is_(None), Mailing.over.is_(None))
        .where(~waits, ~_still_asked(Mailing.account, Mailing.broadcast))
        .limit(1)
    )
