"""Reports on content (内容报表) as GraphQL tells them: gaps, reuse, near-duplicates."""

from __future__ import annotations

from typing import Any

import graphene

from content_hub.duplicates import Near
from content_hub.tags import FACETS
from content_hub.tags import Tag as TagRecord
from kernel.actors import require
from kernel.errors import Invalid
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import key
from schemas.graphql.types import ObjectType


@dataclass(frozen=True, slots=True)
class _Covered:
    tag: TagRecord
    count: int


class Coverage(ObjectType):
    """How many materials stand under a tag; none is a gap."""

    tag = graphene.Field(shapes.Tag, required=True)
    count = graphene.Int(required=True)


class Duplicate(ObjectType):
    """A material that is almost the same."""

    material = graphene.Field(
        shapes.Material, resolver=lambda near, ask: shapes.known(ask.context, near.material)
    )
    kind = graphene.String(required=True, description="`text` or `cover`.")
    bits = graphene.Int(required=True, description="How many of 64 differ.")


class Reuse(ObjectType):
    """How often a material is used: deliveries by distinct materials."""

    deliveries = graphene.Int(required=True)
    materials = graphene.Int(required=True)
    ratio = graphene.Float(required=True)


def _coverage(
    source: None, ask: Ask, facet: str, channels: list[str] | None = None
) -> list[_Covered]:
    context: Context = ask.context
    require(context.actor, "read_library")
    if facet not in FACETS:
        raise Invalid("facet", "unknown_facet", facets=[*FACETS])
    accounts = [context.account(each) for each in channels or ()]
    return [_Covered(*each) for each in context.shelf.coverage(facet, accounts, context.now)]


def _duplicates(source: None, ask: Ask, material: str) -> list[Near]:
    context: Context = ask.context
    require(context.actor, "read_library")
    found = context.duplicates.of(visible(context, material).id)[:50]
    shapes.materials(context).expect(near.material for near in found)
    return found


def _reuse(source: None, ask: Ask) -> Any:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    return context.deliveries.reuse()


QUESTIONS = {
    "coverage": graphene.Field(
        graphene.List(graphene.NonNull(Coverage), required=True),
        facet=graphene.String(required=True),
        channels=graphene.List(graphene.NonNull(graphene.ID)), resolver=_coverage,
    ),
    "near_duplicates": graphene.Field(
        graphene.List(graphene.NonNull(Duplicate), required=True), material=key(),
        resolver=_duplicates,
    ),
    "reuse": graphene.Field(graphene.NonNull(Reuse), resolver=_reuse),
}  # fmt: skip
VERBS: dict[str, graphene.Field] = {}
SIZES = {("Query", "coverage"): 100, ("Query", "nearDuplicates"): 50}
WEIGHTS: dict[tuple[str, str], int] = {}
