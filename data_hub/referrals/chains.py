"""Referral chains (转介绍链): inviter → invitee → order, as pages and front ends ask for them.

How far somebody came is worked out when it is asked; who may know her name is decided by whoever
shows it. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.referrals.records import Entry, Referral, ReferralCode, RewardEntry
from data_hub.referrals.rewards import Order, earned, orders
from kernel.events import Handle
from kernel.ids import Page, cursor, page_size, read_cursor
from stores.records import Records

_NAMELESS = frozenset({"anonymous", "cookie"})
_BOUGHT = ("bought", "refunded")


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


@dataclass(slots=True)
class Inviter:
    """One line of the board."""

    customer: str
    brought: int = 0
    bought: int = 0
    """How many of those bought something."""
    spent: int = 0
    ledger: Ledger = field(default_factory=Ledger)


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

    def board(self, *, first: int = 20, after: str | None = None) -> Page[Inviter]:
        """Who brings whom: whose friends spend most is first."""
        size = page_size(first)
        with self._records.read() as session:
            everybody = self._inviters(session)
        ranked = sorted(everybody, key=lambda each: (-each.spent, -each.brought, each.customer))
        start = int(read_cursor(after, int)[0]) if after is not None else 0
        end = start + size
        onward = cursor(end) if size and len(ranked) > end else None
        return Page(ranked[start:end], onward, len(ranked))

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
        named = any(handle.kind not in _NAMELESS for handle in hers)
        return Step.REGISTERED if named else Step.INVITED

    def _inviters(self, session: Session) -> list[Inviter]:
        counted = select(
            Referral.inviter, func.count(), func.sum(case((Referral.orders > 0, 1), else_=0)),
            func.sum(Referral.spent),
        ).where(Referral.refused == "").group_by(Referral.inviter)  # fmt: skip
        rows = session.execute(counted).all()
        customers = self._identities.customers_of([row[0] for row in rows])
        found: dict[str, Inviter] = {}
        for handle, brought, bought, spent in rows:
            each = found.setdefault(customers[handle], Inviter(customers[handle]))
            each.brought += int(brought)
            each.bought += int(bought)
            each.spent += int(spent)
        books = _books(session, [])
        theirs = self._identities.customers_of(handle for handle in books if handle)
        for handle, ledger in books.items():
            if (kept := found.get(theirs.get(handle, ""))) is not None:
                kept.ledger = Ledger(
                    kept.ledger.granted + ledger.granted,
                    kept.ledger.taken_back + ledger.taken_back,
                    kept.ledger.paid + ledger.paid,
                )
        return list(found.values())


def balance(session: Session, handles: Collection[str]) -> Ledger:
    """What whoever has these handles was granted and paid."""
    books = _books(session, handles).values()
    return Ledger(
        sum(each.granted for each in books), sum(each.taken_back for each in books),
        sum(each.paid for each in books),
    )  # fmt: skip


def _books(session: Session, handles: Collection[str]) -> dict[str, Ledger]:
    """The ledger's sums by inviter; of everybody if nobody is named."""
    wanted = select(RewardEntry.inviter, RewardEntry.entry, func.sum(RewardEntry.cents))
    if handles:
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
