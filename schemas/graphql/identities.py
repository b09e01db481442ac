"""Who is who (身份), as GraphQL tells it: handles, links, doubts, and the verbs that decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import graphene

from data_hub.customers import Customer as CustomerSeen
from data_hub.customers import mask_handle
from data_hub.identities import Decision as Decided
from data_hub.identities import Parked, own_id, strength
from kernel.actors import require
from kernel.errors import Invalid, NotFound
from kernel.events import Handle
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.customers import Customer
from schemas.graphql.shapes import Moment, key, verb
from schemas.graphql.types import ObjectType

_VERB = "rule_identities"


class HandleShown(ObjectType):
    """One way she is recognised, masked."""

    class Meta:
        name = "Handle"

    id = graphene.ID(required=True, resolver=lambda handle, ask: own_id(handle))
    kind = graphene.String(required=True)
    scope = graphene.String(required=True, description="Where it has its meaning.")
    masked = graphene.String(required=True, resolver=lambda handle, ask: mask_handle(handle))


@dataclass(frozen=True, slots=True)
class _Link:
    one: Handle
    other: Handle
    at: datetime
    event: str
    refused: bool

    @property
    def account(self) -> str:
        return self.event.partition("/")[0]

    @property
    def strength(self) -> str:
        return strength(str(self.one), str(self.other)).name.lower()


class IdentityLink(ObjectType):
    """An event showed two handles to be one person's."""

    one = graphene.Field(graphene.NonNull(HandleShown))
    other = graphene.Field(graphene.NonNull(HandleShown))
    at = Moment(required=True)
    account = graphene.String(required=True, description="Who told of that event.")
    strength = graphene.String(
        required=True,
        description="proven: a platform says so, or she signed in there; declared: somebody typed"
        " it; together: seen on one device.",
    )
    refused = graphene.Boolean(required=True, description="A guard keeps the two apart.")


class IdentityDecision(ObjectType):
    """What somebody decided about who is who."""

    id = graphene.ID(required=True)
    act = graphene.String(required=True, description="merged, parted, retracted or split.")
    why = graphene.String(required=True)
    by = graphene.String(required=True)
    at = Moment(required=True)
    undone = Moment(resolver=lambda told, ask: told.lifted)
    undone_by = graphene.String(resolver=lambda told, ask: told.lifted_by or None)


@dataclass(frozen=True, slots=True)
class _Identity:
    handles: Collection[Handle]
    links: Collection[_Link]
    decisions: Collection[Decided]


class Identity(ObjectType):
    """By what she is recognised, and why that is thought to be one person."""

    handles = graphene.List(graphene.NonNull(HandleShown), required=True)
    links = graphene.List(graphene.NonNull(IdentityLink), required=True)
    decisions = graphene.List(graphene.NonNull(IdentityDecision), required=True)


class IdentityDoubt(ObjectType):
    """Two people who seem to share a handle: somebody should look."""

    doubt = graphene.String(
        required=True, description="family_phone, shared_device or claimed_twice."
    )
    link = graphene.Field(graphene.NonNull(IdentityLink))
    customers = graphene.List(graphene.NonNull(Customer), required=True)


def _identity(source: None, ask: Ask, customer: str) -> _Identity:
    context: Context = ask.context
    require(context.actor, _VERB)
    her = context.customers.seen_by(context.actor).one(customer)
    identities = context.identities
    links = [
        _Link(Handle.parse(each.one), Handle.parse(each.other), each.at, each.event, each.refused)
        for each in identities.links(her.handles)
    ]
    return _Identity(her.handles, links, identities.decisions.about(her.handles))


@dataclass(frozen=True, slots=True)
class _Doubt:
    doubt: str
    link: _Link
    customers: Collection[CustomerSeen]


def _doubts(source: None, ask: Ask) -> list[_Doubt]:
    """Those of which the asker may know both people."""
    context: Context = ask.context
    require(context.actor, _VERB)
    parked: list[Parked] = context.identities.parked(100)
    ids = {customer for each in parked for customer in each.customers}
    seen = context.customers.seen_by(context.actor).many(ids)
    return [
        _Doubt(
            each.doubt.value, _Link(each.one, each.other, each.at, each.event, True),
            [seen[customer] for customer in each.customers],
        )
        for each in parked
        if set(each.customers) <= seen.keys()
    ]  # fmt: skip


def _seen(ask: Ask, key_: str) -> CustomerSeen:
    context: Context = ask.context
    her = context.customers.seen_by(context.actor).one(key_)
    if not her.handles:
        raise NotFound("customer", key_[:80])
    return her


def _handles(ask: Ask, owns: Collection[str]) -> list[Handle]:
    """Handles by their ids, only those of somebody whom the asker may see."""
    context: Context = ask.context
    found = context.identities.named(owns)
    for own in owns:
        if own not in found:
            raise Invalid("handles", "handle_never_seen", handle=own[:80])
        _seen(ask, own)
    return [found[own] for own in owns]


def merge_customers(ask: Ask, sent: Mapping[str, Any]) -> CustomerSeen:
    """Rule that two customers are one. Nothing is rewritten, and it can be undone."""
    context: Context = ask.context
    require(context.actor, _VERB)
    one, other = _seen(ask, sent["customer"]), _seen(ask, sent["with"])
    context.identities.decisions.unite(
        one.handles, other.handles, by=context.actor.id, why=sent.get("why") or ""
    )
    return one


def split_customer(ask: Ask, sent: Mapping[str, Any]) -> CustomerSeen:
    """Make two of one customer: the handles named go to the other."""
    context: Context = ask.context
    require(context.actor, _VERB)
    her = _seen(ask, sent["customer"])
    context.identities.decisions.split(
        her.handles, _handles(ask, sent["handles"]), by=context.actor.id,
        why=sent.get("why") or "",
    )  # fmt: skip
    return her


def keep_apart(ask: Ask, sent: Mapping[str, Any]) -> Decided:
    """Rule that two handles are two people's, whatever links them."""
    context: Context = ask.context
    require(context.actor, _VERB)
    one, other = _handles(ask, [sent["one"], sent["other"]])
    context.identities.decisions.part(one, other, by=context.actor.id, why=sent.get("why") or "")
    return context.identities.decisions.about([one])[0]


def retract_link(ask: Ask, sent: Mapping[str, Any]) -> Decided:
    """Disbelieve what links two handles: as if no event had ever shown it."""
    context: Context = ask.context
    require(context.actor, _VERB)
    one, other = _handles(ask, [sent["one"], sent["other"]])
    decisions = context.identities.decisions
    decisions.retract(one, other, by=context.actor.id, why=sent.get("why") or "")
    return decisions.about([one])[0]


def undo_decision(ask: Ask, sent: Mapping[str, Any]) -> Decided:
    """Let a decision about who is who count for nothing any more."""
    context: Context = ask.context
    require(context.actor, _VERB)
    decisions = context.identities.decisions
    told = decisions.one(sent["decision"])
    for handle in {end for pair in told.pairs for end in pair}:
        _seen(ask, own_id(handle))
    decisions.undo(told.id, by=context.actor.id)
    return decisions.one(told.id)


_WHY: dict[str, Any] = {"why": graphene.String(description="No name in it: it is kept for ever.")}
_KEYS = graphene.List(graphene.NonNull(graphene.ID), required=True)

QUESTIONS = {
    "identity": graphene.Field(graphene.NonNull(Identity), customer=key(), resolver=_identity),
    "identity_doubts": graphene.List(
        graphene.NonNull(IdentityDoubt), required=True, resolver=_doubts
    ),
}
VERBS = {
    "merge_customers": verb(
        "mergeCustomers", "customer", Customer, merge_customers,
        customer=key(), **{"with": key()}, **_WHY,
    ),
    "split_customer": verb(
        "splitCustomer", "customer", Customer, split_customer,
        customer=key(), handles=_KEYS, **_WHY,
    ),
    "keep_apart": verb(
        "keepApart", "decision", IdentityDecision, keep_apart, one=key(), other=key(), **_WHY
    ),
    "retract_link": verb(
        "retractLink", "decision", IdentityDecision, retract_link, one=key(), other=key(), **_WHY
    ),
    "undo_decision": verb(
        "undoDecision", "decision", IdentityDecision, undo_decision, decision=key()
    ),
}  # fmt: skip
SIZES: dict[tuple[str, str], Any] = {
    ("Query", "identityDoubts"): 100, ("IdentityDoubt", "customers"): 2,
    ("Identity", "handles"): 50, ("Identity", "links"): 50, ("Identity", "decisions"): 20,
}  # fmt: skip
