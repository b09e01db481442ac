"""Staff (员工与人设): the company's units and the people who work in them, with their persona.

Does not know how anybody signs in, nor which customers are hers.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actors import Actor, Role
from kernel.clock import Clock, utc_now
from kernel.errors import Conflict, Flaw, Invalid, NotFound, SignedOff
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.paging import in_order
from stores.records import Record, Records
from stores.spelling import Bare, chunks, marks

HEADQUARTERS = ""
"""Above every unit; content without a unit is headquarters'."""

MACHINES = {Role.CHANNEL_APP, Role.COLLECTOR, Role.SERVICE, Role.CUSTOMER}


class Unit(Record, kw_only=True):
    """A branch, a team: a part of the company under another."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("unt"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent: Mapped[str] = mapped_column(default=HEADQUARTERS, index=True)
    kind: Mapped[str] = mapped_column(default="branch")


class Staff(Record, kw_only=True):
    """Somebody who works here. ``persona`` holds tag ids: what she stands for and can do."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("stf"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(info={"customer": "keep"})
    unit: Mapped[str] = mapped_column(default=HEADQUARTERS, index=True)
    role: Mapped[str] = mapped_column(default=Role.REP.value)
    post: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="zh")
    persona: Mapped[list[str]] = mapped_column(default_factory=list)
    licences: Mapped[list[str]] = mapped_column(default_factory=list)
    photo: Mapped[str] = mapped_column(default="", info={"customer": "keep"})
    """The file of her picture, as customers see it; empty if she has shown none."""
    licence_number: Mapped[str] = mapped_column(default="", info={"customer": "keep"})
    """Under which she practises, as the regulator wrote it (执业证编号)."""
    left: Mapped[datetime | None] = mapped_column(default=None)
    """Since when she works here no more. Her name stays on what she did."""


class StaffBook:
    """Everybody who works here, and the tree of units."""

    def __init__(self, records: Records, changes: Changes, clock: Clock = utc_now) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def add_unit(
        self, code: str, name: str, *, by: str, parent: str = HEADQUARTERS, kind: str = "branch"
    ) -> Unit:
        """Found a unit under another. Raises `NotFound` for no such parent, `Conflict` for a code
        that is taken."""
        unit = Unit(code=code, name=name, parent=parent, kind=kind)
        with self._records.write(f"unit:{code}") as session:
            if parent:
                _existing(session, Unit, parent)
            if session.scalar(select(Unit.id).where(Unit.code == code)):
                raise Conflict("code_is_taken", code=code)
            session.add(unit)
            self._changes.note("founded", "unit", unit.id, by=by, code=code)
        return unit

    def add(
        self,
        code: str,
        name: str,
        *,
        by: str,
        unit: str = HEADQUARTERS,
        role: Role = Role.REP,
        post: str = "",
        language: str = "zh",
        persona: Iterable[str] = (),
        licences: Iterable[str] = (),
        licence_number: str = "",
    ) -> Staff:
        """Take somebody on. Raises `Invalid` for what is none, as a machine's role, `NotFound` for
        no such unit, `Conflict` for a code that is taken."""
        _check(code=code, name=name, role=role, post=post, licence_number=licence_number)
        staff = Staff(
            code=code, name=name, unit=unit, role=role.value, post=post, language=language,
            persona=list(persona), licences=list(licences), licence_number=licence_number,
        )  # fmt: skip
        with self._records.write(f"staff:{code}") as session:
            if unit:
                _existing(session, Unit, unit)
            if session.scalar(select(Staff.id).where(Staff.code == code)):
                raise Conflict("code_is_taken", code=code)
            session.add(staff)
            self._changes.note("hired", "staff", staff.id, by=by, code=code)
        return staff

    def change(self, key: str, *, by: str, **told: Any) -> Staff:
        """Another name, unit, role, post, licences or number of hers; what is not told stays. From
        her next request on she sees what she may see now. Repeating is harmless.

        Raises `Invalid` for what is none, `NotFound` for no such unit, `Conflict` for who would
        take her own role.
        """
        hers = self.one(key).id
        _check(**told)
        with self._records.write(f"staff:{hers}") as session:
            staff = _existing(session, Staff, hers)
            new = {name: getattr(value, "value", value) for name, value in told.items()}
            new = {name: value for name, value in new.items() if value != getattr(staff, name)}
            if new.get("unit"):
                _existing(session, Unit, new["unit"])
            if "role" in new and by == staff.id:
                raise Conflict("own_role_stays")
            for name, value in new.items():
                setattr(staff, name, value)
            if new:
                self._changes.note("changed_staff", "staff", staff.id, by=by, changed=sorted(new))
                self._changes.count_up("access")
        return staff

    def leave(self, key: str, *, by: str) -> Staff:
        """She works here no more: nothing that speaks for her is any good from the next request on,
        and no new customer comes to her. Raises `Conflict` for who would dismiss herself."""
        return self._went(key, self._clock(), by)

    def come_back(self, key: str, *, by: str) -> Staff:
        """She works here again, as whoever she was."""
        return self._went(key, None, by)

    def _went(self, key: str, left: datetime | None, by: str) -> Staff:
        hers = self.one(key).id
        if by == hers:
            raise Conflict("own_role_stays")
        with self._records.write(f"staff:{hers}") as session:
            staff = _existing(session, Staff, hers)
            if (staff.left is None) != (left is None):
                staff.left = left
                verb = "left_company" if left else "rejoined"
                self._changes.note(verb, "staff", staff.id, by=by, code=staff.code)
                self._changes.count_up("access")
        return staff

    def describe(
        self, key: str, *, by: str, add: Collection[str] = (), remove: Collection[str] = ()
    ) -> Staff:
        """Change what she stands for: tags given and taken. Repeating is harmless."""
        with self._records.write(f"staff:{key}") as session:
            staff = _existing(session, Staff, key)
            kept = [tag for tag in staff.persona if tag not in remove]
            kept += [tag for tag in dict.fromkeys(add) if tag not in kept]
            if kept != staff.persona:
                staff.persona = kept
                self._changes.note(
                    "described", "staff", staff.id, by=by, add=sorted(add), remove=sorted(remove)
                )
        return staff

    def present(
        self, key: str, *, by: str, photo: str | None = None, licence_number: str | None = None
    ) -> Staff:
        """How customers meet her on what she hands over; None leaves it as it is. Repeating is
        harmless. Raises `Invalid` for what is no licence's number."""
        number = None if licence_number is None else licence_number.replace(" ", "")
        if number and not _NUMBER.fullmatch(number):
            raise Invalid("licence_number", "not_a_licence_number")
        told = {"photo": photo, "licence_number": number}
        with self._records.write(f"staff:{key}") as session:
            staff = _existing(session, Staff, key)
            changed = sorted(
                name for name, value in told.items() if value not in (None, getattr(staff, name))
            )
            for name in changed:
                setattr(staff, name, told[name])
            if changed:
                self._changes.note("presented", "staff", staff.id, by=by, changed=changed)
        return staff

    def one(self, key: str) -> Staff:
        """By id or code; raises `NotFound`."""
        with self._records.read() as session:
            return _existing(session, Staff, key)

    def id_of(self, key: str) -> str:
        """By id or code, for the price of a look; empty if nobody is called so."""
        found = self._records.rows(_CALLED, [key, key, key])
        return str(found[0][0]) if found else ""

    def unit(self, key: str) -> Unit:
        """By id or code; raises `NotFound`."""
        with self._records.read() as session:
            return _existing(session, Unit, key)

    def reps(self) -> list[str]:
        """Everybody who looks after customers."""
        hers = select(Staff.id).where(Staff.role == Role.REP.value, Staff.left.is_(None))
        with self._records.read() as session:
            return list(session.scalars(hers))

    def many(self, ids: Collection[str]) -> dict[str, Staff]:
        """Those of some ids, to be looked at: what is changed on them is not kept."""
        found: dict[str, Staff] = {}
        for few in chunks(ids):
            people = map(_read, self._records.rows(_PEOPLE.format(marks(few)), few))
            found |= {staff.id: staff for staff in people}
        return found

    def named(self, names: Collection[str]) -> dict[str, Staff]:
        """Those of some names or codes, by what they were called; of namesakes the first."""
        with self._records.read() as session:
            called = select(Staff).where(Staff.name.in_(names) | Staff.code.in_(names))
            found = list(session.scalars(called.order_by(Staff.id.desc()).limit(1_000)))
        return {name: staff for staff in found for name in {staff.name, staff.code} & set(names)}

    def coded(self, codes: Collection[str]) -> dict[str, Staff]:
        """Those of some codes, by it."""
        with self._records.read() as session:
            found = session.scalars(select(Staff).where(Staff.code.in_(codes)))
            return {staff.code: staff for staff in found}

    def called(self, words: Collection[str], *, gone: bool = False) -> dict[str, list[str]]:
        """Who of those that work here, or of those who left as well, are called so, by id, code or
        name: none, one or several."""
        asked, found = sorted(set(words)), dict[str, list[str]]()
        with self._records.read() as session:
            for begin in range(0, len(asked), _FEW):
                few = asked[begin : begin + _FEW]
                told = Staff.id.in_(few) | Staff.code.in_(few) | Staff.name.in_(few)
                here = true() if gone else Staff.left.is_(None)
                for staff in session.scalars(select(Staff).where(told, here)):
                    for word in {staff.id, staff.code, staff.name} & set(few):
                        found.setdefault(word, []).append(staff.id)
        return found

    def page(
        self,
        *,
        units: Collection[str] | None = None,
        role: Role | None = None,
        text: str = "",
        first: int = 20,
        after: str | None = None,
    ) -> Page[Staff]:
        """Those of some units, or all, in the order they were taken on. ``text`` is part of a name
        or the beginning of a code."""
        wanted = select(Staff)
        if text:
            told = Staff.name.contains(text, autoescape=True)
            wanted = wanted.where(told | Staff.code.startswith(text, autoescape=True))
        if units is not None:
            wanted = wanted.where(Staff.unit.in_(units))
        if role is not None:
            wanted = wanted.where(Staff.role == role.value)
        return in_order(self._records, wanted, Staff.id, first=first, after=after)

    def units(self) -> list[Unit]:
        """Every unit, the oldest first."""
        with self._records.read() as session:
            return list(session.scalars(select(Unit).order_by(Unit.id)))

    def above(self, unit: str) -> frozenset[str]:
        """The unit, all it stands under, and headquarters."""
        parents = {each.id: each.parent for each in self.units()}
        line = {HEADQUARTERS}
        while unit and unit not in line:
            line.add(unit)
            unit = parents.get(unit, HEADQUARTERS)
        return frozenset(line)

    def below(self, unit: str) -> frozenset[str]:
        """The unit and all that stands under it; for headquarters, every unit there is."""
        children: dict[str, list[str]] = {}
        for each in self.units():
            children.setdefault(each.parent, []).append(each.id)
        found, ahead = {unit}, [unit]
        while ahead:
            for child in children.get(ahead.pop(), ()):
                if child not in found:
                    found.add(child)
                    ahead.append(child)
        return frozenset(found)

    def actor(self, key: str, *, role: Role | None = None) -> Actor:
        """Whoever she is when she asks, in her own role or in ``role``. Headquarters' people reach
        everybody, a rep nobody. Raises `SignedOff` for who works here no more."""
        staff = self.one(key)
        if staff.left is not None:
            raise SignedOff("works_here_no_more")
        role = role or Role(staff.role)
        if role is Role.REP:
            reach: frozenset[str] | None = frozenset()
        else:
            reach = None if staff.unit == HEADQUARTERS else self.below(staff.unit)
        return Actor(
            id=staff.id, role=role, name=staff.name, staff=staff.id, unit=staff.unit,
            units=self.above(staff.unit), reach=reach, language=staff.language,
        )  # fmt: skip

    def in_units(self, units: Collection[str]) -> list[str]:
        """The ids of everybody who works in one of them."""
        with self._records.read() as session:
            return list(session.scalars(select(Staff.id).where(Staff.unit.in_(units))))


_read = Bare(Staff)
_NUMBER = re.compile(r"[A-Za-z0-9-]{6,40}")
_FEW = 300
"""Values of a statement that takes each three times."""
_LONGEST = 100
_CALLED = "SELECT id FROM staff WHERE id = ? OR code = ? ORDER BY id != ? LIMIT 1"
_PEOPLE = f"SELECT {_read.columns} FROM staff WHERE id IN ({{}})"  # noqa: S608  # our words

Kept = TypeVar("Kept", Unit, Staff)


def _check(**told: Any) -> None:
    """Raise `Invalid`, naming all that cannot be so."""
    flaws = [Flaw(name, "missing", {}) for name in ("code", "name") if told.get(name, "x") == ""]
    flaws += [
        Flaw(name, "too_long", {"limit": _LONGEST, "length": len(told[name])})
        for name in ("code", "name", "post")
        if len(told.get(name, "")) > _LONGEST
    ]
    if (role := told.get("role")) in MACHINES:
        flaws.append(Flaw("role", "not_a_role_of_staff", {"role": role.value}))
    number = told.get("licence_number", "")
    if number and not _NUMBER.fullmatch(number):
        flaws.append(Flaw("licence_number", "not_a_licence_number", {}))
    if flaws:
        raise Invalid.because(flaws)


def _existing(session: Session, kind: type[Kept], key: str) -> Kept:
    wanted = select(kind).where(or_(kind.id == key, kind.code == key)).order_by(kind.id != key)
    found = session.scalars(wanted.limit(1)).first()
    if found is None:
        raise NotFound(kind.__name__.lower(), key)
    return found
