"""Readiness (上架条件): what a material and its window lack to be promised to an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_hub import terms
from content_hub.campaigns import Campaign, window_flaws
from content_hub.compliance import Compliance
from content_hub.materials import Material, texts_of
from content_hub.placements import Slot
from content_hub.policies import Policies
from content_hub.reviews import approved
from content_hub.tags import Tag, Tagging
from content_hub.types import ContentType, Types
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid
from kernel.wording import LANGUAGES, known, say
from stores.changes import Changes
from stores.records import Records


class Readiness:
    """Asked in the transaction that promises; everything missing is told at once."""

    def __init__(self, records: Records, changes: Changes, types: Types, clock: Clock) -> None:
        self._types = types
        self._clock = clock
        self._compliance = Compliance(records, changes, clock)
        self._policies = Policies(records, changes)

    def flaws(
        self,
        session: Session,
        material: Material,
        account: str,
        opens: datetime | None,
        closes: datetime | None,
        slot: str,
        campaign: Campaign | None,
    ) -> list[Flaw]:
        """What is missing or wrong."""
        return [
            *self.unready(session, material),
            *self.window_flaws(opens, closes, campaign),
            *_slot_flaws(session, account, slot, material.type),
        ]

    def unready(self, session: Session, material: Material) -> Iterator[Flaw]:
        """What a material lacks to be shown anywhere."""
        kind = self._types.one(material.type)
        if not material.title.strip():
            yield Flaw("title", "needs_a_title")
        if not session.scalar(select(Tagging.tag).where(Tagging.material == material.id).limit(1)):
            yield Flaw("tags", "needs_a_tag")
        if not kind.tracking:
            yield Flaw("tracking", "needs_tracking", {"type": {"zh": kind.zh, "en": kind.en}})
        for part in kind.needs:
            if not _part(material, part, kind):
                yield Flaw(part, "needs_a_part", {"part": _called(part, kind)})
        policy = self._policies.of(material.type)
        if policy.steps and not approved(session, material, policy):
            yield Flaw("review", "needs_approval", {"steps": policy.steps})
        if material.archived is not None:
            yield Flaw("material", "is_archived")
        if lacking := set(policy.must_wear) - self._facets(session, material.id):
            yield Flaw("tags", "needs_a_tag_of", {"facets": sorted(lacking)})
        yield from self._compliance.flaws(session, material.id, material.type, texts_of(material))
        for subject in terms.over(session, material.id, self._clock()):
            yield Flaw("fields", "depends_on_what_is_over", {"what": subject})

    @staticmethod
    def _facets(session: Session, material: str) -> set[str]:
        """Of which facets it wears a tag."""
        worn = select(Tag.facet).join(Tagging, Tagging.tag == Tag.id)
        return set(session.scalars(worn.where(Tagging.material == material)))

    def window_flaws(
        self, opens: datetime | None, closes: datetime | None, campaign: Campaign | None
    ) -> Iterator[Flaw]:
        flaws = list(window_flaws(opens, closes))
        yield from (
            Flaw(flaw.field, "needs_a_window") if flaw.reason == "missing" else flaw
            for flaw in flaws
        )
        if flaws or opens is None or closes is None:
            return
        if closes <= self._clock():
            yield Flaw("closes", "window_is_already_over")
        if campaign and opens < campaign.opens:
            yield Flaw("opens", "window_outside_the_campaign", {"campaign": campaign.name})
        if campaign and closes > campaign.closes:
            yield Flaw("closes", "window_outside_the_campaign", {"campaign": campaign.name})


def campaign_of(session: Session, key: str, *, hold: bool = False) -> Campaign | None:
    """The campaign of a placement; ``hold`` keeps its window as it is until the transaction ends.

    Raises `Invalid` for an unknown one, `Conflict` for one to be held that is being moved.
    """
    if not key:
        return None
    wanted = select(Campaign).where((Campaign.id == key) | (Campaign.code == key))
    if hold:
        wanted = wanted.with_for_update(read=True).execution_options(populate_existing=True)
    found = session.scalar(wanted)
    if found is None:
        raise Invalid("campaign", "unknown_campaign", campaign=key[:80])
    if hold and found.move:
        raise Conflict("campaign_is_moving", name=found.name)
    return found


def _slot_flaws(session: Session, account: str, code: str, type_: str) -> Iterator[Flaw]:
    if not code:
        return
    slot = session.get(Slot, (account, code))
    if slot is None:
        yield Flaw("slot", "unknown_slot", {"slot": code[:60]})
    elif slot.types and type_ not in slot.types:
        yield Flaw("slot", "type_does_not_fit_the_slot", {"types": [*slot.types]})


def _called(part: str, kind: ContentType) -> dict[str, str]:
    """By language what a field of this type, or one that every material has, is called."""
    for field in kind.fields:
        if field.name == part:
            return {"zh": field.zh, "en": field.en}
    key = f"field_{part}"
    return {tongue: say(key, tongue) if known(key) else part for tongue in LANGUAGES}


def _part(material: Material, name: str, kind: ContentType) -> object:
    if any(field.name == name for field in kind.fields):
        return material.fields.get(name)
    return getattr(material, name, None)
