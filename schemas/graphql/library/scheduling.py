"""Scheduled edits (预约改动) as GraphQL tells them: what will be said from a moment on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import graphene

from content_hub.materials import Material as MaterialRecord
from content_hub.materials.versions import Difference as DifferenceRecord
from content_hub.scheduling import MOST, Planned
from content_hub.verdicts import Review as ReviewRecord
from kernel.actors import require
from kernel.errors import Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.lives import Difference, Review
from schemas.graphql.library.questions import visible
from schemas.graphql.library.verbs import FieldInput, edit_of, managed
from schemas.graphql.shapes import Moment, all_of, key, moment, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class _Told(NamedTuple):
    """A scheduled edit as an answer says it."""

    id: str
    material: MaterialRecord
    takes_effect: datetime
    stage: str
    since: datetime
    by: str
    at: datetime
    differences: Sequence[DifferenceRecord]
    reviews: Sequence[ReviewRecord]


class ScheduledEdit(ObjectType):
    """An edit of a material that takes effect by itself at its moment, once it was approved."""

    id = graphene.ID(required=True)
    material = graphene.Field(lambda: shapes.Material, required=True)
    takes_effect = Moment(required=True)
    stage = graphene.String(
        required=True,
        description="`in_review`, `returned`, `waiting`, `in_effect` or `withdrawn`.",
    )
    since = Moment(
        required=True, description="`takesEffect`, or its last approval if that came later."
    )
    by = graphene.String(required=True)
    at = Moment(required=True)
    differences = graphene.List(
        graphene.NonNull(Difference), required=True,
        description="What it says otherwise than the material would without it.",
    )  # fmt: skip
    reviews = graphene.List(graphene.NonNull(Review), required=True)


def _told(material: MaterialRecord, planned: Planned) -> _Told:
    edit, stage, since, differences, reviews = planned
    return _Told(
        edit.id, material, edit.takes_effect, stage.value, since, edit.by, edit.at, differences,
        reviews,
    )  # fmt: skip


def _of_material(source: None, ask: Ask, material: str) -> list[_Told]:
    context: Context = ask.context
    require(context.actor, "read_library")
    found = visible(context, material)
    return [_told(found, each) for each in context.scheduled_edits.of(found.id)]


def _waiting(source: None, ask: Ask) -> list[_Told]:
    context: Context = ask.context
    require(context.actor, "review_materials")
    return [_told(*each) for each in context.scheduled_edits.waiting(sight=context.sight)]


def _known(context: Context, id_: str) -> str:
    """The id of one whose material she may change; one she may not see is as good as none."""
    managed(context, context.scheduled_edits.one(id_).material)
    return id_


def _answered(context: Context, id_: str) -> _Told:
    planned = context.scheduled_edits.planned(id_)
    return _told(context.materials.one(planned.edit.material), planned)


def schedule_edit(ask: Ask, sent: Sent) -> _Told:
    """Change what is given from a moment on: for everybody, or for an account or in a language."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    account = context.account(sent["channel"]) if sent.get("channel") else ""
    at = moment(sent["takes_effect"], "takes_effect")
    if at is None:
        raise Invalid("takes_effect", "missing")
    edit = context.scheduled_edits.schedule(
        managed(context, sent["material"]).id, at, account=account,
        language=sent.get("language") or "", by=context.actor.id, **edit_of(sent),
    )  # fmt: skip
    return _answered(context, edit.id)


def alter_scheduled_edit(ask: Ask, sent: Sent) -> _Told:
    """Another moment, or other words for what is given; what was said about it counts no more."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    context.scheduled_edits.alter(
        _known(context, sent["edit"]), by=context.actor.id,
        takes_effect=moment(sent.get("takes_effect"), "takes_effect"), **edit_of(sent),
    )  # fmt: skip
    return _answered(context, sent["edit"])


def withdraw_scheduled_edit(ask: Ask, sent: Sent) -> _Told:
    """It is not to take effect."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    context.scheduled_edits.withdraw(_known(context, sent["edit"]), by=context.actor.id)
    return _answered(context, sent["edit"])


def review_scheduled_edit(ask: Ask, sent: Sent) -> _Told:
    """Approve it, or send it back with a note."""
    context: Context = ask.context
    require(context.actor, "review_materials")
    edit, note = _known(context, sent["edit"]), sent.get("note") or ""
    if sent["verdict"] == "approve":
        context.scheduled_edits.approve(edit, by=context.actor.id, note=note)
    elif sent["verdict"] == "return":
        context.scheduled_edits.send_back(edit, by=context.actor.id, note=note)
    else:
        raise Invalid("verdict", "not_a_choice", choices=["approve", "return"])
    return _answered(context, edit)


def _words() -> dict[str, Any]:
    texts = {name: graphene.String() for name in ("title", "summary", "body", "cover")}
    return {**texts, "fields": graphene.List(graphene.NonNull(FieldInput))}


_EDIT = {"edit": graphene.ID(required=True)}
QUESTIONS = {
    "scheduled_edits": graphene.Field(all_of(ScheduledEdit), material=key(), resolver=_of_material),
    "scheduled_edits_to_review": graphene.Field(all_of(ScheduledEdit), resolver=_waiting),
}
VERBS = {
    "schedule_edit": verb(
        "scheduleEdit", "edit", ScheduledEdit, schedule_edit,
        material=key(), takes_effect=Moment(required=True), channel=graphene.String(),
        language=graphene.String(), **_words(),
    ),
    "alter_scheduled_edit": verb(
        "alterScheduledEdit", "edit", ScheduledEdit, alter_scheduled_edit,
        **_EDIT, takes_effect=Moment(), **_words(),
    ),
    "withdraw_scheduled_edit": verb(
        "withdrawScheduledEdit", "edit", ScheduledEdit, withdraw_scheduled_edit, **_EDIT
    ),
    "review_scheduled_edit": verb(
        "reviewScheduledEdit", "edit", ScheduledEdit, review_scheduled_edit,
        **_EDIT, verdict=graphene.String(required=True), note=graphene.String(),
    ),
}  # fmt: skip

SIZES = {
    ("ScheduledEdit", "differences"): 10, ("ScheduledEdit", "reviews"): 5,
    ("Query", "scheduledEdits"): MOST, ("Query", "scheduledEditsToReview"): 100,
}  # fmt: skip
WEIGHTS: dict[tuple[str, str], int] = {}
