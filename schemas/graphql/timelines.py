"""Timelines (时间线) as GraphQL tells them: what a customer did and what was done to her."""

from __future__ import annotations

import graphene

from data_hub.catalogue import kind_of
from data_hub.customers import Customer, Happening
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes as library
from schemas.graphql.shapes import (
    Listing,
    Moment,
    connection,
    counted,
    listing,
    or_usual,
    paged,
    texts,
)
from schemas.graphql.types import ObjectType

_KINDS = 100


class TimelineItem(ObjectType):
    """One thing that happened, told once."""

    id = graphene.ID(required=True)
    kind = graphene.String(required=True)
    at = Moment(required=True)
    source = graphene.String(required=True, description="The channel account that told of it.")
    ecosystem = graphene.String(required=True)
    sentence = graphene.String(required=True, description="For people, in the asker's language.")
    material = graphene.Field(
        library.Material,
        resolver=lambda item, ask: library.known(ask.context, item.material),
    )


def _timeline(
    customer: Customer,
    ask: Ask,
    first: int | None = None,
    after: str | None = None,
    kinds: list[str] | None = None,
) -> Listing[Happening]:
    context: Context = ask.context
    wanted = None if kinds is None else {kind_of(each).name for each in kinds[:_KINDS]}
    page = context.customers.seen_by(context.actor).timeline(
        customer.id, before=after, limit=or_usual(first), kinds=wanted,
        count=counted(ask),
    )  # fmt: skip
    library.materials(context).expect(each.material for each in page.items if each.material)
    return listing(page)


def timeline() -> graphene.Field:
    """The field of a customer."""
    return paged(
        connection(TimelineItem), _timeline,
        kinds=texts(description="Of these kinds of events alone, however a front end names them."),
    )  # fmt: skip
