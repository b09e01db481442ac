"""Counters (计数器): what all customers together tell about contents, folded from events.

Who reads what now (decayed), what is read with what, how often something was offered and opened,
what each rep's customers read and what she sells. Incremental, in slices; thrown away and folded
again it comes out the same. Knows handles only, and no tags: what a deal was about is asked when
somebody wants to know. Scores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import numpy as np
import orjson
from sqlalchemy import BigInteger, LargeBinary, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from data_hub.catalogue import kind_of
from data_hub.details import details, order
from kernel.crash import crash_point, declare
from kernel.events import Event
from matching.arrays import Floats, Keys, key_of
from matching.trails import Step, walk
from stores.records import Folded, Records, upsert
from stores.watermarks import Watermarks

SLICE = 200
"""Events a transaction: it stays under the 100 ms for which a write may hold the lock."""
HALF_LIFE = timedelta(days=14).total_seconds()
"""Of popularity: measured, all-time popularity finds a fifth of it for new customers."""
NEIGHBOURS = 200
_SMALL = 10.0
"""Pairs seen together less often than this are hardly believed."""
_ORIGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_PUT = declare("counters.put", "a slice of counts and its watermark are committed")
_FOLLOWER = "counters"


class MaterialCount(Folded, kw_only=True):
    """What all customers together tell about one content."""

    __tablename__ = "material_counts"

    material: Mapped[str] = mapped_column(primary_key=True)
    popular: Mapped[float]
    """Readers, each worth 2^(t/half-life) for its moment t: nothing ever needs to be decayed."""
    readers: Mapped[int]
    shown: Mapped[int]
    clicked: Mapped[int]
    moved: Mapped[int] = mapped_column(BigInteger, index=True)
    """The history position that last moved it, for arrays that keep in step."""
    stale: Mapped[bool] = mapped_column(index=True)
    """Its neighbours have changed since they were last packed."""


class ScopedCount(Folded, kw_only=True):
    """Decayed readers of one content within one account or one rep's book."""

    __tablename__ = "scoped_counts"

    scope: Mapped[str] = mapped_column(primary_key=True)
    """``account:acc_…`` or ``rep:stf_…``."""
    material: Mapped[str] = mapped_column(primary_key=True)
    popular: Mapped[float]


class Pair(Folded, kw_only=True):
    """How near two contents lie, over all trails. ``one`` sorts before ``two``."""

    __tablename__ = "content_pairs"

    one: Mapped[str] = mapped_column(primary_key=True)
    two: Mapped[str] = mapped_column(primary_key=True, index=True)
    near: Mapped[float]


class Trail(Folded, kw_only=True):
    """The last contents behind one handle."""

    __tablename__ = "trails"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    steps: Mapped[bytes] = mapped_column(LargeBinary, info={"customer": "drop"})


class Neighbours(Folded, kw_only=True):
    """The nearest contents of one, packed: eight bytes of key and of strength each."""

    __tablename__ = "neighbours"

    material: Mapped[str] = mapped_column(primary_key=True)
    keys: Mapped[bytes] = mapped_column(LargeBinary)
    strengths: Mapped[bytes] = mapped_column(LargeBinary)


class Deal(Folded, kw_only=True):
    """How often a rep has sold one thing."""

    __tablename__ = "deals"

    rep: Mapped[str] = mapped_column(primary_key=True)
    material: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class Popularity(NamedTuple):
    """How one content has fared so far."""

    material: str
    popular: float
    readers: int
    shown: int
    clicked: int


class History(Protocol):
    """What the counters ask of history (`stores.history.History`)."""

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]: ...


@dataclass(slots=True)
class _Sums:
    """What one slice of events adds up to."""

    popular: dict[str, float] = field(default_factory=dict)
    readers: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    clicked: dict[str, int] = field(default_factory=dict)
    scoped: dict[tuple[str, str], float] = field(default_factory=dict)
    near: dict[tuple[str, str], float] = field(default_factory=dict)
    deals: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    trails: dict[str, list[Step]] = field(default_factory=dict)

    def take(self, event: Event, trails: Mapping[str, list[Step]]) -> None:
        if event.kind == "recommended":
            for material in event.detail.get("materials", ()):
                _add(self.shown, str(material), 1)
        if event.handle is None or event.detail.get("bot"):
            return
        if event.kind == "opened_link" and event.rep:
            _add(self.clicked, event.material, 1)
        if event.kind == "bought" and event.rep:
            sold = order(details(event))
            _add(self.deals, (event.rep, event.material, sold.category, sold.product), 1)
        if event.material and _shows_interest(event.kind):
            self._walk(event, trails)

    def _walk(self, event: Event, trails: Mapping[str, list[Step]]) -> None:
        handle = str(event.handle)
        trail = self.trails.get(handle)
        if trail is None:
            trail = list(trails.get(handle, ()))
        at = event.at.timestamp()
        turn = walk(trail, Step(at, event.id, event.material, event.account, event.rep))
        if turn is None:
            return
        self.trails[handle] = trail
        self._count(turn.began, 1)
        if turn.instead_of is not None:
            self._count(turn.instead_of, -1)
        for pair, near in turn.nearer.items():
            _add(self.near, pair, near)

    def _count(self, step: Step, sign: int) -> None:
        gain = sign * worth(step.at)
        _add(self.popular, step.material, gain)
        _add(self.readers, step.material, sign)
        _add(self.scoped, (f"account:{step.account}", step.material), gain)
        if step.rep:
            _add(self.scoped, (f"rep:{step.rep}", step.material), gain)


def _add(sums: dict[Any, Any], key: Any, by: float) -> None:
    sums[key] = sums.get(key, 0) + by


def _shows_interest(kind: str) -> bool:
    known = kind_of(kind)
    return bool(known.owner == "customer" and known.weight > 0)


def worth(at: float) -> float:
    """What one reader at this moment counts for, in numbers that never decay."""
    return float(2.0 ** ((at - _ORIGIN) / HALF_LIFE))


class Counters:
    """Follows history. One at a time: whoever folds holds the worker's lease."""

    def __init__(self, people: Records, history: History) -> None:
        self._people = people
        self._history = history
        self._marks = Watermarks(people, Folded)

    # Folding

    def fold(self, limit: int = 500) -> int:
        """Fold up to so many events and pack some neighbours; 0 when nothing was left to do."""
        done = 0
        while done < limit:
            stretch = self._history.after(self.mark(), min(SLICE, limit - done))
            if not stretch or not self._put(stretch):
                break
            done += len(stretch)
        return done + self.pack(20 if done else 100)

    def mark(self) -> int:
        """The history position up to which everything is counted."""
        return int(self._marks.of(_FOLLOWER) or 0)

    def rebuild(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Throw the counts away and fold history again. ``tell`` hears of the progress."""
        with self._people.write(_FOLLOWER) as session:
            for kind in (MaterialCount, ScopedCount, Pair, Trail, Neighbours, Deal):
                session.execute(delete(kind))
            self._marks.move(_FOLLOWER, "0")
        done = 0
        while taken := self.fold(5_000):
            done += taken
            tell(done)
        return done

    def _put(self, stretch: Sequence[tuple[int, Event]]) -> bool:
        """Count a stretch: all of it or nothing. False if another was faster."""
        before, upto = self.mark(), stretch[-1][0]
        trails = self._trails({str(event.handle) for _, event in stretch if event.handle})
        sums = _Sums()
        for _, event in stretch:
            sums.take(event, trails)
        with self._people.write(_FOLLOWER) as session:
            if self.mark() != before:
                return False
            _write(session, sums, upto)
            self._marks.move(_FOLLOWER, str(upto))
        crash_point(_PUT)
        return True

    def _trails(self, handles: Collection[str]) -> dict[str, list[Step]]:
        with self._people.read() as session:
            kept = select(Trail.handle, Trail.steps).where(Trail.handle.in_(handles))
            return {
                handle: [Step(*step) for step in orjson.loads(steps)]
                for handle, steps in session.execute(kept)
            }

    def pack(self, limit: int = 100) -> int:
        """Pack the neighbours of contents that moved, and say how many that were."""
        with self._people.read() as session:
            wanted = select(MaterialCount.material).where(MaterialCount.stale).limit(limit)
            stale = list(session.scalars(wanted))
        for begin in range(0, len(stale), 10):
            with self._people.write(_FOLLOWER) as session:
                for material in stale[begin : begin + 10]:
                    session.merge(_packed(session, material))
                done = MaterialCount.material.in_(stale[begin : begin + 10])
                session.execute(update(MaterialCount).where(done).values(stale=False))
        return len(stale)

    # Asking

    def since(self, moved: int) -> list[Popularity]:
        """Every content whose counts moved after this history position."""
        count = MaterialCount
        wanted = select(
            count.material, count.popular, count.readers, count.shown, count.clicked
        ).where(count.moved > moved)
        with self._people.read() as session:
            return [Popularity(*row) for row in session.execute(wanted)]

    def neighbours(self, materials: Collection[str]) -> dict[str, tuple[Keys, Floats]]:
        """The packed lists of these contents: keys, and how near each lies."""
        rows = select(Neighbours.material, Neighbours.keys, Neighbours.strengths)
        with self._people.read() as session:
            found = session.execute(rows.where(Neighbours.material.in_(materials)))
            return {
                material: (np.frombuffer(keys, np.uint64), np.frombuffer(strengths, np.float64))
                for material, keys, strengths in found
            }

    def scoped(self, scope: str) -> dict[str, float]:
        """Decayed readers of each content within ``account:…`` or ``rep:…``."""
        rows = select(ScopedCount.material, ScopedCount.popular).where(ScopedCount.scope == scope)
        with self._people.read() as session:
            return dict(session.execute(rows).all())

    def popular(self, materials: Collection[str]) -> dict[str, float]:
        rows = select(MaterialCount.material, MaterialCount.popular)
        with self._people.read() as session:
            found = session.execute(rows.where(MaterialCount.material.in_(materials)))
            return dict(found.all())

    def total(self) -> float:
        """Decayed readers over all contents."""
        with self._people.read() as session:
            return session.scalar(select(func.sum(MaterialCount.popular))) or 0.0

    def deals(self, rep: str) -> list[tuple[str, str, str, int]]:
        """What a rep has sold: (material, category, product, how often)."""
        rows = select(Deal.material, Deal.category, Deal.product, Deal.count)
        with self._people.read() as session:
            return [(m, c, p, n) for m, c, p, n in session.execute(rows.where(Deal.rep == rep))]


def _write(session: Session, sums: _Sums, upto: int) -> None:
    touched = {*sums.popular, *sums.shown, *sums.clicked, *(m for pair in sums.near for m in pair)}
    stale = {*sums.popular, *(material for pair in sums.near for material in pair)}
    _sum_up(
        session,
        MaterialCount,
        [
            {
                "material": material, "popular": sums.popular.get(material, 0.0),
                "readers": sums.readers.get(material, 0), "shown": sums.shown.get(material, 0),
                "clicked": sums.clicked.get(material, 0), "moved": upto,
                "stale": material in stale,
            }
            for material in touched
        ],
        set_={"moved": upto},
        either={"stale"},
    )  # fmt: skip
    scoped = [
        {"scope": scope, "material": material, "popular": gain}
        for (scope, material), gain in sums.scoped.items()
    ]
    pairs = [{"one": one, "two": two, "near": near} for (one, two), near in sums.near.items()]
    deals = [
        {"rep": rep, "material": material, "category": category, "product": product, "count": n}
        for (rep, material, category, product), n in sums.deals.items()
    ]
    for kind, rows in ((ScopedCount, scoped), (Pair, pairs), (Deal, deals)):
        _sum_up(session, kind, rows)
    upsert(
        session,
        Trail,
        [
            {"handle": handle, "steps": orjson.dumps([tuple(step) for step in trail])}
            for handle, trail in sums.trails.items()
        ],
    )


def _sum_up(
    session: Session,
    kind: type[Folded],
    rows: Sequence[Mapping[str, Any]],
    *,
    set_: Mapping[str, Any] | None = None,
    either: Collection[str] = (),
) -> None:
    """Add each row to the one that is there; ``either`` columns become true if one is."""
    if not rows:
        return
    table: Any = kind.__table__
    insert = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    put = insert(table)
    keys = [column.name for column in table.primary_key]
    summed = [name for name in rows[0] if name not in {*keys, *either}]
    changed: dict[str, Any] = {name: table.c[name] + put.excluded[name] for name in summed}
    changed |= {name: or_(table.c[name], put.excluded[name]) for name in either}
    changed |= set_ or {}
    session.execute(put.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def _packed(session: Session, material: str) -> Neighbours:
    """The nearest contents of one: cooc / (n_i^.75 * n_j^.5 + a little)."""
    near: dict[str, float] = {}
    for own, other in ((Pair.one, Pair.two), (Pair.two, Pair.one)):
        near |= dict(session.execute(select(other, Pair.near).where(own == material)).all())
    readers: dict[str, int] = {}
    names = [material, *near]
    for begin in range(0, len(names), 900):
        some = MaterialCount.material.in_(names[begin : begin + 900])
        wanted = select(MaterialCount.material, MaterialCount.readers).where(some)
        readers |= dict(session.execute(wanted).all())
    own_readers = max(readers.get(material, 0), 0) ** 0.75
    strengths = {
        other: value / (own_readers * max(readers.get(other, 0), 0) ** 0.5 + _SMALL)
        for other, value in near.items()
        if value > 1e-9
    }
    nearest = sorted(strengths, key=lambda other: (-strengths[other], other))[:NEIGHBOURS]
    return Neighbours(
        material=material,
        keys=np.array([key_of(other) for other in nearest], np.uint64).tobytes(),
        strengths=np.array([strengths[other] for other in nearest], np.float64).tobytes(),
    )
