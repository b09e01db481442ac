"""The roster (花名册): everybody who works here, brought in from a sheet, and brought in again.

A row makes somebody, or changes whom its code names; a cell that is empty changes nothing. Units
are named by their code or by the way to them, 上海分公司/浦东一部; those that are not there are
founded. Who is not on the sheet stays as she is: leaving is an act of its own. Gives no login.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from data_hub.staff import HEADQUARTERS, MACHINES, Staff, StaffBook, Unit
from kernel.actors import Role
from kernel.errors import Flaw, Invalid, Problem
from kernel.values import dataclass
from kernel.wording import LANGUAGES, say
from stores.records import Records

COLUMNS = ("code", "name", "unit", "role", "post", "licences", "licence_number")
_CALLED: Mapping[str, Sequence[str]] = {
    "code": ("工号", "编号", "员工编号", "userid"),
    "name": ("姓名", "员工姓名"),
    "unit": ("机构", "部门", "团队", "营业部"),
    "role": ("角色",),
    "post": ("岗位", "职位", "职务"),
    "licences": ("资格", "从业资格"),
    "licence_number": ("执业证编号", "执业证号", "资格证号"),
}
_OURS = {word: ours for ours, words in _CALLED.items() for word in (ours, *words)}
_BETWEEN = str.maketrans(dict.fromkeys("；、,，", ";"))
_SLICE = 25
"""Rows that one write makes or changes."""


@dataclass(slots=True)
class Brought:
    """What a sheet came to, or would come to."""

    made: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    units: list[str] = field(default_factory=list)
    """The ways to the units that were founded for it."""
    left_out: list[str] = field(default_factory=list)
    """Columns that are none of ours."""
    flaws: list[tuple[int, Flaw]] = field(default_factory=list)


class Roster:
    """Brings sheets of staff in."""

    def __init__(self, records: Records, staff: StaffBook) -> None:
        self._records = records
        self._staff = staff

    def bring(
        self, rows: Iterable[tuple[int, Mapping[str, Any]]], *, by: str, dry_run: bool = False
    ) -> Brought:
        """Make and change whoever the rows tell of. What is wrong with a row is told by its line;
        the others go on. Bringing the same again changes nothing."""
        brought, ways = Brought(), _Ways(self._staff)
        told = [told for line, row in rows if (told := _read(line, row, brought)) is not None]
        _refuse_repeated(told, brought)
        for begin in range(0, len(told), _SLICE):
            self._take(told[begin : begin + _SLICE], ways, brought, by, dry_run)
        brought.refused = len({line for line, _ in brought.flaws})
        return brought

    def _take(
        self, some: Sequence["_Told"], ways: "_Ways", brought: Brought, by: str, dry: bool
    ) -> None:
        known = self._staff.coded({each.values["code"] for each in some})
        ready = []
        for each in some:
            hers = known.get(each.values["code"])
            try:
                fit = _fit(each.values, hers)
                if way := each.values.get("unit"):
                    fit["unit"] = ways.unit(way, by, brought, dry=dry)
            except Invalid as wrong:
                brought.flaws += [(each.line, flaw) for flaw in wrong.flaws]
            else:
                ready.append((each, hers, fit))
        if not dry and ready:
            names = [f"staff:{hers.id if hers else each.values['code']}" for each, hers, _ in ready]
            with self._records.write(*names):
                for each, hers, fit in ready:
                    self._put(each, hers, fit, brought, by)
            return
        for _, hers, fit in ready:
            self._count(hers, fit, brought)

    def _put(
        self, told: "_Told", hers: Staff | None, fit: dict[str, Any], brought: Brought, by: str
    ) -> None:
        try:
            if hers is None:
                self._staff.add(by=by, **fit)
            elif _differs(hers, fit):
                self._staff.change(hers.id, by=by, **fit)
        except Problem as refusal:
            flaws = refusal.flaws if isinstance(refusal, Invalid) else ()
            flaws = flaws or (Flaw("row", refusal.reason, refusal.facts),)
            brought.flaws += [(told.line, flaw) for flaw in flaws]
        else:
            self._count(hers, fit, brought)

    @staticmethod
    def _count(hers: Staff | None, fit: Mapping[str, Any], brought: Brought) -> None:
        if hers is None:
            brought.made += 1
        elif _differs(hers, fit):
            brought.changed += 1
        else:
            brought.same += 1


@dataclass(frozen=True, slots=True)
class _Told:
    line: int
    values: dict[str, str]


def _read(line: int, row: Mapping[str, Any], brought: Brought) -> _Told | None:
    """The row under our names; None, and why, for one that is none."""
    values: dict[str, str] = {}
    for column, value in row.items():
        ours = _OURS.get(column.strip().lower().replace(" ", "_")) or _OURS.get(column.strip())
        if ours is None:
            if column[:60] not in brought.left_out and len(brought.left_out) < _TOLD:
                brought.left_out.append(column[:60])
        elif text := str(value if value is not None else "").strip():
            values[ours] = text
    if not values:
        return None
    if "code" not in values:
        brought.flaws.append((line, Flaw("code", "missing", {})))
        return None
    return _Told(line, values)


def _refuse_repeated(told: list[_Told], brought: Brought) -> None:
    """Of two rows with one code nobody knows which counts: the second is refused."""
    seen: set[str] = set()
    for each in list(told):
        code = each.values["code"]
        if code in seen:
            brought.flaws.append((each.line, Flaw("code", "named_twice", {})))
            told.remove(each)
        seen.add(code)


def _fit(values: Mapping[str, str], hers: Staff | None) -> dict[str, Any]:
    """What the keeper is told; raises `Invalid` for what is none."""
    fit: dict[str, Any] = {name: values[name] for name in ("name", "post") if name in values}
    if "role" in values:
        fit["role"] = role_of(values["role"])
    if "licences" in values:
        parts = values["licences"].translate(_BETWEEN).split(";")
        fit["licences"] = [part.strip() for part in parts if part.strip()]
    if "licence_number" in values:
        fit["licence_number"] = values["licence_number"].replace(" ", "")
    if hers is None:
        if "name" not in fit:
            raise Invalid("name", "missing")
        fit["code"] = values["code"]
    return fit


def role_of(word: str) -> Role:
    """By its code, or as people call it in either language. Raises `Invalid`."""
    for role in ROLES:
        if word.lower() in {role.value, *(say(f"role_{role}", each) for each in LANGUAGES)}:
            return role
    choices = [
        {each: f"{say(f'role_{role}', each)} ({role})" for each in LANGUAGES} for role in ROLES
    ]
    raise Invalid("role", "not_a_choice", choices=choices)


def _differs(hers: Staff, fit: Mapping[str, Any]) -> bool:
    return any(getattr(hers, name) != getattr(value, "value", value) for name, value in fit.items())


class _Ways:
    """The units, by code and by the way to them."""

    def __init__(self, staff: StaffBook) -> None:
        self._staff = staff
        units = staff.units()
        self._by_code = {unit.code: unit.id for unit in units}
        self._by_way = {way: id_ for id_, way in ways(units).items()}

    def unit(self, told: str, by: str, brought: Brought, *, dry: bool) -> str:
        """Its id; founded, with all it stands under, if it is not there."""
        if told in self._by_code:
            return self._by_code[told]
        steps = [step.strip() for step in told.split("/") if step.strip()]
        if not steps or len(steps) > _DEEPEST:
            raise Invalid("unit", "not_a_way_to_a_unit", limit=_DEEPEST)
        parent = HEADQUARTERS
        for depth in range(1, len(steps) + 1):
            way = "/".join(steps[:depth])
            if way not in self._by_way:
                kind = "branch" if depth == 1 else "team"
                made = f"?{way}" if dry else self._staff.add_unit(
                    way, steps[depth - 1], parent=parent, kind=kind, by=by
                ).id  # fmt: skip
                brought.units.append(way)
                self._by_way[way] = made
            parent = self._by_way[way]
        return parent


def ways(units: Collection[Unit]) -> dict[str, str]:
    """The way to each unit, by its id: the names of all it stands under and its own."""
    known = {unit.id: unit for unit in units}
    found: dict[str, str] = {}
    for unit in units:
        steps, each = [unit.name], unit
        while each.parent in known and len(steps) <= _DEEPEST:
            each = known[each.parent]
            steps.append(each.name)
        found[unit.id] = "/".join(reversed(steps))
    return found


ROLES = tuple(role for role in Role if role not in MACHINES)
"""What somebody who works here can be."""
_DEEPEST, _TOLD = 6, 20
