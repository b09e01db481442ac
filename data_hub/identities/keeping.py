"""Where identities are kept (身份存取): handles, the links between them, and what people ruled.

Handles and links are folded from events and may be thrown away; rulings are decisions and may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from data_hub.identities.components import Link, Parting, partition, regions
from data_hub.identities.handles import own_id
from kernel.clock import Clock
from kernel.errors import Invalid, NotFound
from kernel.events import Event, Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Folded, Record, Records, upsert

_CHUNK = 900
"""Values in one IN list; the oldest SQLite in use takes 999."""


class Known(Folded, kw_only=True):
    """A handle that was seen, and the customer it belongs to now."""

    __tablename__ = "known_handles"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    value: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    """The handle's last part, to find her by what somebody has at hand."""
    own: Mapped[str] = mapped_column(unique=True)
    """The id that this handle stands for, for ever."""
    customer: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    """The own id of the oldest handle in its component."""
    region: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    """The first of all handles that hang together with it, by refused links too."""
    first_seen: Mapped[datetime]


class Edge(Folded, kw_only=True):
    """A link between two handles, from the earliest event that showed it."""

    __tablename__ = "identity_edges"

    one: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    other: Mapped[str] = mapped_column(primary_key=True, index=True, info={"customer": "drop"})
    at: Mapped[datetime]
    event: Mapped[str]
    refused: Mapped[bool] = mapped_column(default=False, index=True)


class Ruling(Record, kw_only=True):
    """What somebody of ours said about two handles: the same person, or two people."""

    __tablename__ = "identity_rulings"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rul"))
    one: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    other: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    same: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Parked:
    """A link that was refused: two people who seem to share a handle. Somebody should look."""

    one: Handle
    other: Handle
    customers: tuple[str, str]
    at: datetime
    event: str


@dataclass(slots=True)
class Noted:
    """What a stretch of events says about who is who."""

    customers: dict[str, str] = field(default_factory=dict)
    """Every handle in the stretch, and of every component that changed: its customer."""
    fresh: set[str] = field(default_factory=set)
    """Customers never seen before, under any handle."""
    merged: dict[str, set[str]] = field(default_factory=dict)
    """Customers made of several, with the ids those had."""
    moved: dict[str, list[str]] = field(default_factory=dict)
    """Customers whose set of folded handles is another now, with all of theirs."""
    gone: set[str] = field(default_factory=set)
    """Ids that no longer name a component; they lead to one."""
    parked: list[Link] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)


class Identities:
    """Who is who. Only the digest notes events; anybody may ask, and people may rule."""

    def __init__(self, people: Records, records: Records, changes: Changes, clock: Clock) -> None:
        self._people = people
        self._records = records
        self._changes = changes
        self._clock = clock

    def note(self, events: Iterable[Event]) -> Noted:
        """Work out and keep what some events say. Any order and any repeating give the same."""
        noted = self.work_out(events)
        with self._people.write():
            self.keep(noted)
        return noted

    def work_out(self, events: Iterable[Event], touched: Collection[str] = ()) -> Noted:
        """What the events say, without keeping it. ``touched``: handles to look at anew."""
        seen, links = _told(events)
        with self._people.read() as session:
            before = _known(session, Known.handle, seen.keys() | set(touched))
            news = {
                handle
                for handle, at in seen.items()
                if handle not in before or at < before[handle].first_seen
            }
            news |= before.keys() & set(touched)
            if links:
                kept = _edges(session, {link.one for link in links.values()})
                links = {p: k for p, k in links.items() if p not in kept or k < kept[p][0]}
                news |= {handle for pair in links for handle in pair}
            noted = Noted({handle: row.customer for handle, row in before.items()})
            if news:
                self._regroup(session, noted, _Region(seen, links), news, before)
        return noted

    def keep(self, noted: Noted) -> None:
        """Keep what was worked out, joining the digest's write."""
        with self._people.write() as session:
            upsert(session, Known, noted.known)
            upsert(session, Edge, noted.edges)

    def _regroup(
        self,
        session: Session,
        noted: Noted,
        region: _Region,
        news: Collection[str],
        before: Mapping[str, Any],
    ) -> None:
        """Load everything that hangs together with the news, group it anew, note what differs."""
        ahead = {before[handle].region for handle in news if handle in before}
        region.handles |= {handle: region.seen[handle] for handle in news if handle not in before}
        loaded: set[str] = set()
        looked: set[str] = set()
        while True:
            region.take_known(_known(session, Known.region, ahead))
            loaded |= ahead
            rulings = self._rulings(region.handles.keys() - looked)
            looked |= region.handles.keys()
            region.rulings |= {ruling.id: ruling for ruling in rulings}
            ends = {end for ruling in rulings for end in (ruling.one, ruling.other)} - looked
            ahead = {row.region for row in _known(session, Known.handle, ends).values()} - loaded
            if not ahead:
                break
        region.take_edges(_edges(session, region.handles.keys()))
        region.settle(noted)

    def _rulings(self, handles: Collection[str]) -> list[Ruling]:
        found: dict[str, Ruling] = {}
        with self._records.read() as session:
            for chunk in _chunks(handles):
                about = or_(Ruling.one.in_(chunk), Ruling.other.in_(chunk))
                found |= {each.id: each for each in session.scalars(select(Ruling).where(about))}
        return list(found.values())

    def merge(self, one: Handle, other: Handle, *, by: str) -> None:
        """Rule that two handles are one person's. The digest acts on it at its next turn."""
        self._rule(one, other, same=True, by=by)

    def part(self, one: Handle, other: Handle, *, by: str) -> None:
        """Rule that two handles are two people's, whatever events say."""
        self._rule(one, other, same=False, by=by)

    def _rule(self, one: Handle, other: Handle, *, same: bool, by: str) -> None:
        if one == other:
            raise Invalid("other", "same_handle")
        unknown = [handle for handle in (one, other) if self.seen(handle) is None]
        if unknown:
            raise Invalid("handle", "handle_never_seen", handle=str(unknown[0]))
        first, second = sorted((str(one), str(other)))
        with self._records.write(f"ruling:{first}:{second}") as session:
            session.execute(delete(Ruling).where(Ruling.one == first, Ruling.other == second))
            ruling = Ruling(one=first, other=second, same=same, by=by, at=self._clock())
            session.add(ruling)
            act = "merged" if same else "parted"
            self._changes.note(act, "ruling", ruling.id, by=by, handle=first)

    def ruled(self, mark: str) -> tuple[set[str], str]:
        """The handles that rulings after the mark speak of, and the next mark."""
        stretch = self._changes.after(mark)
        subjects = [change.subject for change in stretch.changes if change.kind == "ruling"]
        # A ruling that was replaced is found through the one that took its place.
        with self._records.read() as session:
            rulings = session.scalars(select(Ruling).where(Ruling.id.in_(subjects)))
            return {end for each in rulings for end in (each.one, each.other)}, stretch.mark

    def seen(self, handle: Handle | str) -> datetime | None:
        """When this handle was first seen, if ever."""
        with self._people.read() as session:
            return session.scalar(select(Known.first_seen).where(Known.handle == str(handle)))

    def customer_of(self, handle: Handle | str) -> str:
        """The customer behind a handle; for one never seen, the id it will be known by."""
        return self.customers_of([handle])[str(handle)]

    def customers_of(self, handles: Iterable[Handle | str]) -> dict[str, str]:
        """The same for many, by the handle's text."""
        asked = [str(handle) for handle in handles]
        with self._people.read() as session:
            known = _known(session, Known.handle, asked)
        return {h: known[h].customer if h in known else own_id(h) for h in asked}

    def resolve(self, customer: str) -> str:
        """The id she has now, from any that she ever had. Raises `NotFound`."""
        with self._people.read() as session:
            now = session.scalar(select(Known.customer).where(Known.own == customer))
        if now is None:
            raise NotFound("customer", customer)
        return now

    def handles(self, customer: str) -> list[Handle]:
        """Every handle she is known by, the oldest first. Raises `NotFound`."""
        return self.handles_of([self.resolve(customer)]).popitem()[1]

    def handles_of(self, customers: Iterable[str]) -> dict[str, list[Handle]]:
        """The same for many ids of the present, each oldest first."""
        with self._people.read() as session:
            rows = sorted(
                _known(session, Known.customer, set(customers)).items(),
                key=lambda item: (item[1].first_seen, item[0]),
            )
        found: dict[str, list[Handle]] = {}
        for handle, row in rows:
            found.setdefault(row.customer, []).append(Handle.parse(handle))
        return found

    def find(self, text: str) -> list[str]:
        """The customers who are known by this handle, or by this value under any kind."""
        with self._people.read() as session:
            exact = select(Known.customer).where(Known.handle == text)
            found = session.scalars(exact).all() or session.scalars(
                select(Known.customer).where(Known.value == text).limit(_CHUNK)
            )
            return sorted(set(found))

    def parked(self, limit: int = 100) -> list[Parked]:
        """Links that were refused, the latest first, for somebody to look at."""
        latest = (Edge.at.desc(), Edge.one, Edge.other)
        refused = select(Edge).where(Edge.refused).order_by(*latest).limit(limit)
        with self._people.read() as session:
            edges = list(session.scalars(refused))
        customers = self.customers_of([end for edge in edges for end in (edge.one, edge.other)])
        return [
            Parked(
                Handle.parse(edge.one), Handle.parse(edge.other),
                (customers[edge.one], customers[edge.other]), edge.at, edge.event,
            )
            for edge in edges
        ]  # fmt: skip

    def drop(self) -> None:
        """Throw the fold away, to be made again. Joins the digest's write."""
        with self._people.write() as session:
            session.execute(delete(Known))
            session.execute(delete(Edge))


class _Region:
    """Everything that hangs together with some news, before and after."""

    def __init__(self, seen: Mapping[str, datetime], links: Mapping[tuple[str, str], Link]) -> None:
        self.seen = seen
        self.handles: dict[str, datetime] = {}
        self.before: dict[str, Any] = {}
        self.sizes: Mapping[str, int] = {}
        self.links = dict(links)
        self.kept: dict[tuple[str, str], tuple[Link, bool]] = {}
        self.rulings: dict[str, Ruling] = {}

    def take_known(self, known: Mapping[str, Any]) -> None:
        for handle, row in known.items():
            self.before[handle] = row
            self.handles[handle] = min(row.first_seen, self.seen.get(handle, row.first_seen))

    def take_edges(self, edges: Mapping[tuple[str, str], tuple[Link, bool]]) -> None:
        self.kept = dict(edges)
        for pair, (link, _) in edges.items():
            self.links.setdefault(pair, link)

    def settle(self, noted: Noted) -> None:
        """Group, name the groups, and note the rows that differ from what is kept."""
        here = [r for r in self.rulings.values() if {r.one, r.other} <= self.handles.keys()]
        ruled = [Link(r.at, r.id, r.one, r.other, ruled=True) for r in here if r.same]
        partings = [Parting(r.one, r.other) for r in here if not r.same]
        links = [*self.links.values(), *ruled]
        groups, refused = partition(self.handles.keys(), links, partings)
        home = {
            handle: region[0]
            for region in map(sorted, regions(self.handles.keys(), links))
            for handle in region
        }
        self.sizes = Counter(row.customer for row in self.before.values())
        for group in groups:
            self._name(group, home, noted)
        self._note_edges({(link.one, link.other) for link in refused if not link.ruled}, noted)
        noted.gone = self.sizes.keys() - {noted.customers[handle] for handle in self.handles}

    def _name(self, group: Sequence[str], home: Mapping[str, str], noted: Noted) -> None:
        oldest = min(group, key=lambda handle: (self.handles[handle], handle))
        customer = own_id(oldest)
        were = {self.before[handle].customer for handle in group if handle in self.before}
        for handle in group:
            noted.customers[handle] = customer
            now = (customer, home[handle], self.handles[handle])
            row = self.before.get(handle)
            if row is None or now != (row.customer, row.region, row.first_seen):
                value = handle.split(":", 2)[2]
                noted.known.append(
                    {"handle": handle, "value": value, "own": own_id(handle)}
                    | dict(zip(("customer", "region", "first_seen"), now, strict=True))
                )
        if not were:
            noted.fresh.add(customer)
            return
        if len(were) > 1:
            noted.merged[customer] = were
        mates = sum(self.sizes[customer] for customer in were)
        if were != {customer} or mates != sum(handle in self.before for handle in group):
            noted.moved[customer] = list(group)

    def _note_edges(self, refused: Collection[tuple[str, str]], noted: Noted) -> None:
        for pair, link in self.links.items():
            now = (link, pair in refused)
            kept = self.kept.get(pair)
            if kept == now:
                continue
            told = {"one": link.one, "other": link.other, "at": link.at, "event": link.event}
            noted.edges.append(told | {"refused": pair in refused})
            if pair in refused and not (kept and kept[1]):
                noted.parked.append(link)


def _told(
    events: Iterable[Event],
) -> tuple[dict[str, datetime], dict[tuple[str, str], Link]]:
    """When each handle was first seen, and the earliest link between each two."""
    seen: dict[str, datetime] = {}
    links: dict[tuple[str, str], Link] = {}
    for event in events:
        handles = [str(event.handle)] if event.handle else []
        handles += [text for link in event.links if (text := str(link)) not in handles]
        for handle in handles:
            if handle not in seen or event.at < seen[handle]:
                seen[handle] = event.at
        for handle in handles[1:]:
            pair = (handles[0], handle) if handles[0] < handle else (handle, handles[0])
            link = Link(event.at, f"{event.account}/{event.id}", *pair)
            if pair not in links or link < links[pair]:
                links[pair] = link
    return seen, links


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for begin in range(0, len(ordered), _CHUNK):
        yield ordered[begin : begin + _CHUNK]


def _known(
    session: Session, by: InstrumentedAttribute[str], values: Iterable[str]
) -> dict[str, Any]:
    """Rows of known handles, by their handle."""
    wanted = select(Known.handle, Known.customer, Known.region, Known.first_seen)
    found: dict[str, Any] = {}
    for chunk in _chunks(values):
        found |= {row.handle: row for row in session.execute(wanted.where(by.in_(chunk)))}
    return found


def _edges(session: Session, ones: Iterable[str]) -> dict[tuple[str, str], tuple[Link, bool]]:
    """The links that begin at one of these, and whether they were refused."""
    wanted = select(Edge.at, Edge.event, Edge.one, Edge.other, Edge.refused)
    found: dict[tuple[str, str], tuple[Link, bool]] = {}
    for chunk in _chunks(ones):
        for at, event, one, other, refused in session.execute(wanted.where(Edge.one.in_(chunk))):
            found[one, other] = (Link(at, event, one, other), refused)
    return found
