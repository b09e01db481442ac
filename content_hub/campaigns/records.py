"""What is kept of a campaign (活动记录), and what is wrong with a window in itself."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from kernel.errors import Flaw
from kernel.ids import new_id
from stores.records import Record

_YEARS = range(2000, 2101)


class CampaignKind(StrEnum):
    """What a campaign is for; some rules let only big sales pass."""

    PROMOTION = "promotion"
    MEGA_SALE = "mega_sale"
    LIVE = "live"
    NEW_PRODUCT = "new_product"
    GROUP = "group"
    OFFLINE = "offline"
    SERVICE = "service"


class Operation(StrEnum):
    """The three operations of a company with its customers."""

    CONTENT = "content"
    ACTIVITY = "activity"
    DATA = "data"


class Campaign(Record, kw_only=True):
    """One campaign of the company or of a unit."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("cmp"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    opens: Mapped[datetime] = mapped_column(index=True)
    closes: Mapped[datetime]
    unit: Mapped[str]
    made_by: Mapped[str]
    operation: Mapped[str] = mapped_column(default="activity")
    """``content``, ``activity`` or ``data``: which of the three operations it belongs to."""
    task: Mapped[str] = mapped_column(default="")
    """What a customer does to take part, by a word of `forms`."""
    proof: Mapped[str] = mapped_column(default="")
    reward: Mapped[str] = mapped_column(default="")
    move: Mapped[str] = mapped_column(default="")
    """The move that is under way, or empty."""
    shift: Mapped[int] = mapped_column(default=0)
    """By how many seconds that move shifts."""


def window_flaws(opens: object, closes: object) -> Iterator[Flaw]:
    """What is wrong with a window in itself: missing, naive, unreal, or the wrong way round."""
    found = [
        flaw for name, at in (("opens", opens), ("closes", closes)) for flaw in _flaws(name, at)
    ]
    yield from found
    if found or not isinstance(opens, datetime) or not isinstance(closes, datetime):
        return
    if closes <= opens:
        yield Flaw("closes", "window_ends_before_it_opens")


def _flaws(field: str, moment: object) -> Iterator[Flaw]:
    if moment is None:
        yield Flaw(field, "missing")
    elif not isinstance(moment, datetime):
        yield Flaw(field, "not_a_moment")
    elif moment.tzinfo is None:
        yield Flaw(field, "moment_without_zone")
    elif moment.year not in _YEARS:
        yield Flaw(field, "moment_out_of_range")
