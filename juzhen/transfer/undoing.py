"""Taking an import back (导入撤回): seen first, in slices, killed anywhere harmless.

The events that one file brought go from the history, and with them what is known by nothing else.
What stands newer stays: traits that somebody told since, and customers whom we know by the file
alone and about whom something was done since; those stay whole, and are counted. What was sent,
counted or told to a rep because of the file is not taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, field

from sqlalchemy import select

from data_hub.catalogue import kind_of
from data_hub.customers import Customers, Relation
from data_hub.digest import Digest
from data_hub.identities import Identities, own_id
from data_hub.taking_back import TakingBack
from juzhen.transfer.importing import FileRun
from kernel.clock import Clock
from kernel.errors import Conflict, NotFound
from kernel.events import Event, Handle
from kernel.values import dataclass
from schemas.tables import What
from stores import personal
from stores.changes import Change, Changes
from stores.history import Fold, History
from stores.records import Record, Records
from stores.spelling import moment
from stores.told import whose

SLICE = 300
_NAMES = 300
"""So many names are looked for in one question."""


@dataclass(slots=True)
class TakenBack:
    """What taking a run back comes to."""

    events: int = 0
    customers: int = 0
    """Who stays known by something else, counted anew in every slice that speaks of her."""
    gone: int = 0
    """Who was known by the file alone, and is known no more."""
    stay: int = 0
    """Who is known by the file alone and stays whole: something was done about her since."""

    def add(self, other: TakenBack) -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(slots=True)
class _Part:
    """A stretch of the history, and what is to be done with it."""

    last: int
    take: dict[int, Event] = field(default_factory=dict)
    told: TakenBack = field(default_factory=TakenBack)


Tell = Callable[[int], None]


class Undoing:
    """Takes imports back."""

    def __init__(
        self,
        records: Records,
        history: History,
        fold: Fold,
        digest: Digest,
        identities: Identities,
        customers: Customers,
        taking_back: TakingBack,
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._records = records
        self._history = history
        self._fold = fold
        self._digest = digest
        self._identities = identities
        self._customers = customers
        self._taking_back = taking_back
        self._changes = changes
        self._clock = clock

    def look(self, run: str, tell: Tell = lambda _: None) -> TakenBack:
        """What taking it back would come to. Takes nothing. Raises `NotFound`."""
        kept, told = self.one(run), TakenBack()
        self._catch_up()
        for part in self._parts(kept, max(kept.behind, kept.undone_to)):
            told.add(part.told)
            tell(told.events)
        return told

    def begin(self, run: str, *, by: str) -> None:
        """Have it taken back from now on, or go on with what was stopped. Raises `NotFound`, and
        `Conflict` while it comes in, or once it is or is being taken back."""
        with self._records.write(f"import:{run}") as session:
            kept = session.get(FileRun, run)
            if kept is None:
                raise NotFound("import", run[:80])
            if kept.undoing is not None and kept.held is None:
                raise Conflict("import_is_undone")
            if kept.ended is None and kept.cancelled is None:
                raise Conflict("import_comes_in")
            if kept.undoing is None:
                kept.undoing, kept.undone_to = self._clock(), kept.behind
            kept.held, kept.undone_by = None, by
            kept.goes_on(self._clock(), kept.taken_back.get("events", 0))
            self._changes.note("began_undoing", "import", run, by=by)

    def stop(self, run: str, *, by: str) -> None:
        """Stop taking it back at the next slice; what is gone stays gone, and it may be gone on
        with. Repeating is harmless. Raises `NotFound`, and `Conflict` if it is not under way."""
        with self._records.write(f"import:{run}") as session:
            kept = session.get(FileRun, run)
            if kept is None:
                raise NotFound("import", run[:80])
            if kept.undoing is None or kept.undone is not None:
                raise Conflict("import_not_being_undone")
            if kept.held is None:
                kept.held = self._clock()
                self._changes.note("stopped_undoing", "import", run, by=by)

    def go_on(self, run: str, slices: int | None = None, tell: Tell = lambda _: None) -> bool:
        """Take so many slices of it back, or all; whether there is nothing to do any more: it is
        done, or stopped."""
        kept = self.one(run)
        if not _under_way(kept):
            return True
        self._taking_back.settle()
        self._catch_up()
        for number, part in enumerate(self._parts(kept, kept.undone_to), 1):
            tell(self._count(run, part))
            if part.take:
                self._give_back(kept, part.take)
                self._taking_back.take(part.take)
            if not self._moved(run, part.last):
                return True
            if number == slices:
                return False
        self._end(run)
        return True

    def _give_back(self, run: FileRun, take: Mapping[int, Event]) -> None:
        """Who was entrusted to a rep by the file is so no more."""
        hers = [her for event in take.values() if event.rep and (her := whose(event))]
        if run.what == What.CUSTOMERS and hers:
            self._customers.take_back(hers, run.begun)

    def finish(self, slices: int = 4) -> int:
        """Go on with what is under way; says how many runs there are."""
        under_way = select(FileRun.id).where(
            FileRun.undoing.is_not(None), FileRun.undone.is_(None), FileRun.held.is_(None)
        )
        with self._records.read() as session:
            runs = list(session.scalars(under_way.order_by(FileRun.id)))
        for run in runs:
            self.go_on(run, slices)
        return len(runs)

    def one(self, run: str) -> FileRun:
        """Raises `NotFound`."""
        with self._records.read() as session:
            kept = session.get(FileRun, run)
        if kept is None:
            raise NotFound("import", run[:80])
        return kept

    def _parts(self, run: FileRun, after: int) -> Iterator[_Part]:
        while stretch := self._history.after(after, SLICE):
            after = stretch[-1][0]
            part = _Part(after)
            mine = {seq: event for seq, event in stretch if run.brought(event)}
            if mine:
                self._sort_out(run, mine, part)
            yield part

    def _sort_out(self, run: FileRun, mine: Mapping[int, Event], part: _Part) -> None:
        """Which of them go, and what becomes of whoever they are about."""
        keys = {seq: str(her) for seq, event in mine.items() if (her := whose(event))}
        customers = self._identities.customers_of(keys.values())
        hers = self._identities.handles_of(customers.values())
        alone = {her: all_ for her, all_ in hers.items() if self._by_it_alone(run, all_)}
        stay = self._stands_on(alone, run)
        part.take = {
            seq: event
            for seq, event in mine.items()
            if seq not in keys or customers[keys[seq]] not in stay
        }
        fresh = [seq for seq in part.take if seq > run.counted]
        new = {customers[key] for seq, key in keys.items() if seq > run.counted}
        part.told = TakenBack(
            len(fresh), len(new - alone.keys()), len(new & alone.keys() - stay), len(new & stay)
        )

    def _by_it_alone(self, run: FileRun, handles: Sequence[Handle]) -> bool:
        """Is whatever she is told to have done from this file?"""
        return all(
            run.brought(event) or kind_of(event.kind).owner != "customer"
            for event in self._history.of(handles)
        )

    def _stands_on(self, alone: Mapping[str, Sequence[Handle]], run: FileRun) -> set[str]:
        """Those of them about whom something was done: anything but a line of the audit."""
        names = {
            name: her
            for her, handles in alone.items()
            for name in (her, *map(str, handles), *map(own_id, handles))
        }
        found: set[str] = set()
        asked = sorted(names)
        for begin in range(0, len(asked), _NAMES):
            few = set(asked[begin : begin + _NAMES])
            for each in personal.held(self._records, Record, few):
                if each.table != Change.__tablename__ and not _of_the_file(run, each):
                    told = (value for value in each.row.values() if isinstance(value, str))
                    found |= {names[value] for value in told if value in few}
        return found

    def _count(self, run: str, part: _Part) -> int:
        """Note what goes before it does: afterwards nobody could count it again."""
        with self._records.write(f"import:{run}") as session:
            kept = session.get_one(FileRun, run)
            told = TakenBack(**kept.taken_back)
            if part.last > kept.counted:
                told.add(part.told)
                kept.counted, kept.taken_back = part.last, asdict(told)
        return told.events

    def _moved(self, run: str, last: int) -> bool:
        """Note how far it is; whether it goes on, which somebody may have stopped."""
        with self._records.write(f"import:{run}") as session:
            kept = session.get_one(FileRun, run)
            kept.undone_to, kept.moved = max(kept.undone_to, last), self._clock()
            return _under_way(kept)

    def _end(self, run: str) -> None:
        with self._records.write(f"import:{run}") as session:
            kept = session.get_one(FileRun, run)
            if kept.undone is None:
                kept.undone = self._clock()
                kept.taken_back = asdict(TakenBack(**kept.taken_back))
                self._changes.note("undid", "import", run, by=kept.undone_by, **kept.taken_back)

    def _catch_up(self) -> None:
        while self._fold.run():
            pass
        while self._digest.run():
            pass


def _under_way(run: FileRun) -> bool:
    return run.undoing is not None and run.undone is None and run.held is None


def _of_the_file(run: FileRun, held: personal.Held) -> bool:
    """Was it the file itself that did it: gave her to a rep?"""
    return held.table == Relation.__tablename__ and moment(held.row["since"]) == run.begun
