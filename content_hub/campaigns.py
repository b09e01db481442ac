"""Campaigns (活动): a window and a name that placements share; they move together.

Does not place anything, and knows no channel.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import richtext, showcase
from content_hub.placements import Placement
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import Page, cursor, new_id, page_size, read_cursor
from stores.changes import Changes
from stores.records import Record, Records

_YEARS = range(2000, 2101)
_CODE = re.compile(r"(?!cmp_)[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


class CampaignKind(StrEnum):
    """What a campaign is for; some rules let only big sales pass."""

    PROMOTION = "promotion"
    MEGA_SALE = "mega_sale"
    LIVE = "live"
    NEW_PRODUCT = "new_product"
    GROUP = "group"
    OFFLINE = "offline"
    SERVICE = "service"


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


class Campaigns:
    """Every campaign, past and to come."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def create(
        self,
        name: str,
        *,
        opens: datetime,
        closes: datetime,
        by: str,
        kind: str = CampaignKind.PROMOTION,
        code: str = "",
        unit: str = "",
    ) -> Campaign:
        """A new campaign. Raises one `Invalid` that lists every flaw."""
        flaws = [
            *richtext.text_flaws("name", name, 100, required=True),
            *window_flaws(opens, closes),
        ]
        if kind not in set(CampaignKind):
            flaws.append(Flaw("kind", "not_a_choice", {"choices": "、".join(CampaignKind)}))
        if code and not _CODE.fullmatch(code):
            flaws.append(Flaw("code", "bad_code"))
        if flaws:
            raise Invalid.because(flaws)
        id_ = new_id("cmp")
        with self._records.write(*([f"code:{code}"] if code else ())) as session:
            if code and session.scalar(select(Campaign.id).where(Campaign.code == code)):
                raise Conflict("code_taken", code=code)
            campaign = Campaign(
                id=id_, code=code or id_, name=richtext.tidy(name), kind=kind, opens=opens,
                closes=closes, unit=unit, made_by=by,
            )  # fmt: skip
            session.add(campaign)
            self._changes.note("created_campaign", "campaign", id_, by=by, content=True)
        return campaign

    def move(self, key: str, shift: timedelta, *, by: str) -> list[Placement]:
        """Move the campaign and all its placements by the same time; answers the placements."""
        id_ = self.one(key).id
        with self._records.write(f"campaign:{id_}") as session:
            campaign = session.get_one(Campaign, id_)
            campaign.opens, campaign.closes = _shifted(campaign, shift)
            placements = _placements(self._records, id_)
            for placement in placements:
                placement.opens += shift
                placement.closes += shift
                showcase.move(session, placement.id, placement.opens, placement.closes)
                self._changes.note(
                    "moved_placement", "placement", placement.id, by=by, content=True,
                    material=placement.material, account=placement.account,
                )  # fmt: skip
            seconds = int(shift.total_seconds())
            self._changes.note(
                "moved_campaign", "campaign", id_, by=by, content=True, seconds=seconds
            )
        return placements

    def one(self, key: str) -> Campaign:
        """By id or code."""
        with self._records.read() as session:
            found = session.scalar(
                select(Campaign).where((Campaign.id == key) | (Campaign.code == key))
            )
        if found is None:
            raise NotFound("campaign", key[:80])
        return found

    def many(self, ids: Collection[str]) -> dict[str, Campaign]:
        with self._records.read() as session:
            found = session.scalars(select(Campaign).where(Campaign.id.in_(ids)))
            return {campaign.id: campaign for campaign in found}

    def page(
        self,
        *,
        sight: Collection[str] | None = None,
        running: bool = False,
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Campaign]:
        """Campaigns, the latest to open first; ``running`` leaves only those open now."""
        size, now = page_size(first), self._clock()
        wanted = select(Campaign)
        if sight is not None:
            wanted = wanted.where(Campaign.unit.in_(sight))
        if running:
            wanted = wanted.where(Campaign.opens <= now, Campaign.closes > now)
        page = wanted.order_by(Campaign.opens.desc(), Campaign.id.desc()).limit(size + 1)
        if after is not None:
            micros, id_ = read_cursor(after, int, str)
            opens = showcase.moment(int(micros))
            page = page.where(
                (Campaign.opens < opens) | ((Campaign.opens == opens) & (Campaign.id < id_))
            )
        with self._records.read() as session:
            found = list(session.scalars(page))
            total = (
                session.scalar(select(func.count()).select_from(wanted.subquery()))
                if count
                else None
            )
        items = found[:size]
        more = items and len(found) > size
        return Page(
            items, cursor(showcase.micros(items[-1].opens), items[-1].id) if more else None, total
        )


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


def _shifted(campaign: Campaign, shift: timedelta) -> tuple[datetime, datetime]:
    try:
        opens, closes = campaign.opens + shift, campaign.closes + shift
    except OverflowError:
        raise Invalid("shift", "moment_out_of_range") from None
    if flaws := list(window_flaws(opens, closes)):
        raise Invalid.because(flaws)
    return opens, closes


def _placements(records: Records, campaign: str) -> list[Placement]:
    """Those still promised, in a stable order."""
    wanted = select(Placement).where(Placement.campaign == campaign, Placement.retired.is_(None))
    with records.read() as session:
        return list(session.scalars(wanted.order_by(Placement.opens, Placement.id)))
