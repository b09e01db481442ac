"""Who is near (附近的客户), as GraphQL tells a rep. Where she stands is kept nowhere."""

from __future__ import annotations

from typing import Any

import graphene

from data_hub.places import SYSTEMS
from kernel.errors import Invalid
from matching.nearby import Neighbour, place_of
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.customers import Customer
from schemas.graphql.shapes import Moment
from schemas.graphql.types import ObjectType

_MOST = 50
_FURTHEST = 50_000.0


class NearbyCustomer(ObjectType):
    """One of the asker's customers who is near, and said that her place may be looked at."""

    customer = graphene.Field(Customer, required=True)
    metres = graphene.Float(required=True)
    reads = graphene.Int(required=True, description="What she read within thirty days…")
    bought = graphene.Int(required=True, description="…and what she bought.")
    at = Moment(required=True, description="When she was there.")
    score = graphene.Float(required=True, description="Of how near and how active she is, 0 to 1.")
    way = graphene.String(required=True, description="A link that leads there.")


def _nearby(
    source: None,
    ask: Ask,
    latitude: float,
    longitude: float,
    system: str = SYSTEMS[0],
    metres: float | None = None,
) -> list[Neighbour]:
    context: Context = ask.context
    if metres is not None and not 0 < metres <= _FURTHEST:
        raise Invalid("metres", "no_such_place")
    here = place_of(latitude, longitude, system)
    return context.nearby.of(context.actor, here, metres=metres)[:_MOST]


QUESTIONS = {
    "nearby": graphene.Field(
        graphene.List(graphene.NonNull(NearbyCustomer), required=True),
        latitude=graphene.Float(required=True),
        longitude=graphene.Float(required=True),
        system=graphene.String(default_value=SYSTEMS[0], description="`wgs84` or `gcj02`."),
        metres=graphene.Float(description="As far as the company has set it, else 3,000."),
        resolver=_nearby,
        description="The asking rep's own customers around a place, those first who are near and"
        " active; at most 50.",
    ),
}  # fmt: skip
VERBS: dict[str, Any] = {}
SIZES = {("Query", "nearby"): _MOST}
WEIGHTS = {("Query", "nearby"): 50}
