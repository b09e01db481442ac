"""Decisions about identities (人工判定): merge, part, retract a link, split, and undoing each.

A decision is kept for ever with who made it and why; undone, it counts for nothing. The digest
acts at its next turn. Events and the links between handles are never rewritten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import or_, select

from data_hub.identities.components import Link, partition
from data_hub.identities.handles import DEVICES
from data_hub.identities.records import Act, Edge, Known, Ruling, Says
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Records
from stores.spelling import chunks

_LOCK = "identity_rulings"
_WHY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about who is who."""

    id: str
    act: Act
    pairs: tuple[tuple[Handle, Handle], ...]
    why: str
    by: str
    at: datetime
    lifted: datetime | None
    lifted_by: str


class Decisions:
    """What people said about who is who. `data_hub.identities.keeping` acts on it."""

    def __init__(self, people: Records, records: Records, changes: Changes, clock: Clock) -> None:
        self._people = people
        self._records = records
        self._changes = changes
        self._clock = clock

    def merge(self, one: Handle, other: Handle, *, by: str, why: str = "") -> str:
        """Rule that two handles are one person's; the decision's id."""
        self._two(one, other)
        return self._decide(Act.MERGED, [(str(one), str(other), Says.SAME)], by=by, why=why)

    def unite(
        self, hers: Sequence[Handle], others: Sequence[Handle], *, by: str, why: str = ""
    ) -> str:
        """Rule that two customers are one, whatever keeps them apart; the decision's id.

        All that names either is joined first, so that the guards break up neither.
        """
        if not hers or not others or set(hers) & set(others):
            raise Invalid("other", "same_handle")
        ends = [*_ends(hers), *_ends(others)]
        sides = set(map(str, hers)), set(map(str, others))
        said = [(str(one), str(other), Says.SAME) for one, other in pairwise(ends)]
        with self._records.write(_LOCK):
            crossing = [
                each.id
                for each in self.live(sides[0])
                if each.says == Says.APART and (each.one in sides[1] or each.other in sides[1])
            ]
            return self._decide(Act.MERGED, said, by=by, why=why, instead_of=crossing)

    def part(self, one: Handle, other: Handle, *, by: str, why: str = "") -> str:
        """Rule that two handles are two people's, whatever events say; the decision's id."""
        self._two(one, other)
        return self._decide(Act.PARTED, [(str(one), str(other), Says.APART)], by=by, why=why)

    def part_all(self, pairs: Collection[tuple[Handle, Handle]], *, by: str, why: str = "") -> str:
        """The same of many pairs, as one decision that is undone as one."""
        for one, other in pairs:
            self._two(one, other)
        said = [(str(one), str(other), Says.APART) for one, other in pairs]
        return self._decide(Act.PARTED, said, by=by, why=why)

    def retract(self, one: Handle, other: Handle, *, by: str, why: str = "") -> str:
        """Disbelieve what links two handles. It is as if no event had ever shown it."""
        self._two(one, other)
        pair = sorted((str(one), str(other)))
        with self._people.read() as session:
            if session.get(Edge, tuple(pair)) is None:
                raise Invalid("other", "nothing_links_them")
        return self._decide(Act.RETRACTED, [(pair[0], pair[1], Says.UNLINKED)], by=by, why=why)

    def split(
        self, handles: Collection[Handle], off: Collection[Handle], *, by: str, why: str = ""
    ) -> str:
        """Of one customer's handles, oldest first, make two: those split off are another's.

        Raises `Invalid` unless some of them stay and some go.
        """
        whole = [str(handle) for handle in handles]
        gone = {str(handle) for handle in off}
        if not gone or not gone < set(whole):
            raise Invalid("handles", "split_takes_some")
        stay, go = [h for h in whole if h not in gone], [h for h in whole if h in gone]
        edges = self._believed(whole)
        crossed = [each for each in edges if (each.one in gone) != (each.other in gone)]
        said = [(edge.one, edge.other, Says.UNLINKED) for edge in crossed]
        said.append((stay[0], go[0], Says.APART))
        with self._records.write(_LOCK):
            rulings = self.live(whole)
            said += [*_held_together(stay, edges, rulings), *_held_together(go, edges, rulings)]
            crossing = [
                each.id
                for each in rulings
                if each.says == Says.SAME and (each.one in gone) != (each.other in gone)
            ]
            return self._decide(Act.SPLIT, said, by=by, why=why, instead_of=crossing)

    def _believed(self, handles: Collection[str]) -> list[Edge]:
        """The links among these that the guards did not refuse."""
        with self._people.read() as session:
            return [
                edge
                for chunk in chunks(handles)
                for edge in session.scalars(select(Edge).where(Edge.one.in_(chunk)))
                if edge.other in handles and not edge.refused
            ]

    def undo(self, decision: str, *, by: str) -> None:
        """Let a decision count for nothing any more; what it stood in for counts again.

        Undoing twice does no harm. Raises `NotFound`.
        """
        with self._records.write(_LOCK) as session:
            rulings = list(session.scalars(select(Ruling).where(Ruling.decision == decision)))
            if not rulings:
                raise NotFound("decision", decision)
            live = [each for each in rulings if each.lifted is None]
            for each in live:
                each.lifted, each.lifted_by = self._clock(), by
            if live:
                lifted = select(Ruling).where(Ruling.lifted_for == decision)
                for each in session.scalars(lifted):
                    each.lifted, each.lifted_by, each.lifted_for = None, "", ""
                self._changes.note("undone", "ruling", decision, by=by, handle=live[0].one)

    def live(self, handles: Iterable[str]) -> list[Ruling]:
        """The rulings that count and speak of one of these handles."""
        found: dict[str, Ruling] = {}
        with self._records.read() as session:
            for chunk in chunks(set(handles)):
                about = or_(Ruling.one.in_(chunk), Ruling.other.in_(chunk))
                asked = select(Ruling).where(about, Ruling.lifted.is_(None))
                found |= {each.id: each for each in session.scalars(asked)}
        return list(found.values())

    def one(self, decision: str) -> Decision:
        """A decision by its id. Raises `NotFound`."""
        with self._records.read() as session:
            said = list(session.scalars(select(Ruling).where(Ruling.decision == decision)))
        if not said:
            raise NotFound("decision", decision[:80])
        return _decisions(said)[0]

    def about(self, handles: Iterable[Handle]) -> list[Decision]:
        """Every decision that speaks of one of these handles, the latest first, undone ones too."""
        found: set[str] = set()
        with self._records.read() as session:
            for chunk in chunks({str(handle) for handle in handles}):
                about = or_(Ruling.one.in_(chunk), Ruling.other.in_(chunk))
                found.update(session.scalars(select(Ruling.decision).where(about)))
            rulings = [
                each
                for chunk in chunks(found)
                for each in session.scalars(select(Ruling).where(Ruling.decision.in_(chunk)))
            ]
        return _decisions(rulings)

    def after(self, mark: str) -> tuple[set[str], str]:
        """The handles that decisions after the mark speak of, and the next mark."""
        stretch = self._changes.after(mark)
        subjects = {change.subject for change in stretch.changes if change.kind == "ruling"}
        ends: set[str] = set()
        with self._records.read() as session:
            for chunk in chunks(subjects):
                asked = select(Ruling.one, Ruling.other).where(Ruling.decision.in_(chunk))
                ends.update(end for pair in session.execute(asked) for end in pair)
        return ends, stretch.mark

    def _two(self, one: Handle, other: Handle) -> None:
        if one == other:
            raise Invalid("other", "same_handle")
        with self._people.read() as session:
            unknown = [each for each in (one, other) if session.get(Known, str(each)) is None]
        if unknown:
            raise Invalid("handle", "handle_never_seen", handle=str(unknown[0]))

    def _decide(
        self,
        act: Act,
        said: Sequence[tuple[str, str, Says]],
        *,
        by: str,
        why: str,
        instead_of: Collection[str] = (),
    ) -> str:
        """Write a decision down. What was ruled about the same pairs before is lifted by it."""
        if len(why) > _WHY:
            raise Invalid("why", "value_too_long", limit=_WHY)
        decision, now = new_id("dec"), self._clock()
        pairs = {tuple(sorted(each[:2])): each[2] for each in said}
        with self._records.write(_LOCK) as session:
            before = self.live({end for pair in pairs for end in pair})
            said_now = {
                pair for each in before if pairs.get(pair := (each.one, each.other)) == each.says
            }
            if said_now == pairs.keys():
                raise Conflict("decided_already")
            for each in before:
                if (each.one, each.other) in pairs or each.id in instead_of:
                    each.lifted, each.lifted_by, each.lifted_for = now, by, decision
                    session.add(each)
            for (one, other), says in pairs.items():
                session.add(
                    Ruling(
                        decision=decision, act=act, one=one, other=other, says=says, why=why,
                        by=by, at=now,
                    )
                )  # fmt: skip
            self._changes.note(act, "ruling", decision, by=by, handle=min(pairs)[0])
        return decision


def _ends(handles: Sequence[Handle]) -> Sequence[Handle]:
    """Whatever a guard might keep apart of one customer, or her oldest handle if only devices know
    her."""
    return [each for each in handles if each.kind not in DEVICES] or handles[:1]


def _held_together(
    side: Sequence[str], edges: Iterable[Edge], rulings: Iterable[Ruling]
) -> list[tuple[str, str, Says]]:
    """What has to be ruled so that one side stays one person without the other."""
    here = set(side)
    links = [
        Link(edge.at, edge.event, edge.one, edge.other, ruled=True)
        for edge in edges
        if {edge.one, edge.other} <= here
    ]
    links += [
        Link(each.at, each.id, each.one, each.other, ruled=True)
        for each in rulings
        if each.says == Says.SAME and {each.one, each.other} <= here
    ]
    pieces, _ = partition(side, links)
    first = [min(piece, key=side.index) for piece in pieces]
    return [(first[0], other, Says.SAME) for other in first[1:]]


def _decisions(rulings: Iterable[Ruling]) -> list[Decision]:
    by_id: dict[str, list[Ruling]] = {}
    for each in rulings:
        by_id.setdefault(each.decision, []).append(each)
    found = [
        Decision(
            id=id_, act=Act(said[0].act), why=said[0].why, by=said[0].by, at=said[0].at,
            pairs=tuple((Handle.parse(each.one), Handle.parse(each.other)) for each in said),
            lifted=None if any(each.lifted is None for each in said) else said[0].lifted,
            lifted_by=said[0].lifted_by,
        )
        for id_, said in by_id.items()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each.at, each.id), reverse=True)
