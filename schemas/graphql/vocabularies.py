"""Tags on platforms (平台标签): which facets of ours are kept there, and who wears them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.vocabularies import SharedFacet as SharedFacetRecord
from kernel.actors import require
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Moment, key, verb


class SharedFacet(graphene.ObjectType):
    """A facet of ours that is kept on a platform, renamed there as it is here."""

    channel = graphene.ID(required=True, source="account")
    facet = graphene.String(required=True)
    at = Moment(required=True)
    there = graphene.Boolean(
        required=True,
        resolver=lambda kept, ask: bool(kept.said) and not kept.reason,
        description="Has the platform taken what we have?",
    )
    reason = graphene.String(
        required=True,
        resolver=lambda kept, ask: say(kept.reason, ask.context.language) if kept.reason else "",
        description="Why not yet.",
    )


def _shared(source: None, ask: Ask) -> list[SharedFacetRecord]:
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.vocabularies.shared()


def share_facet(ask: Ask, sent: Mapping[str, Any]) -> SharedFacetRecord:
    """Keep a facet of ours on a platform from now on. Saying it again asks the platform at once."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.vocabularies.share(sent["channel"], sent["facet"], by=context.actor.id)


def mark_customers(ask: Ask, sent: Mapping[str, Any]) -> int:
    """Put tags of ours on customers on the platform, and take others off; twenty at once."""
    context: Context = ask.context
    require(context.actor, "read_customers")
    seen = context.customers.seen_by(context.actor)
    hers = [seen.one(each).id for each in sent["customers"]]
    handles = context.identities.handles_of(hers)
    return context.vocabularies.mark(
        context.account(sent["channel"]),
        [handle for each in hers for handle in handles.get(each, ())],
        add=sent.get("add") or (),
        remove=sent.get("remove") or (),
        by=context.actor.id,
    )


QUESTIONS = {
    "shared_facets": graphene.Field(
        graphene.List(graphene.NonNull(SharedFacet)), required=True,
        resolver=_shared, description="Which facets of ours are kept on which platform.",
    )
}  # fmt: skip
VERBS = {
    "share_facet": verb(
        "shareFacet", "shared_facet", SharedFacet, share_facet, channel=key(),
        facet=graphene.String(required=True),
    ),
    "mark_customers": verb(
        "markCustomers", "marked", graphene.Int, mark_customers, channel=key(),
        customers=graphene.List(graphene.NonNull(graphene.ID), required=True),
        add=graphene.List(graphene.NonNull(graphene.ID)),
        remove=graphene.List(graphene.NonNull(graphene.ID)),
    ),
}  # fmt: skip

SIZES = {("Query", "shared_facets"): 20}
