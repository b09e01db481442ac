"""Settling (落定): what came of a call is written down, and what is under way is looked after.

Whoever was called carries the fence of its mark, so a worker that overslept changes nothing; what
callbacks tell is held against what is known, so that older news never overwrites newer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from channels.base import Busy, Progress, Receipt
from channels.deliveries.claiming import Claiming, lend, picked, plain
from channels.deliveries.record import Delivery, State, overtakes
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, Problem
from stores import bulk
from stores.records import in_transaction
from stores.spelling import marks, moment, spelled, unpacked

POISON = 3
"""A delivery whose worker died this often in a row is set aside."""
_AT_ONCE = 20

NOTING = declare("deliveries.noting", "the platform answered; nothing is written yet")
NOTED = declare("deliveries.noted", "the answer is written and committed")


class Settling(Claiming):
    """What became of it."""

    def note(self, delivery: Delivery, receipt: Receipt) -> bool:
        """Write down the platform's answer. False for a worker whose lease was given away."""
        with self.at_once([delivery]):
            return bool(self.note_all([(delivery, receipt)]))

    def note_all(self, answers: Sequence[tuple[Delivery, Receipt]]) -> int:
        """The same for some, within `at_once`; how many leases still stood."""
        crash_point(NOTING)
        with self._records.part() as session:
            news, known = [], []
            for delivery, receipt in answers:
                if (kept := self._mine(session, delivery)) is None:
                    continue
                if overtakes(receipt.progress, kept.progress):
                    news.append((kept, receipt))
                else:
                    known.append(kept)
                    del session.info[_LENT][kept.id]  # all the rest was told by somebody else
            self._take_in(news)
            bulk.change(session, Delivery, [picked(each, _LET_GO) for each in known])
        return len(news) + len(known)

    @contextmanager
    def at_once(self, called: Sequence[Delivery], *about: str) -> Iterator[None]:
        """What is written of these in this block is one transaction and one statement. Of their
        rows only that is read which others may have written since they were marked."""
        with self._records.write(*about) as session:
            before, lent = session.info.get(_LENT, {}), self._lent(called)
            session.info[_LENT] = lent
            try:
                yield
            finally:
                session.info[_LENT] = before
            settled = [each for each in lent.values() if each.lease_until is None]
            bulk.change(session, Delivery, [picked(each, _SETTLED) for each in settled])
        if not in_transaction():
            crash_point(NOTED)

    def _lent(self, called: Sequence[Delivery]) -> dict[str, Delivery]:
        """Those whose leases still stand, as they are now."""
        keys = [each.id for each in called]
        asked = _LEASED.format(marks(keys)) + (" FOR UPDATE" if self._records.on_postgres else "")
        kept = {key: told for key, *told in self._records.rows(asked, keys)}
        lent = {}
        for each in called:
            fence, lease, settled, steps, *told = kept.get(each.id, (None, None, None, ()))
            if fence == each.fence:
                each.lease_until, each.settled = moment(lease), moment(settled)
                each.steps = unpacked(steps)
                each.progress, each.ref, each.attempts, each.crashes = told
                lent[each.id] = each
        return lent

    def doubt_all(self, *, by: str) -> int:
        """Whatever was being sent may have gone out: a person looks. For a restored company, whose
        calls of then nobody remembers; how many there were."""
        now, doubted = self._clock(), 0
        with self._records.write() as session:
            for kept in session.scalars(select(Delivery).where(Delivery.state == State.SENDING)):
                kept.state, kept.reason, kept.next_at = State.UNKNOWN, "sent_before_restore", None
                kept.lease_until = None
                kept.fence += 1
                kept.step(now, kept.reason, by=by)
                doubted += 1
        return doubted

    def postpone(self, delivery: Delivery, why: Problem) -> bool:
        """It did not go out, or may go out again under its key: later. Parked once it was tried
        often and long enough."""
        now = self._clock()
        since = now - (delivery.first_sent or now)
        if self._retries.worn_out(delivery.attempts, since):
            return self.park(delivery, why)
        asked = why.seconds if isinstance(why, Busy) else 0
        wait = self._retries.wait(delivery.attempts, asked)
        return self._turn(delivery, why, state=State.DUE, next_at=now + wait, crashes=0)

    def give_back(self, delivery: Delivery, why: Problem | None = None) -> bool:
        """Nothing was shown: as if it had not been claimed."""
        attempts = max(0, delivery.attempts - 1)
        now = self._clock()
        return self._turn(
            delivery, why, state=State.DUE, next_at=now, attempts=attempts, crashes=0
        )  # fmt: skip

    def park(self, delivery: Delivery, why: Problem) -> bool:
        """It will not work by itself."""
        with self._records.part() as session:
            kept = self._mine(session, delivery)
            if kept is None:
                return False
            kept.crashes = 0
            self._ended(kept, State.PARKED, why.reason, why.facts)
        return True

    def doubt(self, delivery: Delivery, why: Problem, look: timedelta | None) -> bool:
        """Nobody answered. ``look`` is when to look for it; None leaves it to a person."""
        at = None if look is None else self._clock() + look
        return self._turn(delivery, why, state=State.UNKNOWN, next_at=at, crashes=0)

    def again(self, delivery: Delivery) -> bool:
        """It is certain that it never went through: send it once more."""
        return self._turn(delivery, state=State.DUE, next_at=self._clock())

    def look_later(self, delivery: Delivery, wait: timedelta | None) -> bool:
        """Nothing new was learned of it: look again after a while; None leaves it to a person."""
        at = None if wait is None else self._clock() + wait
        return self._turn(delivery, next_at=at)

    def _turn(self, delivery: Delivery, why: Problem | None = None, **values: Any) -> bool:
        with self._records.part() as session:
            kept = self._mine(session, delivery)
            if kept is None:
                return False
            if why is not None:
                kept.reason, kept.facts = why.reason, plain(why.facts)
            for name, value in values.items():
                setattr(kept, name, value)
            if "state" in values:
                kept.step(self._clock(), why.reason if why else "")
        return True

    def _mine(self, session: Session, delivery: Delivery) -> Delivery | None:
        """The row, if the caller's lease still stands; the lease ends with this transaction."""
        lent: dict[str, Delivery] = session.info.get(_LENT, {})
        kept = lent.get(delivery.id) or session.scalar(_MINE, {"key": delivery.id})
        if kept is None or kept.fence != delivery.fence or kept.lease_until is None:
            return None
        kept.lease_until = None
        return kept

    def _take_in(self, told: Sequence[tuple[Delivery, Receipt]]) -> None:
        """What the platform says of each is how far it got, and told on."""
        now = self._clock()
        acts: dict[str, dict[str, Delivery]] = {}
        for kept, receipt in told:
            state, look = _AFTER[receipt.progress]
            kept.progress, kept.ref = receipt.progress.value, receipt.ref or kept.ref
            kept.crashes = 0
            if state in (State.REFUSED, State.EXPIRED):
                self._ended(kept, state, receipt.reason, receipt.facts)
                continue
            kept.state, kept.reason, kept.facts = state.value, receipt.reason, plain(receipt.facts)
            kept.settled, kept.next_at = now, now + timedelta(seconds=look) if look else None
            kept.step(now, receipt.reason)
            act = _ACTS[receipt.progress]
            act = "sent" if act == "published" and kept.target else act
            acts.setdefault(act, {})[kept.id] = kept
        for act, those in acts.items():
            self._told(act, those.values())

    # looking after what is under way

    def lost(self) -> list[Delivery]:
        """Take over what a dead worker was sending: a fresh lease and fence for the taker. What
        killed its worker too often is parked instead."""
        now = self._clock()
        self._shorten(now)
        gone = select(Delivery).where(
            Delivery.state == State.SENDING, Delivery.lease_until <= now
        ).limit(_AT_ONCE)  # fmt: skip
        if not self._records.rows(_LOST, [spelled(self._records, now)]):
            return []
        taken = []
        with self._records.write() as session:
            for delivery in session.scalars(gone.with_for_update(skip_locked=True)):
                delivery.crashes += 1
                if delivery.crashes >= POISON:
                    self._ended(delivery, State.PARKED, "crashes_worker")
                else:
                    lend(delivery, now, self.lease)
                    taken.append(delivery)
        return taken

    def _shorten(self, now: datetime) -> None:
        """A lease further off than any lasts was given by a clock that was put back since: it ends
        as one given now would. Whoever lives renews it before."""
        latest = now + timedelta(seconds=2 * self.lease)
        if not self._records.rows(_AHEAD, [spelled(self._records, latest)]):
            return
        ahead = select(Delivery).where(
            Delivery.state == State.SENDING, Delivery.lease_until > latest
        ).limit(_AT_ONCE)  # fmt: skip
        with self._records.write() as session:
            for delivery in session.scalars(ahead.with_for_update(skip_locked=True)):
                delivery.lease_until = now + timedelta(seconds=self.lease)

    def after_crash(self, delivery: Delivery, state: State, look: timedelta | None) -> bool:
        """Say what is to become of one that `lost` answered."""
        at = None if look is None else self._clock() + look
        return self._turn(delivery, Conflict("worker_lost"), state=state, next_at=at)

    def in_doubt(self) -> Delivery | None:
        """Borrow one whose answer was lost and that should be looked for now."""
        now = self._clock()
        if not self._records.rows(_DOUBTED, [spelled(self._records, now)]):
            return None
        return self.borrow(Delivery.state == State.UNKNOWN, Delivery.next_at <= now)

    def asking(self) -> Delivery | None:
        """Borrow one whose outcome the platform still owes us."""
        now = self._clock()
        if not self._records.rows(_OWED, [spelled(self._records, now)]):
            return None
        owed = Delivery.state.in_([State.SUBMITTED, State.AWAITING_PERSON])
        return self.borrow(owed, Delivery.next_at <= now, Delivery.ref.is_not(None))

    def note_outcome(self, account: str, receipt: Receipt) -> bool:
        """Write down what a callback or a poll told. Older news never overwrites newer; what
        nobody sent (or is not noted yet) changes nothing."""
        crash_point(NOTING)
        named = or_(Delivery.ref == receipt.ref, Delivery.id == receipt.ref)  # ours, or our key
        told_of = select(Delivery).where(Delivery.account == account, named)
        with self._records.write() as session:
            kept = session.scalar(told_of.limit(1).with_for_update())
            if kept is None or not overtakes(receipt.progress, kept.progress):
                return False
            self._take_in([(kept, receipt)])
        if not in_transaction():
            crash_point(NOTED)
        return True

    # what left together

    def note_mailed(self, mailing: str, told: Mapping[str, Receipt]) -> None:
        """Write down what is told of some deliveries of a mailing, by id. Older news never
        overwrites newer; the mailing is asked, not each of them."""
        if not told:
            return
        hers = select(Delivery).where(Delivery.id.in_(told), Delivery.mailing == mailing)
        with self._records.write() as session:
            news = [
                (each, told[each.id])
                for each in session.scalars(hers.order_by(Delivery.id).with_for_update())
                if overtakes(told[each.id].progress, each.progress)
            ]
            self._take_in(news)
            for each, _ in news:
                each.next_at = None
            back = [each.id for each, now in news if now.progress is Progress.WITHDRAWN]
            self._places.release(back)

    def park_mailed(self, mailing: str, why: Problem, *, limit: int) -> int:
        """Some of what was to leave together will not by itself; says how many that were."""
        hers = select(Delivery).where(
            Delivery.mailing == mailing, Delivery.state == State.SENDING
        ).limit(limit)  # fmt: skip
        with self._records.write() as session:
            found = list(session.scalars(hers.order_by(Delivery.id).with_for_update()))
            self._ended_all(found, State.PARKED, why.reason, why.facts)
        return len(found)


_LOST = "SELECT 1 FROM deliveries WHERE state = 'sending' AND lease_until <= ? LIMIT 1"
_AHEAD = "SELECT 1 FROM deliveries WHERE state = 'sending' AND lease_until > ? LIMIT 1"
_DOUBTED = "SELECT 1 FROM deliveries WHERE state = 'unknown' AND next_at <= ? LIMIT 1"
_OWED = (
    "SELECT 1 FROM deliveries WHERE state IN ('submitted', 'awaiting_person')"
    " AND next_at <= ? LIMIT 1"
)
_LEASED = (
    "SELECT id, fence, lease_until, settled, steps, progress, ref, attempts, crashes"
    " FROM deliveries WHERE id IN ({}) AND lease_until IS NOT NULL ORDER BY id"
)
_LET_GO = ("id", "lease_until")
_SETTLED = (
    *_LET_GO, "state", "progress", "ref", "reason", "facts", "attempts", "crashes", "settled",
    "next_at", "steps",
)  # fmt: skip
_LENT = "deliveries"
_MINE = (
    select(Delivery)
    .where(Delivery.id == bindparam("key"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_ACTS = {
    Progress.SHOWN: "published",
    Progress.PARTLY: "published",
    Progress.SUBMITTED: "submitted",
    Progress.AWAITING_PERSON: "submitted",
    Progress.WITHDRAWN: "withdrawn",
}
_AFTER = {
    Progress.SHOWN: (State.DONE, 0),
    Progress.PARTLY: (State.PARTLY, 0),
    Progress.SUBMITTED: (State.SUBMITTED, 1),
    Progress.AWAITING_PERSON: (State.AWAITING_PERSON, 60),
    Progress.REFUSED: (State.REFUSED, 0),
    Progress.EXPIRED: (State.EXPIRED, 0),
    Progress.WITHDRAWN: (State.WITHDRAWN, 0),
}
"""Our state after such an answer, and after how many seconds to ask again (0: never)."""
