"""The digest (消化): events, in order of arrival, become identities, profiles and findings.

The steps stand here in the order they are taken, and everything one slice changes is written in
one transaction with the watermark. Thinking happens before it is opened. Calls no follower.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_hub import findings
from data_hub.catalogue import KINDS, OWN_ACCOUNT
from data_hub.findings import DORMANT, Findings
from data_hub.identities import Identities, Noted
from data_hub.profiles import Profile, Profiles, Stamped, Stamps, Topics, fold
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle
from stores.history import History
from stores.records import Folded, Records
from stores.watermarks import Watermarks

SLICE = 300
"""Events a transaction: it stays well under the 100 ms for which a write may hold the lock."""

_IDENTIFIED = declare("digest.identified", "identities are written, profiles are not")
_PROFILED = declare("digest.profiled", "profiles are written, findings and watermark are not")
_DONE = declare("digest.done", "a slice is committed, nobody has been told")

_EVENTS = "digest"
_RULINGS = "digest.rulings"


@dataclass(slots=True)
class _Slice:
    """What one stretch of events comes to."""

    noted: Noted
    profiles: dict[str, Profile] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    found: list[dict[str, Any]] = field(default_factory=list)


class Digest:
    """Follows history. One at a time: whoever runs it holds the worker's lease."""

    def __init__(
        self,
        history: History,
        people: Records,
        records: Records,
        identities: Identities,
        profiles: Profiles,
        topics: Topics,
        clock: Clock,
        *,
        findings: Findings | None = None,
        zone: Zone | None = None,
    ) -> None:
        self._history = history
        self._people = people
        self._identities = identities
        self._profiles = profiles
        self._findings = findings or Findings(people)
        self._stamps = Stamps(records, topics, clock)
        self._marks = Watermarks(people, Folded)
        self._zone = zone or Zone()
        self._seen = 0

    def run(self, limit: int = 2_000) -> int:
        """Digest up to so many events and say how many; 0 means that there was nothing left."""
        self._follow_rulings()
        done = 0
        while done < limit:
            taken = self._slice(min(SLICE, limit - done))
            if not taken:
                break
            done += taken
        return done

    def mark(self) -> int:
        """How far history has been digested."""
        return int(self._marks.of(_EVENTS) or 0)

    def freshen(self, waiting: int = 2_000, limit: int = 100) -> int:
        """While much waits its turn, digest those who act now; says how many arrivals it saw.

        A company that takes in its past sees its present all the same. Forgetting where it was
        (it is kept in memory only) costs nothing: the usual turn comes to everybody.
        """
        newest = self._history.newest()
        seen = min(self._seen or newest, newest)
        self._seen = newest
        if newest - self.mark() <= waiting or newest == seen:
            return 0
        arrived = self._history.after(max(seen, newest - limit), limit)
        whose = {handle for _, event in arrived if (handle := _whose(event)) is not None}
        self.ahead(whose)
        return len(arrived)

    def ahead(self, handles: Iterable[Handle]) -> None:
        """Digest these people now, whatever waits before them. The usual turn finds it done."""
        known: set[Handle] = set()
        events: dict[tuple[str, str], Event] = {}
        fresh = set(handles)
        while fresh:
            known |= fresh
            found = list(self._history.of(fresh))
            events |= {(event.account, event.id): event for event in found}
            named = {handle for event in found for handle in (event.handle, *event.links)}
            fresh = {handle for handle in named - known if handle is not None}
        if events:
            self._write(self._digested(sorted(events.values(), key=_key)), self.mark(), {})

    def rebuild(self, tell: Callable[[int], None] | None = None) -> int:
        """Throw the fold away and make it again from history and the rulings.

        Findings stay: digesting again finds none of them twice. ``tell`` hears of the progress.
        """
        with self._people.write("digest"):
            self._identities.drop()
            self._profiles.drop()
            self._marks.move(_EVENTS, "0")
            self._marks.move(_RULINGS, "")
        done = 0
        while taken := self.run():
            done += taken
            if tell:
                tell(done)
        return done

    def _slice(self, limit: int) -> int:
        mark = self.mark()
        stretch = self._history.after(mark, limit)
        if not stretch:
            return 0
        digested = self._digested([event for _, event in stretch])
        return len(stretch) if self._write(digested, mark, {_EVENTS: str(stretch[-1][0])}) else 0

    def _follow_rulings(self) -> None:
        """Regroup what people have ruled about since the last time."""
        before = self._marks.of(_RULINGS)
        touched, mark = self._identities.ruled(before)
        if mark != before:
            self._write(self._digested([], touched), self.mark(), {_RULINGS: mark})

    def _digested(self, events: Sequence[Event], touched: Collection[str] = ()) -> _Slice:
        """Think: identities, then profiles, then findings. Writes nothing but topic stamps."""
        noted = self._identities.work_out(events, touched)
        self._stamps.stamp({event.material for event in events if event.material})
        slice_ = _Slice(noted)
        own: dict[str, list[Event]] = {customer: [] for customer in noted.moved}
        for event in events:
            if whose := _whose(event):
                own.setdefault(noted.customers[str(whose)], []).append(event)
        kept = self._profiles.many(
            own.keys() | {old for ids in noted.merged.values() for old in ids}
        )
        active = {customer: profile.active for customer, profile in kept.items()}
        self._fold_on(own, kept, slice_)
        self._find(events, own, active, slice_)
        return slice_

    def _fold_on(
        self, own: Mapping[str, list[Event]], kept: dict[str, Profile], slice_: _Slice
    ) -> None:
        """Fold each customer's events on, or everything of hers anew where they came late."""
        stamped = self._stamps.of([event for events in own.values() for event in events])
        again: list[str] = []
        for customer, events in own.items():
            events.sort(key=_key)
            before = kept.get(customer)
            if customer in slice_.noted.moved or (before and _late(events, before)):
                again.append(customer)
                continue
            slice_.profiles[customer] = fold(events, stamped.about, zone=self._zone, onto=before)
            slice_.handles[customer] = str(_whose(events[0]))
        if again:
            self._fold_again(again, kept, stamped, slice_)

    def _fold_again(
        self,
        customers: Sequence[str],
        kept: Mapping[str, Profile],
        stamped: Stamped,
        slice_: _Slice,
    ) -> None:
        handles = self._handles(customers, slice_.noted)
        for customer in customers:
            hers = handles[customer]
            before = kept.get(customer)
            settled = before is not None and customer not in slice_.noted.moved
            if settled and before and before.events == self._history.total(hers):
                continue  # it was folded ahead of its turn
            events = [event for event in self._history.of(hers) if _whose(event) in hers]
            if not events:  # nothing is told of a handle that others only mention
                slice_.noted.gone.add(customer)
                continue
            stamped.learn(events)
            slice_.profiles[customer] = fold(events, stamped.about, zone=self._zone)
            slice_.handles[customer] = str(hers[0])

    def _handles(self, customers: Sequence[str], noted: Noted) -> dict[str, list[Handle]]:
        """Every handle of these customers, by what was just worked out and what is kept."""
        now: dict[str, set[Handle]] = {customer: set() for customer in customers}
        for customer, handles in self._identities.handles_of(customers).items():
            now[customer] |= {h for h in handles if noted.customers.get(str(h)) in (None, customer)}
        for handle, customer in noted.customers.items():
            if customer in now:
                now[customer].add(Handle.parse(handle))
        return {customer: sorted(handles) for customer, handles in now.items()}

    def _find(
        self,
        events: Sequence[Event],
        own: Mapping[str, list[Event]],
        active: Mapping[str, float],
        slice_: _Slice,
    ) -> None:
        """What is worth telling; ``active``: when each customer last did something before."""
        noted = slice_.noted
        for event in events:
            whose = _whose(event)
            if whose is None or event.detail.get("bot"):
                continue
            customer = noted.customers[str(whose)]
            if told := findings.of_event(event, customer):
                slice_.found.append(told)
        for customer, hers in own.items():
            were = noted.merged.get(customer, {customer})
            before = max((active.get(old, 0.0) for old in were), default=0.0)
            if back := _came_back(hers, before):
                slice_.found.append(findings.row(back, customer, findings.CAME_BACK))
            if customer in noted.fresh and hers:
                slice_.found.append(_once(hers[0], customer, findings.FIRST_SEEN, {}))
            if customer in noted.merged and hers:
                told = {"were": sorted(were)}
                slice_.found.append(_once(hers[0], customer, findings.MERGED, told))
        for link in noted.parked:
            customer = noted.customers[link.one]
            slice_.found.append(
                {
                    "key": f"parked:{link.one}:{link.other}", "customer": customer,
                    "handle": link.one, "kind": findings.PARKED, "at": link.at, "material": "",
                    "rep": "", "evidence": {"event": link.event},
                }
            )  # fmt: skip

    def _write(self, digested: _Slice, mark: int, marks: Mapping[str, str]) -> bool:
        """Keep all of it or nothing. False if another digest was faster: its word stands."""
        with self._people.write("digest"):
            if self.mark() != mark:
                return False
            self._identities.keep(digested.noted)
            crash_point(_IDENTIFIED)
            self._profiles.keep(digested.profiles, digested.handles, digested.noted.gone)
            crash_point(_PROFILED)
            self._findings.keep(digested.found)
            for follower, moved in marks.items():
                self._marks.move(follower, moved)
        crash_point(_DONE)
        return True


def _whose(event: Event) -> Handle | None:
    """The handle it is told of; one that only links handles is the first one's."""
    return event.handle or (event.links[0] if event.links else None)


def _key(event: Event) -> tuple[float, str]:
    return event.at.timestamp(), event.id


def _late(events: Sequence[Event], profile: Profile) -> bool:
    """Is the oldest of them not later than all that was folded?"""
    return bool(events) and _key(events[0]) <= profile.last


def _came_back(events: Iterable[Event], active: float) -> Event | None:
    """The event that broke her long silence, if one did."""
    if not active:
        return None
    for event in events:
        kind = KINDS.get(event.kind)
        if event.account == OWN_ACCOUNT or (kind and kind.owner != "customer"):
            continue
        at = event.at.timestamp()
        if at - active >= DORMANT.total_seconds():
            return event
        active = max(active, at)
    return None


def _once(event: Event, customer: str, kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A finding about the customer rather than about the event that showed it."""
    found = findings.row(event, customer, kind)
    found["evidence"] |= told
    return found
