"""What is kept of referrals (转介绍记录): codes, who brought whom, and the ledger of rewards.

Handles stand here, not customers, so that merging and parting rewrite nothing. Money is kept in
whole cents. A line of the ledger is never changed: what was wrong is taken back by another.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Record

_Cents = BigInteger().with_variant(Integer, "sqlite")


class ReferralCode(Record, kw_only=True):
    """What a customer passes on, so that we know who sent her friends."""

    __tablename__ = "referral_codes"

    code: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    made: Mapped[datetime]
    by: Mapped[str]


class Referral(Record, kw_only=True):
    """Somebody came with a code: the inviter, the invitee, and what her orders came to since."""

    __tablename__ = "referrals"
    __table_args__ = (UniqueConstraint("invitee", "code"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("ref"))
    code: Mapped[str]
    inviter: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    invitee: Mapped[str] = mapped_column(info={"customer": "drop"})
    at: Mapped[datetime]
    reward: Mapped[str]
    """What the inviter was promised for her, as it was then: see `rewards`."""
    refused: Mapped[str] = mapped_column(default="")
    """Why it does not count: ``self``, ``loop``, ``taken`` or ``not_new``; empty if it does."""
    orders: Mapped[int] = mapped_column(default=0)
    """How many she paid since."""
    spent: Mapped[int] = mapped_column(_Cents, default=0)
    """What they came to, without what was paid back, in cents."""


class Entry(StrEnum):
    """What a line of the ledger is."""

    GRANTED = "granted"
    TAKEN_BACK = "taken_back"
    PAID = "paid"


class RewardEntry(Record, kw_only=True):
    """One line of the ledger: what an inviter is owed grows or shrinks by so much."""

    __tablename__ = "reward_entries"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rwd"))
    inviter: Mapped[str] = mapped_column(index=True, info={"customer": "blank"})
    """Empty once she was erased: what was granted and paid stays in the books."""
    referral: Mapped[str] = mapped_column(default="", index=True)
    """Empty for a payment."""
    order: Mapped[str] = mapped_column(default="", index=True)
    """Stands for one order and names none; empty for a payment."""
    entry: Mapped[str]
    cents: Mapped[int] = mapped_column(_Cents)
    """Positive: she is owed more."""
    at: Mapped[datetime]
    by: Mapped[str]
