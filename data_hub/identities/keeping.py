"""Where identities are kept (身份存取): notes what events say, answers who is who.

What people rule is kept by `deciding`; what hangs together is grouped by `regrouping`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from data_hub.identities.deciding import Decisions
from data_hub.identities.handles import own_id, twin
from data_hub.identities.records import Cause, Edge, Known, Noted, Parked
from data_hub.identities.regrouping import (
    Region,
    earliest,
    edge_rows,
    known_rows,
    told,
)
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.events import Event, Handle
from stores.bulk import remove
from stores.changes import Changes
from stores.personal import overwritten
from stores.records import Records, upsert
from stores.spelling import chunks, marks

_FOUND = 900
_FEW = 200
"""So many links are erased in one write."""
_JOINED = (
    "SELECT k.handle, o.handle FROM known_handles k JOIN known_handles o ON o.own = k.customer"
    " WHERE k.own <> k.customer"
)
_WHOSE = "SELECT handle, customer FROM known_handles WHERE customer IN ({})"
_CUSTOMERS = "SELECT handle, customer FROM known_handles WHERE handle IN ({})"
_HANDLES = "SELECT first_seen, handle, customer FROM known_handles WHERE customer IN ({})"
_LOOKED_AT, _ALL = 1_000, 50_000
"""Of how many refused links a list is made, the latest; and the list by causes."""


_ALONGSIDE = (
    "SELECT asked.handle, other.handle FROM known_handles AS asked"
    " JOIN known_handles AS other ON other.customer = asked.customer WHERE asked.handle IN ({})"
)
_BEGINNING = func.substr(Known.handle, 1, func.length(Known.handle) - func.length(Known.value))


class Identities:
    """Who is who. Only the digest notes events; anybody may ask, and people rule by `decisions`."""

    def __init__(self, people: Records, records: Records, changes: Changes, clock: Clock) -> None:
        self._people = people
        self.decisions = Decisions(people, records, changes, clock)

    def note(self, events: Iterable[Event]) -> Noted:
        """Work out and keep what some events say. Any order and any repeating give the same."""
        noted = self.work_out(events)
        with self._people.write():
            self.keep(noted)
        return noted

    def work_out(self, events: Iterable[Event], touched: Collection[str] = ()) -> Noted:
        """What the events say, without keeping it. ``touched``: handles to look at anew."""
        alone, links = told(events)
        with self._people.read() as session:
            before = known_rows(session, Known.handle, alone.keys() | set(touched))
            news = {
                handle
                for handle, at in alone.items()
                if handle not in before
                or earliest(before[handle].told_alone, at) != before[handle].told_alone
            }
            news |= before.keys() & set(touched)
            if links:
                kept = edge_rows(session, {link.one for link in links.values()})
                links = {p: k for p, k in links.items() if p not in kept or k < kept[p][0]}
                news |= {handle for pair in links for handle in pair}
            noted = Noted({handle: row.customer for handle, row in before.items()})
            if news:
                self._regroup(session, noted, Region(alone, links), news, before)
        return noted

    def keep(self, noted: Noted) -> None:
        """Keep what was worked out, joining the digest's write."""
        with self._people.write() as session:
            upsert(session, Known, noted.known)
            upsert(session, Edge, noted.edges)
            for lost in chunks(noted.lost):
                session.execute(delete(Known).where(Known.handle.in_(lost)))
            for one, other in noted.unlinked:
                session.execute(delete(Edge).where(Edge.one == one, Edge.other == other))

    def _regroup(
        self,
        session: Session,
        noted: Noted,
        region: Region,
        news: Collection[str],
        before: Mapping[str, Any],
    ) -> None:
        """Load everything that hangs together with the news, group it anew, note what differs."""
        region.alone |= {handle: region.news[handle] for handle in news if handle not in before}
        twins = {twin(handle) for handle in news} - {""}
        near = {**before, **known_rows(session, Known.handle, twins - before.keys())}
        self._gather(session, region, {near[h].region for h in {*news, *twins} if h in near})
        region.settle(noted)

    def anew(
        self, handles: Collection[Handle], of: Callable[[Collection[Handle]], Iterator[Event]]
    ) -> Noted:
        """Group whatever hangs together with these by what their events tell now and what is kept
        of those that were let go of, without keeping it; a handle of which nothing tells any more
        is lost."""
        region, noted = Region({}, {}), Noted()
        with self._people.read() as session:
            rows = known_rows(session, Known.handle, map(str, handles))
            self._gather(session, region, {row.region for row in rows.values()})
        here = region.before.keys()
        whole = (each for each in of([Handle.parse(h) for h in here]) if here >= _named(each))
        region.retell(*told(whole))  # what nobody has digested yet has its own turn
        region.settle(noted)
        return noted

    def unsay(self, events: Collection[Event]) -> None:
        """These are about to be taken back: what is kept of them counts, once it is worked out
        `anew`, only as far as others tell it. Joins that write."""
        shown = {f"{event.account}/{event.id}" for event in events}
        alone, links = told(events)
        ends = alone.keys() | {end for pair in links for end in pair}
        with self._people.write() as session:
            for chunk in chunks(ends):
                hers = or_(Edge.one.in_(chunk), Edge.other.in_(chunk))
                for edge in session.scalars(select(Edge).where(hers)):
                    if edge.event in shown:
                        edge.event = ""
                for known in session.scalars(select(Known).where(Known.handle.in_(chunk))):
                    at, kept = alone.get(known.handle), known.told_alone
                    if at is not None and kept is not None and at <= kept:
                        known.told_alone = None

    def _gather(self, session: Session, region: Region, ahead: Collection[str]) -> None:
        """Load these regions, those that rulings join to them, and their links."""
        loaded: set[str] = set()
        looked: set[str] = set()
        while True:
            region.take_known(known_rows(session, Known.region, ahead))
            loaded |= set(ahead)
            rulings = self.decisions.live(region.alone.keys() - looked)
            looked |= region.alone.keys()
            region.rulings |= {ruling.id: ruling for ruling in rulings}
            ends = {end for ruling in rulings for end in (ruling.one, ruling.other)} - looked
            ahead = {
                row.region for row in known_rows(session, Known.handle, ends).values()
            } - loaded
            if not ahead:
                break
        region.take_edges(edge_rows(session, region.alone.keys()))

    def forget_refused(self, handles: Collection[Handle]) -> int:
        """Erase the links that were refused between these, who are about to be erased, and others,
        a few in each write; how many there were. What makes her one goes with what names her."""
        refused = [(each.one, each.other) for each in self.links(handles) if each.refused]
        for begin in range(0, len(refused), _FEW):
            with self._people.write("digest") as session:
                overwritten(self._people, session)
                remove(session, Edge, ("one", "other"), refused[begin : begin + _FEW])
        return len(refused)

    def leave_regions(self, handles: Collection[Handle]) -> None:
        """These are about to be erased: whoever hangs together under a name of theirs does so under
        one of its own. Joins that write."""
        hers = {str(handle) for handle in handles}
        with self._people.write() as session:
            named = select(Known.region).where(Known.region.in_(hers)).distinct()
            for region in list(session.scalars(named)):
                there = Known.region == region
                others = select(func.min(Known.handle)).where(there, Known.handle.not_in(hers))
                if (first := session.scalar(others)) is not None:
                    session.execute(update(Known).where(there).values(region=first))

    def seen(self, handle: Handle | str) -> datetime | None:
        """When this handle was first seen, if ever."""
        with self._people.read() as session:
            return session.scalar(select(Known.first_seen).where(Known.handle == str(handle)))

    def customer_of(self, handle: Handle | str) -> str:
        """The customer behind a handle; for one never seen, the id it will be known by."""
        return self.customers_of([handle])[str(handle)]

    def alongside(self, handle: Handle | str) -> list[str]:
        """Every handle of whoever is known by this one, with one cheap statement; itself first."""
        return self.all_alongside([handle])[str(handle)]

    def all_alongside(self, handles: Iterable[Handle | str]) -> dict[str, list[str]]:
        """The same for some, by the handle's text."""
        found = {str(handle): [str(handle)] for handle in handles}
        for chunk in chunks(list(found)):
            for asked, other in self._people.rows(_ALONGSIDE.format(marks(chunk)), chunk):
                found[asked].append(other)
        return {handle: list(dict.fromkeys(hers)) for handle, hers in found.items()}

    def customers_of(self, handles: Iterable[Handle | str]) -> dict[str, str]:
        """The same for many, by the handle's text."""
        asked = [str(handle) for handle in handles]
        known: dict[str, str] = {}
        with self._people.together():
            for chunk in chunks(asked):
                known.update(self._people.rows(_CUSTOMERS.format(marks(chunk)), chunk))
        return {h: known[h] if h in known else own_id(h) for h in asked}

    def joined(self) -> dict[str, str]:
        """From every handle that was joined to an older one, to the oldest of her component."""
        with self._people.together():
            return dict(self._people.rows(_JOINED, []))

    def resolve(self, customer: str) -> str:
        """The id she has now, from any that she ever had. Raises `NotFound`."""
        now = self._people.rows("SELECT customer FROM known_handles WHERE own = ?", [customer])
        if not now:
            raise NotFound("customer", customer)
        return str(now[0][0])

    def handles(self, customer: str) -> list[Handle]:
        """Every handle she is known by, the oldest first. Raises `NotFound`."""
        return self.handles_of([self.resolve(customer)]).popitem()[1]

    def handles_of(self, customers: Iterable[str]) -> dict[str, list[Handle]]:
        """The same for many ids of the present, each oldest first."""
        rows: list[Any] = []
        with self._people.together():
            for chunk in chunks(set(customers)):
                rows += self._people.rows(_HANDLES.format(marks(chunk)), chunk)
        found: dict[str, list[Handle]] = {}
        for _, handle, customer in sorted(rows, key=lambda row: (row[0], row[1])):
            found.setdefault(customer, []).append(Handle.parse(handle))
        return found

    def whose(self, customers: Iterable[str]) -> dict[str, str]:
        """Whose each handle of these customers is, by its text."""
        known: dict[str, str] = {}
        with self._people.together():
            for chunk in chunks(set(customers)):
                known.update(self._people.rows(_WHOSE.format(marks(chunk)), chunk))
        return known

    def customers_on(self, account: str, after: str = "", limit: int = 500) -> list[str]:
        """Customers whom an account of ours reaches, ordered by id; the last is the next
        ``after``."""
        there = Known.handle.contains(f":{account}:", autoescape=True)
        wanted = select(Known.customer).where(there, Known.customer > after).distinct()
        with self._people.read() as session:
            return list(session.scalars(wanted.order_by(Known.customer).limit(limit)))

    def beginnings(self) -> list[str]:
        """What handles begin with, up to their value: every kind and scope that was ever seen."""
        with self._people.read() as session:
            return sorted(session.scalars(select(_BEGINNING).distinct()))

    def known_by(self, ways: Mapping[str, Collection[str]]) -> dict[frozenset[str], int]:
        """How many customers are known by exactly which ways, of those who are known by any: a way
        is some beginnings of handles. Counted where they are kept."""
        if not ways:
            return {}
        held = [func.max(case((_BEGINNING.in_(some), 1), else_=0)) for some in ways.values()]
        each = select(*(one.label(f"way_{n}") for n, one in enumerate(held)))
        hers = each.group_by(Known.customer).subquery()
        counted = select(*hers.c, func.count()).group_by(*hers.c)
        with self._people.read() as session:
            rows = session.execute(counted).all()
        told = {
            frozenset(way for way, has in zip(ways, row, strict=False) if has): row[-1]
            for row in rows
        }
        told.pop(frozenset(), None)
        return told

    def find(self, text: str) -> list[str]:
        """The customers who are known by this handle, or by this value under any kind."""
        with self._people.read() as session:
            exact = select(Known.customer).where(Known.handle == text)
            found = session.scalars(exact).all() or session.scalars(
                select(Known.customer).where(Known.value == text).limit(_FOUND)
            )
            return sorted(set(found))

    def parked(self, limit: int = 100) -> list[Parked]:
        """Links that were refused and that nobody has ruled about, the latest first."""
        latest = (Edge.at.desc(), Edge.one, Edge.other)
        refused = select(Edge).where(Edge.refused).order_by(*latest).limit(max(limit, _LOOKED_AT))
        with self._people.read() as session:
            edges = list(session.scalars(refused))
        ends = {end for edge in edges for end in (edge.one, edge.other)}
        ruled = {(each.one, each.other) for each in self.decisions.live(ends)}
        open_ = [edge for edge in edges if (edge.one, edge.other) not in ruled][:limit]
        customers = self.customers_of([end for edge in open_ for end in (edge.one, edge.other)])
        return [
            Parked(
                Handle.parse(edge.one), Handle.parse(edge.other),
                (customers[edge.one], customers[edge.other]), edge.at, edge.event,
            )
            for edge in open_
        ]  # fmt: skip

    def causes(self) -> list[Cause]:
        """The same by what is shared, those with the most people first: a tablet of a branch is
        one thing to look at, however many have held it."""
        found: dict[Handle, list[Parked]] = {}
        for each in self.parked(_ALL):
            found.setdefault(each.shared, []).append(each)
        causes = [Cause(shared, tuple(parked)) for shared, parked in found.items()]
        return sorted(causes, key=lambda cause: len(cause.parked), reverse=True)

    def links(self, handles: Collection[Handle]) -> list[Edge]:
        """What links these handles with any other, the oldest first."""
        asked = sorted(map(str, handles))
        found: dict[tuple[str, str], Edge] = {}
        with self._people.read() as session:
            for chunk in chunks(asked):
                hers = or_(Edge.one.in_(chunk), Edge.other.in_(chunk))
                for edge in session.scalars(select(Edge).where(hers)):
                    found[edge.one, edge.other] = edge
        return sorted(found.values(), key=lambda edge: (edge.at, edge.event, edge.one))

    def named(self, owns: Collection[str], noted: Noted | None = None) -> dict[str, Handle]:
        """Handles by the ids that they stand for, also those that are noted and not kept yet."""
        news = {own_id(handle): handle for handle in noted.customers} if owns and noted else {}
        found = {own: Handle.parse(news[own]) for own in news.keys() & owns}
        if not (others := set(owns) - news.keys()):
            return found
        with self._people.read() as session:
            for chunk in chunks(others):
                rows = session.execute(select(Known.own, Known.handle).where(Known.own.in_(chunk)))
                found |= {own: Handle.parse(handle) for own, handle in rows}
        return found


def _named(event: Event) -> set[str]:
    return {str(handle) for handle in (event.handle, *event.links) if handle is not None}
