"""Reminders (红点任务): what a rep should look at, one red dot each, until she opens it.

A reminder names the customer, what it is about, when it is due, when nobody wants it any more and
what shows it. It is made at most once for each (rep, kind, customer, cycle), however often somebody
asks for it; what a date brings at most once for each customer and cycle, whoever is her rep by
then. Decides nothing about when to remind: that is `engagement.triggers`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Select, UniqueConstraint, func, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.campaigns import Operation
from engagement.fans import ASKS
from engagement.vip_care import GIFT, MOMENTS
from kernel.clock import Clock
from kernel.errors import Invalid, NotFound
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records, insert
from stores.waiting import GOES_BACK

KINDS = (
    "month_end",
    "payday",
    "birthday",
    "maturity",
    "next_purchase",
    "anniversary",
    "dormant",
    "read_your_share",
    "came_back",
    "warmed",
    "nurture",
    "new_customer",
    ASKS,
    MOMENTS,
    GIFT,
)
"""Why a rep may be reminded, the words for people under ``reminder_<kind>``."""
WORTH = (
    (ASKS, "read_your_share", "came_back"), ("warmed", "new_customer", "maturity"),
    ("next_purchase", "month_end", "payday"), ("birthday", GIFT, "nurture"),
)  # fmt: skip
"""What matters most, in ranks: she waits, she moved, her money does, a day of hers; the others
stand behind. Whose each is counts, too: `engagement.pressing`."""
RANKS: Mapping[str, int] = {kind: rank for rank, kinds in enumerate(WORTH) for kind in kinds}
OTHERS = len(WORTH)
"""The rank of all that stand behind."""
_LOOKED_AT = 500
"""So many red dots are weighed against each other; nobody has more in a month."""
STAGES = {
    "new_customer": "stage.connect", "came_back": "stage.connect", "dormant": "stage.connect",
    "read_your_share": "stage.facilitate", "warmed": "stage.facilitate",
    "next_purchase": "stage.facilitate",
    "payday": "stage.facilitate", "month_end": "stage.facilitate",
    "maturity": "stage.deliver",
    ASKS: "stage.facilitate",
    "nurture": "stage.after_sales",
    "birthday": "stage.after_sales", "anniversary": "stage.after_sales",
    MOMENTS: "stage.after_sales", GIFT: "stage.after_sales",
}  # fmt: skip
"""The stage of the transaction that a task is about, as content is tagged with it (交易阶段)."""
_OPERATIONS = {
    "read_your_share": Operation.CONTENT, ASKS: Operation.CONTENT, MOMENTS: Operation.CONTENT,
    GIFT: Operation.ACTIVITY,
}  # fmt: skip
"""The operation that a task belongs to, as campaigns have one (R117). All others are care for each
customer by where she stands, which is what data are for."""


class Reminder(Record, kw_only=True):
    """One red dot of one rep."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("staff", "kind", "handle", "cycle", name="uq_reminders_cycle"),
        Index("ix_reminders_page", "staff", "due", "id"),
        Index("ix_reminders_unread", "staff", "opened", "done", "due"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rem"))
    staff: Mapped[str]
    kind: Mapped[str]
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    """The customer, by one of her handles."""
    cycle: Mapped[str]
    """What must not be reminded of twice: a month, a year, a viewing session."""
    due: Mapped[datetime] = mapped_column(info=GOES_BACK)
    made: Mapped[datetime]
    material: Mapped[str] = mapped_column(default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """Counts and dates that show it; never a name."""
    opened: Mapped[datetime | None] = mapped_column(default=None)
    done: Mapped[datetime | None] = mapped_column(default=None)
    ends: Mapped[datetime | None] = mapped_column(default=None)
    """From when on nobody wants it any more; None while it is not done."""

    @property
    def stage(self) -> str:
        """The code of the tag that content for it wears."""
        return STAGES[self.kind]

    @property
    def operation(self) -> Operation:
        """Content, activity or data."""
        return _OPERATIONS.get(self.kind, Operation.DATA)

    @property
    def unread(self) -> bool:
        return self.opened is None and self.done is None

    def over(self, now: datetime) -> bool:
        """Has its time gone by?"""
        return self.ends is not None and self.ends <= now


Cycle = tuple[str, str]
"""A kind of reminder, and what must not be reminded of twice."""


class Reminders:
    """Every rep's red dots."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def remind(
        self,
        staff: str,
        kind: str,
        handle: str,
        cycle: str,
        *,
        material: str = "",
        due: datetime | None = None,
        evidence: Mapping[str, Any] | None = None,
        handles: Collection[str] = (),
        heard: datetime | None = None,
        ends: datetime | None = None,
        once: Collection[Cycle] = (),
    ) -> Reminder | None:
        """Remind her, unless she was reminded of the same: then None, and nothing changes.

        ``handles`` are the customer's other ones: a reminder under any of them is the same.
        ``heard``: when what it is about happened, if something did: our response is timed by it.
        ``once``: what is the same, whoever was reminded of it; she takes over what a rep before
        her has not done.
        """
        if kind not in KINDS:
            raise Invalid("kind", "unknown_reminder_kind", kinds=[*KINDS])
        now = self._clock()
        when: dict[str, Any] = {"heard": heard.isoformat()} if heard else {}
        reminder = Reminder(
            staff=staff, kind=kind, handle=handle, cycle=cycle, due=due or now, made=now,
            material=material, evidence=dict(evidence or {}), ends=ends,
        )  # fmt: skip
        with self._records.write() as session:
            told = self._told(session, reminder, handles)
            if told or _told_before(session, reminder, handles, once):
                return None
            if not self._put(session, reminder):
                return None
            self._changes.note(
                "reminded", "reminder", reminder.id, by="juzhen", handle=handle, rep=staff,
                reason=kind, material=material, **when,
            )  # fmt: skip
        return reminder

    @staticmethod
    def _told(session: Session, reminder: Reminder, handles: Collection[str]) -> bool:
        same = select(Reminder.id).where(
            Reminder.staff == reminder.staff, Reminder.kind == reminder.kind,
            Reminder.cycle == reminder.cycle, Reminder.handle.in_(handles),
        )  # fmt: skip
        return bool(handles) and session.scalar(same.limit(1)) is not None

    def _put(self, session: Session, reminder: Reminder) -> bool:
        """Insert it; False if its cycle is taken, whoever was faster."""
        row = {column.key: getattr(reminder, column.key) for column in Reminder.__table__.columns}
        put = insert(session, Reminder).values(**row).on_conflict_do_nothing()
        return bool(session.scalars(put.returning(Reminder.id)).all())

    def told(self, handles: Collection[str], once: Collection[Cycle]) -> bool:
        """Was whoever looks after her reminded of one of these?"""
        with self._records.read() as session:
            return session.scalar(_of_cycles(handles, once).limit(1)) is not None

    def latest(
        self, staff: str, kind: str, handles: Collection[str], material: str
    ) -> Reminder | None:
        """The last one made about this customer and this material."""
        same = select(Reminder).where(
            Reminder.staff == staff, Reminder.kind == kind, Reminder.handle.in_(handles),
            Reminder.material == material,
        )  # fmt: skip
        with self._records.read() as session:
            return session.scalar(same.order_by(Reminder.due.desc(), Reminder.id.desc()).limit(1))

    def tell_more(self, reminder: str, evidence: Mapping[str, Any]) -> None:
        """Bring a reminder's evidence up to date; it stays as read or unread as it was."""
        with self._records.write() as session:
            kept = session.get_one(Reminder, reminder)
            kept.evidence = {**kept.evidence, **evidence}

    def open(self, reminder: str, staff: str) -> Reminder:
        """She opened it: this very red dot goes out. Opening again does no harm."""
        with self._records.write() as session:
            found = _hers(session, reminder, staff, locked=True)
            if found.opened is None:
                found.opened = self._clock()
                self._note("opened_reminder", found, staff)
        return found

    def finish(self, reminder: str, staff: str) -> Reminder:
        """She has done what it asked for."""
        with self._records.write() as session:
            found = _hers(session, reminder, staff, locked=True)
            if found.done is None:
                found.done = self._clock()
                found.opened = found.opened or found.done
                self._note("done", found, staff)
        return found

    def put_off(self, reminder: str, staff: str, until: datetime) -> Reminder:
        """Not now: it is due again at that moment, as a red dot."""
        with self._records.write() as session:
            found = _hers(session, reminder, staff, locked=True)
            if found.done is None and found.due < until:
                found.due, found.opened = until, None
                found.ends = None if found.over(until) else found.ends
                self._note("put_off", found, staff)
        return found

    def finish_about(self, staff: str, handles: Collection[str]) -> int:
        """She has turned to this customer: everything due about her is done."""
        return self._finished(self._clock(), handles, Reminder.staff == staff)

    def answered(self, kind: str, handles: Collection[str], at: datetime) -> int:
        """What somebody of ours did elsewhere at that moment was what these had asked for."""
        return self._finished(at, handles, Reminder.kind == kind)

    def _finished(self, due: datetime, handles: Collection[str], which: ColumnElement[bool]) -> int:
        """What was due by then about these, and not over, is done, each by whose it was; how
        many."""
        wanted = select(Reminder).where(which, Reminder.handle.in_(handles), *due_by(due))
        with self._records.write() as session:
            found = session.scalars(wanted.order_by(Reminder.id).with_for_update()).all()
            for reminder in found:
                reminder.done = self._clock()
                reminder.opened = reminder.opened or reminder.done
                self._note("done", reminder, reminder.staff)
        return len(found)

    def _note(self, act: str, reminder: Reminder, staff: str) -> None:
        self._changes.note(
            act, "reminder", reminder.id, by=staff, handle=reminder.handle, rep=staff,
            reason=reminder.kind, material=reminder.material,
        )  # fmt: skip

    def unread(self, staff: str) -> int:
        """Her red dots now: one index range."""
        with self._records.read() as session:
            return session.scalar(select(func.count()).where(*self._dots(staff))) or 0

    def waiting(self, staff: str, limit: int = _LOOKED_AT) -> list[Reminder]:
        """Her red dots themselves, the latest first."""
        wanted = select(Reminder).where(*self._dots(staff))
        with self._records.read() as session:
            newest = wanted.order_by(Reminder.due.desc(), Reminder.id.desc())
            return list(session.scalars(newest.limit(limit)))

    def lately(self, staff: str, kinds: Collection[str], since: datetime) -> list[Reminder]:
        """What became due since then and is not done, of some kinds, the latest first."""
        wanted = select(Reminder).where(
            Reminder.staff == staff, Reminder.kind.in_(kinds), Reminder.due >= since,
            *due_by(self._clock()),
        )  # fmt: skip
        with self._records.read() as session:
            newest = wanted.order_by(Reminder.due.desc(), Reminder.id.desc())
            return list(session.scalars(newest.limit(_LOOKED_AT)))

    def unread_by_kind(self, staff: str) -> dict[str, int]:
        counted = select(Reminder.kind, func.count()).where(*self._dots(staff))
        with self._records.read() as session:
            return dict(session.execute(counted.group_by(Reminder.kind)).all())

    def _dots(self, staff: str) -> Sequence[ColumnElement[bool]]:
        return (
            Reminder.staff == staff,
            Reminder.opened.is_(None),
            *due_by(self._clock()),
        )

    def one(self, reminder: str, staff: str) -> Reminder:
        """One of hers; raises `NotFound` for another's as for none."""
        with self._records.read() as session:
            return _hers(session, reminder, staff)

    def page(
        self,
        staff: str,
        *,
        open_only: bool = True,
        kind: str = "",
        handles: Collection[str] | None = None,
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Reminder]:
        """What is due, of a kind or of all, the latest first; ``open_only`` leaves out what is
        done or over."""
        now = self._clock()
        wanted = select(Reminder).where(Reminder.staff == staff, Reminder.due <= now)
        if open_only:
            wanted = wanted.where(*due_by(now))
        if kind:
            wanted = wanted.where(Reminder.kind == kind)
        if handles is not None:
            wanted = wanted.where(Reminder.handle.in_(handles))
        by = Reminder.due, Reminder.id
        return newest_first(self._records, wanted, *by, first=first, after=after, count=count)

    def flaws(self) -> Iterator[str]:
        """What cannot be: done or opened before it was made, or of a kind nobody knows."""
        wrong = select(Reminder.id).where(
            Reminder.kind.not_in(KINDS)
            | (Reminder.opened < Reminder.made)
            | (Reminder.done < Reminder.made)
            | (Reminder.done.is_not(None) & Reminder.opened.is_(None))
        )
        with self._records.read() as session:
            for id_ in session.scalars(wrong.limit(100)):
                yield f"reminders: {id_} was opened or done before it was made"


def _hers(session: Session, reminder: str, staff: str, *, locked: bool = False) -> Reminder:
    """It, if it is hers; ``locked`` until the write ends, so that nobody changes it meanwhile."""
    found = session.get(Reminder, reminder, with_for_update=locked, populate_existing=locked)
    if found is None or found.staff != staff:
        raise NotFound("reminder", reminder[:60])
    return found


def due_by(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """It is due, not done, and its time has not gone by."""
    wanted = Reminder.ends.is_(None) | (Reminder.ends > now)
    return Reminder.due <= now, Reminder.done.is_(None), wanted


def _of_cycles(handles: Collection[str], once: Collection[Cycle]) -> Select[Reminder]:
    """What anybody was reminded of, about the customer with these handles."""
    named = tuple_(Reminder.kind, Reminder.cycle).in_(once)
    return select(Reminder).where(Reminder.handle.in_(handles), named)


def _told_before(
    session: Session, reminder: Reminder, handles: Collection[str], once: Collection[Cycle]
) -> bool:
    """Has her own rep been told of it, or somebody done it? What another rep has not done is hers
    no more."""
    if not once:
        return False
    told = session.scalars(_of_cycles(handles, once).with_for_update()).all()
    left = [each for each in told if each.staff != reminder.staff and each.done is None]
    if len(left) < len(told):
        return True
    for each in left:
        session.delete(each)
    return False
