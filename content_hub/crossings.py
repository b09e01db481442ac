"""Crossings (上下架时刻): what came onto a shelf or left it since somebody looked last.

Standing is worked out at every read; nothing happens at a boundary. Whoever has to be *told* of one
looks here: a fold of what was known to stand, compared with what stands now, whatever the cause
(a window, an embargo, a licence, an approval, a retirement). A late look finds the same crossings,
those that began and ended meanwhile among them, each once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import bounds
from content_hub.placements import Placement
from content_hub.shelf import Freshness, Shelf
from content_hub.terms import BARRED
from kernel.clock import Clock
from stores.records import Record, Records
from stores.told import micros, moment
from stores.watermarks import Watermarks

_FOLLOWER = "crossings"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ShownPlacement(Record, kw_only=True):
    """A placement that was standing when somebody looked last."""

    __tablename__ = "shown_placements"

    placement: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    material: Mapped[str]


class Crossing(NamedTuple):
    """One boundary that was passed."""

    placement: str
    account: str
    material: str
    at: datetime
    on: bool
    """It came onto the shelf; otherwise it left it."""


class Look(NamedTuple):
    """What a look found, to be taken in the transaction that tells of it."""

    crossings: list[Crossing]
    before: str
    after: str


class Crossings:
    """One fold; looked at by one worker at a time."""

    def __init__(self, records: Records, shelf: Shelf, clock: Clock) -> None:
        self._records = records
        self._shelf = shelf
        self._clock = clock
        self._marks = Watermarks(records, Record)
        self._quiet: Freshness | None = None

    def begin(self) -> None:
        """Nobody was told for a while: take what stands for known. Joins a write."""
        self._marks.move(_FOLLOWER, "")
        self._quiet = None

    def look(self, limit: int = 100) -> Look:
        """At most so many of those that nobody was told of. Changes nothing."""
        now = self._clock()
        with self._records.read() as session:
            fresh = self._shelf.freshness(now)
            before = self._marks.of(_FOLLOWER)
            if fresh == self._quiet and before:
                return Look([], before, before)
            since = moment(int(before)) if before else None
            brief, upto = self._brief(session, since, now, limit) if since else ([], now)
            found = [each for placement in brief for each in _passed(session, placement, now)]
            if upto < now:
                return Look(found, before, str(micros(upto)))
            found += self._on(session, since, now, limit)
            found += self._off(session, since, now, limit)
        if not found:
            self._quiet = fresh
        behind = not since and found  # still finding out what stands: nothing is known exactly
        return Look(found, before, before if behind else str(micros(now)))

    def take(self, look: Look) -> bool:
        """These were told: joins the write that tells. False if another look came first."""
        if self._marks.of(_FOLLOWER) != look.before:
            return False
        off = [each.placement for each in look.crossings if not each.on]
        on = {each.placement: each for each in look.crossings if each.on}
        rows = [
            {"placement": each.placement, "account": each.account, "material": each.material}
            for each in on.values() if each.placement not in off
        ]  # fmt: skip
        with self._records.part() as session:
            session.execute(delete(ShownPlacement).where(ShownPlacement.placement.in_(off)))
            if rows:
                known = select(ShownPlacement.placement).where(ShownPlacement.placement.in_(on))
                there = set(session.scalars(known))
                fresh = [row for row in rows if row["placement"] not in there]
                if fresh:
                    session.execute(insert(ShownPlacement), fresh)
        self._marks.move(_FOLLOWER, look.after)
        return True

    @staticmethod
    def _brief(
        session: Session, since: datetime, now: datetime, limit: int
    ) -> tuple[list[Placement], datetime]:
        """Those that came and went between two looks, and up to which moment these are all."""
        ended = or_(Placement.closes <= now, Placement.retired <= now)
        wanted = select(Placement).where(Placement.opens > since, Placement.opens <= now, ended)
        placed = list(session.scalars(wanted.order_by(Placement.opens).limit(limit)))
        if len(placed) < limit:
            return placed, now
        last = placed[-1].opens
        return list(session.scalars(wanted.where(Placement.opens <= last))), last

    def _on(
        self, session: Session, since: datetime | None, now: datetime, limit: int
    ) -> list[Crossing]:
        at = micros(now)
        rows = self._records.rows(_ON, [*[at] * 7, limit])
        wanted = select(Placement.id, Placement.placed_at)
        placed: dict[str, datetime] = {}
        if since is None:
            keys = [row[0] for row in rows]
            known = session.execute(wanted.where(Placement.id.in_(keys)))
            placed = {row.id: row.placed_at for row in known}
        told = []
        for placement, account, material, opens in rows:
            when = moment(opens)
            if since is None:
                when = max(when, placed.get(placement, when))
            elif when <= since:
                when = now
            told.append(Crossing(placement, account, material, when, on=True))
        return told

    def _off(
        self, session: Session, since: datetime | None, now: datetime, limit: int
    ) -> list[Crossing]:
        at = micros(now)
        rows = self._records.rows(_OFF, [*[at] * 7, limit])
        wanted = select(Placement).where(Placement.id.in_([row[0] for row in rows]))
        placed = {each.id: each for each in session.scalars(wanted)}
        told = []
        for placement, account, material in rows:
            kept = placed.get(placement)
            ends = [each for each in (kept.retired, kept.closes) if each] if kept else []
            passed = [each for each in ends if each <= now]
            when = min(passed, default=now if since else _LONG_AGO)
            told.append(Crossing(placement, account, material, when, on=False))
        return told


def _passed(session: Session, placement: Placement, now: datetime) -> Iterator[Crossing]:
    """Both ends of what is over, as far as the facts about its material let it stand at all."""
    opens, closes = bounds.within(placement, bounds.of(session, placement.material))
    if placement.retired is not None:
        closes = min(closes, micros(placement.retired))
    if opens < closes <= micros(now):
        about = placement.id, placement.account, placement.material
        yield Crossing(*about, moment(opens), on=True)
        yield Crossing(*about, moment(closes), on=False)


_STANDS = "r.tag = '' AND r.opens <= ? AND r.closes > ?"
_ON = (
    "SELECT r.placement, r.account, r.material, r.opens FROM shelf_rows r"  # noqa: S608  # our words
    f" WHERE {_STANDS} AND r.placement NOT IN ({BARRED})"
    " AND NOT EXISTS (SELECT 1 FROM shown_placements s WHERE s.placement = r.placement)"
    " ORDER BY r.opens, r.placement LIMIT ?"
)
_OFF = (
    "SELECT s.placement, s.account, s.material FROM shown_placements s WHERE NOT EXISTS"  # noqa: S608  # our words
    f" (SELECT 1 FROM shelf_rows r WHERE r.placement = s.placement AND {_STANDS})"
    f" OR s.placement IN ({BARRED}) ORDER BY s.placement LIMIT ?"
)
