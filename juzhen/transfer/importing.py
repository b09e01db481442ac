"""Imports (导入): a file's rows become events, slice by slice; stopped anywhere, it goes on there.

A file is known by its bytes: importing it again goes on where it stopped, or says that it is done.
Every slice is durable before its mark moves, and its events keep their ids, so nothing counts
twice. Knows no columns: `schemas.tables` reads and turns.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account
from data_hub.catalogue import kind_of
from data_hub.customers import Customers
from data_hub.intake import Intake
from data_hub.staff import StaffBook
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.events import Event, Handle
from kernel.ids import new_id
from kernel.values import dataclass
from schemas import tables
from schemas.order_lines import LOOK_BACK, OrderLines
from schemas.taking import Taken
from stores.changes import Changes
from stores.history import History
from stores.records import Record, Records

SLICE, _LIST = 500, 100
_SHOWN = 5
_Number = BigInteger().with_variant(Integer, "sqlite")


class FileRun(Record, kw_only=True):
    """One file on its way in."""

    __tablename__ = "file_runs"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("fil"))
    file: Mapped[str] = mapped_column(index=True)
    """The digest of its bytes, with what it holds, its mapping and its account."""
    file_name: Mapped[str]
    what: Mapped[str]
    account: Mapped[str]
    position: Mapped[int] = mapped_column(_Number, default=0)
    """The number of the last row that is in."""
    accepted: Mapped[int] = mapped_column(_Number, default=0)
    refused: Mapped[int] = mapped_column(_Number, default=0)
    by: Mapped[str]
    begun: Mapped[datetime]
    total: Mapped[int] = mapped_column(_Number, default=0)
    """How many rows the file has; 0 if nobody counted them."""
    since: Mapped[datetime | None] = mapped_column(default=None)
    """When it was begun or gone on with last: coming in, or being taken back."""
    since_at: Mapped[int] = mapped_column(_Number, default=0)
    """How far it was then: rows, or events taken back."""
    moved: Mapped[datetime | None] = mapped_column(default=None)
    """When its last slice was done with."""
    ended: Mapped[datetime | None] = mapped_column(default=None)
    cancelled: Mapped[datetime | None] = mapped_column(default=None)
    behind: Mapped[int] = mapped_column(_Number, default=0)
    """The newest number of the history when it began: what it brought lies behind it."""
    undoing: Mapped[datetime | None] = mapped_column(default=None)
    held: Mapped[datetime | None] = mapped_column(default=None)
    """Since when taking it back is stopped; None while nobody stopped it."""
    undone: Mapped[datetime | None] = mapped_column(default=None)
    undone_by: Mapped[str] = mapped_column(default="")
    undone_to: Mapped[int] = mapped_column(_Number, default=0)
    """The number up to which the history was looked through and is done with."""
    counted: Mapped[int] = mapped_column(_Number, default=0)
    """The number up to which what is taken back is counted: noted before it goes."""
    taken_back: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """What undoing it came to so far."""

    def goes_on(self, now: datetime, done: int) -> None:
        """From now on it is being worked at, from there."""
        self.since, self.since_at, self.moved = now, done, None

    def rate(self, done: int) -> float:
        """Rows, or events taken back, a minute since it was gone on with; 0 if nobody can tell."""
        if self.since is None or self.moved is None:
            return 0
        passed = (self.moved - self.since).total_seconds()
        return 60 * (done - self.since_at) / passed if passed > 0 else 0

    def brought(self, event: Event) -> bool:
        """Is this one of its events? All of them were received when it began, and nobody else's."""
        return event.account == self.account and event.received == self.begun


@dataclass(slots=True)
class Imported:
    """What an import came to, or would come to."""

    run: str = ""
    rows: int = 0
    accepted: int = 0
    refused: int = 0
    why: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each (field, reason) was."""
    refused_rows: list[int] = field(default_factory=list)
    """The first rows that were refused, by number."""
    shown: list[Event] = field(default_factory=list)
    """The first events, for a dry run."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The file's columns and what each is taken for."""
    cancelled: bool = False

    def take(self, taken: Taken, rows: int) -> None:
        self.rows += rows
        self.accepted += len(taken.events)
        self.refused += len(taken.rejected)
        self.why.update((each.flaw.field, each.flaw.reason) for each in taken.rejected)
        self.refused_rows += [each.index for each in taken.rejected][: 20 - len(self.refused_rows)]
        found = [each for each in taken.events if isinstance(each, Event)]
        self.shown += found[: _SHOWN - len(self.shown)]


Tell = Callable[[Imported], None]


class Imports:
    """Brings files in."""

    def __init__(
        self,
        records: Records,
        intake: Intake,
        history: History,
        customers: Customers,
        staff: StaffBook,
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._records = records
        self._customers = customers
        self._staff = staff
        self._history = history
        self._intake = intake
        self._changes = changes
        self._clock = clock

    def dry(self, path: Path, plan: tables.Plan, account: Account, tell: Tell) -> Imported:
        """What importing would come to. Keeps nothing."""
        _check(path)
        told, now, lines = Imported(), self._clock(), OrderLines()
        for part in _slices(path, 0):
            if not told.rows:
                told.columns = {name: _taken_for(name, plan) for name in part[0][1]}
            told.take(self._turned(part, plan, account, now, lines), len(part))
            tell(told)
        return told

    def run(
        self,
        path: Path,
        plan: tables.Plan,
        account: Account,
        *,
        by: str,
        again: bool = False,
        total: int = 0,
        tell: Tell = lambda _: None,
    ) -> Imported:
        """Bring the file in, from where it stopped the last time. Who knows how many rows it has
        says so: ``total``.

        Raises `Conflict` for one that is in already, unless ``again``.
        """
        _check(path)
        run = self._begun(path, plan, account, by=by, again=again, total=total)
        told = Imported(run.id, run.position, run.accepted, run.refused)
        lines = self._lines_before(path, plan, account, run)
        for part in _slices(path, run.position):
            if self._cancelled(run.id):
                told.cancelled = True
                return told
            taken = self._turned(part, plan, account, run.begun, lines)
            self._intake.take(taken.events, taken.refusals, door=tables.DOOR)
            self._entrust(taken, plan, run, by)
            told.take(taken, len(part))
            self._moved(run.id, part[-1][0], told)
            tell(told)
        self._end(run.id, told, by=by)
        return told

    def _lines_before(
        self, path: Path, plan: tables.Plan, account: Account, run: FileRun
    ) -> OrderLines:
        """What the rows that are in already told of orders, so that it goes on as if it had never
        stopped."""
        lines = OrderLines()
        if run.position and plan.what is tables.What.ORDERS:
            for part in _slices(path, max(0, run.position - LOOK_BACK)):
                behind = [row for row in part if row[0] <= run.position]
                self._turned(behind, plan, account, run.begun, lines)
                if len(behind) < len(part):
                    break
        return lines

    def _entrust(self, taken: Taken, plan: tables.Plan, run: FileRun, by: str) -> None:
        """Give those whose rows name a rep to him, as of when the import began."""
        if plan.what is not tables.What.CUSTOMERS:
            return
        hers = [each for each in taken.events if isinstance(each, Event) and each.rep]
        for begin in range(0, len(hers), _LIST):
            lists: dict[str, list[Handle]] = {}
            for each in hers[begin : begin + _LIST]:
                lists.setdefault(each.rep, []).append(each.handle or each.links[0])
            self._customers.take_over(lists, by=by, since=run.begun)

    def cancel(self, run: str, *, by: str) -> None:
        """Stop at the next slice; what is in stays, and it may be gone on with. Repeating is
        harmless. Raises `NotFound`, and `Conflict` once all of it is in."""
        with self._records.write(f"import:{run}") as session:
            kept = session.get(FileRun, run)
            if kept is None:
                raise NotFound("import", run[:80])
            if kept.ended is not None:
                raise Conflict("imported_already", run=run)
            if kept.cancelled is None:
                kept.cancelled = self._clock()
                self._changes.note("cancelled", "import", run, by=by)

    def runs(self, limit: int = 50) -> list[FileRun]:
        """The latest first."""
        newest = select(FileRun).order_by(FileRun.begun.desc(), FileRun.id).limit(limit)
        with self._records.read() as session:
            return list(session.scalars(newest))

    def _begun(
        self,
        path: Path,
        plan: tables.Plan,
        account: Account,
        *,
        by: str,
        again: bool,
        total: int,
    ) -> FileRun:
        known = tables.digest(path)
        how = orjson.dumps([plan.what, sorted(plan.columns.items()), account.id]).decode()
        file = f"{known}:{how}"
        behind = self._history.newest()
        with self._records.write(f"import:{known}") as session:
            latest = select(FileRun).where(FileRun.file == file)
            kept = session.scalar(latest.order_by(FileRun.begun.desc()).limit(1))
            if kept is not None and kept.undoing is not None:
                kept = None  # taken back: it may come again, as another run
            if kept is not None and kept.ended is None:
                kept.cancelled, kept.total = None, total
                kept.goes_on(self._clock(), kept.position)
                return kept
            if kept is not None and not again:
                raise Conflict("imported_already", run=kept.id)
            run = FileRun(
                file=file, file_name=path.name[:200], what=plan.what, account=account.id, by=by,
                begun=self._clock(), behind=behind, total=total,
            )  # fmt: skip
            run.goes_on(run.begun, 0)
            session.add(run)
            self._changes.note("began", "import", run.id, by=by, what=plan.what.value)
            return run

    def _cancelled(self, run: str) -> bool:
        with self._records.read() as session:
            return session.get_one(FileRun, run).cancelled is not None

    def _moved(self, run: str, position: int, told: Imported) -> None:
        with self._records.write(f"import:{run}") as session:
            kept = session.get_one(FileRun, run)
            kept.position = max(kept.position, position)
            kept.accepted, kept.refused = told.accepted, told.refused
            kept.moved = self._clock()

    def _end(self, run: str, told: Imported, *, by: str) -> None:
        with self._records.write(f"import:{run}") as session:
            kept = session.get_one(FileRun, run)
            kept.ended = self._clock()
            self._changes.note("imported", "import", run, by=by, n=told.accepted)

    def _turned(
        self,
        part: Sequence[tuple[int, tables.Row]],
        plan: tables.Plan,
        account: Account,
        now: datetime,
        lines: OrderLines,
    ) -> Taken:
        return tables.turn(
            part, plan, account.id, account.ecosystem, now, lambda name: kind_of(name).name,
            self._staff.called, lines,
        )  # fmt: skip


def _check(path: Path) -> None:
    """Raise `Invalid` for a file in which there is nothing, or nothing that is a row."""
    if next(_slices(path, 0), None) is None:
        raise Invalid("file", "file_has_no_rows")


def _slices(path: Path, after: int) -> Any:
    """Rows in slices, each with their numbers; the first of a file of no rows is none."""
    numbered = tables.rows(path, after)
    while part := list(islice(numbered, SLICE)):
        yield part


def _taken_for(column: str, plan: tables.Plan) -> str:
    return next(iter(tables.named({column: "x"}, plan)), "-")
