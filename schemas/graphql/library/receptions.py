"""How a material fares (内容反响) as GraphQL tells it, and what it reports (埋点) to be known."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import graphene

from engagement.receptions import Reception as ReceptionTold
from kernel.actors import may, require
from schemas import snippets
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import Day, Moment, key
from schemas.graphql.types import ObjectType


class _Views(NamedTuple):
    day: date
    sittings: int


class _Reason(NamedTuple):
    why: str
    customers: int


class ViewsOfDay(ObjectType):
    """How often people sat down with it on one day."""

    day = Day(required=True)
    sittings = graphene.Int(required=True)


class UnfitReason(ObjectType):
    """What reps said against it."""

    why = graphene.String(required=True)
    customers = graphene.Int(required=True, description="For how many customers it did not fit.")


def _of_sitting(name: str) -> Any:
    return lambda looked, ask: getattr(looked.sitting, name)


class Sitting(ObjectType):
    """One reading of a material by somebody who is not named."""

    began = Moment(required=True, resolver=_of_sitting("began"))
    ended = Moment(required=True, resolver=_of_sitting("ended"))
    seconds = graphene.Int(
        required=True, resolver=_of_sitting("seconds"), description="In front of her eyes."
    )
    page = graphene.Int(
        required=True, resolver=_of_sitting("page"), description="The furthest; 0 without pages."
    )
    pages = graphene.Int(required=True, resolver=_of_sitting("pages"))
    channel = graphene.ID(required=True, source="account")
    rep = graphene.ID(required=True, description="Whose link it was; empty for nobody's.")


class MaterialReception(ObjectType):
    """What became of a material: recommended, sent, opened, contact left."""

    recommended = graphene.Int(required=True, description="How often it was on a rep's list.")
    sent = graphene.Int(required=True)
    opened = graphene.Int(required=True, description="How many people looked at it.")
    contacts = graphene.Int(required=True)
    unfit = graphene.List(
        graphene.NonNull(UnfitReason), required=True,
        resolver=lambda told, ask: [_Reason(*each) for each in told.unfit.items()],
    )  # fmt: skip
    views = graphene.List(
        graphene.NonNull(ViewsOfDay), required=True,
        resolver=lambda told, ask: [_Views(*each) for each in told.views],
        description="The last 30 days, the oldest first.",
    )  # fmt: skip
    sittings = graphene.List(
        graphene.NonNull(Sitting), required=True, source="looks", description="The latest twenty."
    )
    whole = graphene.Boolean(
        required=True, description="Are views and sittings told from all events of these days?"
    )


class TrackedEvent(ObjectType):
    """One event that a material reports."""

    kind = graphene.String(required=True)
    label = graphene.String(required=True)
    measures = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        description="Properties that make it worth more, besides `material`.",
    )  # fmt: skip
    by_house = graphene.Boolean(required=True, description="Told by us; no front end has to.")


class _Spec:
    def __init__(self, context: Context, material: Any) -> None:
        self.events = snippets.spec(context.types.one(material.type), context.language)
        self.snippet = snippets.snippet(material.id, self.events, context.base_url)


class TrackingSpec(ObjectType):
    """What a material reports, and code that reports it."""

    events = graphene.List(graphene.NonNull(TrackedEvent), required=True)
    snippet = graphene.String(
        required=True, description="JavaScript; `WRITE_KEY` stands for the account's own key."
    )


def _reception(source: None, ask: Ask, material: str) -> ReceptionTold:
    context: Context = ask.context
    require(context.actor, "read_library")
    return context.receptions.of(visible(context, material).id)


def _spec(source: None, ask: Ask, material: str) -> _Spec:
    """For whoever may see the material: those who build front ends read it with their own token."""
    context: Context = ask.context
    if not may(context.actor, "read_shelf"):
        require(context.actor, "read_library")
    return _Spec(context, visible(context, material))


QUESTIONS = {
    "material_reception": graphene.Field(MaterialReception, material=key(), resolver=_reception),
    "tracking_spec": graphene.Field(TrackingSpec, material=key(), resolver=_spec),
}
VERBS: dict[str, graphene.Field] = {}
SIZES = {
    ("MaterialReception", "unfit"): 10, ("MaterialReception", "views"): 30,
    ("MaterialReception", "sittings"): 20, ("TrackingSpec", "events"): 10,
    ("TrackedEvent", "measures"): 5,
}  # fmt: skip
WEIGHTS = {("Query", "materialReception"): 200}
