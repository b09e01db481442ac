"""Referral chains (转介绍链): inviter → invitee → order, as pages and front ends ask for them.

How far somebody came is worked out when it is asked; who may know her name is decided by whoever
shows it. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from data_hub.findings import Findings
from data_hub.identities import DEVICES, Identities
from data_hub.referrals.records import Entry, Referral, ReferralCode, RewardEntry
from data_hub.referrals.rewards import Order, earned, orders
from kernel.events import Handle
from kernel.ids import Page, cursor, page_size, read_cursor
from kernel.values import dataclass
from stores.records import Records

_BOUGHT = ("bought", "refunded")
Among = Callable[[str], bool] | None
Seen = Callable[[Collection[str]], Collection[str]] | None
"""Of whom it is told; None: of all."""


class Step(StrEnum):
    """How far somebody came who was invited."""

    INVITED = "invited"
    REGISTERED = "registered"
    QUALIFIED = "qualified"
    REWARDED = "rewarded"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an inviter was granted, had taken back and was paid, in cents."""

    granted: int = 0
    taken_back: int = 0
    paid: int = 0

    @property
    def owed(self) -> int:
        """Below nothing when a refund came after the payment: the next rewards make up for it."""
        return self.granted - self.taken_back - self.paid


@dataclass(frozen=True, slots=True)
class Brought:
    """One referral, seen from either end."""

    customer: str
    """The customer at the other end."""
    at: datetime
    step: Step
    refused: str
    orders: Sequence[tuple[Order, int]] = ()
    """What she bought since, with what it earned, in cents."""

    @property
    def spent(self) -> int:
        return sum(order.cents for order, _ in self.orders)


@dataclass(frozen=True, slots=True)
class Chain:
    """One customer's place: who brought her, and whom she brought."""

    code: str
    """Empty while she has none."""
    came_by: Brought | None
    brought: Sequence[Brought]
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Inviter:
    """One line of the board."""

    customer: str
    brought: int
    bought: int
    """How many of those bought something."""
    spent: int
    ledger: Ledger


class Chains:
    """What can be asked of referrals."""

    def __init__(self, records: Records, findings: Findings, identities: Identities) -> None:
        self._records = records
        self._findings = findings
        self._identities = identities

    def of(self, handles: Sequence[Handle]) -> Chain:
        """Of whoever has these handles."""
        hers = [str(handle) for handle in handles]
        with self._records.read() as session:
            code = code_of(session, hers)
            first = came_by(session, hers)
            brought = select(Referral).where(Referral.inviter.in_(hers)).order_by(Referral.at)
            told = [self._told(session, each, each.invitee) for each in session.scalars(brought)]
            return Chain(
                code.code if code else "",
                self._told(session, first, first.inviter) if first else None,
                told,
                balance(session, hers),
            )

    def board(
        self,
        *,
        first: int = 20,
        after: str | None = None,
        among: Among = None,
        seen: Seen = None,
    ) -> Page[Inviter]:
        """Who brings whom, of all or of some: whose friends spend most is first. ``seen``: who of
        these stands on it for whoever asks. Who was found to be one only after two of her had
        brought somebody stands where the better of the two does."""
        size, start = page_size(first), int(read_cursor(after, int)[0]) if after else 0
        if among is not None or seen is not None:
            return self._board_of(size, start, among, seen)
        with self._records.read() as session:
            ranked = _sums().order_by(*_RANKED).offset(start).limit(size + 1)
            rows = list(session.execute(ranked)) if size else []
            total = session.scalar(select(func.count(Referral.inviter.distinct())).where(_COUNTS))
            found = self._inviters(session, rows[:size])
        onward = cursor(start + size) if len(rows) > size > 0 else None
        return Page(found, onward, total or 0)

    def _board_of(self, size: int, start: int, among: Among, seen: Seen) -> Page[Inviter]:
        """The same of some of them."""
        with self._records.read() as session:
            rows = list(session.execute(_sums().order_by(*_RANKED)))
            customers = self._identities.customers_of(row.inviter for row in rows)
            hers = {each for each in customers.values() if among is None or among(each)}
            hers = hers if seen is None else hers & set(seen(hers))
            rows = [row for row in rows if customers[row.inviter] in hers]
            found = self._inviters(session, rows[start : start + size])
        onward = cursor(start + size) if len(rows) > start + size > start else None
        return Page(found, onward, len(rows))

    def orders_of(self, referral: Referral) -> list[Order]:
        """What she bought since she came; nothing if she turned out to be the inviter herself, or
        somebody else had brought her before."""
        hers = set(self._identities.alongside(referral.invitee))
        with self._records.read() as session:
            first = came_by(session, hers)
        if referral.inviter in hers or first is None or first.id != referral.id:
            return []
        return orders(self._findings.about(hers, _BOUGHT), referral.at)

    def _told(self, session: Session, referral: Referral, other: str) -> Brought:
        made = [] if referral.refused else self.orders_of(referral)
        worth = earned(referral.reward, made)
        return Brought(
            self._identities.customer_of(other), referral.at,
            self._step(referral, made, sum(worth.values())), referral.refused,
            [(each, worth.get(each.key, 0)) for each in made],
        )  # fmt: skip

    def _step(self, referral: Referral, made: Collection[Order], worth: int) -> Step:
        if any(each.cents > 0 for each in made):
            return Step.REWARDED if worth else Step.QUALIFIED
        hers = map(Handle.parse, self._identities.alongside(referral.invitee))
        named = any(handle.kind not in DEVICES for handle in hers)
        return Step.REGISTERED if named else Step.INVITED

    def _inviters(self, session: Session, rows: Sequence[Any]) -> list[Inviter]:
        """The lines of these handles, each with what her other handles brought."""
        theirs = self._identities.all_alongside([row.inviter for row in rows])
        every = {handle for handles in theirs.values() for handle in handles}
        sums = (
            {
                row.inviter: row
                for row in session.execute(_sums().where(Referral.inviter.in_(every)))
            }
            if every
            else {}
        )
        customers, books = self._identities.customers_of(theirs), _books(session, every)
        found = []
        for row in rows:
            hers = [sums[each] for each in theirs[row.inviter] if each in sums]
            if min(hers, key=_rank).inviter != row.inviter:
                continue  # she stands further up
            ledgers = [books[each] for each in theirs[row.inviter] if each in books]
            found.append(
                Inviter(
                    customers[row.inviter], sum(int(each.brought) for each in hers),
                    sum(int(each.bought) for each in hers), sum(int(each.spent) for each in hers),
                    _together(ledgers),
                )
            )  # fmt: skip
        return found


_COUNTS = Referral.refused == ""
_BROUGHT = func.count().label("brought")
_SPENT = func.sum(Referral.spent).label("spent")
_RANKED = _SPENT.desc(), _BROUGHT.desc(), Referral.inviter


def _sums() -> Any:
    """What each inviter's friends came to."""
    bought = func.sum(case((Referral.orders > 0, 1), else_=0)).label("bought")
    wanted = select(Referral.inviter, _BROUGHT, bought, _SPENT)
    return wanted.where(_COUNTS).group_by(Referral.inviter)


def _rank(row: Any) -> tuple[int, int, str]:
    return -int(row.spent), -int(row.brought), row.inviter


def balance(session: Session, handles: Collection[str]) -> Ledger:
    """What whoever has these handles was granted and paid."""
    return _together(_books(session, handles).values())


def _together(books: Collection[Ledger]) -> Ledger:
    return Ledger(
        sum(each.granted for each in books), sum(each.taken_back for each in books),
        sum(each.paid for each in books),
    )  # fmt: skip


def _books(session: Session, handles: Collection[str]) -> dict[str, Ledger]:
    """The ledger's sums of these inviters."""
    wanted = select(RewardEntry.inviter, RewardEntry.entry, func.sum(RewardEntry.cents))
    wanted = wanted.where(RewardEntry.inviter.in_(handles))
    sums: dict[str, dict[str, int]] = {}
    for handle, entry, cents in session.execute(wanted.group_by(
        RewardEntry.inviter, RewardEntry.entry
    )):  # fmt: skip
        sums.setdefault(handle, {})[entry] = abs(int(cents))
    return {
        handle: Ledger(*(told.get(entry.value, 0) for entry in Entry))
        for handle, told in sums.items()
    }


def code_of(session: Session, handles: Collection[str]) -> ReferralCode | None:
    """Her code, the oldest if a merge gave her several."""
    hers = select(ReferralCode).where(ReferralCode.handle.in_(handles))
    return session.scalar(hers.order_by(ReferralCode.made, ReferralCode.code).limit(1))


def came_by(session: Session, handles: Collection[str]) -> Referral | None:
    """The referral by which she came: the earliest that counts."""
    hers = select(Referral).where(Referral.invitee.in_(handles), Referral.refused == "")
    return session.scalar(hers.order_by(Referral.at, Referral.id).limit(1))
