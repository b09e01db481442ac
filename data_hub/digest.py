"""The digest (消化): events, in order of arrival, become identities, profiles and findings.

The steps stand here in the order they are taken, and everything one slice changes is written in
one transaction with the watermark. Thinking happens before it is opened. Calls no follower.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from data_hub import findings, forerunning
from data_hub.amendments import Amendments
from data_hub.digested import Since, Slice, handles_of
from data_hub.findings import Findings
from data_hub.identities import Identities, Noted
from data_hub.profiles import SHAPE, Profile, Profiles, Stamped, Stamps, Topics, fold, rows_of
from data_hub.profiles.folding import key_of, out_of_order
from data_hub.rebuilding import Rebuilding
from data_hub.rounds import Rounds
from data_hub.segments.recalling import ERASED
from data_hub.standings import Standings, forgotten
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle
from stores.history import History
from stores.records import Folded, Records
from stores.told import whose
from stores.watermarks import Watermarks

SLICE = 300
"""Events a transaction: it stays well under the 100 ms for which a write may hold the lock."""
_WAITING = 2_000
"""Events: with more before it, what happens now is not seen in its turn."""
_LATEST = 100
"""So many of the latest arrivals are looked through for who acts now."""
_FEW = 20
"""So many customers are folded anew at a time while others digest."""

_IDENTIFIED = declare("digest.identified", "identities are written, profiles are not")
_PROFILED = declare("digest.profiled", "profiles are written, findings and watermark are not")
_DONE = declare("digest.done", "a slice is committed, nobody has been told")

_EVENTS = "digest"
_RULINGS = "digest.rulings"
_DECISIONS = "digest.decisions"
_Also = Callable[[], None] | None
"""What is done in the same write."""


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
        standings: Standings | None = None,
        counted: Callable[[int], None] | None = None,
    ) -> None:
        """Without ``standings`` nobody is asked where she stands, nor which segments she is in.

        ``counted`` is told how many events each slice took in.
        """
        self._history = history
        self._people = people
        self._identities = identities
        self._profiles = profiles
        self._findings = findings or Findings(people)
        self._past = Rebuilding(people, self._findings)
        self._stamps = Stamps(records, topics, clock)
        self._marks = Watermarks(people, Folded)
        self._amendments = Amendments(people)
        self._clock = clock
        self._zone = zone or Zone()
        self._standings = standings
        self._rounds = Rounds(people, profiles, standings) if standings else None
        self._counted = counted
        self._seen = 0

    def run(self, limit: int = 2_000) -> int:
        """Digest up to so many events and say how many; 0 means that there was nothing left."""
        if self._rounds is not None:
            self._rounds.begin()
        self._follow_rulings()
        done = 0
        while done < limit:
            taken = self._slice(min(SLICE, limit - done))
            if not taken:
                break
            done += taken
        return done + self.look()

    def look(self, limit: int = SLICE) -> int:
        """Look at those for whom time has come, or about whom people decided; then at some
        of those whom a round leads to. Says how many there were."""
        standings = self._standings
        if standings is None or self._rebuilding():
            return 0
        self._follow_decisions(standings)
        if due := standings.due(limit):
            return self._look_at(due)
        if self._rounds is None or (some := self._rounds.next(limit)) is None:
            return 0
        self._look_at(some.customers, some.note, silent=True)
        return len(some.customers) or 1

    def _look_at(
        self, customers: Sequence[str], also: _Also = None, *, silent: bool = False
    ) -> int:
        """Look at customers of whom nothing new was heard. ``also`` is done in the same write."""
        slice_, now = Slice(Noted(), self._since()), self._clock()
        kept = self._profiles.many(customers)
        hers = self._identities.handles_of(kept)
        slice_.handles = {customer: str(handles[0]) for customer, handles in hers.items()}
        slice_.noted.gone |= set(customers) - hers.keys()
        slice_.noted.customers = {str(h): c for c, handles in hers.items() for h in handles}
        stale = [customer for customer in hers if kept[customer].shape != SHAPE]
        slice_.profiles = {her: kept[her] for her in hers if forgotten(kept[her], now)}
        if stale:
            self._fold_again(stale, {}, self._stamps.of(()), slice_)
        left = [customer for customer in hers if customer not in slice_.noted.gone]
        looked = {customer: slice_.profiles.get(customer, kept[customer]) for customer in left}
        self._stand(looked, slice_, {}, silent=silent)
        return len(customers) if self._write(slice_, {}, also) else 0

    def _stand(
        self, profiles: Mapping[str, Profile], slice_: Slice, causes: Mapping[str, Event], *,
        silent: bool = False,
    ) -> None:  # fmt: skip
        """While the past is folded again nobody is looked at; who has another id is followed."""
        noted, half_known = slice_.noted, self._past.under_way(slice_.since.mark)
        if self._standings is None or (half_known and not noted.were and not noted.gone):
            return
        seen = {} if half_known else profiles
        slice_.stood = self._standings.work_out(seen, slice_.handles, noted, causes, silent=silent)
        slice_.found += slice_.stood.found

    def _follow_decisions(self, standings: Standings) -> None:
        """Whoever people decided about is looked at again."""
        before = self._marks.of(_DECISIONS)
        touched, mark = standings.decided(before)
        if mark == before:
            return
        with self._people.write("digest"):
            standings.look_again(set(self._identities.customers_of(touched).values()))
            self._marks.move(_DECISIONS, mark)

    def _rebuilding(self) -> bool:
        """Is the past being folded again? What is only half known then is told to nobody."""
        return self._past.under_way(self.mark())

    def ruled(self) -> str | None:
        """How far among our acts what people ruled about who is who is applied; None while the
        past is being folded again."""
        return None if self._rebuilding() else self._marks.of(_RULINGS)

    def note_erasure(self) -> None:
        """Somebody is about to be erased in this very transaction: what was thought before it is
        not kept."""
        self._findings.hold_place(self.void(), self._clock())

    def void(self) -> str:
        """Events were dropped or written anew: what was thought before is not kept. How often."""
        with self._people.write("digest"):
            self._marks.move(ERASED, number := str(self._voids() + 1))
        return number

    def _since(self) -> Since:
        """How things stand, for who begins to think."""
        return Since(self.mark(), self._voids(), self._amendments.number())

    def _voids(self) -> int:
        return int(self._marks.of(ERASED) or 0)

    def mark(self) -> int:
        """How far history has been digested."""
        return int(self._marks.of(_EVENTS) or 0)

    def behind(self, waiting: int = _WAITING) -> bool:
        """Do more than so many events wait for their turn?"""
        return self._history.newest() - self.mark() > waiting

    def freshen(self, waiting: int = _WAITING) -> int:
        """While much waits its turn, digest those who act now; says how many arrivals it saw.

        A company that takes in its past sees its present all the same. Forgetting where it was
        (it is kept in memory only) costs nothing: the usual turn comes to everybody.
        """
        newest = self._history.newest()
        seen = min(self._seen or newest, newest)
        self._seen = newest
        if newest - self.mark() <= waiting or newest == seen:
            return 0
        arrived = self._history.after(max(seen, newest - _LATEST), _LATEST)
        acted = {handle for _, event in arrived if (handle := whose(event)) is not None}
        self.ahead(acted)
        return len(arrived)

    def ahead(self, handles: Iterable[Handle]) -> None:
        """Digest these people now, whatever waits before them. The usual turn finds it done."""
        since = self._since()
        told = forerunning.news(self._history, self._identities, self._profiles, set(handles))
        if told.events:
            self._write(self._digested(sorted(told.events, key=key_of), since), {})
        since = self._since()
        for events in forerunning.together(self._history, told.others):
            self._write(self._digested(events, since), {})
            since = self._since()

    def let_go(self, handles: Iterable[Handle]) -> None:
        """Some of what these did is kept no longer: profiles say only what still is."""
        self.void()
        self.renew_all(sorted(set(self._identities.customers_of(handles).values())))

    def renew_all(self, customers: Sequence[str]) -> None:
        """Fold all of these anew: as many events may wait for their turn as are gone."""
        for begin in range(0, len(customers), _FEW):
            while not self.renew(customers[begin : begin + _FEW]):
                pass  # another digest was faster; nobody else would come to these again

    def renew(self, customers: Sequence[str], also: _Also = None) -> bool:
        """Fold these anew, however much waits for its turn; none is kept of no events. ``also`` is
        done in the same write; False if another was faster."""
        slice_ = Slice(Noted(), self._since())
        self._fold_again(list(self._profiles.many(customers)), {}, self._stamps.of(()), slice_)
        hers = self._identities.handles_of(slice_.profiles)
        slice_.noted.customers = {str(h): c for c, handles in hers.items() for h in handles}
        self._stand(slice_.profiles, slice_, {}, silent=True)
        return self._write(slice_, {}, also)

    def anew(self, handles: Collection[Handle], also: Callable[[], None]) -> bool:
        """Who these are is worked out as if what was unsaid had never come. ``also`` is done in the
        same write; False if another was faster. Nobody is told what it comes to, but for the
        segments that they leave or enter."""
        since, were = self._since(), self._identities.customers_of(handles)
        slice_ = Slice(noted := self._identities.anew(handles, self._history.of), since)
        lead_on = {old for her in noted.were for old in noted.olds(her)}
        lost = noted.gone - lead_on
        slice_.handles = {customer: handle for handle, customer in were.items() if customer in lost}
        left = {customer for customer in slice_.noted.customers.values() if customer}
        self._fold_again(sorted(left), {}, self._stamps.of(()), slice_)
        self._stand(slice_.profiles, slice_, {}, silent=True)
        return self._write(slice_, {}, also)

    def unsay(self, events: Collection[Event]) -> None:
        """See `Identities.unsay`."""
        self._identities.unsay(events)

    def counted_again(self, customers: Sequence[str]) -> dict[str, Profile]:
        """What history tells of these customers, folded from the start and kept nowhere."""
        slice_, now = Slice(Noted(), self._since()), self._clock()
        self._fold_again(customers, {}, self._stamps.of(()), slice_)
        for profile in slice_.profiles.values():
            forgotten(profile, now)
        return slice_.profiles

    def rebuild(self, tell: Callable[[int], None] | None = None) -> int:
        """Throw the profiles away and make them again from history.

        Who is who stays: whoever resolves a handle meanwhile is told the truth, also of links that
        nothing in the history shows any more. Findings stay: digesting again finds none of them
        twice. ``tell`` hears of the progress.
        """
        newest = self._history.newest()
        with self._people.write("digest"):
            self._profiles.drop()
            self._past.begin(self.mark(), newest)
            self._marks.move(_EVENTS, "0")
            if self._rounds is not None:
                self._rounds.again()
        done = 0
        while taken := self.run():
            done += taken
            if tell:
                tell(done)
        return done

    def _slice(self, limit: int) -> int:
        since = self._since()
        stretch, again = self._past.parted(self._history.after(since.mark, limit))
        if not stretch:
            self._past.end(since.mark)
            return 0
        digested = self._digested([event for _, event in stretch], since, again=again)
        if not self._write(digested, {_EVENTS: str(stretch[-1][0])}):
            return 0
        if self._counted is not None:
            self._counted(len(stretch))
        return len(stretch)

    def _follow_rulings(self) -> None:
        """Regroup what people have ruled about since the last time."""
        since, before = self._since(), self._marks.of(_RULINGS)
        touched, ruled = self._identities.decisions.after(before)
        if ruled != before:
            self._write(self._digested([], since, touched), {_RULINGS: ruled})

    def regroup(self, handles: Collection[str], marks: Mapping[str, str]) -> bool:
        """Group anew what hangs together with these, and move the marks in the same write; False
        if another digest was faster."""
        return self._write(self._digested([], self._since(), handles), marks)

    def _digested(
        self, events: Sequence[Event], since: Since, touched: Collection[str] = (), *,
        again: bool = False,
    ) -> Slice:  # fmt: skip
        """Think: identities, then profiles, then findings. Writes nothing but topic stamps.
        ``again``: these were digested before."""
        noted = self._identities.work_out(events, touched)
        self._stamps.stamp({event.material for event in events if event.material})
        slice_ = Slice(noted, since)
        own: dict[str, list[Event]] = {customer: [] for customer in noted.moved}
        for event in events:
            if her := whose(event):
                own.setdefault(noted.customers[str(her)], []).append(event)
        kept = self._profiles.many(own.keys() | {old for ids in noted.were.values() for old in ids})
        active = {customer: profile.active for customer, profile in kept.items()}
        self._fold_on(own, kept, slice_)
        found = [] if again else findings.noticed(events, own, active, noted)
        past = self._past.under_way(since.mark)
        slice_.found += self._past.news(found, noted) if past and found else found
        causes = {customer: hers[-1] for customer, hers in own.items() if hers}
        self._stand(slice_.profiles, slice_, causes)
        return slice_

    def _fold_on(
        self, own: Mapping[str, list[Event]], kept: dict[str, Profile], slice_: Slice
    ) -> None:
        """Fold each customer's events on, or everything of hers anew where they came late."""
        stamped = self._stamps.of([event for events in own.values() for event in events])
        again: list[str] = []
        for customer, events in own.items():
            events.sort(key=key_of)
            before = kept.get(customer)
            if customer in slice_.noted.moved or (before and out_of_order(events, before)):
                again.append(customer)
                continue
            slice_.profiles[customer] = fold(events, stamped.about, zone=self._zone, onto=before)
            slice_.handles[customer] = str(whose(events[0]))
        if again:
            self._fold_again(again, kept, stamped, slice_)

    def _fold_again(
        self,
        customers: Sequence[str],
        kept: Mapping[str, Profile],
        stamped: Stamped,
        slice_: Slice,
    ) -> None:
        handles = handles_of(self._identities, customers, slice_.noted)
        for customer in customers:
            hers = handles[customer]
            before = None if customer in slice_.noted.moved else kept.get(customer)
            events = forerunning.since(self._history, set(hers), before) if before else None
            if events == []:
                continue  # it was folded ahead of its turn
            if events is None:
                before, events = None, [e for e in self._history.of(hers) if whose(e) in hers]
            if hers:
                slice_.handles[customer] = str(hers[0])
            if not events:  # nothing is told of a handle that others only mention
                slice_.noted.gone.add(customer)
                continue
            stamped.learn(events)
            slice_.profiles[customer] = fold(events, stamped.about, zone=self._zone, onto=before)

    def _write(self, digested: Slice, marks: Mapping[str, str], also: _Also = None) -> bool:
        """Keep all of it or nothing. False if another digest was faster, or wrote about one of
        these out of turn meanwhile: its word stands. So does an erasure's: nobody comes back by
        what was read before she was erased."""
        profiles = rows_of(digested.profiles, digested.handles)
        with self._people.write("digest"):
            mark, voids, amended = digested.since
            overtaken = (self.mark(), self._voids()) != (mark, voids)
            if overtaken or self._amendments.touched(digested.about, amended):
                return False
            if _EVENTS not in marks:
                self._amendments.note(digested.about)
            self._identities.keep(digested.noted)
            crash_point(_IDENTIFIED)
            self._profiles.keep(profiles, digested.noted.gone)
            crash_point(_PROFILED)
            if self._standings is not None and digested.stood is not None:
                self._standings.keep(digested.stood)
            self._findings.keep(digested.found)
            if also is not None:
                also()
            for follower, moved in marks.items():
                self._marks.move(follower, moved)
        crash_point(_DONE)
        return True
