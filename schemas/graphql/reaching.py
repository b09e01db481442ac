"""Reaching (载体与流失) as GraphQL tells it: by what we reach whom, who cut us off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from channels.blocks import Block as BlockRecord
from channels.blocks import BlockReview
from channels.carriers import Carrier, Reach, Way
from kernel.actors import require
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes as library
from schemas.graphql.library.verbs import managed
from schemas.graphql.shapes import Listing, Moment, connection, key, listing, or_usual, paged, verb
from schemas.graphql.types import ObjectType

_CARRIERS = "wecom, official_account, mini_program, group_chat or wechat_personal"


class CarrierReach(ObjectType):
    """One of the five carriers of WeChat, and whom it reaches."""

    carrier = graphene.String(required=True, description=_CARRIERS)
    customers = graphene.Int(required=True)
    chosen = graphene.Boolean(required=True, description="Does the company work with it?")


class TouchOptions(ObjectType):
    """How many customers have so many ways."""

    ways = graphene.Int(required=True)
    customers = graphene.Int(required=True)


class OperatingModel(ObjectType):
    """The carriers that the business decided on, and whom they reach (运营组合)."""

    carriers = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        description="In the order in which they are tried.",
    )  # fmt: skip
    reach = graphene.Int(required=True, description="Customers on at least one of them.")
    customers = graphene.Int(required=True, description="Customers on any of the five.")
    each = graphene.List(graphene.NonNull(CarrierReach), required=True)
    options = graphene.List(graphene.NonNull(TouchOptions), required=True)


class _Told(NamedTuple):
    carriers: list[Carrier]
    found: Reach

    @property
    def reach(self) -> int:
        return self.found.of(self.carriers)

    @property
    def customers(self) -> int:
        return self.found.customers

    @property
    def each(self) -> list[_Each]:
        return [_Each(one.value, self.found.held_by(one), one in self.carriers) for one in Carrier]

    @property
    def options(self) -> list[_Options]:
        return [_Options(*each) for each in self.found.options(self.carriers).items()]


class _Each(NamedTuple):
    carrier: str
    customers: int
    chosen: bool


class _Options(NamedTuple):
    ways: int
    customers: int


class WayToHer(ObjectType):
    """One way to one customer."""

    carrier = graphene.String(required=True, resolver=lambda way, ask: way.carrier.value)
    channel = graphene.ID(required=True, resolver=lambda way, ask: way.account.id)
    name = graphene.String(required=True, resolver=lambda way, ask: way.account.name)


class Touched(ObjectType):
    """Something that reached her before she left."""

    delivery = graphene.ID(required=True)
    material = graphene.ID(description="Null if it was words alone.")
    channel = graphene.ID(required=True)
    at = graphene.String(required=True)


class _Touch(NamedTuple):
    delivery: str
    material: str | None
    channel: str
    at: str


def _touches(block: BlockRecord, ask: Ask) -> list[_Touch]:
    return [
        _Touch(each["delivery"], each["material"] or None, each["account"], each["at"])
        for each in block.touches
    ]


class Block(ObjectType):
    """Somebody cut off one of our accounts or reps, and what reached her last (拉黑与删除)."""

    id = graphene.ID(required=True, source="source")
    channel = graphene.ID(required=True, source="account")
    rep = graphene.ID(resolver=lambda block, ask: block.rep or None)
    at = Moment(required=True)
    material = graphene.ID(
        resolver=lambda block, ask: block.material or None, description="What is to blame."
    )
    touches = graphene.List(graphene.NonNull(Touched), required=True, resolver=_touches)


class PausedContent(ObjectType):
    """A material that drove people away, and stands nowhere until somebody has looked at it."""

    material = graphene.Field(
        library.Material, resolver=lambda paused, ask: library.known(ask.context, paused.material)
    )
    paused = Moment(required=True)
    blocks = graphene.Int(required=True)
    reached = graphene.Int(required=True)
    rate = graphene.Float(required=True)
    reviewed = Moment()


def ways_to(customer: Any, ask: Ask) -> list[Way]:
    """Every way to her, the first one first."""
    context: Context = ask.context
    require(context.actor, "read_customers")
    return context.carriers.ways(customer.id)


def _model(source: None, ask: Ask) -> _Told:
    context: Context = ask.context
    require(context.actor, "read_boards")
    return _Told(context.carriers.model(), context.carriers.reach())


def _blocks(
    source: None, ask: Ask, first: int | None = None, after: str | None = None
) -> Listing[BlockRecord]:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    return listing(context.blocks.page(first=or_usual(first), after=after))


def _paused(source: None, ask: Ask) -> list[BlockReview]:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    found = context.blocks.paused()
    library.materials(context).expect(each.material for each in found)
    return found


def decide_operating_model(ask: Ask, sent: Mapping[str, Any]) -> _Told:
    """Work with these carriers from now on, the first one first."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    context.carriers.decide(sent["carriers"], by=context.actor.id)
    return _Told(context.carriers.model(), context.carriers.reach())


def release_material(ask: Ask, sent: Mapping[str, Any]) -> BlockReview:
    """Somebody looked at what drove people away: it stands again, and counting begins anew."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    material = managed(context, sent["material"])
    return context.blocks.release(material.id, by=context.actor.id)


QUESTIONS = {
    "operating_model": graphene.Field(
        OperatingModel, resolver=_model, description="By which carriers whom we reach in WeChat."
    ),
    "blocks": paged(connection(Block), _blocks),
    "paused_content": graphene.Field(
        graphene.List(graphene.NonNull(PausedContent), required=True), resolver=_paused,
        description="What drives people away and waits to be looked at, the worst first.",
    ),
}  # fmt: skip
VERBS = {
    "decide_operating_model": verb(
        "decideOperatingModel", "operating_model", OperatingModel, decide_operating_model,
        carriers=graphene.List(
            graphene.NonNull(graphene.String), required=True, description=_CARRIERS
        ),
    ),
    "release_material": verb(
        "releaseMaterial", "released", PausedContent, release_material, material=key()
    ),
}  # fmt: skip

SIZES = {
    ("OperatingModel", "carriers"): 5, ("OperatingModel", "each"): 5,
    ("OperatingModel", "options"): 5, ("Customer", "ways"): 5, ("Block", "touches"): 5,
    ("Query", "pausedContent"): 20,
}  # fmt: skip
