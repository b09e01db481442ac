"""Keeping referrals (转介绍): who brought whom, and what an inviter is owed for it.

Follows the findings of the digest; whatever it writes stands in one transaction with the mark. What
an order should earn is worked out anew each time and only the difference is written down, so that
a late refund, a merge or a second look leaves the ledger exact. One name is locked for all of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_hub.findings import MERGED, REFERRED, Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from data_hub.referrals.chains import Chains, balance, came_by, code_of
from data_hub.referrals.records import Entry, Referral, ReferralCode, RewardEntry
from data_hub.referrals.rewards import earned
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Records
from stores.spelling import chunks

_LOCK = "referrals"
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 8
_BOUGHT = ("bought", "refunded")
_WATCHED = {REFERRED, MERGED, *_BOUGHT}


class Referrals:
    """Who brought whom, and the ledger of rewards."""

    def __init__(
        self,
        records: Records,
        findings: Findings,
        identities: Identities,
        changes: Changes,
        clock: Clock,
        *,
        reward: str = "",
    ) -> None:
        """``reward`` is what is promised from now on, as `rewards` spells it."""
        self._records = records
        self._findings = findings
        self._identities = identities
        self._changes = changes
        self._clock = clock
        self._following = Following(records, findings, _LOCK)
        self._reward = reward
        self.chains = Chains(records, findings, identities)
        """What is asked of it."""

    # codes

    def issue(self, handles: Sequence[Handle], *, by: str) -> ReferralCode:
        """Her code; the one she has, if she has one. ``handles`` are hers, the oldest first."""
        hers = [str(handle) for handle in handles]
        with self._records.write(_LOCK) as session:
            if (known := code_of(session, hers)) is not None:
                return known
            code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            made = ReferralCode(code=code, handle=hers[0], made=self._clock(), by=by)
            session.add(made)
            self._changes.note("given_code", "referral_code", code, by=by, handle=hers[0])
        return made

    # what the digest found

    def follow(self, limit: int = 200) -> int:
        """Take in what was found since the last time, and say how much that was."""
        stretch = self._following.stretch(limit)
        if not stretch.found:
            return 0
        watched = [each for each in stretch.found if each.kind in _WATCHED]
        with self._records.write(_LOCK) as session:
            if not self._following.move(stretch):
                return 0
            for each in watched:
                if each.kind == REFERRED:
                    self._introduce(session, each)
            for referral in self._touched(session, watched):
                self._settle(session, referral)
        return len(stretch.found)

    def _introduce(self, session: Session, found: Found) -> None:
        """She came with a code, perhaps not for the first time."""
        code = session.get(ReferralCode, str(found.evidence["referral"]))
        if code is None:
            return
        once = select(Referral).where(Referral.invitee == found.handle, Referral.code == code.code)
        if session.scalar(once) is not None:
            return
        referral = Referral(
            code=code.code, inviter=code.handle, invitee=found.handle, at=found.at,
            reward=self._reward, refused=self._objection(session, code.handle, found),
        )  # fmt: skip
        session.add(referral)
        session.flush()
        if not referral.refused:
            self._changes.note(
                "brought_customer", "introduction", referral.id, by="worker", handle=code.handle
            )

    def _objection(self, session: Session, inviter: str, found: Found) -> str:
        """Why this does not count, if it does not."""
        hers = set(self._identities.alongside(found.handle))
        if inviter in hers:
            return "self"
        if came_by(session, hers) is not None:
            return "taken"
        if any(each.at < found.at for each in self._findings.about(hers, ("bought",))):
            return "not_new"
        above: str | None = inviter
        seen: set[str] = set()
        while above is not None and above not in seen:
            seen.add(above)
            line = set(self._identities.alongside(above))
            if line & hers:
                return "loop"
            upper = came_by(session, line)
            above = upper.inviter if upper else None
        return ""

    def _touched(self, session: Session, watched: Collection[Found]) -> list[Referral]:
        """The referrals by which those came of whom something was found; after a merge also those
        that they brought about: perhaps she invited herself."""
        found: dict[str, Referral] = {}
        for end, some in (
            (Referral.invitee, watched),
            (Referral.inviter, [each for each in watched if each.kind == MERGED]),
        ):
            alongside = self._identities.all_alongside({each.handle for each in some})
            hers = {handle for handles in alongside.values() for handle in handles}
            for chunk in chunks(hers):
                counting = select(Referral).where(end.in_(chunk), Referral.refused == "")
                found |= {each.id: each for each in session.scalars(counting)}
        # The latest first: what somebody else had earned before is taken back from it, and granted.
        return sorted(found.values(), key=lambda each: (each.at, each.id), reverse=True)

    # the ledger

    def _settle(self, session: Session, referral: Referral) -> None:
        """Write down what the ledger lacks of what her orders earn, or has too much of."""
        made = self.chains.orders_of(referral)
        referral.orders = sum(each.cents > 0 for each in made)
        referral.spent = sum(each.cents for each in made)
        wanted = dict(earned(referral.reward, made))
        posted, elsewhere = _posted(session, referral, wanted)
        for key in sorted(wanted.keys() | posted.keys()):
            more = wanted.get(key, 0) - posted.get(key, 0)
            if more and key not in elsewhere:
                entry = Entry.GRANTED if more > 0 else Entry.TAKEN_BACK
                session.add(self._line(referral.inviter, entry, more, "worker", referral.id, key))

    def _line(
        self, inviter: str, entry: Entry, cents: int, by: str, referral: str = "", order: str = ""
    ) -> RewardEntry:
        return RewardEntry(
            inviter=inviter, referral=referral, order=order, entry=entry.value, cents=cents,
            at=self._clock(), by=by,
        )  # fmt: skip

    def pay(self, handles: Sequence[Handle], cents: int, *, by: str) -> RewardEntry:
        """Note that she was paid. Raises `Conflict` for more than she is owed at this moment."""
        hers = [str(handle) for handle in handles]
        if cents <= 0:
            raise Invalid("amount", "amount_is_nothing")
        with self._records.write(_LOCK) as session:
            brought = select(Referral).where(Referral.inviter.in_(hers), Referral.refused == "")
            for referral in session.scalars(brought).all():
                self._settle(session, referral)
            session.flush()
            if cents > (owed := balance(session, hers).owed):
                raise Conflict("more_than_owed", field="amount", owed=f"{owed / 100:.2f}")
            line = self._line(hers[0], Entry.PAID, -cents, by)
            session.add(line)
            self._changes.note(
                "paid_reward", "reward", line.id, by=by, handle=hers[0], amount=cents / 100
            )
        return line

    def flaws(self) -> Iterator[str]:
        """What does not balance: the ledger by itself; against the orders, once all is followed."""
        with self._records.read() as session:
            sums = select(RewardEntry.order, func.sum(RewardEntry.cents))
            sums = sums.where(RewardEntry.order != "").group_by(RewardEntry.order)
            told = {order: int(cents) for order, cents in session.execute(sums)}
            for order, cents in told.items():
                if cents < 0:
                    yield f"more was taken back for order {order} than was granted"
            if self._following.behind():
                return
            for each in session.scalars(select(Referral).where(Referral.refused == "")):
                for order, cents in earned(each.reward, self.chains.orders_of(each)).items():
                    if told.get(order, 0) != cents:
                        yield f"referral {each.id} earned {cents} cents which the ledger lacks"


def _posted(
    session: Session, referral: Referral, wanted: Collection[str]
) -> tuple[dict[str, int], set[str]]:
    """What the ledger says of each order for this referral; and the orders that it rewarded by
    another: those stay as they are."""
    lines = select(RewardEntry).where(
        (RewardEntry.referral == referral.id) | RewardEntry.order.in_(list(wanted)),
        RewardEntry.order != "",
    )
    posted: dict[str, int] = {}
    others: dict[str, int] = {}
    for line in session.scalars(lines):
        into = posted if line.referral == referral.id else others
        into[line.order] = into.get(line.order, 0) + line.cents
    return posted, {order for order, cents in others.items() if cents}
