"""Rules (推荐规则): what a company keeps off a list, pins, asks for, or pushes, from when to when.

Every rule has an owner and a window, may hold for one unit's reps or for one segment of customers
only, and can be tried on a customer before it is kept: `Recommender.tried`. What rules do to a
list, and which outweighs which, is `matching.steering`'s business.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Forbidden, Invalid, NotFound
from kernel.ids import new_id
from kernel.values import dataclass
from matching.steering import Act, Ruling
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered

LARGEST = {Act.PIN: 100, Act.QUOTA: 100, Act.BOOST: 10}
MOST = 200
"""So many at a time: a list that more rules made is nobody's."""


class ListRule(Record, kw_only=True):
    """One rule of the company about what is recommended."""

    __tablename__ = "list_rules"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rul"))
    name: Mapped[str]
    act: Mapped[str]
    aim: Mapped[str]
    number: Mapped[float] = mapped_column(default=0.0)
    unit: Mapped[str] = mapped_column(default="")
    """Only for this unit's reps; empty is all."""
    segment: Mapped[str] = mapped_column(default="")
    """Only for customers in it; empty is all."""
    opens: Mapped[datetime]
    closes: Mapped[datetime | None] = mapped_column(default=None)
    owner: Mapped[str]
    """Whom to ask about it."""
    by: Mapped[str]
    made: Mapped[datetime]

    def stands(self, now: datetime) -> bool:
        return self.opens <= now and (self.closes is None or now < self.closes)

    @property
    def ruling(self) -> Ruling:
        return Ruling(
            id=self.id, name=self.name, act=Act(self.act), aim=self.aim, number=self.number,
            owner=self.owner,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule somebody thinks of, about exactly one of a material, a tag and a type."""

    name: str
    act: str
    material: str = ""
    tag: str = ""
    type: str = ""
    number: float = 0.0
    unit: str = ""
    segment: str = ""
    opens: datetime | None = None
    closes: datetime | None = None
    owner: str = ""


class Rules:
    """Every rule there is."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        materials: Materials,
        taxonomy: Taxonomy,
        types: Types,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._materials = materials
        self._taxonomy = taxonomy
        self._types = types
        self._clock = clock
        self._kept: Remembered[tuple[ListRule, ...]] = Remembered(
            records, changes, "list_rules", self._load
        )

    def _load(self, session: Session) -> tuple[ListRule, ...]:
        """Those that stand or will: what is over is not remembered."""
        coming = or_(ListRule.closes.is_(None), ListRule.closes > self._clock())
        wanted = select(ListRule).where(coming).order_by(ListRule.id).limit(MOST)
        return tuple(session.scalars(wanted))

    def in_force(
        self,
        now: datetime,
        units: Collection[str],
        segments: Collection[str],
        *,
        personal: bool = True,
    ) -> list[Ruling]:
        """What applies to a rep of these units and a customer in these segments. Not ``personal``:
        what she does may place nothing, so that a rule for a segment only keeps things off."""
        return [
            rule.ruling
            for rule in self._kept.now()
            if rule.stands(now)
            and concerns(rule, units, segments)
            and (personal or not rule.segment or rule.act == Act.EXCLUDE)
        ]

    def minds_segments(self) -> bool:
        """Does any rule ask in which segments a customer is?"""
        return any(rule.segment for rule in self._kept.now())

    def all(self, limit: int = MOST) -> list[ListRule]:
        """The newest first, those that are over too."""
        with self._records.read() as session:
            newest = select(ListRule).order_by(ListRule.made.desc(), ListRule.id.desc())
            return list(session.scalars(newest.limit(limit)))

    def ruling(self, wanted: Wanted) -> Ruling:
        """A rule as it would apply, kept nowhere. Raises `Invalid`."""
        return self._checked(wanted, self._clock(), by="").ruling

    def add(self, wanted: Wanted, *, by: str, reach: Collection[str] | None = None) -> ListRule:
        """Keep a rule. Raises `Invalid`, or `Conflict` if there are too many.

        Whoever reaches some units only makes rules for one of these: else `Forbidden`.
        """
        _reached(wanted.unit, reach)
        now = self._clock()
        rule = self._checked(wanted, now, by=by)
        with self._records.write("list_rules") as session:
            if len(self._load(session)) >= MOST:
                raise Conflict("too_many_rules", most=MOST)
            session.add(rule)
            self._changed("added_rule", rule, by)
        return rule

    def end(self, rule: str, *, by: str, reach: Collection[str] | None = None) -> ListRule:
        """Let a rule hold no longer. Repeating is harmless."""
        with self._records.write("list_rules") as session:
            found = session.get(ListRule, rule)
            if found is None:
                raise NotFound("rule", rule[:60])
            _reached(found.unit, reach)
            now = self._clock()
            if found.closes is None or found.closes > now:
                found.closes = max(now, found.opens)
                self._changed("ended_rule", found, by)
        return found

    def _changed(self, act: str, rule: ListRule, by: str) -> None:
        self._changes.count_up("list_rules")
        self._changes.note(act, "rule", rule.id, by=by, name=rule.name, what=rule.act, aim=rule.aim)

    def _checked(self, wanted: Wanted, now: datetime, *, by: str) -> ListRule:
        flaws: list[Flaw] = []
        act = next((each for each in Act if each.value == wanted.act), None)
        if act is None:
            flaws.append(Flaw("act", "not_a_choice", {"choices": [*Act]}))
        if not wanted.name.strip():
            flaws.append(Flaw("name", "missing"))
        opens = wanted.opens or now
        if wanted.closes is not None and wanted.closes <= opens:
            flaws.append(Flaw("closes", "window_ends_before_it_opens"))
        largest = LARGEST.get(act) if act else None
        if largest is not None and not 0 < wanted.number <= largest:
            flaws.append(Flaw("number", "rule_number", {"most": largest}))
        if flaws:
            raise Invalid.because(flaws)
        return ListRule(
            name=wanted.name.strip()[:80], act=wanted.act, aim=self._aim(wanted),
            number=float(wanted.number), unit=wanted.unit, segment=wanted.segment, opens=opens,
            closes=wanted.closes, owner=wanted.owner.strip()[:80] or by, by=by, made=now,
        )  # fmt: skip

    def _aim(self, wanted: Wanted) -> str:
        """What exactly one of the three names."""
        named = [each for each in (wanted.material, wanted.tag, wanted.type) if each.strip()]
        if len(named) != 1:
            raise Invalid("aim", "rule_aims_at_one_thing")
        if wanted.material:
            return f"material:{self._materials.one(wanted.material.strip()).id}"
        if wanted.tag:
            return f"tag:{self._taxonomy.one(wanted.tag.strip()).id}"
        known = {each.code for each in self._types.all()}
        if wanted.type not in known:
            raise Invalid("type", "not_a_choice", choices=sorted(known))
        return f"type:{wanted.type}"


def concerns(rule: ListRule | Wanted, units: Collection[str], segments: Collection[str]) -> bool:
    """Is it about a rep of these units and a customer in these segments?"""
    return (not rule.unit or rule.unit in units) and (not rule.segment or rule.segment in segments)


def _reached(unit: str, reach: Collection[str] | None) -> None:
    if reach is not None and unit not in reach:
        raise Forbidden("rule_of_another_unit")
