"""Standings (客户现状): stage, node, grade, value and segments of each customer, as they are now.

A fold inside the digest: of every customer whose events arrived, about whom people ruled, or for
whom time has come. What changes is logged as a transition and told as a finding. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, select, update

from data_hub.catalogue import OWN_ACCOUNT
from data_hub.grades import Grades, graded, ruled, tone
from data_hub.identities import Identities, Noted
from data_hub.lifecycle import NEVER, standing
from data_hub.profiles import Profile, Profiles
from data_hub.segments.book import Book
from data_hub.segments.keeping import Segments
from data_hub.segments.membership import Membership, Moves
from data_hub.segments.past import Past, counted
from data_hub.segments.recalling import Recalling, affordable
from data_hub.segments.subject import Chances, Subject
from data_hub.standings.records import StandingRow, Transition, parted
from data_hub.standings.telling import because, cause_of, finding, moved
from data_hub.terms import Terms
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Overloaded
from kernel.events import Event
from kernel.values import dataclass
from stores.bulk import among, change
from stores.changes import Changes
from stores.history import Axis, History
from stores.records import Records, add_new, upsert
from stores.spelling import chunks, marks

EXPECTED = "purchase_expected"
"""A finding: she is likely to buy soon (R162)."""
MOVED = "moved"
"""A finding: her stage, node, grade or desire is another now."""
_WATCHED = ("stage", "node", "grade", "desire")
_TOLD = {"stage", "grade", "desire"}
_COLUMNS = tuple(StandingRow.__table__.columns.keys())
_PLACE_KEPT = timedelta(days=30)
_SOURCES_FOR = timedelta(seconds=30)


@dataclass(slots=True)
class Stood:
    """What a look at some customers comes to."""

    at: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Those that differ from what is kept."""
    were: dict[str, Any] = field(default_factory=dict)
    """What is kept of these, by customer."""
    transitions: list[dict[str, Any]] = field(default_factory=list)
    moves: Moves = field(default_factory=Moves)
    found: list[dict[str, Any]] = field(default_factory=list)


class Standings:
    """Where everybody stands. Only the digest writes."""

    def __init__(
        self,
        people: Records,
        records: Records,
        identities: Identities,
        profiles: Profiles,
        history: History,
        segments: Segments,
        changes: Changes,
        clock: Clock,
        *,
        zone: Zone | None = None,
        terms: Terms | None = None,
        chances: Callable[[], Chances | None] = lambda: None,
        vips: Callable[[Collection[str]], set[str]] = lambda _: set(),
    ) -> None:
        """``chances``: what purchases are predicted with; ``vips``: who of some brings most."""
        self._people = people
        self._identities = identities
        self._profiles = profiles
        self._history = history
        self._segments = segments
        self._changes = changes
        self._clock = clock
        self._zone = zone or Zone()
        self.terms = terms or Terms()
        self._chances = chances
        self._vips = vips
        self.grades = Grades(records, changes, clock)
        self.membership = Membership(segments, people, clock)
        self._recalling = Recalling(history, people)
        self._sources: tuple[datetime | None, frozenset[str]] = (None, frozenset())

    def work_out(
        self,
        profiles: Mapping[str, Profile],
        handles: Mapping[str, str],
        noted: Noted,
        causes: Mapping[str, Event],
        *,
        silent: bool = False,
    ) -> Stood:
        """Look at these customers; ``causes``: the event for which each is looked at, if one is.

        ``silent``: that she moved is new to this fold alone, unless her time had come.
        """
        stood = Stood(self._clock())
        subjects = self._subjects(profiles, self.membership.book(), noted)
        before = self._before(profiles.keys() | _olds(noted))
        for subject in subjects:
            her = subject.customer
            row, kept = self._row(subject, handles[her]), before.get(her)
            self._expect(row, stood)
            if kept is None or [*kept] != [row[name] for name in _COLUMNS]:
                stood.rows.append(row)
                if kept is not None:
                    stood.were[her] = kept
            was = kept or _newest(before.get(old) for old in noted.olds(her))
            hush = was is None or (silent and not _due(kept, stood.at))
            for what, then in _moved(row, was):
                self._move(what, then, row, causes.get(her), stood, hush)
        emptied = sorted(noted.gone & handles.keys() - profiles.keys())
        stood.moves = self.membership.work_out(subjects, noted, emptied)
        names = self._identities.named({her for *_, her in stood.moves.told}, noted)
        stood.found += moved(stood.moves, names, causes, stood.at)
        return stood

    def subjects(self, profiles: Mapping[str, Profile], book: Book) -> list[Subject]:
        """Customers as these rules see them, now: the first of them, where much is to be read."""
        looked = ([p.kinds.get(kind, 0) for kind in book.looked_through] for p in profiles.values())
        few = dict(islice(profiles.items(), affordable(map(sum, looked))))
        return self._subjects(few, book, Noted(), waiting=True)

    def _subjects(
        self, profiles: Mapping[str, Profile], book: Book, noted: Noted, *, waiting: bool = False
    ) -> list[Subject]:
        now = self._clock()
        rulings, lists = self._decided(profiles, book, noted)
        past = self._past(profiles, book, noted, now)
        sources, model = self.sources(), self._chances()
        vips = self._vips(profiles.keys() | _olds(noted))
        subjects = list[Subject]()
        for customer, profile in profiles.items():
            stands = standing(profile, now, self.terms.cycles, self._zone)
            put = ruled(rulings.get(customer, ()), profile.removed)
            told = graded(profile, now, sources, self.terms.grades)
            subjects.append(
                Subject(
                    customer=customer, profile=profile, now=now, zone=self._zone, standing=stands,
                    grade=(put or told.grade).value, grade_until=told.until,
                    reason="grade_by_hand" if put else told.reason,
                    vip=not vips.isdisjoint({customer, *noted.olds(customer)}),
                    model=model, assumed=self.terms.assumed,
                    lists=frozenset(lists.get(customer, ())), under=book.under,
                    past=past.get(customer, {}),
                )
            )  # fmt: skip
        beyond = {each.customer for each in subjects if book.beyond(each)}
        if waiting:
            read = (her.customer in beyond and book.one_by_one.many(her) for her in subjects)
            subjects = subjects[: affordable(read)]
        if asked := {each.customer: each for each in subjects if each.customer in beyond}:
            hers, again = self._handles(asked, noted), book is self.membership.current
            self._recalling.tell(asked, hers, keep=again, only=book.one_by_one)
        return subjects

    def _decided(
        self, customers: Iterable[str], book: Book, noted: Noted
    ) -> tuple[dict[str, list[Any]], dict[str, set[str]]]:
        """What people decided about these: grades by hand, and lists they stand on."""
        static = any(entry.rule is None for entry in book.entries)
        if not static and not self.grades.any():
            return {}, {}
        handles = self._handles(customers, noted)
        named = {handle: customer for customer, hers in handles.items() for handle in hers}
        rulings: dict[str, list[Any]] = {}
        for handle, ruling in self.grades.rulings(named).items():
            rulings.setdefault(named[handle], []).append(ruling)
        lists: dict[str, set[str]] = {}
        for handle, on in (self._segments.lists_of(named) if static else {}).items():
            lists.setdefault(named[handle], set()).update(on)
        return rulings, lists

    def _past(self, customers: Iterable[str], book: Book, noted: Noted, now: datetime) -> Past:
        """What the history says of these, if any rule asks it."""
        if not book.far:
            return {}
        handles = self._handles(customers, noted)
        whose = {handle: customer for customer, hers in handles.items() for handle in hers}
        return counted(self._history, book.far, whose, self._zone.day(now))

    def _handles(self, customers: Iterable[str], noted: Noted) -> dict[str, set[str]]:
        now: dict[str, set[str]] = {customer: set() for customer in customers}
        for customer, handles in self._identities.handles_of(now).items():
            own = map(str, handles)
            now[customer] |= {h for h in own if noted.customers.get(h) in (None, customer)}
        for handle, customer in noted.customers.items():
            if customer in now:
                now[customer].add(handle)
        return now

    @property
    def predicts(self) -> bool:
        """Are there data enough to say when anybody buys next?"""
        return self._chances() is not None

    def sources(self) -> frozenset[str]:
        """The accounts that tell of messages at all, by what they ever told. What reps note of
        their talks by hand speaks of those customers alone, and is no source for all others."""
        asked, known = self._sources
        now = self._clock()
        if asked is None or not asked <= now < asked + _SOURCES_FOR:
            found = [
                each.key[0]
                for kind in ("messaged", "chatted")
                for each in self._history.counts([Axis.ACCOUNT], kind=kind)
            ]
            known = frozenset(found) - {OWN_ACCOUNT}
            self._sources = (now, known)
        return known

    def mood(self, profile: Profile) -> str:
        """See `tone`; while the history is away, by what she said herself alone."""
        with suppress(Overloaded):
            return tone(profile, self._clock(), self.sources())
        return tone(profile, self._clock(), ())

    def _row(self, subject: Subject, handle: str) -> dict[str, Any]:
        """Where one customer stands now, as it is kept."""
        stands, profile = subject.standing, subject.profile
        buying = profile.buying or [0, 0.0, 0.0, 0.0, 0, 0.0, 0.0]
        window = subject.model.window(buying, buying[2]) if subject.model else None
        if window is not None and window.latest <= subject.present:
            window = None  # she was expected, and did not come
        due = min(
            stands.until,
            subject.grade_until,
            self.membership.current.until(subject),
            _forgets(profile),
        )
        return {
            "customer": subject.customer, "handle": handle, "node": subject.node,
            "node_since": stands.node_since, "stage": subject.stage,
            "stage_since": stands.stage_since, "grade": subject.grade,
            "grade_reason": subject.reason,
            "desire": subject.desire, "began": _moment(profile.began),
            "occasions": int(buying[0]), "first_bought": buying[1], "last_bought": buying[2],
            "spent": buying[3], "gaps": int(buying[4]), "gap_sum": buying[5],
            "gap_squares": buying[6],
            "expected": _moment(window.likely) if window else None,
            "expected_from": _moment(window.earliest) if window else None,
            "expected_until": _moment(window.latest) if window else None,
            "due": None if due == NEVER else _moment(due),
        }  # fmt: skip

    def _expect(self, row: dict[str, Any], stood: Stood) -> None:
        """Tell once, some days before, that she is likely to buy; else look again then."""
        likely: datetime | None = row["expected"]
        if likely is None:
            return
        then = likely - self.terms.ahead
        if stood.at < then:
            row["due"] = _sooner(row["due"], then)
            return
        row["due"] = _sooner(row["due"], row["expected_until"])
        key = f"{EXPECTED}:{row['customer']}:{row['last_bought']:.0f}"
        told = {"at": likely.isoformat(), "from": row["expected_from"].isoformat(),
                "until": row["expected_until"].isoformat()}  # fmt: skip
        stood.found.append(finding(key, row["customer"], row["handle"], EXPECTED, stood.at, told))

    def _move(
        self, what: str, then: str, row: Mapping[str, Any], cause: Event | None, stood: Stood,
        silent: bool,
    ) -> None:  # fmt: skip
        her, at = row["customer"], cause.at if cause else stood.at
        key = f"{what}:{her}:{then}:{row[what]}:{cause_of(cause, stood.at)}"
        stood.transitions.append(
            {
                "key": key, "customer": her, "handle": row["handle"], "what": what,
                "before": then, "after": row[what], "at": at,
            }
        )  # fmt: skip
        if what in _TOLD and not silent:
            told = {"what": what, "before": then, "after": row[what]} | because(cause)
            stood.found.append(finding(key, her, row["handle"], f"{MOVED}_{what}", at, told))

    def _before(self, customers: Collection[str]) -> dict[str, Any]:
        with self._people.read() as session:
            rows = among(session, _COLUMNS, StandingRow.customer, customers)
            return {row.customer: row for row in rows}

    def keep(self, stood: Stood) -> None:
        """Joins the digest's write; its findings are kept by whoever keeps findings."""
        with self._people.write() as session:
            fresh, moved = parted(stood.rows, stood.were)
            upsert(session, StandingRow, fresh)
            for rows in moved:
                change(session, StandingRow, rows)
            add_new(session, Transition, stood.transitions, unlike="key")
            if stood.moves.gone:
                gone = StandingRow.customer.in_(stood.moves.gone)
                session.execute(delete(StandingRow).where(gone))
        self.membership.keep(stood.moves, stood.at)

    def due(self, limit: int) -> list[str]:
        """Customers for whom time has come, those longest overdue first."""
        now = self._clock()
        wanted = select(StandingRow.customer).where(StandingRow.due <= now)
        with self._people.read() as session:
            return list(session.scalars(wanted.order_by(StandingRow.due).limit(limit)))

    def look_again(self, customers: Collection[str]) -> None:
        """Somebody decided about them: look at them at the next turn."""
        now = self._clock()
        with self._people.write("digest") as session:
            for chunk in chunks(customers):
                hers = StandingRow.customer.in_(chunk)
                session.execute(update(StandingRow).where(hers).values(due=now))

    def decided(self, mark: str) -> tuple[set[str], str]:
        """The handles about whom people decided after the mark, and the next mark."""
        stretch = self._changes.after(mark)
        acts = {"graded", "listed", "unlisted"}
        return {c.handle for c in stretch.changes if c.act in acts and c.handle}, stretch.mark

    def stages(self, customers: Collection[str]) -> dict[str, str]:
        """At which point of her life each of these is, as far as it was worked out."""
        hers = sorted(customers)
        told = f"SELECT customer, stage FROM standings WHERE customer IN ({marks(hers)})"  # noqa: S608  # our words
        return dict(self._people.rows(told, hers))

    def desires(self) -> dict[str, int]:
        """How many stand at each step of the behaviour chain, those before it left out."""
        counted = select(StandingRow.desire, func.count()).where(StandingRow.desire != "")
        with self._people.read() as session:
            return dict(session.execute(counted.group_by(StandingRow.desire)).all())

    def rows(self, customers: Collection[str]) -> dict[str, StandingRow]:
        """Where these stand, by id."""
        with self._people.read() as session:
            hers = StandingRow.customer.in_(sorted(customers))
            return {row.customer: row for row in session.scalars(select(StandingRow).where(hers))}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moved(row: Mapping[str, Any], was: Any) -> Iterator[tuple[str, str]]:
    """What is another than it was, and what it was; of somebody new, the node she came in at."""
    for what in _WATCHED if was is not None else ("node",):
        then = getattr(was, what, "")
        if then != row[what]:
            yield what, then


def _due(kept: Any, now: datetime) -> bool:
    """Had time come for her, or somebody decided about her?"""
    return kept is not None and kept.due is not None and kept.due <= now


def _sooner(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _forgets(profile: Profile) -> float:
    """When we must forget where she was."""
    return profile.place[2] + _PLACE_KEPT.total_seconds() if profile.place else NEVER


def forgotten(profile: Profile, now: datetime) -> bool:
    """Forget where she was, if that is long ago. Says whether anything was forgotten."""
    if _forgets(profile) > now.timestamp():
        return False
    profile.place = []
    return True


def _olds(noted: Noted) -> set[str]:
    return {old for olds in noted.were.values() for old in olds}


def _newest(rows: Iterable[Any]) -> Any:
    return max(
        (row for row in rows if row is not None), key=lambda row: row.node_since, default=None
    )
