"""Seeing customers (查看客户): one, a page, a timeline, each only as far as the asker may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from data_hub.customers import paging
from data_hub.customers.happenings import Happening, carried_by_hand, happening
from data_hub.customers.relations import Relation, Relations
from data_hub.customers.revealing import Reveals
from data_hub.customers.talking import Talks
from data_hub.identities import Identities
from data_hub.masks import mask_name, mask_phone
from data_hub.profiles import ProfileRow
from data_hub.staff import StaffBook
from data_hub.standings import StandingRow
from kernel.actors import Actor, Role, require
from kernel.clock import Clock
from kernel.errors import Invalid, NotFound
from kernel.events import Event, Handle
from kernel.ids import Page, page_size
from kernel.values import dataclass
from stores.acts import Wanted
from stores.changes import Changes
from stores.history import History
from stores.records import Records
from stores.spelling import chunks, marks, moment

_MANY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer as one asker may see her."""

    id: str
    name: str = ""
    phone: str = ""
    masked: bool = True
    rep: str = ""
    """The rep who looks after her, by staff id."""
    unit: str = ""
    """The unit of that rep."""
    last_at: datetime | None = None
    """When anything was last heard of her."""
    handles: tuple[Handle, ...] = ()
    """Oldest first; for rules, never for a page."""


@dataclass(frozen=True, slots=True)
class _Rooms:
    """Whom the questions below are passed on to."""

    people: Records
    identities: Identities
    history: History
    staff: StaffBook
    relations: Relations
    reveals: Reveals
    talks: Talks
    many: int


class Customers:
    """Everybody we know of."""

    def __init__(
        self,
        people: Records,
        records: Records,
        identities: Identities,
        history: History,
        staff: StaffBook,
        changes: Changes,
        clock: Clock,
        reveals: Reveals | None = None,
        many: int = _MANY,
    ) -> None:
        """``many``: a page of more than so many is sooner found among everybody."""
        relations = Relations(records, identities, staff, changes, clock)
        reveals = reveals or Reveals(records, changes, clock)
        talks = Talks(records, changes)
        self._rooms = _Rooms(people, identities, history, staff, relations, reveals, talks, many)

    def seen_by(self, actor: Actor) -> CustomersSeen:
        """What this asker may see of them. Raises `Forbidden` for who may see no customer."""
        if not actor.customer:
            require(actor, "read_customers")
        return CustomersSeen(self._rooms, actor)

    def entrust(self, handle: Handle | str, staff: str, *, by: str) -> Relation:
        """Give her to a rep, from now on. Giving her to the one she has changes nothing."""
        return self._rooms.relations.entrust(handle, staff, by=by)

    def take_over(
        self, lists: Mapping[str, Collection[Handle]], *, by: str, since: datetime | None = None
    ) -> None:
        """Give whole lists of customers to reps, by staff id; one change a list."""
        self._rooms.relations.take_over(lists, by=by, since=since)

    def take_back(self, handles: Collection[Handle], since: datetime) -> None:
        """What was given at that very moment, as if it had not been."""
        self._rooms.relations.take_back(handles, since)

    def pass_on(self, giver: str, taker: str, *, by: str) -> int:
        """Everybody whom a rep looks after goes to another, a list at a time; how many."""
        relations = self._rooms.relations
        from_, to = (self._rooms.staff.one(each).id for each in (giver, taker))
        hers = relations.of_staff([from_])
        lists = (hers[begin : begin + _LIST] for begin in range(0, len(hers), _LIST))
        return sum(relations.pass_on(some, from_, to, by=by) for some in lists)

    def rep_of(self, handles: Collection[Handle]) -> str:
        """The rep who looks after whoever has these handles, empty if nobody does."""
        return self._rooms.relations.rep_of(handles)

    def reps(self, customers: Collection[str]) -> dict[str, str]:
        """By customer, the rep who looks after her; empty for who has none."""
        return self._rooms.relations.reps(self._rooms.identities.handles_of(customers))

    def of_staff(self, staff: Collection[str]) -> list[str]:
        """The customers whom these reps look after now."""
        return self._rooms.relations.of_staff(staff)

    def of_handles(self, handles: Collection[str]) -> dict[str, str]:
        """By handle, the rep who looks after whoever has it; empty for who has none."""
        customers = self._rooms.identities.customers_of(handles)
        reps = self.reps(set(customers.values()))
        return {handle: reps.get(customer, "") for handle, customer in customers.items()}

    def handles_of_staff(self, staff: str) -> list[str]:
        """Every handle of the customers whom she looks after now."""
        known = self._rooms.identities.handles_of(self.of_staff([staff]))
        return [str(handle) for handles in known.values() for handle in handles]


class CustomersSeen:
    """The customers of one asker."""

    def __init__(self, rooms: _Rooms, actor: Actor) -> None:
        self._rooms = rooms
        self._actor = actor
        self._theirs: set[str] | None = None

    def one(self, key: str) -> Customer:
        """By any id she ever had, any handle, or a handle's value that only she has.

        Raises `NotFound` for somebody whom the asker may not know of, just as for nobody.
        """
        customer = self._named(key)
        shown = self._shown(self._rows([customer]))[0]
        if not self._may_see(shown):
            raise NotFound("customer", key)
        return shown

    def many(self, ids: Collection[str]) -> dict[str, Customer]:
        """By ids of the present; those the asker may not know of are left out."""
        shown = self._shown(self._rows(ids))
        return {each.id: each for each in shown if each.handles and self._may_see(each)}

    def page(
        self,
        *,
        handle: str | None = None,
        text: str | None = None,
        rep: str | None = None,
        grades: Collection[str] = (),
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Customer]:
        """Those who match, whoever was heard of last first.

        ``text`` is part of a name, a phone number or its last four digits, as the asker typed it;
        ``grades`` are the classes of which they are one, of `data_hub.grades.Grade`.
        """
        wanted: list[ColumnElement[bool]] = []
        if grades:
            graded = select(StandingRow.customer).where(StandingRow.grade.in_(grades))
            wanted.append(ProfileRow.customer.in_(graded))
        if text is not None:
            wanted.append(_matching(text, guessing=self._actor.role is not Role.REP))
        size, before = page_size(first), None if after is None else paging.key_of(after)
        with self._rooms.people.read() as session:  # she may be merged in this very moment
            found = None if handle is None else set(self._rooms.identities.find(handle.strip()))
            asked = paging.Asked(session, wanted, before, size + 1, count)
            keys, total = self._keys(asked, found, rep)
            page = [customer for _, customer in keys[:size]]
            hers = select(ProfileRow).where(ProfileRow.customer.in_(page))
            rows = {row.customer: row for row in session.scalars(hers)}
            shown = self._shown({customer: rows[customer] for customer in page})
        last = keys[size - 1] if size and len(keys) > size else None
        return Page(shown, paging.cursor_of(last) if last else None, total if count else None)

    def _keys(
        self, asked: paging.Asked, found: set[str] | None, rep: str | None
    ) -> tuple[list[paging.Key], int | None]:
        """Who stands on a page, of all whom the asker may see or of those ``found``."""
        session, wanted, before, limit, counted = asked
        relations, staff = self._rooms.relations, self._staff(rep)
        if self._actor.customer:
            hers = {self._rooms.identities.customer_of(self._actor.customer)}
            found = hers if found is None else found & hers
        if found is not None:
            scope = found if staff is None else relations.led_by(staff, found)
        elif staff is None:
            return paging.of_all(session, wanted, before, limit, count=counted)
        else:
            if not counted and relations.given(staff) > self._rooms.many:
                mine = partial(relations.led_by, staff)
                keys = paging.of_many(session, mine, wanted, before, limit)
                if keys is not None:
                    return keys, None
            scope = set(relations.of_staff(staff))
        return paging.of_some(session, scope, wanted, before, limit)

    def graded(self, rep: str) -> dict[str, int]:
        """How many of a rep's customers are of each grade, as far as the asker may see them."""
        require(self._actor, "read_customers")
        counts: Counter[str] = Counter()
        hers = self._rooms.relations.of_staff(self._staff(rep) or ())
        with self._rooms.people.together():
            for chunk in chunks(hers):
                counts.update(dict(self._rooms.people.rows(_GRADED.format(marks(chunk)), chunk)))
        return dict(counts)

    def timeline(
        self,
        key: str,
        *,
        before: str | None = None,
        limit: int = 20,
        kinds: Collection[str] | None = None,
        count: bool = False,
    ) -> Page[Happening]:
        """What she did and what we did to her, the latest first, each thing once; all of it, or of
        some kinds."""
        customer = self.one(key)
        page = self._rooms.history.timeline(
            customer.handles, before=before, limit=limit, kinds=kinds
        )
        total = self._total(customer.handles, kinds) if count else None
        arrived = self._arrived(customer.handles, page.items)
        tongue, masked = self._actor.language, customer.masked
        told = [happening(event, tongue, arrived, masked) for event in page.items]
        return Page(told, page.next, total)

    def _total(self, handles: Collection[Handle], kinds: Collection[str] | None) -> int:
        history = self._rooms.history
        if kinds is None:
            return history.total(handles)
        wanted = [Wanted(kind) for kind in sorted(kinds)]
        return sum(each.times for _, each in history.often_each(wanted, handles))

    def _arrived(self, handles: Collection[Handle], events: Sequence[Event]) -> frozenset[str]:
        """Of what reps put into chats by themselves, what was opened since: so it was sent."""
        carried = [each for each in events if carried_by_hand(each)]
        if not carried:
            return frozenset()
        seen = self._rooms.history.timeline(handles, limit=_PROOFS, kinds=_PROVE).items
        last = {(one.material, one.rep): one.at for one in reversed(seen)}
        about = {each.id: last.get((each.material, each.rep)) for each in carried}
        return frozenset(each.id for each in carried if (at := about[each.id]) and at >= each.at)

    def talked(self, key: str, *, once: str) -> Customer:
        """The asker talked with her where no channel of ours hears: noted with one tap. ``once``
        names the tap, so that sending it again notes nothing new."""
        customer = self.one(key)
        require(self._actor, "recommend")
        if not customer.handles:
            raise NotFound("customer", key)
        self._rooms.talks.note(
            customer.handles[0], rep=self._actor.staff, once=once, by=self._actor.id
        )
        return customer

    def reveal(self, key: str) -> Customer:
        """Her name and phone in full: an act of its own, written down with who did it, and only so
        many of them a day. Whom the asker sees in full as it is is told without one."""
        customer = self.one(key)
        if not customer.masked:
            return customer
        require(self._actor, "reveal_customers")
        if not customer.handles:
            raise NotFound("customer", key)
        row = self._rows([customer.id])[customer.id]
        self._rooms.reveals.note(customer.handles[0], by=self._actor.id)
        return replace(
            customer, name=row.name if row else "", phone=_phone(row, customer.handles),
            masked=False,
        )  # fmt: skip

    def _shown(self, rows: Mapping[str, _Row | ProfileRow | None]) -> list[Customer]:
        """Customers as the asker may see them, in the order of the rows."""
        actor = self._actor
        handles = self._rooms.identities.handles_of(rows)
        reps = self._rooms.relations.reps(handles)
        staff = self._rooms.staff.many({rep for rep in reps.values() if rep})
        shown = []
        for customer, row in rows.items():
            rep = reps.get(customer, "")
            hers = handles.get(customer, [])
            full = Customer(
                id=customer, name=row.name if row else "", phone=_phone(row, hers), masked=False,
                rep=rep, unit=staff[rep].unit if rep in staff else "",
                last_at=row.last_at if row else None, handles=tuple(hers),
            )  # fmt: skip
            hers_alone = bool(actor.staff) and rep == actor.staff
            shown.append(full if hers_alone or actor.customer else _masked(full))
        return shown

    def _rows(self, customers: Collection[str]) -> dict[str, _Row | None]:
        asked = sorted(customers)
        told = self._rooms.people.rows(_ROWS.format(marks(asked)), asked)
        rows = {row[0]: _Row(row[1], row[2], moment(row[3])) for row in told}
        return {customer: rows.get(customer) for customer in customers}

    def _named(self, key: str) -> str:
        identities = self._rooms.identities
        if key.startswith("cus_"):
            return identities.resolve(key)
        found = identities.find(key)
        if len(found) != 1:
            raise NotFound("customer", key)
        return found[0]

    def _may_see(self, customer: Customer) -> bool:
        actor = self._actor
        if actor.customer:
            return actor.customer in map(str, customer.handles)
        if actor.reach is None and actor.role is not Role.REP:
            return True
        own = bool(actor.staff) and customer.rep == actor.staff
        return own or customer.unit in self._reach()

    def _reach(self) -> frozenset[str]:
        """The units all of whose customers she may see; a rep sees her own and nobody else's."""
        return frozenset() if self._actor.role is Role.REP else self._actor.reach or frozenset()

    def _staff(self, rep: str | None) -> set[str] | None:
        """The reps whose customers she may see, or of them the one asked for; None: whoever, or
        nobody, looks after them."""
        asked = None if rep is None else {self._rooms.staff.one(rep).id}
        actor = self._actor
        if actor.customer or (actor.reach is None and actor.role is not Role.REP):
            return asked
        if self._theirs is None:
            self._theirs = {*self._rooms.staff.in_units(self._reach()), actor.staff} - {""}
        return self._theirs if asked is None else self._theirs & asked


_PROVE, _PROOFS = ("own_link_opened", "opened_link", "read_material"), 100
_LIST = 100
"""Customers whom one write gives to a rep."""
_TAIL, _WHOLE = 4, 11
"""Of a phone number what every mask shows anyway, and all of it."""


class _Row(NamedTuple):
    """What a profile's columns say of her."""

    name: str
    phone: str
    last_at: datetime


_GRADED = "SELECT grade, count(*) FROM standings WHERE customer IN ({}) GROUP BY grade"
_ROWS = "SELECT customer, name, phone, last_at FROM profiles WHERE customer IN ({})"


def _phone(row: _Row | ProfileRow | None, handles: Collection[Handle]) -> str:
    told = [handle.value for handle in handles if handle.kind == "phone"]
    return told[-1] if told else (row.phone if row else "")


def _masked(customer: Customer) -> Customer:
    return replace(
        customer, name=mask_name(customer.name), phone=mask_phone(customer.phone), masked=True
    )


def _matching(text: str, *, guessing: bool) -> ColumnElement[bool]:
    """``guessing``: whoever sees numbers masked is not told digit by digit what is behind it."""
    text = text.strip()
    if not text:
        raise Invalid("text", "text_is_empty")
    if guessing and text.isdecimal() and _TAIL < len(text) < _WHOLE:
        raise Invalid("text", "tail_of_a_phone", most=_TAIL)
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return or_(
        ProfileRow.name.ilike(f"%{plain}%", escape="\\"),
        ProfileRow.phone.like(f"%{plain}", escape="\\"),
    )
