"""Draws (中奖名额): who draws, and who wins. Never one prize more than was promised.

The quota of the whole, and of an account if it has a share of its own, are read in the very
transaction that gives the prize away. One person draws once a campaign; asking again tells the
same. Knows no form and no page.
"""

import random
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.campaigns.parameters import QUOTA, Parameter, prize_key
from content_hub.campaigns.records import Campaign
from kernel.clock import Clock
from kernel.errors import Conflict, NotFound
from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.claims import Quotas
from stores.records import Record, Records

_DICE = random.SystemRandom()
CHANCE = "chance"
"""The parameter that says how likely a draw wins while prizes last, 0 to 1; all win without it."""


class Draw(Record, kw_only=True):
    """One person's draw."""

    __tablename__ = "draws"
    __table_args__ = (UniqueConstraint("campaign", "handle", name="uq_draws_person"),)

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("drw"))
    campaign: Mapped[str]
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    account: Mapped[str]
    at: Mapped[datetime]
    won: Mapped[bool]
    reward: Mapped[str] = mapped_column(default="")


class Prizes(NamedTuple):
    """How many prizes there are, were won and are left."""

    quota: int
    won: int

    @property
    def left(self) -> int:
        return max(0, self.quota - self.won)


class Draws:
    """Every campaign's draws."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        quotas: Quotas,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._quotas = quotas
        self._clock = clock

    def draw(self, campaign: str, handle: Handle, *, account: str = "") -> Draw:
        """Draw for somebody. Raises `Conflict` outside the campaign's window."""
        person, share = str(handle), f"{QUOTA}.{account}"
        keys = [prize_key(campaign, QUOTA), prize_key(campaign, share)]
        names = [f"campaign:{campaign}", *(f"quota:{key}" for key in keys)]
        with self._records.write(*names) as session:
            drive = session.get(Campaign, campaign)
            if drive is None:
                raise NotFound("campaign", campaign[:80])
            now = self._clock()
            if not drive.opens <= now < drive.closes:
                raise Conflict("campaign_is_not_running", name=drive.name)
            same = select(Draw).where(Draw.campaign == campaign, Draw.handle == person)
            if known := session.scalar(same):
                return known
            won = self._wins(session, campaign, share, keys)
            draw = Draw(
                campaign=campaign, handle=person, account=account, at=now, won=won,
                reward=drive.reward if won else "",
            )  # fmt: skip
            session.add(draw)
            self._changes.note(
                "won_prize" if won else "drew_blank", "campaign", campaign, by="customer",
                handle=person, account=account,
            )  # fmt: skip
        return draw

    def _wins(self, session: Session, campaign: str, share: str, keys: list[str]) -> bool:
        told = _values(session, campaign)
        if _DICE.random() >= told.get(CHANCE, 1.0):
            return False
        whole, own = keys
        if share in told and not self._quotas.take([own], int(told[share])):
            return False
        if self._quotas.take([whole], int(told.get(QUOTA, 0))):
            return True
        if share in told:
            self._quotas.give_back([own])
        return False

    def prizes(self, campaign: str, account: str = "") -> Prizes:
        """Of the whole, or of one account's share."""
        name = f"{QUOTA}.{account}" if account else QUOTA
        with self._records.read() as session:
            quota = _values(session, campaign).get(name, 0)
            return Prizes(int(quota), self._quotas.taken([prize_key(campaign, name)]))

    def of(self, campaign: str, *, won: bool | None = None, limit: int = 100) -> list[Draw]:
        """Who drew, the latest first."""
        wanted = select(Draw).where(Draw.campaign == campaign)
        if won is not None:
            wanted = wanted.where(Draw.won.is_(won))
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Draw.id.desc()).limit(limit)))

    def count(self, campaign: str) -> int:
        with self._records.read() as session:
            counted = select(func.count()).select_from(Draw).where(Draw.campaign == campaign)
            return session.scalar(counted) or 0


def _values(session: Session, campaign: str) -> Mapping[str, float]:
    wanted = select(Parameter.name, Parameter.value).where(
        Parameter.campaign == campaign, Parameter.kind == "number"
    )
    return {row.name: row.value for row in session.execute(wanted)}
