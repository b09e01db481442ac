"""What a customer does (客户动作) through her own front end: the same acts as on our page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from engagement.customer_acts import ACTS, Outcome, Said, Visit
from kernel.actors import require
from kernel.errors import Forbidden
from kernel.events import Handle
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import key, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class CustomerAct(ObjectType):
    """What came of it."""

    act = graphene.String(required=True)
    won = graphene.Boolean(
        resolver=lambda done, ask: done.draw and done.draw.won, description="Of a draw."
    )
    reward = graphene.String(resolver=lambda done, ask: done.draw and done.draw.reward)
    cancelled = graphene.Int(
        resolver=lambda done, ask: done.opted_out and done.opted_out.cancelled,
        description="Messages that were on their way to her, after opting out.",
    )


def act_on_material(ask: Ask, sent: Sent) -> Outcome:
    """Like, ask for help, leave a contact, book, draw, or opt out of marketing: what she does on
    the page of a material, once; for a customer's own token."""
    context: Context = ask.context
    require(context.actor, "act_as_customer")
    actor = context.actor
    if not actor.customer:
        raise Forbidden("may_not", role=actor.role.value, verb="act_as_customer")
    material = visible(context, sent["material"])
    account = context.accounts.one(actor.account)
    visit = Visit(
        material.id, Handle.parse(actor.customer), account.id, "", str(account.ecosystem)
    )  # fmt: skip
    said = Said(
        sent.get("phone") or "", bool(sent.get("agreed")), sent.get("text") or "",
        sent.get("when") or "",
    )  # fmt: skip
    return context.customer_acts.do(sent["act"], visit, said)


QUESTIONS: dict[str, graphene.Field] = {}
VERBS = {
    "act_on_material": verb(
        "actOnMaterial", "done", CustomerAct, act_on_material,
        material=key(),
        act=graphene.String(required=True, description=", ".join(f"`{each}`" for each in ACTS)),
        phone=graphene.String(), agreed=graphene.Boolean(description="She may be called."),
        text=graphene.String(), when=graphene.String(),
    ),
}  # fmt: skip
SIZES: dict[tuple[str, str], int] = {}
