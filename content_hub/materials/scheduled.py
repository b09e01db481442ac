"""Scheduled edits (预约改动): what a material will say from a moment on, written beforehand.

Nothing is flipped when the moment comes: whoever reads a material lays over its row what has taken
effect by then. The next write or the worker makes an ordinary edit of it, however late; until then
readers are told the same. Decides nothing.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import terms
from content_hub.materials import variants
from content_hub.materials.records import Material, subjects_of
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered
from stores.told import micros

VERSION = "scheduled"
"""Counted up by whatever changes what is to take effect."""
Changed = Mapping[str, Any]
"""What an edit says: some texts, and some of ``fields`` and ``variants``."""
Laid = Mapping[str, Sequence[Changed]]
"""By material what has taken effect and is not in its row, the oldest first."""


class ScheduledEdit(Record, kw_only=True):
    """An edit that waits for its moment."""

    __tablename__ = "scheduled_edits"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("sed"))
    material: Mapped[str] = mapped_column(index=True)
    takes_effect: Mapped[datetime]
    changed: Mapped[dict[str, Any]]
    by: Mapped[str]
    """Who wrote it or altered it last."""
    at: Mapped[datetime]
    turn: Mapped[int] = mapped_column(default=1)
    """Counts its wordings: a verdict is about one of them."""
    effective: Mapped[int | None] = mapped_column(BigInteger, index=True, default=None)
    """When it takes effect, in microseconds since 1970: its moment, or its last approval if that
    came later. None as long as it may not."""
    became: Mapped[int | None] = mapped_column(default=None)
    """The number of the edit that was made of it."""
    withdrawn: Mapped[datetime | None] = mapped_column(default=None)


def after(own: Mapping[str, Any], changed: Changed) -> dict[str, Any]:
    """What a material says with an edit laid over it, and which edit that is."""
    told = {**own, **{name: changed[name] for name in variants.TEXTS if name in changed}}
    if fields := changed.get("fields"):
        said = {**own["fields"], **fields}
        told["fields"] = {name: value for name, value in said.items() if value is not None}
    if otherwise := changed.get("variants"):
        told["variants"] = variants.laid(own.get("variants") or {}, otherwise)
    return {**told, "number": own["number"] + 1}


def over(own: Mapping[str, Any], edits: Iterable[Changed]) -> Mapping[str, Any]:
    """The same with several, the oldest first."""
    for changed in edits:
        own = after(own, changed)
    return own


def laid(material: Material, edits: Iterable[Changed]) -> Material:
    """A copy of a material that says what it will say with these edits; nobody keeps it."""
    columns = {each.key: getattr(material, each.key) for each in Material.__table__.columns}
    return Material(**over(columns, edits))


def waiting(session: Session, material: str) -> list[ScheduledEdit]:
    """Everything that is not an edit of it yet and was not withdrawn, in review or not."""
    mine = ScheduledEdit.material == material
    open_ = ScheduledEdit.became.is_(None) & ScheduledEdit.withdrawn.is_(None)
    in_turn = (ScheduledEdit.takes_effect, ScheduledEdit.id)
    return list(session.scalars(select(ScheduledEdit).where(mine, open_).order_by(*in_turn)))


def stages(material: Material, edits: Iterable[ScheduledEdit]) -> Iterator[Material]:
    """What it says, and what it will say after each of these."""
    yield material
    for each in edits:
        material = laid(material, [each.changed])
        yield material


def outstanding(
    session: Session, materials: Collection[str] | None
) -> dict[str, list[ScheduledEdit]]:
    """What will take effect on some materials or all, or has and is not in their rows, in that
    order."""
    wanted = _outstanding()
    if materials is not None:
        wanted = wanted.where(ScheduledEdit.material.in_(materials))
    found: dict[str, list[ScheduledEdit]] = {}
    for each in session.scalars(wanted):
        found.setdefault(each.material, []).append(each)
    return found


def _outstanding() -> Any:
    live = ScheduledEdit.effective.is_not(None) & ScheduledEdit.became.is_(None)
    return select(ScheduledEdit).where(live).order_by(ScheduledEdit.effective, ScheduledEdit.id)


def bonds(material: Material, edits: Sequence[ScheduledEdit]) -> dict[str, tuple[int, int]]:
    """What it depends on, and from when to when: all of it always, but for what an edit to come
    brings or takes away."""
    begins = [terms.ALWAYS, *(each.effective or 0 for each in edits)]
    ends = [*begins[1:], terms.NEVER_ENDS]
    found: dict[str, tuple[int, int]] = {}
    for told, since, until in zip(stages(material, edits), begins, ends, strict=True):
        for subject in subjects_of(told):
            found[subject] = found.get(subject, (since,))[0], until
    return found


class _Due(NamedTuple):
    effective: int
    material: str
    changed: Changed


NOTHING: Laid = {}


class Scheduled:
    """What readers have to lay over the rows, kept in memory: few edits wait at a time."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._known = Remembered(records, changes, VERSION, _load)
        self._last: tuple[Sequence[_Due], int, Laid] = ((), 0, NOTHING)

    def at(self, now: datetime) -> Laid:
        """What has taken effect by a moment; the very same as long as that is the same."""
        known = self._known.now()
        if not known:
            return NOTHING
        passed = bisect_right(known, micros(now), key=lambda due: due.effective)
        kept, count, found = self._last
        if kept is not known or count != passed:
            found = _by_material(known[:passed]) if passed else NOTHING
            self._last = known, passed, found
        return found

    def of(self, material: str) -> Sequence[Changed]:
        """Everything that has taken effect on it or will, the oldest first."""
        return [due.changed for due in self._known.now() if due.material == material]


def _by_material(passed: Sequence[_Due]) -> Laid:
    found: dict[str, list[Changed]] = {}
    for due in passed:
        found.setdefault(due.material, []).append(due.changed)
    return found


def _load(session: Session) -> Sequence[_Due]:
    return [
        _Due(each.effective, each.material, each.changed)
        for each in session.scalars(_outstanding())
    ]
