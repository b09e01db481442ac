"""Tagging many at once (批量贴标): everything a filter finds, seen before, taken back afterwards.

Goes on in slices, so that nobody waits for the lock longer than 100 ms; whoever dies in between,
`finish` goes on. What a run did to each material is kept, and undone from there.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.materials import Material, Materials, Wish
from content_hub.tags import Tagging, Taxonomy
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records

_SLICE = 50
MOST = 100_000
NAMED = 1_000
"""So many materials a run may be told by name."""


class TaggingRun(Record, kw_only=True):
    """Tags put on, and taken off, everything that a filter found."""

    __tablename__ = "tagging_runs"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("tgr"))
    by: Mapped[str]
    at: Mapped[datetime]
    add: Mapped[list[str]]
    remove: Mapped[list[str]]
    filter: Mapped[dict[str, Any]]
    """As `Chosen` says it."""
    total: Mapped[int]
    """How many it found when it began; once it has come to its end, how many it dealt with."""
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    """Left as they are: on a shelf they keep a tag, or they have too many."""
    upto: Mapped[str] = mapped_column(default="")
    """The last material that was dealt with."""
    finished: Mapped[datetime | None] = mapped_column(default=None, index=True)
    undoing: Mapped[bool] = mapped_column(default=False)
    undone: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def stopped(self) -> bool:
        """Did somebody end it before it had come to its end?"""
        return self.finished is not None and self.done < self.total


class RunTagging(Record, kw_only=True):
    """What a run did to one material."""

    __tablename__ = "run_taggings"

    run: Mapped[str] = mapped_column(primary_key=True)
    material: Mapped[str] = mapped_column(primary_key=True)
    added: Mapped[list[str]]
    removed: Mapped[list[str]]
    undone: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which materials a run is about: all of these must hold."""

    types: Sequence[str] = ()
    tags: Sequence[str] = ()
    text: str = ""
    """Words in the title or the summary."""
    units: Collection[str] | None = None
    """Whose content; None is all."""
    only: Sequence[str] | None = None
    """No others than these, by id; None is any."""
    directly: bool = False
    """The tags themselves are worn, and not only something under them."""
    made: str = ""
    """The act that made the tag which a split puts on; undone with the run."""

    def spelled(self) -> dict[str, Any]:
        told = asdict(self)
        for name in ("units", "only"):
            told[name] = None if told[name] is None else sorted(told[name])
        return told


_TAGGED: Any = RunTagging.__table__


class _Stretch(NamedTuple):
    """What the next slice of a run is about."""

    ids: Sequence[str]
    upto: str
    last: bool


class Preview(NamedTuple):
    """What a run would do."""

    total: int
    sample: Sequence[Material]


class TaggingRuns:
    """Every run, and those that are under way."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        materials: Materials,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._materials = materials
        self._taxonomy = taxonomy
        self._clock = clock

    def preview(self, chosen: Chosen) -> Preview:
        """How many a run would look at, and the newest of them."""
        wanted = self._wanted(self._read(chosen))
        with self._records.read() as session:
            total = session.scalar(select(func.count()).select_from(wanted.subquery()))
            newest = wanted.order_by(Material.id.desc()).limit(10)
            ids = session.scalars(newest).all()
        found = self._materials.many(ids)
        return Preview(total or 0, [found[each] for each in ids])

    def begin(
        self,
        add: Collection[str],
        remove: Collection[str] = (),
        *,
        by: str,
        chosen: Chosen,
    ) -> TaggingRun:
        """A new run, of which nothing is done yet. Raises `Invalid` if it would do nothing."""
        coming = self._taxonomy.usable(add, "add")
        going = self._taxonomy.resolve(remove, "remove")
        if not coming and not going:
            raise Invalid("add", "missing")
        chosen = self._read(chosen)
        total = self.preview(chosen).total
        if not 0 < total <= MOST or len(chosen.only or ()) > NAMED:
            raise Invalid("materials", "too_many_at_once", limit=MOST)
        run = TaggingRun(
            by=by, at=self._clock(), add=coming, remove=going, total=total,
            filter=chosen.spelled(),
        )  # fmt: skip
        with self._records.write() as session:
            session.add(run)
            self._changes.note("began_tagging", "tagging_run", run.id, by=by, total=total)
        return run

    def split(
        self, tag: str, zh: str, *, by: str, text: str, en: str = "",
        units: Collection[str] | None = None,
    ) -> TaggingRun:  # fmt: skip
        """A tag of its own beside one, for what wears that and has these words: such materials
        wear the new one instead. Undone with the run; nothing is made if nothing is found."""
        old = self._taxonomy.one(tag)
        chosen = Chosen(tags=[old.id], text=text, units=units, directly=True)
        if not text.strip():
            raise Invalid("text", "missing")
        with self._records.write("tags"):
            made = self._taxonomy.create(zh, old.facet, en=en, parent=old.parent, by=by)
            (act,) = self._taxonomy.acts.latest(1, tag=made.id)
            return self.begin([made.id], [old.id], by=by, chosen=replace(chosen, made=act.id))

    def undo(self, run: str, *, by: str) -> TaggingRun:
        """Take back what it did, from now on. Raises `Conflict` while it is still at work."""
        with self._records.write(f"tagging_run:{run}") as session:
            kept = _existing(session, run)
            if kept.finished is None or kept.undoing:
                raise Conflict("tagging_is_under_way")
            if kept.undone is not None:
                raise Conflict("tagging_is_undone")
            kept.undoing = True
            self._changes.note("undid_tagging", "tagging_run", run, by=by)
        return kept

    def stop(self, run: str, *, by: str) -> TaggingRun:
        """Do no more of it: what is tagged stays so, and may be taken back as after any run.
        Raises `Conflict` once it is over."""
        with self._records.write(f"tagging_run:{run}") as session:
            kept = _existing(session, run)
            if kept.finished is not None:
                raise Conflict("tagging_is_over")
            kept.finished = self._clock()
            self._changes.note("stopped_tagging", "tagging_run", run, by=by, done=kept.done)
        return kept

    def go_on(self, run: str, slices: int = 1) -> TaggingRun:
        """Some slices more; says how far it is. Harmless when repeated, or by many at once."""
        kept = self.one(run)
        for _ in range(slices):
            if kept.undoing:
                kept = self._slice_back(kept)
            elif kept.finished is None:
                kept = self._slice(kept)
            else:
                break
        return kept

    def finish(self, slices: int = 20) -> int:
        """Go on with what is under way; says how many runs there are."""
        with self._records.read() as session:
            waiting = select(TaggingRun.id).where(
                TaggingRun.finished.is_(None) | TaggingRun.undoing
            )
            runs = session.scalars(waiting.order_by(TaggingRun.id)).all()
        for run in runs:
            self.go_on(run, slices)
        return len(runs)

    def one(self, run: str) -> TaggingRun:
        with self._records.read() as session:
            return _existing(session, run)

    def latest(self, limit: int = 10) -> list[TaggingRun]:
        """The latest first."""
        with self._records.read() as session:
            wanted = select(TaggingRun).order_by(TaggingRun.id.desc()).limit(limit)
            return list(session.scalars(wanted))

    def changed(self, run: str) -> tuple[int, int]:
        """How many materials it changed, and how many of those are as they were before."""
        counted = select(RunTagging.undone, func.count()).where(RunTagging.run == run)
        with self._records.read() as session:
            told = {row[0]: row[1] for row in session.execute(counted.group_by(RunTagging.undone))}
        return sum(told.values()), told.get(True, 0)

    def _slice(self, run: TaggingRun) -> TaggingRun:
        stretch = self._following(run)
        with self._records.write(*_names(run.id, stretch.ids)) as session:
            kept = _existing(session, run.id)
            if kept.upto != run.upto or kept.finished is not None:
                return kept
            worn = self._materials.topics(stretch.ids)
            wishes = {each: _wish(kept, worn[each]) for each in stretch.ids}
            wishes = {each: wish for each, wish in wishes.items() if any(wish)}
            tagged = self._tag(wishes, run.by)
            rows = [
                {
                    "run": run.id, "material": each, "added": wishes[each].add,
                    "removed": wishes[each].remove, "undone": False,
                }
                for each in tagged
            ]  # fmt: skip
            if rows:
                session.execute(insert(_TAGGED), rows)
            kept.refused += len(wishes) - len(tagged)
            kept.done += len(stretch.ids)
            kept.upto = stretch.upto
            if stretch.last:
                kept.finished, kept.total = self._clock(), kept.done
        return kept

    def _read(self, chosen: Chosen) -> Chosen:
        return replace(chosen, tags=self._taxonomy.resolve(chosen.tags))

    def _following(self, run: TaggingRun) -> _Stretch:
        """The next materials that the filter finds and that were there when it began."""
        chosen = Chosen(**run.filter)
        if chosen.only is None:
            ids = self._ids(run, chosen)
            return _Stretch(ids, ids[-1] if ids else run.upto, len(ids) < _SLICE)
        named = sorted(chosen.only)  # in order already, from the first slice on
        done = bisect_right(named, run.upto)
        some = named[done : done + _SLICE]
        ids = self._ids(run, replace(chosen, only=some))
        return _Stretch(ids, some[-1] if some else run.upto, len(named) - done <= _SLICE)

    def _ids(self, run: TaggingRun, chosen: Chosen) -> list[str]:
        wanted = self._wanted(chosen).where(Material.id > run.upto, Material.created <= run.at)
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Material.id).limit(_SLICE)))

    def _wanted(self, chosen: Chosen) -> Select[str]:
        """The ids of what a filter finds, as of now."""
        tree = self._taxonomy.now()
        wanted = select(Material.id).where(Material.archived.is_(None))
        if chosen.units is not None:
            wanted = wanted.where(Material.unit.in_(chosen.units))
        if chosen.types:
            wanted = wanted.where(Material.type.in_(chosen.types))
        if chosen.only is not None:
            wanted = wanted.where(Material.id.in_(chosen.only))
        for tag in chosen.tags:
            tags = tree.same(tag) if chosen.directly else tree.under([tag])
            worn = select(Tagging.material).where(Tagging.tag.in_(tags))
            wanted = wanted.where(Material.id.in_(worn))
        for word in chosen.text.split():
            hit = Material.title.contains(word, autoescape=True)
            wanted = wanted.where(hit | Material.summary.contains(word, autoescape=True))
        return wanted

    def _slice_back(self, run: TaggingRun) -> TaggingRun:
        left = select(RunTagging).where(RunTagging.run == run.id, RunTagging.undone.is_(False))
        following = left.order_by(RunTagging.material).limit(_SLICE)
        with self._records.read() as session:
            ids = [each.material for each in session.scalars(following)]
        made = ["tags"] if run.filter.get("made") else []
        with self._records.write(*made, *_names(run.id, ids)) as session:
            kept = _existing(session, run.id)
            if not kept.undoing:
                return kept
            told = session.scalars(left.where(RunTagging.material.in_(ids))).all()
            self._tag({each.material: Wish(each.removed, each.added) for each in told}, run.by)
            for each in told:
                each.undone = True
            if len(ids) < _SLICE:
                kept.undoing, kept.undone = False, self._clock()
                self._unmake(kept)
        return kept

    def _unmake(self, run: TaggingRun) -> None:
        """The tag that a split made goes with it, unless somebody uses it by now."""
        if made := run.filter.get("made"):
            try:
                self._taxonomy.acts.undo(made, by=run.by)
            except Conflict:
                return

    def _tag(self, wishes: Mapping[str, Wish], by: str) -> Collection[str]:
        """Tag what can be, and say which: one that is refused stays as it is."""
        try:
            self._materials.tag_each(wishes, by=by)
        except Problem:
            if len(wishes) == 1:
                return ()
            alone = ({each: wish} for each, wish in wishes.items())
            return [each for one in alone for each in self._tag(one, by)]
        return wishes


def _wish(run: TaggingRun, worn: Collection[str]) -> Wish:
    """What a run has to do to a material that wears these."""
    return Wish(
        [tag for tag in run.add if tag not in worn],
        [tag for tag in run.remove if tag in worn and tag not in run.add],
    )


def _names(run: str, materials: Collection[str]) -> list[str]:
    return [f"tagging_run:{run}", *(f"material:{each}" for each in materials)]


def _existing(session: Session, run: str) -> TaggingRun:
    found = session.get(TaggingRun, run)
    if found is None:
        raise NotFound("tagging_run", run[:80])
    return found
