"""Policies of types (类型规则): what a company asks of materials of one type before they are shown.

Whether they need an approval number, a fixed risk wording, how many people review them and that
nobody reviews her own work, which facets they must and may wear. Judges no material.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import richtext
from content_hub.tags.records import FACETS
from content_hub.types import Types
from kernel.errors import Flaw, Invalid
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered

MOST_STEPS = 5


class TypePolicy(Record, kw_only=True):
    """What is asked of one type; a type without a row is asked nothing."""

    __tablename__ = "type_policies"

    type: Mapped[str] = mapped_column(primary_key=True)
    regulated: Mapped[bool] = mapped_column(default=False)
    """Needs an approval number, whose validity clips every window."""
    risk_wording: Mapped[str] = mapped_column(default="")
    """Must stand, word for word, in the body and in every variant of it."""
    steps: Mapped[int] = mapped_column(default=0)
    """How many reviews it takes; none means that it may be placed as it is."""
    four_eyes: Mapped[bool] = mapped_column(default=False)
    """Nobody reviews what she edited herself, and nobody twice."""
    must_wear: Mapped[list[str]] = mapped_column(default_factory=list)
    """Facets of which a placed material wears at least one tag."""
    may_wear: Mapped[list[str]] = mapped_column(default_factory=list)
    """Facets whose tags it may wear; empty is all."""


class Policies:
    """Every type's policy."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes
        self._types = Types(records, changes)
        self._known = Remembered(records, changes, "policies", _all)

    def of(self, type_: str) -> TypePolicy:
        return self._known.now().get(type_) or TypePolicy(type=type_)

    def all(self) -> list[TypePolicy]:
        """One for every type there is."""
        return [self.of(each.code) for each in self._types.all()]

    def set(
        self,
        type_: str,
        *,
        by: str,
        regulated: bool | None = None,
        risk_wording: str | None = None,
        steps: int | None = None,
        four_eyes: bool | None = None,
        must_wear: Collection[str] | None = None,
        may_wear: Collection[str] | None = None,
    ) -> TypePolicy:
        """Change what is given and leave the rest. Raises one `Invalid` with every flaw."""
        self._types.one(type_)
        told = {
            "regulated": regulated, "risk_wording": risk_wording, "steps": steps,
            "four_eyes": four_eyes, "must_wear": must_wear, "may_wear": may_wear,
        }  # fmt: skip
        given: dict[str, Any] = {
            name: value if isinstance(value, bool | int | str) else list(value)
            for name, value in told.items()
            if value is not None
        }
        if flaws := _flaws(given):
            raise Invalid.because(flaws)
        with self._records.write("policies") as session:
            policy = session.get(TypePolicy, type_) or TypePolicy(type=type_)
            for name, value in given.items():
                setattr(policy, name, value)
            session.add(policy)
            self._changes.count_up("policies")
            self._changes.note("set_policy", "content_type", type_, by=by, content=True, **given)
        return policy


def _flaws(given: Mapping[str, Any]) -> list[Flaw]:
    flaws = list(richtext.text_flaws("risk_wording", given.get("risk_wording", ""), 500))
    steps = given.get("steps", 0)
    if not isinstance(steps, int) or not 0 <= steps <= MOST_STEPS:
        flaws.append(Flaw("steps", "number_out_of_range", {"low": 0, "high": MOST_STEPS}))
    facets = {"facets": [*FACETS]}
    flaws += (
        Flaw(name, "unknown_facet", facets)
        for name in ("must_wear", "may_wear")
        if not set(given.get(name, ())) <= FACETS.keys()
    )
    return flaws


def _all(session: Session) -> dict[str, TypePolicy]:
    return {each.type: each for each in session.scalars(select(TypePolicy))}
