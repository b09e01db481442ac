"""Membership (人群归属): who is in which segment now, as a fold inside the digest's transaction.

Thinks about the customers it is shown and writes what changed. Whom it is shown, and when time
alone is a reason to look again, `data_hub.standings` decides. Whoever enters or leaves is told of,
whatever brought it about: what she did, time, a list, what is kept of her no longer. Of a segment
that was made or reads otherwise now nothing is told until she was asked once: then people moved the
line, and not she.

Whose id is another now is carried out under the old one and in under the new: nobody moved, and
whoever adds all four up has who is in, under the ids of then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from data_hub.findings import Findings
from data_hub.identities import Noted
from data_hub.segments.book import Book
from data_hub.segments.keeping import Segments
from data_hub.segments.records import Fill, Member
from data_hub.segments.subject import Subject
from kernel.clock import Clock
from kernel.values import dataclass
from stores.bulk import remove
from stores.records import Records, upsert
from stores.spelling import chunks, marks

ENTERED = "entered_segment"
LEFT = "left_segment"
CARRIED_IN = "carried_into_segment"
"""She is in it under this id from now on, as she was known to be under another."""
CARRIED_OUT = "carried_out_of_segment"
"""This id is hers no longer; under the one she has now she is in, or has left."""
EVERYBODY = "zzzz"
"""Behind every customer's id."""
_THEIRS = (
    "SELECT customer, {}(segment, ',') FROM segment_members WHERE customer IN ({})"
    " GROUP BY customer"
)
"""A customer is in a dozen segments: a row for each of those would cost more than all the rest."""


@dataclass(slots=True)
class Moves:
    """Who entered and left what."""

    entered: list[tuple[str, str]] = field(default_factory=list)
    """(segment, customer), in the order they were found."""
    left: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    """(kind, segment, customer), in the order they are told: first fills tell nothing."""
    gone: set[str] = field(default_factory=set)
    """Customers who are no longer anybody."""


@dataclass(slots=True)
class Filling:
    """Segments whom not everybody was asked about yet, and how far that has come."""

    after: str = ""
    segments: set[str] = field(default_factory=set)


class Membership:
    """One at a time: whoever runs the digest."""

    def __init__(self, segments: Segments, people: Records, clock: Clock) -> None:
        self._segments = segments
        self._findings = Findings(people)
        self._people = people
        self._clock = clock
        self._stamp: tuple[int, int, str] | None = None
        self._book = Book([])
        self._filling: dict[str, str] = {}
        """Segments that fill for the first time as they read now, each with the last customer who
        was asked."""

    def book(self) -> Book:
        """The rules as they read now. Segments that read otherwise than before begin to fill."""
        while (stamp := self._segments.stamp()) != self._stamp:
            book = self._segments.book()
            with self._people.write("digest") as session:
                if self._segments.stamp() != stamp:
                    continue  # what is older than another process's must not undo its fills
                self._begin_fills(session, book)
            self._book, self._stamp = book, stamp
        return self._book

    @property
    def current(self) -> Book:
        """The rules as they were last read."""
        return self._book

    def refresh(self) -> None:
        """Read everything anew at the next turn: tags may lie under others now."""
        self._stamp = None

    def _begin_fills(self, session: Session, book: Book) -> None:
        """Where nothing but lists has changed, whoever was asked before is asked again."""
        now = {each.id: book.signature(each) for each in book.entries}
        lists = {each.id for each in book.entries if each.rule is None}
        kept = {fill.segment: fill for fill in session.scalars(select(Fill))}
        if gone := kept.keys() - now.keys():
            session.execute(delete(Fill).where(Fill.segment.in_(gone)))
            session.execute(delete(Member).where(Member.segment.in_(gone)))
        changed = {
            id_: _done(kept.get(id_), signature, lists)
            for id_, signature in now.items()
            if id_ not in kept or kept[id_].signature != signature
        }
        rows: list[dict[str, Any]] = [
            {"segment": id_, "signature": now[id_], "through": "", "done": done}
            for id_, done in changed.items()
        ]
        upsert(session, Fill, rows)
        left = {fill.segment: fill for fill in kept.values() if fill.segment in now}
        self._filling = {
            id_: fill.through for id_, fill in left.items() if fill.done is None
        } | {id_: "" for id_, done in changed.items() if done is None}  # fmt: skip

    def fill_all(self) -> None:
        """Ask everybody about everything again. Joins the digest's write."""
        with self._people.write() as session:
            session.execute(update(Fill).values(through=""))

    def filling(self) -> Filling:
        """Where the fills go on, with those that wait there; none if all are done."""
        self.book()
        waiting = self._waiting()
        begin = min((fill.through for fill in waiting), default="")
        return Filling(begin, {fill.segment for fill in waiting})

    def _waiting(self) -> list[Fill]:
        """The fills that are not done, whoever goes on with them."""
        with self._people.read() as session:
            waiting = list(session.scalars(select(Fill).where(Fill.through < EVERYBODY)))
        self._filling = {fill.segment: fill.through for fill in waiting if fill.done is None}
        return waiting

    def note_filled(self, filling: Filling, through: str | None) -> None:
        """Everybody up to ``through`` was asked; None: everybody. Joins the digest's write."""
        waiting = Fill.segment.in_(filling.segments), Fill.through <= (through or EVERYBODY)
        told = {"through": through or EVERYBODY} | ({} if through else {"done": self._clock()})
        with self._people.write() as session:
            session.execute(update(Fill).where(*waiting).values(**told))

    def work_out(
        self, subjects: Sequence[Subject], noted: Noted, emptied: Collection[str] = ()
    ) -> Moves:
        """Who enters and leaves what. Who has another id now was in what she was in under any that
        led to her; who was part of somebody is told to have entered unless she was told so.
        ``emptied``: those of whom nothing is told any more. Whoever has another id now and is not
        looked at stays in what she was in."""
        if self._filling:
            self._waiting()
        book, moves, none = self._book, Moves(gone=set(noted.gone)), set[str]()
        looked = {each.customer: book.members(each) for each in subjects}
        looked |= dict.fromkeys(emptied, none)
        kept = self._kept(looked.keys() | noted.were.keys() | noted.gone)
        told = self._told(noted)
        for her in [*looked, *sorted(noted.were.keys() - looked.keys())]:
            before, known = kept.get(her, none), told.get(her, none)
            was = before.union(*(kept.get(old, none) for old in noted.olds(her)))
            now = looked.get(her, was | known)
            moves.entered += [(segment, her) for segment in sorted(now - before)]
            moves.left += [(segment, her) for segment in sorted(before - now)]
            carried = (was - before) | (now & known - was)
            self._tell(moves, CARRIED_IN, carried, her)
            self._tell(moves, ENTERED, now - was - known, her)
            self._tell(moves, LEFT, was - now, her)
        for old in sorted(noted.gone - looked.keys()):
            self._tell(moves, CARRIED_OUT, kept.get(old, none), old)
        return moves

    def _tell(self, moves: Moves, kind: str, segments: Collection[str], her: str) -> None:
        moves.told += [(kind, each, her) for each in sorted(segments) if self._asked(each, her)]

    def _asked(self, segment: str, customer: str) -> bool:
        """Was she asked before whether the segment, as it reads now, takes her in?"""
        return customer <= self._filling.get(segment, EVERYBODY)

    def _told(self, noted: Noted) -> dict[str, set[str]]:
        """Of who was part of others until now: what she is known to be in, because she was when she
        became part or it was told of her, and of nobody that she was part of that they left it."""
        parted = noted.parted()
        told = {her: set[str]() for her in parted}
        them = told.keys() | {other for others in parted.values() for other in others}
        theirs = [handle for handle, customer in noted.customers.items() if customer in them]
        found = self._findings.about(theirs, {ENTERED, CARRIED_OUT, LEFT}) if parted else []
        for each in sorted(found, key=lambda each: each.seq):
            for her, others in parted.items():
                if each.kind != LEFT and each.customer == her:
                    told[her].add(each.evidence["segment"])
                elif each.kind == LEFT and each.customer in {her, *others}:
                    told[her].discard(each.evidence["segment"])
        return told

    def _kept(self, customers: Collection[str]) -> dict[str, set[str]]:
        if not self._book.entries:
            return {}
        told = "string_agg" if self._people.on_postgres else "group_concat"
        found: dict[str, set[str]] = {}
        with self._people.together():
            for chunk in chunks(customers):
                rows = self._people.rows(_THEIRS.format(told, marks(chunk)), chunk)
                found |= {customer: set(segments.split(",")) for customer, segments in rows}
        return found

    def keep(self, moves: Moves, at: datetime) -> None:
        """Joins the digest's write."""
        rows: list[dict[str, Any]] = [
            {"segment": segment, "customer": customer, "since": at}
            for segment, customer in moves.entered
        ]
        with self._people.write() as session:
            upsert(session, Member, rows)
            remove(session, Member, ("segment", "customer"), moves.left)
            if moves.gone:
                session.execute(delete(Member).where(Member.customer.in_(moves.gone)))


def _done(fill: Fill | None, signature: str, lists: Collection[str]) -> datetime | None:
    """When everybody was asked about it as it reads now but for who stands on lists."""
    if fill is None:
        return None
    changed = set(fill.signature.split()) ^ set(signature.split())
    return fill.done if all(part.partition(":")[0] in lists for part in changed) else None
