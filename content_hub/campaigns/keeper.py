"""Making campaigns and moving them with all their placements (活动): the keeper."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_hub import bounds, richtext, showcase
from content_hub.campaigns.records import Campaign, CampaignKind, Operation, window_flaws
from content_hub.placements import Placement
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Records

_SLICE = 100
"""Placements a transaction, so that nobody waits for the lock longer than 100 ms."""
_CODE = re.compile(r"(?!cmp_)[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


_OPERATIONS = {CampaignKind.SERVICE.value: Operation.CONTENT.value}
"""What is no activity by its kind."""


class Campaigns:
    """Every campaign, past and to come."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def whole(self, id_: str, code: str = "") -> AbstractContextManager[object]:
        """For a ``with``: a campaign that is made under this id, and all that belongs to it."""
        return self._records.write(f"campaign:{id_}", *_named(code))

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
        operation: str = "",
        task: str = "",
        proof: str = "",
        reward: str = "",
        id_: str = "",
    ) -> Campaign:
        """A new campaign. Raises one `Invalid` that lists every flaw, and `Conflict` for a code
        that is taken."""
        operation = operation or _OPERATIONS.get(kind, Operation.ACTIVITY)
        form = {"task": task, "proof": proof, "reward": reward}
        flaws = [
            *richtext.text_flaws("name", name, 100, required=True),
            *window_flaws(opens, closes),
        ]
        if kind not in set(CampaignKind):
            flaws.append(Flaw("kind", "not_a_choice", {"choices": [*CampaignKind]}))
        for name_, text in form.items():
            flaws += richtext.text_flaws(name_, text, 300)
        if operation not in set(Operation):
            flaws.append(Flaw("operation", "not_a_choice", {"choices": [*Operation]}))
        if code and not _CODE.fullmatch(code):
            flaws.append(Flaw("code", "bad_code"))
        if flaws:
            raise Invalid.because(flaws)
        id_ = id_ or new_id("cmp")
        with self._records.write(*_named(code)) as session:
            if code and session.scalar(select(Campaign.id).where(Campaign.code == code)):
                raise Conflict("code_taken", code=code)
            campaign = Campaign(
                id=id_, code=code or id_, name=richtext.tidy(name), kind=kind, opens=opens,
                closes=closes, unit=unit, made_by=by, operation=operation, task=task,
                proof=proof, reward=reward,
            )  # fmt: skip
            session.add(campaign)
            self._changes.note("created_campaign", "campaign", id_, by=by, content=True)
        return campaign

    def move(self, key: str, shift: timedelta, *, by: str) -> int:
        """Move the campaign and all its placements by the same time; says how many placements.

        A few move with it in one transaction. Many move in slices, the campaign's window holding
        the old and the new stretch meanwhile; whoever dies in between, `finish_moves` goes on.
        Raises `Conflict` while another move of it is under way.
        """
        id_ = self.one(key).id
        with self._records.write(f"campaign:{id_}") as session:
            campaign = session.get_one(Campaign, id_, with_for_update=True)
            if campaign.move:
                raise Conflict("campaign_is_moving", name=campaign.name)
            opens, closes = _shifted(campaign, shift)
            campaign.move, campaign.shift = new_id("mov"), round(shift.total_seconds())
            moved = len(self._slice(session, campaign, by))
            if moved < _SLICE:
                campaign.opens, campaign.closes, campaign.move = opens, closes, ""
            else:
                campaign.opens = min(opens, campaign.opens)
                campaign.closes = max(closes, campaign.closes)
            self._changes.note(
                "moved_campaign", "campaign", id_, by=by, content=True, seconds=campaign.shift
            )
        while self.one(id_).move:
            moved += self._go_on(id_, by)
        return moved

    def finish_moves(self) -> int:
        """Go on with what somebody left half-moved; says how many placements were moved."""
        with self._records.read() as session:
            left = session.scalars(select(Campaign.id).where(Campaign.move != "")).all()
        return sum(self._go_on(id_, "worker") for id_ in left)

    def _go_on(self, id_: str, by: str) -> int:
        with self._records.write(f"campaign:{id_}") as session:
            campaign = session.get_one(Campaign, id_, with_for_update=True)
            moved = len(self._slice(session, campaign, by)) if campaign.move else 0
            if moved < _SLICE and campaign.move:
                later = timedelta(seconds=campaign.shift)
                if campaign.shift > 0:
                    campaign.opens += later
                else:
                    campaign.closes += later
                campaign.move = ""
                self._changes.note("moved_campaign", "campaign", id_, by=by, content=True)
        return moved

    def _slice(self, session: Session, campaign: Campaign, by: str) -> list[Placement]:
        wanted = select(Placement).where(
            Placement.campaign == campaign.id, Placement.retired.is_(None),
            Placement.move != campaign.move,
        )  # fmt: skip
        found = list(session.scalars(wanted.order_by(Placement.id).limit(_SLICE)))
        later = timedelta(seconds=campaign.shift)
        left = bounds.of_many(session, {placement.material for placement in found})
        windows = {}
        for placement in found:
            placement.opens += later
            placement.closes += later
            placement.move = campaign.move
            window = left.get(placement.material, bounds.UNBOUND)
            windows[placement.id] = bounds.within(placement, window)
        showcase.move_all(session, windows)
        self._changes.note_all(
            "moved_placement", "placement", {each.id: _about(each) for each in found}, by=by,
            content=True,
        )  # fmt: skip
        return found

    def one(self, key: str) -> Campaign:
        """By id or code. Raises `NotFound`."""
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

    def placed(self, ids: Collection[str]) -> dict[str, int]:
        """How many placements each of some campaigns holds that were not retired."""
        counted = (
            select(Placement.campaign, func.count())
            .where(Placement.campaign.in_(ids), Placement.retired.is_(None))
            .group_by(Placement.campaign)
        )
        with self._records.read() as session:
            return {row[0]: row[1] for row in session.execute(counted)}

    def placements(
        self, id_: str, *, sight: Collection[str] | None = None, limit: int = 100
    ) -> list[Placement]:
        """What a campaign shows and will show, the soonest first; nothing that was retired."""
        wanted = select(Placement).where(Placement.campaign == id_, Placement.retired.is_(None))
        if sight is not None:
            wanted = wanted.where(Placement.unit.in_(sight))
        with self._records.read() as session:
            soonest = wanted.order_by(Placement.opens, Placement.id)
            return list(session.scalars(soonest.limit(limit)))

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
        wanted, now = select(Campaign), self._clock()
        if sight is not None:
            wanted = wanted.where(Campaign.unit.in_(sight))
        if running:
            wanted = wanted.where(Campaign.opens <= now, Campaign.closes > now)
        by = Campaign.opens, Campaign.id
        return newest_first(self._records, wanted, *by, first=first, after=after, count=count)


def _named(code: str) -> list[str]:
    """What is decided on with a code of one's own choice."""
    return [f"code:{code}"] if code else []


def _about(placement: Placement) -> dict[str, str]:
    return {"material": placement.material, "account": placement.account}


def _shifted(campaign: Campaign, shift: timedelta) -> tuple[datetime, datetime]:
    try:
        opens, closes = campaign.opens + shift, campaign.closes + shift
    except OverflowError:
        raise Invalid("shift", "moment_out_of_range") from None
    if flaws := list(window_flaws(opens, closes)):
        raise Invalid.because(flaws)
    return opens, closes
