"""Shifting (整体平移): everything promised in a stretch of time, some days earlier or later.

Same hours of the company's clocks, whatever the summer time does. What does not fit, because
something else is promised there, its campaign is over by then or it has ended, stays and is told.
Goes on in slices, so that nobody waits long; what a shift did is kept, and undone from there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.placements import Placement
from content_hub.shelf import Shelf
from content_hub.shelf.readiness import Readiness, campaign_of
from content_hub.types import Types
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound, Problem
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records

_SLICE = 6
"""Placements a transaction, so that nobody waits for the lock longer than 100 ms."""
MOST, FURTHEST = 2_000, 366


class ShelfShift(Record, kw_only=True):
    """One shift, and how far it is."""

    __tablename__ = "shelf_shifts"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("shf"))
    by: Mapped[str]
    at: Mapped[datetime]
    days: Mapped[int]
    planned: Mapped[list[str]]
    """Placements in the order they are moved: the one that goes first makes room."""
    done: Mapped[int] = mapped_column(default=0)
    moved: Mapped[list[Any]] = mapped_column(default_factory=list)
    """Of each that was moved: its id, and its window before."""
    left: Mapped[list[Any]] = mapped_column(default_factory=list)
    """Of each that stays: its id and why."""
    finished: Mapped[datetime | None] = mapped_column(default=None, index=True)
    undone: Mapped[datetime | None] = mapped_column(default=None)


class Shifting:
    """Every shift, and those that are under way."""

    def __init__(
        self, records: Records, changes: Changes, shelf: Shelf, clock: Clock, zone: Zone
    ) -> None:
        self._records = records
        self._changes = changes
        self._shelf = shelf
        self._clock = clock
        self._zone = zone
        self._ready = Readiness(records, changes, Types(records, changes), clock)

    def look(
        self,
        since: datetime,
        until: datetime,
        days: int,
        *,
        account: str = "",
        units: Collection[str] | None = None,
    ) -> tuple[list[Placement], list[tuple[str, Flaw]]]:
        """What would be moved, and which of it would not fit and why. Moves nothing."""
        found = self._found(since, until, days, account, units)
        moving = {each.id for each in found}
        left = []
        for each in found:
            if (flaw := self._objection(each, days, moving)) is not None:
                left.append((each.id, flaw))
                moving.discard(each.id)
        return found, left

    def shift(
        self,
        since: datetime,
        until: datetime,
        days: int,
        *,
        by: str,
        account: str = "",
        units: Collection[str] | None = None,
    ) -> ShelfShift:
        """Move what opens from ``since`` until before ``until``. Raises `Invalid` for nothing,
        too much, or too far."""
        found = self._found(since, until, days, account, units)
        if not 0 < len(found) <= MOST:
            raise Invalid("since", "nothing_to_shift" if not found else "too_many_to_shift")
        run = ShelfShift(by=by, at=self._clock(), days=days, planned=[each.id for each in found])
        with self._records.write() as session:
            session.add(run)
            self._changes.note("began_shift", "shelf_shift", run.id, by=by, days=days, n=len(found))
        return self.go_on(run.id)

    def go_on(self, run: str) -> ShelfShift:
        """To its end. Harmless when repeated, or by many at once."""
        kept = self.one(run)
        while kept.finished is None:
            self._slice(kept)
            kept = self.one(run)
        return kept

    def finish(self) -> int:
        """Go on with what somebody left half done; says how many there were."""
        with self._records.read() as session:
            waiting = session.scalars(
                select(ShelfShift.id).where(ShelfShift.finished.is_(None))
            ).all()
        for each in waiting:
            self.go_on(each)
        return len(waiting)

    def undo(self, run: str, *, by: str) -> ShelfShift:
        """Every placement back to where it was, unless it was moved since, or no longer fits."""
        kept = self.one(run)
        if kept.finished is None or kept.undone is not None:
            raise Conflict("shift_is_undone" if kept.undone else "shift_is_under_way")
        moved = list(reversed(kept.moved))
        for begin in range(0, len(moved), _SLICE):
            self._back(moved[begin : begin + _SLICE], kept.days, by)
        with self._records.write(f"shelf_shift:{run}") as session:
            kept = _existing(session, run)
            kept.undone = self._changes.note("undid_shift", "shelf_shift", run, by=by).at
        return kept

    def one(self, run: str) -> ShelfShift:
        with self._records.read() as session:
            return _existing(session, run)

    def latest(self, limit: int = 5) -> list[ShelfShift]:
        """The latest first."""
        with self._records.read() as session:
            wanted = select(ShelfShift).order_by(ShelfShift.id.desc()).limit(limit)
            return list(session.scalars(wanted))

    def _found(
        self, since: datetime, until: datetime, days: int, account: str,
        units: Collection[str] | None,
    ) -> list[Placement]:  # fmt: skip
        if not 0 < abs(days) <= FURTHEST:
            raise Invalid("days", "days_out_of_range", limit=FURTHEST)
        wanted = select(Placement).where(
            Placement.opens >= since, Placement.opens < until, Placement.retired.is_(None),
            Placement.closes > self._clock(),
        )  # fmt: skip
        if account:
            wanted = wanted.where(Placement.account == account)
        if units is not None:
            wanted = wanted.where(Placement.unit.in_(units))
        first = Placement.opens.desc() if days > 0 else Placement.opens.asc()
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(first, Placement.id).limit(MOST + 1)))

    def _objection(self, placement: Placement, days: int, moving: set[str]) -> Flaw | None:
        opens, closes = self._later(placement.opens, days), self._later(placement.closes, days)
        clash = select(Placement.id).where(
            Placement.material == placement.material, Placement.account == placement.account,
            Placement.retired.is_(None), Placement.opens < closes, Placement.closes > opens,
        )  # fmt: skip
        with self._records.read() as session:
            drive = campaign_of(session, placement.campaign)
            for flaw in self._ready.window_flaws(opens, closes, drive):
                return flaw
            others = [each for each in session.scalars(clash) if each not in moving]
        if others:
            title = {"title": placement.material, "placement": others[0]}
            return Flaw("opens", "already_placed", title)
        return None

    def _slice(self, seen: ShelfShift) -> None:
        ids = seen.planned[seen.done : seen.done + _SLICE]
        placements = self._shelf.many(ids)
        names = sorted({f"placement:{each.material}" for each in placements.values()})
        with self._records.write(f"shelf_shift:{seen.id}", *names) as session:
            kept = _existing(session, seen.id)
            if kept.done != seen.done or kept.finished is not None:
                return
            moved, left = list(kept.moved), list(kept.left)
            placements = self._shelf.many(ids)  # as they are now that nobody else moves them
            for each in ids:
                before = placements[each]
                window = [before.opens.isoformat(), before.closes.isoformat()]
                reason = self._move(before, kept.days, kept.by)
                if reason:
                    left.append([each, reason])
                else:
                    moved.append([each, *window])
            kept.moved, kept.left, kept.done = moved, left, kept.done + len(ids)
            if kept.done >= len(kept.planned):
                kept.finished = self._clock()

    def _move(self, placement: Placement, days: int, by: str) -> str:
        opens, closes = self._later(placement.opens, days), self._later(placement.closes, days)
        try:
            self._shelf.move(placement.id, opens=opens, closes=closes, by=by)
        except Problem as refused:
            return refused.flaws[0].reason if isinstance(refused, Invalid) else refused.reason
        return ""

    def _back(self, moved: Sequence[Any], days: int, by: str) -> None:
        placements = self._shelf.many([each[0] for each in moved])
        names = sorted({f"placement:{each.material}" for each in placements.values()})
        with self._records.write(*names):
            placements = self._shelf.many(placements)  # as they are now that nobody moves them
            for key, opens, closes in moved:
                before = datetime.fromisoformat(opens), datetime.fromisoformat(closes)
                if placements[key].opens != self._later(before[0], days):
                    continue
                try:
                    self._shelf.move(key, opens=before[0], closes=before[1], by=by)
                except Problem:
                    continue

    def _later(self, moment: datetime, days: int) -> datetime:
        local = self._zone.local(moment)
        return self._zone.at(local.date() + timedelta(days=days), local.time())


def _existing(session: Session, run: str) -> ShelfShift:
    found = session.get(ShelfShift, run)
    if found is None:
        raise NotFound("shelf_shift", run[:80])
    return found
