"""Reviews (审核): from draft to approved, by as many people as the type asks for; and archiving.

A verdict is about one edit: a later edit is a draft again. Until it is approved a material of a
reviewed type stands on no shelf. State is worked out of submissions and verdicts, never stored.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session, aliased

from content_hub import bounds, richtext
from content_hub.materials import Material
from content_hub.materials.versions import MaterialVersion
from content_hub.policies import Policies, TypePolicy
from content_hub.verdicts import Review, Verdict, next_step
from kernel.clock import Clock
from kernel.errors import Conflict, Forbidden, Invalid
from stores.changes import Changes
from stores.records import Records


class Life(StrEnum):
    """How far a material has come."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ARCHIVED = "archived"


class Reviews:
    """Handing in, approving, returning, archiving."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._policies = Policies(records, changes)

    def submit(self, material: str, *, by: str) -> Review:
        """Hand the latest edit in for review. Raises `Conflict` if it is in review or approved."""
        return self._say(material, Verdict.SUBMIT, by, "")

    def approve(self, material: str, *, by: str, note: str = "") -> Review:
        """One step on. With four eyes nobody approves her own edit, or twice."""
        return self._say(material, Verdict.APPROVE, by, note)

    def send_back(self, material: str, *, by: str, note: str) -> Review:
        """Back to draft, with what is to be mended."""
        if not note.strip():
            raise Invalid("note", "missing")
        return self._say(material, Verdict.RETURN, by, note)

    def _say(self, material: str, verdict: Verdict, by: str, note: str) -> Review:
        if flaws := list(richtext.text_flaws("note", note, 500)):
            raise Invalid.because(flaws)
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            kept = session.get_one(Material, material)
            policy = self._policies.of(kept.type)
            said = _said(session, [material]).get(material, [])
            self._check(session, kept, policy, said, verdict, by)
            review = Review(
                material=material, number=kept.number, step=next_step(session, material),
                verdict=verdict, by=by, at=self._clock(), note=richtext.tidy(note),
            )  # fmt: skip
            session.add(review)
            self._changes.note(
                f"review_{verdict}", "material", material, by=by, content=True, number=kept.number
            )
        return review

    def _check(
        self,
        session: Session,
        material: Material,
        policy: TypePolicy,
        said: list[Review],
        verdict: Verdict,
        by: str,
    ) -> None:
        life = _life(material, policy, said)
        if (verdict is Verdict.SUBMIT) != (life is Life.DRAFT) or life is Life.ARCHIVED:
            raise Conflict("review_does_not_fit", life=life.value)
        if verdict is Verdict.APPROVE and policy.four_eyes:
            about = [each for each in said if each.number == material.number]
            hers = {each.by for each in about if each.verdict != Verdict.RETURN}
            if by in hers | _editors(session, material):
                raise Forbidden("four_eyes")

    def life(self, materials: Collection[Material]) -> dict[str, Life]:
        """How far each has come."""
        with self._records.read() as session:
            said = _said(session, [material.id for material in materials])
        return {
            each.id: _life(each, self._policies.of(each.type), said.get(each.id, []))
            for each in materials
        }

    def of(self, material: str) -> list[Review]:
        """What was said, the latest first."""
        return self.of_many([material]).get(material, [])

    def of_many(self, materials: Collection[str]) -> dict[str, list[Review]]:
        """The same for many; those about which nothing was said are left out."""
        with self._records.read() as session:
            said = _said(session, materials)
        return {material: each[::-1] for material, each in said.items()}

    def waiting(self, *, sight: Collection[str] | None = None, limit: int = 100) -> list[Material]:
        """What was handed in and waits for somebody, the longest first."""
        handed, later = aliased(Review), aliased(Review)
        since = select(func.count()).where(
            later.material == handed.material,
            later.number == handed.number,
            later.edit == "",
            later.step > handed.step,
        )
        returned = since.where(later.verdict == Verdict.RETURN).scalar_subquery()
        approvals = since.where(later.verdict == Verdict.APPROVE).scalar_subquery()
        steps = [(each.type, each.steps) for each in self._policies.all() if each.steps]
        wanted = (
            select(Material)
            .join(handed, (handed.material == Material.id) & (handed.number == Material.number))
            .where(handed.edit == "", handed.verdict == Verdict.SUBMIT)
            .where(Material.archived.is_(None), returned == 0)
            .where(or_(false(), *((Material.type == t) & (approvals < n) for t, n in steps)))
        )
        if sight is not None:
            wanted = wanted.where(Material.unit.in_(sight))
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(handed.at, handed.id).limit(limit)))

    def archive(self, *materials: str, by: str) -> None:
        """Put away: they stand nowhere and are in no list, until they are taken out again."""
        names = [f"{kind}:{each}" for each in materials for kind in ("material", "placement")]
        with self._records.write(*names) as session:
            for each in session.scalars(select(Material).where(Material.id.in_(materials))):
                each.archived = self._clock()
            bounds.bar(session, materials, "archived")
            told: dict[str, dict[str, Any]] = {each: {} for each in materials}
            self._changes.note_all("archived_material", "material", told, by=by, content=True)

    def take_out(self, material: str, *, by: str) -> None:
        """Out of the archive again."""
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            session.get_one(Material, material).archived = None
            bounds.lift(session, material, "archived")
            self._changes.note("unarchived_material", "material", material, by=by, content=True)


def approved(session: Session, material: Material, policy: TypePolicy) -> bool:
    """Has the latest edit passed all its reviews? For who decides in a transaction of her own."""
    said = _said(session, [material.id]).get(material.id, [])
    return _life(material, policy, said) is Life.APPROVED


def _life(material: Material, policy: TypePolicy, said: Collection[Review]) -> Life:
    if material.archived is not None:
        return Life.ARCHIVED
    if policy.steps == 0:
        return Life.APPROVED
    approvals, handed_in = 0, False
    for each in said:
        if each.number == material.number:
            handed_in = each.verdict != Verdict.RETURN
            approvals = approvals + 1 if each.verdict == Verdict.APPROVE else 0
    if approvals >= policy.steps:
        return Life.APPROVED
    return Life.IN_REVIEW if handed_in else Life.DRAFT


def _said(session: Session, materials: Collection[str]) -> dict[str, list[Review]]:
    wanted = select(Review).where(Review.material.in_(materials), Review.edit == "")
    told: dict[str, list[Review]] = {}
    for each in session.scalars(wanted.order_by(Review.step)):
        told.setdefault(each.material, []).append(each)
    return told


def _editors(session: Session, material: Material) -> set[str]:
    """Who made the edit that is looked at."""
    version = session.get(MaterialVersion, (material.id, material.number))
    return {version.by if version else material.owner}
