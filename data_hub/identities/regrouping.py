"""Regrouping (重新分组): everything that hangs together with some news, before and after.

Reads nothing but rows it is given, and writes none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute, Session

from data_hub.identities.components import Link, Parting, partition, regions
from data_hub.identities.handles import DEVICES, LOGIN, PERSONS, own_id, twin
from data_hub.identities.records import Edge, Noted, Ruling, Says
from kernel.events import Event
from stores.bulk import among

_WORKED_OUT = ("customer", "region", "first_seen", "told_alone")


class Region:
    """Everything that hangs together with some news, before and after."""

    def __init__(
        self,
        alone: Mapping[str, datetime | None],
        links: Mapping[tuple[str, str], Link],
    ) -> None:
        """``alone``: when the news first told of each handle itself, None if they never did."""
        self.news = alone
        self.alone: dict[str, datetime | None] = {}
        """Every handle of the region, and when it was first told of by itself."""
        self.first: dict[str, datetime] = {}
        self.before: dict[str, Any] = {}
        self.sizes: Mapping[str, int] = {}
        self.links = dict(links)
        self.kept: dict[tuple[str, str], tuple[Link, bool]] = {}
        self.rulings: dict[str, Ruling] = {}
        self.retold = False

    def take_known(self, known: Mapping[str, Any]) -> None:
        for handle, row in known.items():
            self.before[handle] = row
            self.alone[handle] = earliest(row.told_alone, self.news.get(handle))

    def take_edges(self, edges: Mapping[tuple[str, str], tuple[Link, bool]]) -> None:
        self.kept = dict(edges)
        for pair, (link, _) in edges.items():
            self.links.setdefault(pair, link)

    def retell(
        self, alone: Mapping[str, datetime | None], links: Mapping[tuple[str, str], Link]
    ) -> None:
        """Forget what was told by what is taken back: there is this, and what was told by events
        that are kept no longer."""
        kept = [link for pair, link in self.links.items() if link.event and self._here(pair)]
        self.links = dict(links)
        for link in kept:
            pair = (link.one, link.other)
            self.links[pair] = min(link, self.links.get(pair, link))
        for _, said in self._claims():  # they are drawn anew from what is told now
            if self.links.get(pair := (said.one, said.other)) == said:
                del self.links[pair]
        dated = {handle: at for handle, at in self.alone.items() if at is not None}
        ends = {end for pair in self.links for end in pair}
        self.alone = {
            handle: earliest(dated.get(handle), alone.get(handle))
            for handle in dated.keys() | alone.keys() | ends
        }
        self.retold = True

    def _here(self, pair: tuple[str, str]) -> bool:
        return pair[0] in self.before and pair[1] in self.before

    def settle(self, noted: Noted) -> None:
        """Group, name the groups, and note the rows that differ from what is kept."""
        self._claim()
        here = [r for r in self.rulings.values() if {r.one, r.other} <= self.alone.keys()]
        ruled = [Link(r.at, r.id, r.one, r.other, ruled=True) for r in here if r.says == Says.SAME]
        partings = [Parting(r.one, r.other) for r in here if r.says == Says.APART]
        unlinked = {(r.one, r.other) for r in here if r.says == Says.UNLINKED}
        believed = [link for pair, link in self.links.items() if pair not in unlinked]
        groups, refused = partition(self.alone.keys(), [*believed, *ruled], partings)
        home = {
            handle: region[0]
            for region in map(sorted, regions(self.alone.keys(), [*self.links.values(), *ruled]))
            for handle in region
        }
        self._date(believed)
        self.sizes = Counter(row.customer for row in self.before.values())
        for group in groups:
            self._name(group, home, noted)
        kept_apart = {(link.one, link.other) for link in refused if not link.ruled}
        self._note_edges(kept_apart, unlinked, noted)
        noted.gone = self.sizes.keys() - {noted.customers[handle] for handle in self.alone}
        if self.retold:
            noted.unlinked = sorted(self.kept.keys() - self.links.keys())
            noted.lost = sorted(self.before.keys() - self.alone.keys())
            noted.customers |= dict.fromkeys(noted.lost, "")

    def _claim(self) -> None:
        """Where it is a login that somebody acted under, two logins are said to be one's."""
        for before, said in self._claims():
            pair = (said.one, said.other)
            if self.alone.get(before) is None:
                continue
            if pair not in self.links or said < self.links[pair]:
                self.links[pair] = said

    def _claims(self) -> list[tuple[str, Link]]:
        """Who is said to have been somebody before is told by an id that may be a device's or a
        login: the login that it may be, and what would link her with it."""
        claims = []
        for (one, other), link in self.links.items():
            for device, login in ((one, other), (other, one)):
                before = twin(device)
                if not before.startswith(f"{LOGIN}:") or not login.startswith(f"{LOGIN}:"):
                    continue
                if before != login:
                    pair = (before, login) if before < login else (login, before)
                    claims.append((before, Link(link.at, link.event, *pair)))
        return claims

    def _date(self, believed: Iterable[Link]) -> None:
        """When each handle was first heard of; a link that nobody believes says nothing of it."""
        dated = {handle: at for handle, at in self.alone.items() if at is not None}
        for link in believed:
            for end in (link.one, link.other):
                dated[end] = min(link.at, dated.get(end, link.at))
        kept = {} if self.retold else self.before
        self.first = {handle: row.first_seen for handle, row in kept.items()}
        for link in self.links.values():
            for end in (link.one, link.other):
                if end not in dated:
                    self.first[end] = min(link.at, self.first.get(end, link.at))
        self.first |= dated

    def _name(self, group: Sequence[str], home: Mapping[str, str], noted: Noted) -> None:
        oldest = min(group, key=lambda handle: (self.first[handle], handle))
        customer = own_id(oldest)
        were = {self.before[handle].customer for handle in group if handle in self.before}
        for handle in group:
            noted.customers[handle] = customer
            now = (customer, home[handle], self.first[handle], self.alone[handle])
            row = self.before.get(handle)
            if row is None or now != (row.customer, row.region, row.first_seen, row.told_alone):
                value = handle.split(":", 2)[2]
                noted.known.append(
                    {"handle": handle, "value": value, "own": own_id(handle)}
                    | dict(zip(_WORKED_OUT, now, strict=True))
                )
        if not were:
            noted.fresh.add(customer)
            return
        if len(were) > 1:
            noted.merged[customer] = were
        if were != {customer}:
            noted.were[customer] = were
        mates = sum(self.sizes[customer] for customer in were)
        if were != {customer} or mates != sum(handle in self.before for handle in group):
            noted.moved[customer] = list(group)

    def _note_edges(
        self,
        refused: Collection[tuple[str, str]],
        unlinked: Collection[tuple[str, str]],
        noted: Noted,
    ) -> None:
        """A link that is not followed is marked; only one that a guard refused wants a look."""
        for pair, link in self.links.items():
            now = (link, pair in refused or pair in unlinked)
            kept = self.kept.get(pair)
            if kept == now:
                continue
            told = {"one": link.one, "other": link.other, "at": link.at, "event": link.event}
            noted.edges.append(told | {"refused": now[1]})
            if pair in refused and not (kept and kept[1]):
                noted.parked.append(link)


def told(
    events: Iterable[Event],
) -> tuple[dict[str, datetime | None], dict[tuple[str, str], Link]]:
    """When something was first told of each handle itself, and the earliest link of each two.

    What an event tells hangs on one handle of it, on no device if it tells of anything else: two
    addresses that somebody typed are hers whoever else holds the device.
    """
    alone: dict[str, datetime | None] = {}
    links: dict[tuple[str, str], Link] = {}
    for event in events:
        handles = [str(event.handle)] if event.handle else []
        handles += [text for link in event.links if (text := str(link)) not in handles]
        for handle in handles[:1]:
            alone[handle] = earliest(alone.get(handle), event.at)
        if len(handles) < 2:
            continue
        middle = handles[0]
        if _of_no_device(middle) > 1:
            middle = min(handles, key=_of_no_device)
        for handle in handles:
            alone.setdefault(handle, None)
            if handle == middle:
                continue
            pair = (middle, handle) if middle < handle else (handle, middle)
            link = Link(event.at, f"{event.account}/{event.id}", *pair)
            if pair not in links or link < links[pair]:
                links[pair] = link
    return alone, links


def _of_no_device(handle: str) -> int:
    """A person before what she told, and both before a device."""
    kind = handle.split(":", 1)[0]
    return (kind in DEVICES) * 2 + (kind not in PERSONS)


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments, either of which may be missing."""
    if one is None or other is None:
        return one or other
    return min(one, other)


def known_rows(
    session: Session, by: InstrumentedAttribute[str], values: Iterable[str]
) -> dict[str, Any]:
    """Rows of known handles, by their handle."""
    columns = ("handle", "customer", "region", "first_seen", "told_alone")
    return {row.handle: row for row in among(session, columns, by, set(values))}


def edge_rows(session: Session, ones: Iterable[str]) -> dict[tuple[str, str], tuple[Link, bool]]:
    """The links that begin at one of these, and whether they were refused."""
    columns = ("at", "event", "one", "other", "refused")
    return {
        (one, other): (Link(at, event, one, other), refused)
        for at, event, one, other, refused in among(session, columns, Edge.one, set(ones))
    }
