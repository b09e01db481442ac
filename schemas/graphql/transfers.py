"""Transfers (客户接替) as GraphQL tells them: customers of one rep who become another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.transfers import Transfer as TransferRecord
from kernel.actors import require
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Listing, Moment, connection, key, listing, or_usual, paged, verb
from schemas.graphql.types import ObjectType


class Transfer(ObjectType):
    """One customer who goes from one rep to another, on the platform where they are friends."""

    id = graphene.ID(required=True)
    channel = graphene.ID(required=True, source="account")
    customer = graphene.ID(
        required=True,
        resolver=lambda transfer, ask: ask.context.batch(
            "customers_of", ask.context.identities.customers_of
        ).of(transfer.handle),
    )
    giver = graphene.ID(required=True)
    taker = graphene.ID(required=True)
    resigned = graphene.Boolean(required=True, description="The giver works here no more.")
    progress = graphene.String(
        required=True, description="awaiting_person, submitted, shown (done), refused or expired"
    )
    reason = graphene.String(
        required=True,
        resolver=lambda transfer, ask: (
            say(transfer.reason, ask.context.language) if transfer.reason else ""
        ),
    )
    asked = Moment(required=True)
    settled = Moment()


def _transfers(
    source: None,
    ask: Ask,
    channel: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[TransferRecord]:
    context: Context = ask.context
    require(context.actor, "hand_over_customers")
    return listing(
        context.transfers.page(
            account=context.account(channel) if channel else "",
            first=or_usual(first),
            after=after,
        )
    )


def hand_over_customers(ask: Ask, sent: Mapping[str, Any]) -> list[TransferRecord]:
    """Give customers of one rep to another. The platform gives them after a day, unless they say
    no; who is under way already is left out."""
    context: Context = ask.context
    require(context.actor, "hand_over_customers")
    seen = context.customers.seen_by(context.actor)
    hers = [seen.one(each).id for each in sent["customers"]]
    handles = context.identities.handles_of(hers)
    return context.transfers.hand_over(
        context.account(sent["channel"]),
        [handle for each in hers for handle in handles.get(each, ())],
        giver=context.staff.one(sent["giver"]).id,
        taker=context.staff.one(sent["taker"]).id,
        words=sent.get("words") or "",
        resigned=bool(sent.get("resigned")),
        by=context.actor.id,
    )


QUESTIONS = {"transfers": paged(connection(Transfer), _transfers, channel=graphene.ID())}
VERBS = {
    "hand_over_customers": verb(
        "handOverCustomers", "transfers",
        graphene.Field(graphene.List(graphene.NonNull(Transfer))), hand_over_customers,
        channel=key(), customers=graphene.List(graphene.NonNull(graphene.ID), required=True),
        giver=graphene.ID(required=True), taker=graphene.ID(required=True),
        words=graphene.String(description="What the platform says to her once it is done."),
        resigned=graphene.Boolean(description="The giver works here no more."),
    )
}  # fmt: skip

SIZES = {("HandOverCustomersPayload", "transfers"): 100}
