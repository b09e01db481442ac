"""Referrals (转介绍) as GraphQL tells them: whose code brought whom, and what is owed for it.

Names nobody whom the asker may not see: her place in the chain stays, without her.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import graphene

from data_hub.customers import Customer as CustomerSeen
from data_hub.referrals import Brought, Chain, Inviter, Ledger, cents
from kernel.actors import may, require
from kernel.errors import NotFound
from kernel.events import Handle
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Listing, Moment, connection, key, listing, or_usual, paged, verb
from schemas.graphql.splitting import part, split
from schemas.graphql.types import ObjectType

_CUSTOMER = "schemas.graphql.customers.Customer"
_MOST = 10_000_000


def _known(told: Brought | Inviter, ask: Ask) -> CustomerSeen | None:
    """Whoever it is, if the asker may see her."""
    context: Context = ask.context
    if not may(context.actor, "read_customers"):
        return None
    seen = context.customers.seen_by(context.actor)
    found: CustomerSeen | None = context.batch("seen customers", seen.many).of(told.customer)
    return found


class _Order(NamedTuple):
    at: Any
    product: str
    amount: float
    reward: float


class ReferralOrder(ObjectType):
    """What she bought since she came, and what that earned her inviter."""

    at = Moment(required=True)
    product = graphene.String(required=True)
    amount = graphene.Float(required=True, description="Without what was paid back.")
    reward = graphene.Float(required=True)


def _orders(brought: Brought, ask: Ask) -> list[_Order]:
    return [
        _Order(order.at, order.product, order.cents / 100, earns / 100)
        for order, earns in brought.orders
    ]


class Referral(ObjectType):
    """Somebody came with somebody's code; seen from either end."""

    customer = graphene.Field(
        _CUSTOMER, resolver=_known, description="The other end; null if you may not see her."
    )
    at = Moment(required=True)
    step = graphene.String(
        required=True, description="invited, registered, qualified (she bought) or rewarded"
    )
    refused = graphene.String(
        resolver=lambda told, ask: told.refused or None,
        description="Why it does not count: self, loop, taken or not_new.",
    )
    orders = graphene.List(graphene.NonNull(ReferralOrder), required=True, resolver=_orders)


def _money(name: str) -> Any:
    return lambda told, ask: getattr(told.ledger, name) / 100


_LEDGER: dict[str, Any] = {
    "granted": graphene.Float(required=True, resolver=_money("granted")),
    "taken_back": graphene.Float(
        required=True, resolver=_money("taken_back"), description="After refunds."
    ),
    "paid": graphene.Float(required=True, resolver=_money("paid")),
    "owed": graphene.Float(
        required=True, resolver=_money("owed"),
        description="Granted, without what was taken back and paid.",
    ),
}  # fmt: skip


class ReferralChain(ObjectType):
    """One customer's place: who brought her, whom she brought, what she is owed for it."""

    code = graphene.String(
        resolver=lambda chain, ask: chain.code or None, description="What she passes on."
    )
    came_by = graphene.Field(Referral)
    brought = graphene.List(graphene.NonNull(Referral), required=True)
    locals().update(_LEDGER)


class ReferralInviter(ObjectType):
    """Somebody who brings customers."""

    customer = graphene.Field(
        _CUSTOMER, resolver=_known, description="Null if you may not see her."
    )
    brought = graphene.Int(required=True)
    bought = graphene.Int(required=True, description="How many of those bought something.")
    spent = graphene.Float(
        required=True, resolver=lambda told, ask: told.spent / 100,
        description="What they paid, in yuan.",
    )  # fmt: skip
    locals().update(_LEDGER)


def chain_of(customer: CustomerSeen, ask: Ask) -> Chain:
    """For `Customer.referrals`."""
    context: Context = ask.context
    if not customer.handles:
        return Chain("", None, [], Ledger())
    told = context.referrals.chains.of(customer.handles)
    ends = [*told.brought, *([told.came_by] if told.came_by else [])]
    seen = context.customers.seen_by(context.actor)
    context.batch("seen customers", seen.many).expect(each.customer for each in ends)
    return told


def _board(
    source: None,
    ask: Ask,
    first: int | None = None,
    after: str | None = None,
    ecosystem: str = "",
) -> Listing[Inviter]:
    context: Context = ask.context
    require(context.actor, "read_boards")
    _, among = split(context, ecosystem)
    page = context.referrals.chains.board(first=or_usual(first), after=after, among=among)
    if may(context.actor, "read_customers"):
        seen = context.customers.seen_by(context.actor)
        context.batch("seen customers", seen.many).expect(each.customer for each in page.items)
    return listing(page)


def _hers(ask: Ask, customer: str) -> Sequence[Handle]:
    context: Context = ask.context
    her = context.customers.seen_by(context.actor).one(customer)
    if not her.handles:
        raise NotFound("customer", customer[:80])
    return her.handles


class ReferralCode(ObjectType):
    """What a customer passes on, so that we know who sent her friends."""

    code = graphene.String(required=True)
    made = Moment(required=True)


def issue_referral_code(ask: Ask, sent: Mapping[str, Any]) -> Any:
    """A customer's code; the one she has, if she has one. A customer's own token needs to name
    nobody: it is hers."""
    context: Context = ask.context
    if context.actor.customer:
        require(context.actor, "act_as_customer")
        hers: Sequence[Handle] = [Handle.parse(context.actor.customer)]
    else:
        require(context.actor, "recommend")
        hers = _hers(ask, sent.get("customer") or "")
    return context.referrals.issue(hers, by=context.actor.id)


def pay_referral_reward(ask: Ask, sent: Mapping[str, Any]) -> Chain:
    """Note that an inviter was paid so much: never more than she is owed."""
    context: Context = ask.context
    require(context.actor, "pay_rewards")
    hers = _hers(ask, sent["customer"])
    amount = min(max(sent["amount"], 0), _MOST)
    context.referrals.pay(hers, cents(amount), by=context.actor.id)
    return context.referrals.chains.of(hers)


FIELDS: dict[str, Any] = {
    "referrals": graphene.Field(
        graphene.NonNull(ReferralChain), resolver=chain_of,
        description="Whose code brought her, and whom hers brought.",
    ),
}  # fmt: skip
"""What `Customer` tells of them."""
QUESTIONS = {"referral_board": paged(connection(ReferralInviter), _board, ecosystem=part())}
VERBS = {
    "issue_referral_code": verb(
        "issueReferralCode", "referral_code", ReferralCode, issue_referral_code,
        customer=graphene.ID(description="Whose; a customer's own token names nobody."),
    ),
    "pay_referral_reward": verb(
        "payReferralReward", "referrals", ReferralChain, pay_referral_reward,
        customer=key(), amount=graphene.Float(required=True, description="In yuan."),
    ),
}  # fmt: skip
SIZES = {
    ("ReferralChain", "brought"): 20, ("Referral", "orders"): 5,
}  # fmt: skip
WEIGHTS = {("Customer", "referrals"): 5}
