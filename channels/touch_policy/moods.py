"""Moods (心情): to whom no marketing goes, because she complained, is upset or waits for a mend.

Follows what the digest found, and staff may hold or lift by hand. A hold ends by itself after a
while, so that a case nobody closed does not silence us for ever. Sends and cancels nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.findings import Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from kernel.clock import Clock
from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records
from stores.spelling import marks, moment, spelled

HOLDS = {"complained": "open_complaint", "case_opened": "open_case"}
LIFTS = {"complaint_settled": "open_complaint", "case_closed": "open_case"}
UPSET = "negative_mood"
_BY = "worker"


class MoodHold(Record, kw_only=True):
    """Why somebody is left in peace, and until when."""

    __tablename__ = "mood_holds"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("hld"))
    source: Mapped[str] = mapped_column(unique=True)
    """The finding that began it, or its own id if a person did."""
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    why: Mapped[str]
    since: Mapped[datetime]
    """When it began, by what she said or did."""
    until: Mapped[datetime]
    lifted: Mapped[datetime | None] = mapped_column(default=None)
    by: Mapped[str]


class Moods:
    """Who is left in peace."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        findings: Findings,
        identities: Identities,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._findings = findings
        self._identities = identities
        self._clock = clock
        self._following = Following(records, findings, "moods")

    def hold(
        self, handle: Handle | str, why: str, *, days: float, by: str, source: str = "",
        since: datetime | None = None,
    ) -> MoodHold:  # fmt: skip
        """Leave her in peace for so many days, from now on if nothing else is said. The same source
        holds once. Why stands with the hold alone: what somebody wrote of her goes with her."""
        since = since or self._clock()
        made = MoodHold(
            source="", handle=str(handle), why=why, since=since,
            until=since + timedelta(days=days), by=by,
        )  # fmt: skip
        made.source = source or made.id
        with self._records.write(f"mood:{made.source}") as session:
            there = session.scalar(select(MoodHold).where(MoodHold.source == made.source))
            if there is not None:
                return there
            session.add(made)
            self._changes.note("mood_held", "mood", made.id, by=by, handle=made.handle)
        return made

    def lift(self, handles: Collection[Handle | str], *, by: str) -> int:
        """End every hold of hers; says how many that were."""
        hers = select(MoodHold).where(
            MoodHold.handle.in_([str(handle) for handle in handles]), MoodHold.lifted.is_(None)
        )
        with self._records.write() as session:
            found = list(session.scalars(hers))
            for each in found:
                each.lifted = self._clock()
                self._changes.note("mood_lifted", "mood", each.id, by=by, handle=each.handle)
        return len(found)

    def of(self, handles: Collection[str]) -> Mapping[str, tuple[str, datetime]]:
        """By handle, why she is held now and until when, the longest of several."""
        return current(self._records, handles, self._clock())

    def follow(self, days: float, limit: int = 200) -> int:
        """Take in what the digest found since the last time; how much that was. Harmless when
        repeated."""
        stretch = self._following.stretch(limit)
        if not stretch.found:
            return 0
        about = (f"mood:{each.key}" for each in stretch.found)
        with self._records.write(self._following.name, *about):
            if not self._following.move(stretch):
                return 0
            for each in stretch.found:
                self._take(each, days)
        return len(stretch.found)

    def _take(self, found: Found, days: float) -> None:
        """What she said on one handle and what was done about another is one story, told in any
        order: a case is over by its own number, or with all of its kind."""
        sentiment = found.evidence.get("sentiment")
        why = HOLDS.get(found.kind) or (UPSET if sentiment == "negative" else "")
        if why:
            over = found.at + timedelta(days=days) <= self._clock() or self._ended(found)
            if not over:
                self.hold(
                    found.handle, why, days=days, by=_BY, source=found.key, since=found.at
                )  # fmt: skip
            return
        ended: list[ColumnElement[bool]] = []
        if found.kind in LIFTS:
            ended.append(MoodHold.source.in_(self._begun(found)))
        if sentiment:
            ended.append(MoodHold.why == UPSET)
        if ended:
            self._end(found, or_(*ended))

    def _end(self, found: Found, ended: ColumnElement[bool]) -> None:
        """Of what began before; what a person held, a person lifts."""
        hers = self._identities.alongside(found.handle)
        with self._records.write() as session:
            session.execute(
                update(MoodHold)
                .where(MoodHold.handle.in_(hers), MoodHold.by == _BY, ended)
                .where(MoodHold.lifted.is_(None), MoodHold.since <= found.at)
                .values(lifted=self._clock()),
                execution_options={"synchronize_session": False},
            )

    def _begun(self, end: Found) -> list[str]:
        """The findings that began what this one ends."""
        return [
            each.key for each in self._hers(end, HOLDS) if each.at <= end.at and _ends(end, each)
        ]

    def _ended(self, begun: Found) -> bool:
        """Was it ended before anybody here heard that it had begun?"""
        return any(each.at >= begun.at and _ends(each, begun) for each in self._hers(begun, LIFTS))

    def _hers(self, found: Found, kinds: Collection[str]) -> list[Found]:
        return self._findings.about(self._identities.alongside(found.handle), kinds)


def _ends(end: Found, begun: Found) -> bool:
    """By the number of the case, where both are told it; else by what it was."""
    number, case = end.evidence.get("case"), begun.evidence.get("case")
    if number and case:
        return bool(number == case)
    return LIFTS.get(end.kind) == HOLDS.get(begun.kind)


def current(
    records: Records, handles: Collection[str], now: datetime
) -> dict[str, tuple[str, datetime]]:
    """The holds of these handles that stand now; in a transaction, as it sees them."""
    values = [*handles, spelled(records, now)]
    rows = records.rows(_STANDING.format(marks(handles)), values)
    return {handle: (why, moment(until)) for handle, why, until in rows}


_STANDING = (
    "SELECT handle, why, until FROM mood_holds WHERE handle IN ({}) AND lifted IS NULL"
    " AND until > ? ORDER BY until"
)
