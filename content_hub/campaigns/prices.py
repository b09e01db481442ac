"""Limited prices (限时限量价): the price climbs with every so many buyers; each pays her rank's.

``price(n) = base + step · ⌊n / every⌋`` for the buyer before whom n have bought. The rank is given
in the transaction that reads the parameters, so that no two buyers share one.
"""

from datetime import datetime

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub.campaigns.parameters import Parameter
from content_hub.campaigns.records import Campaign
from kernel.clock import Clock
from kernel.errors import Conflict, NotFound
from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records

BASE, STEP, EVERY = "price_base", "price_step", "price_every"
"""The parameters that make a limited price."""


class Purchase(Record, kw_only=True):
    """One buyer's claim to a price."""

    __tablename__ = "limited_price_purchases"
    __table_args__ = (
        UniqueConstraint("campaign", "rank", name="uq_limited_price_rank"),
        UniqueConstraint("campaign", "handle", name="uq_limited_price_person"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("pur"))
    campaign: Mapped[str]
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "blank"})
    rank: Mapped[int]
    """How many bought before her."""
    price: Mapped[float]
    at: Mapped[datetime]


def price(n: int, base: float, step: float, every: float) -> float:
    """What the buyer pays before whom ``n`` have bought."""
    return base + step * (n // max(1, int(every)))


class Purchases:
    """Who bought at which price."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def quote(self, campaign: str) -> float:
        """What the next buyer would pay at this moment."""
        with self._records.read() as session:
            sold = select(func.count()).where(Purchase.campaign == campaign)
            return price(session.scalar(sold) or 0, *self._terms(campaign))

    def buy(self, campaign: str, handle: Handle) -> Purchase:
        """Claim the price of her rank; once a person, asking again tells the same."""
        person = str(handle)
        with self._records.write(f"campaign:{campaign}") as session:
            drive = session.get(Campaign, campaign)
            now = self._clock()
            if drive is None:
                raise NotFound("campaign", campaign[:80])
            if not drive.opens <= now < drive.closes:
                raise Conflict("campaign_is_not_running", name=drive.name)
            same = select(Purchase).where(Purchase.campaign == campaign, Purchase.handle == person)
            if known := session.scalar(same):
                return known
            last = select(func.max(Purchase.rank)).where(Purchase.campaign == campaign)
            highest = session.scalar(last)
            rank = 0 if highest is None else highest + 1
            bought = Purchase(
                campaign=campaign, handle=person, rank=rank, at=now,
                price=price(rank, *self._terms(campaign)),
            )  # fmt: skip
            session.add(bought)
            self._changes.note(
                "claimed_price", "campaign", campaign, by="customer", handle=person,
                rank=rank, price=bought.price,
            )  # fmt: skip
        return bought

    def _terms(self, campaign: str) -> tuple[float, float, float]:
        with self._records.read() as session:
            wanted = select(Parameter.name, Parameter.value).where(
                Parameter.campaign == campaign, Parameter.name.in_([BASE, STEP, EVERY])
            )
            told = {row.name: row.value for row in session.execute(wanted)}
        if BASE not in told:
            raise NotFound("parameter", BASE)
        return float(told[BASE]), float(told.get(STEP, 0)), float(told.get(EVERY, 100))
