"""Remakes (翻拍) as GraphQL tells them: the tree below a video, with who watched through whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from content_hub.materials import Material as MaterialRecord
from content_hub.remakes import Branch
from kernel.actors import require
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import key, verb

_SHOWN, _REPS = 50, 20


class _Through(NamedTuple):
    rep: str
    views: int


class RepViews(graphene.ObjectType):
    """How often something was looked at through one rep's links in the last 30 days."""

    rep = graphene.ID(required=True, description="Empty for nobody's link.")
    views = graphene.Int(required=True)


def _through(branch: Branch, ask: Ask) -> list[_Through]:
    counted = ask.context.receptions.seen_through(branch.material.id)
    return [_Through(*each) for each in counted[:_REPS]]


class Remake(graphene.ObjectType):
    """A video that was made after another of ours."""

    material = graphene.Field(graphene.NonNull(shapes.Material))
    template = graphene.ID(required=True)
    rep = graphene.ID(required=True, description="Who made it; empty for nobody of the reps.")
    depth = graphene.Int(required=True, description="1 for what was made after the root itself.")
    views = graphene.List(graphene.NonNull(RepViews), required=True, resolver=_through)


def _tree(source: None, ask: Ask, material: str) -> list[Branch]:
    context: Context = ask.context
    require(context.actor, "read_library")
    below = context.remakes.tree(visible(context, material).id)
    return [each for each in below if context.sees(each.material.unit)][:_SHOWN]


def remake_material(ask: Ask, sent: Mapping[str, Any]) -> MaterialRecord:
    """Make a video after another: a draft with its outline, offer and tags, or, with a link, what
    was published already. It is the rep's who hands it in, or of whoever is named."""
    context: Context = ask.context
    require(context.actor, "remake_videos")
    rep = context.staff.one(sent["rep"]).id if sent.get("rep") else context.actor.staff
    return context.remakes.make(
        visible(context, sent["material"]).id, title=sent.get("title") or "",
        url=sent.get("url") or "", rep=rep,
        unit=context.actor.unit, by=context.actor.id,
    )  # fmt: skip


QUESTIONS = {
    "remakes": graphene.Field(
        graphene.List(graphene.NonNull(Remake), required=True), material=key(), resolver=_tree
    ),
}
VERBS = {
    "remake_material": verb(
        "remakeMaterial", "material", shapes.Material, remake_material,
        material=key(), title=graphene.String(), url=graphene.String(), rep=graphene.ID(),
    ),
}  # fmt: skip
SIZES = {("Query", "remakes"): _SHOWN, ("Remake", "views"): _REPS}
WEIGHTS = {("Remake", "views"): 2}
