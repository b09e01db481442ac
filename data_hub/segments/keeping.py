"""Keeping segments (人群管理): making, editing, listing; who is in, how many, and why.

Works nobody's membership out: the digest does (`data_hub.standings`), and answers lag by no more
than its next turn. A segment that was just made fills up; until it has, `Segments.ready` says no.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from data_hub.catalogue import OWN_ACCOUNT
from data_hub.identities import Identities
from data_hub.masks import names_somebody
from data_hub.segments import language, tree
from data_hub.segments.behaviour import Did, SeenOn
from data_hub.segments.being import TraitIs
from data_hub.segments.book import Book, Entry, known, refers, tags_named
from data_hub.segments.records import Fill, Listed, Member, Segment
from data_hub.segments.tree import Leaf, Rule
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.events import Handle
from kernel.ids import Page
from kernel.values import dataclass
from stores.changes import Change, Changes
from stores.paging import newest_first
from stores.records import Records, upsert
from stores.spelling import chunks

_MOST = 500
"""Segments a company may have in use: every one is asked for every event."""
_MOST_LISTED = 10_000
_ACTS = frozenset(("made_segment", "edited_segment", "retired_segment"))
_LOOKED_AT = 50
_SHOWN = 10
"""So many accounts are named to who asks of one that there is none of."""
_NAMED = 200
"""So many handles a change names, so that only their customers are looked at again."""

Under = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""The tags that lie under each of these names, itself among them; unknown names are left out."""
Called = Callable[[], Mapping[str, str]]
"""The id that events tell of each channel account, by its code."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many are in, and whether everybody has been asked yet."""

    count: int
    ready: bool


class Segments:
    """The segments of a company."""

    def __init__(
        self,
        records: Records,
        people: Records,
        identities: Identities,
        changes: Changes,
        clock: Clock,
        under: Under | None = None,
        accounts: Called | None = None,
    ) -> None:
        """``accounts``: those of channels, which rules may name; None: they name what they like."""
        self._accounts = accounts
        self._records = records
        self._people = people
        self._identities = identities
        self._changes = changes
        self._clock = clock
        self._under = under or (lambda names: {name: (name,) for name in names})

    def create(
        self, name: str, *, by: str, rule: str | Mapping[str, Any] | None = None, code: str = ""
    ) -> Segment:
        """Make a segment by a rule (text or JSON), or a static list if there is none."""
        name, parsed = _name(name), self.asked(rule) if rule is not None else None
        with self._records.write("segments") as session:
            if (session.scalar(_in_use(func.count())) or 0) >= _MOST:
                raise Conflict("too_many_segments", most=_MOST)
            made = Segment(
                code=code.strip(), name=name, rule=tree.told(parsed) if parsed else {},
                static=parsed is None, made=self._clock(), by=by,
            )  # fmt: skip
            made.code = made.code or made.id
            if session.scalar(select(Segment.id).where(Segment.code == made.code)):
                raise Conflict("code_is_taken", code=made.code)
            self._fits(made, parsed)
            session.add(made)
            self._changes.note("made_segment", "segment", made.id, by=by, name=name)
        return made

    def edit(
        self, key: str, *, by: str, name: str | None = None,
        rule: str | Mapping[str, Any] | None = None,
    ) -> Segment:  # fmt: skip
        """Give it another name or rule. By another rule whoever is in is asked again; of who moves
        by that nobody is told one by one: how many were in stands with the act."""
        parsed = self.asked(rule) if rule is not None else None
        members = self.count(key)
        with self._records.write("segments") as session:
            segment = session.get_one(Segment, self.one(key).id)
            told: dict[str, Any] = {}
            if parsed is not None:
                if segment.static:
                    raise Invalid("rule", "a_list_has_no_rule")
                self._fits(segment, parsed)
                if (said := tree.told(parsed)) != segment.rule:
                    segment.rule, told = said, {"members": members}
                    segment.version += 1
            if name is not None:
                segment.name = _name(name)
            self._changes.note("edited_segment", "segment", segment.id, by=by, **told)
        return segment

    def retire(self, key: str, *, by: str) -> Segment:
        """Out of use: nobody is in it from now on, which is told once, with the act. Raises
        `Conflict` while others ask of it."""
        members = self.count(key)
        with self._records.write("segments") as session:
            segment = session.get_one(Segment, self.one(key).id)
            for other in self.all():
                asked = refers(read(other.rule)) if other.rule else set()
                if asked & {segment.id, segment.code}:
                    raise Conflict("segment_is_asked_of", segment=other.name)
            if segment.retired is None:
                segment.retired = self._clock()
                self._changes.note("retired_segment", "segment", segment.id, by=by, members=members)
        return segment

    def put(self, key: str, handles: Collection[Handle | str], *, by: str) -> int:
        """Put these on a static list; how many were not on it. Repeating adds nobody twice."""
        with self._records.write("segments") as session:
            segment, asked = self._static(key, handles)
            moved, now = sorted(asked - self._on(segment.id, asked)), self._clock()
            rows = [{"segment": segment.id, "handle": h, "at": now, "by": by} for h in moved]
            upsert(session, Listed, rows)
            self._moved(session, "listed", segment.id, moved, by)
        return len(moved)

    def take(self, key: str, handles: Collection[Handle | str], *, by: str) -> int:
        """Take these off a static list; how many were on it."""
        with self._records.write("segments") as session:
            segment, asked = self._static(key, handles)
            moved = sorted(self._on(segment.id, asked))
            for chunk in chunks(moved):
                these = Listed.handle.in_(chunk)
                session.execute(delete(Listed).where(Listed.segment == segment.id, these))
            self._moved(session, "unlisted", segment.id, moved, by)
        return len(moved)

    def _static(self, key: str, handles: Collection[Handle | str]) -> tuple[Segment, set[str]]:
        """The list, and the handles as it keeps them. Raises `Invalid` for a segment by rule."""
        segment = self.one(key)
        if not segment.static:
            raise Invalid("segment", "not_a_static_list")
        asked = set(map(str, handles))
        if len(asked) > _MOST_LISTED:
            raise Invalid("handles", "too_many_names", limit=_MOST_LISTED)
        return segment, asked

    def _on(self, segment: str, handles: Collection[str]) -> set[str]:
        """Which of these stand on the list."""
        listed, found = select(Listed.handle).where(Listed.segment == segment), set[str]()
        with self._records.read() as session:
            for chunk in chunks(handles):
                found |= set(session.scalars(listed.where(Listed.handle.in_(chunk))))
        return found

    def _moved(
        self, session: Session, act: str, segment: str, handles: Sequence[str], by: str
    ) -> None:
        """Have these customers looked at again; where they are many, everybody."""
        if len(handles) > _NAMED:
            session.get_one(Segment, segment).version += 1
            self._changes.note(act, "segment", segment, by=by, count=len(handles))
            return
        for each in handles:
            self._changes.note(act, "segment", segment, by=by, handle=each)

    def _fits(self, segment: Segment, rule: Rule | None) -> None:
        """Raises for a rule that asks of nothing, of a tag nobody made, or of itself."""
        if rule is None:
            return
        entries = [_entry(each) for each in self.all() if each.id != segment.id]
        changed = Entry(segment.id, segment.code, segment.name, rule, segment.version + 1)
        book = Book([*entries, changed])
        known(rule, book.by_key)
        self.under_of(rule)

    def asked(self, rule: str | Mapping[str, Any]) -> Rule:
        """A rule that somebody comes with, its accounts by their ids, as events tell them. Raises
        `Invalid`, also for an account that there is not: it would count nobody, in silence."""
        found = asked(rule)
        named = {name for leaf in tree.leaves(found) if (name := _account(leaf))}
        if self._accounts is None or not named:
            return found
        known = self._accounts()
        ids = {**known, **{id_: id_ for id_ in known.values()}, OWN_ACCOUNT: OWN_ACCOUNT}
        if missing := named - ids.keys():
            raise Invalid(
                "rule",
                "no_account_called_so",
                account=min(missing),
                there=sorted(known)[:_SHOWN],
            )
        return tree.changed(found, lambda leaf: _on(leaf, ids))

    def under_of(self, rule: Rule) -> dict[str, frozenset[str]]:
        """The tags that a rule names, each with all under it. Raises `Invalid` for an unknown."""
        named = tags_named([rule])
        found = self._under(named) if named else {}
        if missing := named - found.keys():
            raise Invalid("rule", "unknown_tag", tag=min(missing))
        return {name: frozenset(tags) for name, tags in found.items()}

    def one(self, key: str) -> Segment:
        """By id or code. Raises `NotFound`."""
        with self._records.read() as session:
            found = session.scalar(
                select(Segment).where((Segment.id == key) | (Segment.code == key))
            )
        if found is None:
            raise NotFound("segment", key)
        return found

    def all(self) -> list[Segment]:
        """Those in use, in the order they were made."""
        with self._records.read() as session:
            return list(session.scalars(_in_use(Segment).order_by(Segment.id)))

    def page(
        self, *, first: int = 20, after: str | None = None, count: bool = False
    ) -> Page[Segment]:
        """Those in use, the newest first."""
        used = _in_use(Segment)
        return newest_first(self._records, used, Segment.id, first=first, after=after, count=count)

    def book(self) -> Book:
        """Every rule in use, compiled."""
        entries = [_entry(each) for each in self.all()]
        named = tags_named([each.rule for each in entries if each.rule])
        under = (
            {name: frozenset(tags) for name, tags in self._under(named).items()} if named else {}
        )
        return Book(entries, under)

    def stamp(self) -> tuple[int, int, str]:
        """Another one whenever the book must be read anew."""
        with self._records.glance() as connection:
            row = connection.execute(
                select(
                    func.count(), func.coalesce(func.sum(Segment.version), 0), func.max(Segment.id)
                ).where(Segment.retired.is_(None))
            ).one()
        return int(row[0]), int(row[1]), str(row[2] or "")

    def history(self, key: str) -> list[Change]:
        """When it was made, read otherwise and went out of use, the latest first; of the last two
        with how many were in it until then."""
        told = self._changes.latest("segment", self.one(key).id, _LOOKED_AT)
        return [each for each in told if each.act in _ACTS]

    def lists_of(self, handles: Collection[str]) -> dict[str, set[str]]:
        """The static lists each of these handles stands on."""
        found: dict[str, set[str]] = {}
        wanted = select(Listed.handle, Listed.segment)
        with self._records.read() as session:
            for chunk in chunks(handles):
                hers = wanted.where(Listed.handle.in_(chunk))
                for handle, segment in session.execute(hers):
                    found.setdefault(handle, set()).add(segment)
        return found

    def members(self, key: str, after: str = "", limit: int = 500) -> list[str]:
        """Customers who are in, ordered by id; the last one is the next ``after``."""
        segment = self.one(key)
        if segment.retired:
            return []
        wanted = select(Member.customer).where(Member.segment == segment.id)
        wanted = wanted.where(Member.customer > after).order_by(Member.customer).limit(limit)
        with self._people.read() as session:
            return list(session.scalars(wanted))

    def count(self, key: str) -> int:
        """How many customers are in."""
        segment = self.one(key)
        return 0 if segment.retired else self.sizes([segment.id])[segment.id].count

    def sizes(self, ids: Collection[str]) -> dict[str, Size]:
        """The same for several, by id, with whether everybody has been asked."""
        counted = select(Member.segment, func.count()).where(Member.segment.in_(ids))
        asked = select(Fill.segment, Fill.done).where(Fill.segment.in_(ids))
        with self._people.read() as session:
            counts = dict(session.execute(counted.group_by(Member.segment)).all())
            done = dict(session.execute(asked).all())
        return {each: Size(counts.get(each, 0), done.get(each) is not None) for each in ids}

    def of(self, customers: Collection[str]) -> dict[str, dict[str, datetime]]:
        """The segments each of these customers is in, and since when."""
        found: dict[str, dict[str, datetime]] = {each: {} for each in customers}
        wanted = select(Member.customer, Member.segment, Member.since)
        with self._people.read() as session:
            for chunk in chunks(found):
                hers = wanted.where(Member.customer.in_(chunk))
                for customer, segment, since in session.execute(hers):
                    found[customer][segment] = since
        return found


def read(rule: str | Mapping[str, Any]) -> Rule:
    """A rule from its text or its JSON. Raises `Invalid`."""
    if isinstance(rule, str):
        return language.read(rule)
    return tree.fits(tree.read(dict(rule), language.KINDS))


def asked(rule: str | Mapping[str, Any]) -> Rule:
    """A rule that somebody comes with. Counting whose phone begins with what would tell, digit by
    digit, what is masked: such a trait may only be asked for. Raises `Invalid`."""
    found = read(rule)
    for leaf in tree.leaves(found):
        if isinstance(leaf, TraitIs) and leaf.op != "exists" and names_somebody(leaf.name):
            raise Invalid("rule", "trait_is_masked", trait=leaf.name)
    return found


def _account(leaf: Leaf) -> str:
    """The channel account that a condition names."""
    return leaf.on if isinstance(leaf, Did) else leaf.account if isinstance(leaf, SeenOn) else ""


def _on(leaf: Leaf, ids: Mapping[str, str]) -> Leaf:
    """The condition with the id of its account."""
    if isinstance(leaf, Did) and leaf.on:
        return replace(leaf, on=ids[leaf.on])
    return replace(leaf, account=ids[leaf.account]) if isinstance(leaf, SeenOn) else leaf


def written(segment: Segment) -> str:
    """The rule as people write it; empty for a static list."""
    return "" if segment.static else tree.text(read(segment.rule))


def _entry(segment: Segment) -> Entry:
    rule = None if segment.static else read(segment.rule)
    return Entry(segment.id, segment.code, segment.name, rule, segment.version)


def _in_use(what: Any) -> Any:
    return select(what).where(Segment.retired.is_(None)).select_from(Segment)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise Invalid("name", "name_is_odd", most=80)
    return name
