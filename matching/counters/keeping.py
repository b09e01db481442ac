"""Where the counters are kept (计数维护): folding history in slices, packing neighbours, asking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import numpy as np
import orjson
from sqlalchemy import delete, or_, select, tuple_
from sqlalchemy.orm import Session

from kernel.crash import crash_point, declare
from kernel.errors import Overloaded
from kernel.events import Event
from matching.arrays import Floats, Keys, keys_of
from matching.counters.dealing import dealt, keep_lines
from matching.counters.deals import Line, Sold, apart
from matching.counters.nearness import NEIGHBOURS, nearness
from matching.counters.records import (
    Deal,
    DealsDue,
    MaterialCount,
    Neighbours,
    Pair,
    Sales,
    ScopedCount,
    Trail,
)
from matching.counters.sums import Rows, Sums, rows_of, traded
from matching.trails import Path, Step
from stores.bulk import among, change, many
from stores.personal import overwritten
from stores.records import Folded, Records, insert, upsert
from stores.spelling import chunks, marks
from stores.watermarks import Watermarks

SLICE = 200
"""Events a transaction: it stays under the 100 ms for which a write may hold the lock."""
_CLEARED = 1_000
"""Rows that one write throws away."""
BEHIND = 5_000
"""So many history positions without their counts, and lists say that they are degraded."""
_PUT = declare("counters.put", "a slice of counts and its watermark are committed")
_FOLLOWER = "counters"
_FORM, OF_NOW = "counters_form", "deals"
"""Counts that an older version folded have another form: they are folded again."""
_ALL = (MaterialCount, ScopedCount, Pair, Trail, Neighbours, Deal, Sales, DealsDue)
_CLEARING = "clearing"
"""The mark of counts that are thrown away, a few at a time, before history is folded again."""
_REACHED = "counters_reached"
"""How far history was when folding began from nothing: until counts are there again, they lag."""


class Popularity(NamedTuple):
    """How one content has fared so far."""

    material: str
    popular: float
    lately: float
    readers: int
    shown: int
    clicked: int


class History(Protocol):
    """What the counters ask of history (`stores.history.History`)."""

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]: ...

    def newest(self) -> int: ...


class Counters:
    """Follows history. One at a time: whoever folds holds the worker's lease."""

    def __init__(self, people: Records, history: History, *, few: int = _CLEARED) -> None:
        """``few``: how many rows one write throws away."""
        self._few = few
        self._people = people
        self._history = history
        self._marks = Watermarks(people, Folded)
        self._formed = False

    # Folding

    def fold(self, limit: int = 500) -> int:
        """Fold up to so many events and pack some neighbours; 0 when nothing was left to do."""
        self._in_form()
        if self.mark() < 0 and (gone := self._clear()):
            return gone
        done = 0
        while done < limit:
            stretch = self._history.after(self.mark(), min(SLICE, limit - done))
            if not stretch or not self._put(stretch):
                break
            done += len(stretch)
        while self._deal():
            pass
        # What is behind catches up first: a list packed now is stale again with the next stretch.
        return done + self.pack(4 if done >= limit else 100)

    def _in_form(self) -> None:
        """Begin anew with what another version has counted."""
        if self._formed or self._marks.of(_FORM) == OF_NOW:
            self._formed = True
            return
        with self._people.write(_FOLLOWER):
            if self._marks.of(_FOLLOWER):
                self._marks.move(_FOLLOWER, _CLEARING)
                self._marks.move(_REACHED, str(self._history.newest()))
            self._marks.move(_FORM, OF_NOW)
        self._formed = True

    def mark(self) -> int:
        """The history position up to which everything is counted; -1 while they are cleared."""
        mark = self._marks.of(_FOLLOWER)
        return -1 if mark == _CLEARING else int(mark or 0)

    def lags(self) -> bool:
        """Are the counts far behind history, because they were lost or a storm came in?

        They may be if it does not answer: whoever counts on them goes on, and says so."""
        mark = self.mark()
        allowed = BEHIND if mark >= int(self._marks.of(_REACHED) or 0) else 0
        try:
            return bool(self._history.after(max(0, mark) + allowed, 1))
        except Overloaded:
            return True

    def behind(self) -> int:
        """How many arrivals are not counted yet: all of them while what was counted is cleared."""
        return max(0, self._history.newest() - max(0, self.mark()))

    def rebuild(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Throw the counts away and fold history again. ``tell`` hears of the progress. Broken
        off, whoever folds next goes on with it."""
        with self._people.write(_FOLLOWER):
            self._marks.move(_FOLLOWER, _CLEARING)
            self._marks.move(_REACHED, str(self._history.newest()))
            self._marks.move(_FORM, OF_NOW)
        while self._clear():
            pass
        done = 0
        while taken := self.fold(5_000):
            done += taken
            tell(done)
        return done

    def _clear(self) -> int:
        """Throw some counts away, and say how many; with the last of them folding begins anew."""
        with self._people.write(_FOLLOWER) as session:
            if self.mark() >= 0:
                return 0
            for kind in _ALL:
                keys = tuple(kind.__table__.primary_key)
                some = select(*keys).limit(self._few)
                gone: Any = session.execute(delete(kind).where(tuple_(*keys).in_(some)))
                if gone.rowcount:
                    return int(gone.rowcount)
            self._marks.move(_FOLLOWER, "0")
        return 0

    def _put(self, stretch: Sequence[tuple[int, Event]]) -> bool:
        """Count a stretch: all of it or nothing. False if another was faster."""
        before, upto = self.mark(), stretch[-1][0]
        trails = self._trails({str(event.handle) for _, event in stretch if event.handle})
        sales = self._sales({str(event.handle) for _, event in stretch if traded(event)})
        sums = Sums()
        for _, event in stretch:
            sums.take(event, trails, sales)
        rows, reached = rows_of(sums, upto), "" if before else str(self._history.newest())
        with self._people.write(_FOLLOWER) as session:
            if self.mark() != before:
                return False
            _write(session, rows)
            keep_lines(session, sums.sales)
            if not before:
                self._marks.move(_REACHED, reached)
            self._marks.move(_FOLLOWER, str(upto))
        crash_point(_PUT)
        return True

    def _deal(self) -> bool:
        """Count the deals of some of whom it is due; False when there was nobody."""
        if (told := dealt(self._people)) is None:
            return False
        with self._people.write(_FOLLOWER) as session:
            told.keep(session)
        return True

    def _trails(self, handles: Collection[str]) -> dict[str, Path]:
        with self._people.read() as session:
            kept = select(Trail.handle, Trail.steps, Trail.met).where(Trail.handle.in_(handles))
            return {
                handle: Path(
                    [Step(*step) for step in orjson.loads(steps)],
                    np.frombuffer(met, np.uint64).tolist(),
                )
                for handle, steps, met in session.execute(kept)
            }  # fmt: skip

    def _sales(self, handles: Collection[str]) -> dict[str, list[Line]]:
        if not handles:
            return {}
        with self._people.read() as session:
            kept = select(Sales.handle, Sales.lines).where(Sales.handle.in_(handles))
            return {
                handle: [Line(*line) for line in orjson.loads(lines)]
                for handle, lines in session.execute(kept)
            }

    def pack(self, limit: int = 100) -> int:
        """Pack the neighbours of contents that moved, and say how many that were."""
        mark = self.mark()
        with self._people.together():
            stale = [material for (material,) in self._people.rows(_STALE, [True, limit])]
            packed = [_packed(self._people, material) for material in stale]
        for begin in range(0, len(stale), 25):
            self._keep(mark, stale[begin : begin + 25], packed[begin : begin + 25])
        return len(stale)

    def _keep(self, mark: int, stale: Sequence[str], packed: Sequence[dict[str, Any]]) -> None:
        """Keep packed lists, unless something was counted while they were packed."""
        with self._people.write(_FOLLOWER) as session:
            if self.mark() == mark:
                upsert(session, Neighbours, packed)
                change(session, MaterialCount, [{"material": m, "stale": False} for m in stale])

    def let_go(self, before: datetime, limit: int) -> int:
        """Drop up to so many trails of which the last step was before a moment; how many. What they
        told about contents is counted on."""
        over = select(Trail.handle).where(Trail.moved < before.timestamp()).limit(limit)
        with self._people.read() as session:
            doomed = list(session.scalars(over))
        if doomed:
            with self._people.write(_FOLLOWER) as session:
                overwritten(self._people, session)
                for some in chunks(doomed):
                    gone = Trail.handle.in_(some), Trail.moved < before.timestamp()
                    session.execute(delete(Trail).where(*gone))
        return len(doomed)

    # Asking

    def since(self, moved: int) -> list[Popularity]:
        """Every content that fares otherwise than it did at this history position."""
        return [Popularity(*row) for row in self._people.rows(_MOVED, [moved])]

    def shown(self, material: str) -> tuple[int, int]:
        """How often a content was on a list, and how many people have touched it."""
        count = MaterialCount
        wanted = select(count.shown, count.readers).where(count.material == material)
        with self._people.read() as session:
            found = session.execute(wanted).first()
        return (found.shown, found.readers) if found else (0, 0)

    def neighbours(self, materials: Collection[str]) -> dict[str, tuple[Keys, Floats]]:
        """The packed lists of these contents: keys, and how near each lies."""
        wanted = _NEAR.format(marks(materials))
        rows = self._people.rows(wanted, [*materials])
        every = np.frombuffer(b"".join(keys for _, keys, _ in rows), np.uint64)
        strengths = np.frombuffer(b"".join(near for *_, near in rows), np.float64)
        ends = list(accumulate(len(keys) // 8 for _, keys, _ in rows))
        return {
            row[0]: (every[begin:end], strengths[begin:end])
            for row, begin, end in zip(rows, [0, *ends], ends, strict=False)
        }

    def scoped(self, scope: str) -> dict[str, float]:
        """Decayed readers of each content within ``account:…`` or ``rep:…``."""
        return dict(self._people.rows(_SCOPED, [scope]))

    def deals(self, rep: str) -> list[tuple[list[Sold], int]]:
        """Orders that a rep has closed, by what was sold: every line, and how many such there
        are."""
        rows = self._people.rows(_DEALS, [rep])
        return [(apart(Sold(*sold)), count) for *sold, count in rows]


_STALE = "SELECT material FROM material_counts WHERE stale = ? LIMIT ?"
_PAIRED = """
SELECT p.two, p.near, coalesce(c.readers, 0) FROM content_pairs p
LEFT JOIN material_counts c ON c.material = p.two WHERE p.one = ? AND p.near > 1e-9
UNION ALL
SELECT p.one, p.near, coalesce(c.readers, 0) FROM content_pairs p
LEFT JOIN material_counts c ON c.material = p.one WHERE p.two = ? AND p.near > 1e-9
"""
_READERS = "SELECT readers FROM material_counts WHERE material = ?"
_MOVED = (
    "SELECT material, popular, lately, readers, shown, clicked FROM material_counts WHERE moved > ?"
)
_NEAR = "SELECT material, keys, strengths FROM neighbours WHERE material IN ({})"
_SCOPED = "SELECT material, popular FROM scoped_counts WHERE scope = ?"
_DEALS = "SELECT material, category, product, count FROM deals WHERE rep = ?"


def _write(session: Session, rows: Rows) -> None:
    _sum_up(session, MaterialCount, rows.counts, latest={"moved"}, either={"stale"})
    near = among(session, ["material", "stale"], MaterialCount.material, rows.nearer)
    fresh = [material for material, stale in near if not stale]
    change(session, MaterialCount, [{"material": m, "stale": True} for m in sorted(fresh)])
    _sum_up(session, ScopedCount, rows.scoped)
    _sum_up(session, Pair, rows.pairs)
    upsert(session, Trail, rows.trails)


def _sum_up(
    session: Session,
    kind: type[Folded],
    rows: Sequence[Mapping[str, Any]],
    *,
    latest: Collection[str] = (),
    either: Collection[str] = (),
) -> None:
    """Add each row to the one that is there; ``latest`` columns are as the new one says, ``either``
    become true if one is."""
    if not rows:
        return
    table: Any = kind.__table__
    put = insert(session, kind)
    keys = [column.name for column in table.primary_key]
    summed = [name for name in rows[0] if name not in {*keys, *either, *latest}]
    changed: dict[str, Any] = {name: table.c[name] + put.excluded[name] for name in summed}
    changed |= {name: or_(table.c[name], put.excluded[name]) for name in either}
    changed |= {name: put.excluded[name] for name in latest}
    many(session, kind, put.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _packed(people: Records, material: str) -> dict[str, Any]:
    """The nearest contents of one: cooc / (n_i^.75 * n_j^.5 + a little)."""
    rows = people.rows(_PAIRED, [material, material])
    ((readers,),) = people.rows(_READERS, [material])
    others, near, theirs = zip(*rows, strict=True) if rows else ((), (), ())
    strengths = nearness(np.array(near, float), readers, np.array(theirs, float))
    first: Sequence[int] = range(len(others))
    if len(others) > NEIGHBOURS:
        least = np.partition(strengths, -NEIGHBOURS)[-NEIGHBOURS]
        first = np.flatnonzero(strengths >= least).tolist()
    nearest = sorted(first, key=lambda at: (-strengths[at], others[at]))[:NEIGHBOURS]
    keys = keys_of(others[at] for at in nearest)
    return {
        "material": material, "keys": keys.tobytes(), "strengths": strengths[nearest].tobytes()
    }  # fmt: skip
