"""Tracked links (埋点链接) in GraphQL: a rep's, on an account, for a customer; with pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import graphene

from channels.live_codes import LiveCode as LiveCodeRecord
from content_hub.materials import Material
from content_hub.tracking import Link
from kernel.actors import may, require
from kernel.errors import Forbidden, NotFound
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes as library
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import key
from schemas.graphql.types import ObjectType


class _Made(NamedTuple):
    code: str
    link: Link


def _material(made: _Made, ask: Ask) -> Material | None:
    """A front end is told of it while it stands on its shelf."""
    try:
        return visible(ask.context, made.link.material)
    except NotFound:
        return None


def _url(made: _Made, ask: Ask) -> str:
    return f"{ask.context.base_url}/t/{made.code}"


def _picture(made: _Made, ask: Ask, format: str | None = None) -> str:
    return f"{_url(made, ask)}/qr.{'png' if format == 'png' else 'svg'}"


def _customer(made: _Made, ask: Ask) -> str | None:
    """Hers to know who may know customers: a front end is told of the link, not for whom."""
    return (made.link.customer or None) if may(ask.context.actor, "read_customers") else None


def _drawn(made: _Made, ask: Ask) -> LiveCodeRecord | None:
    context: Context = ask.context
    return context.live_codes.of_link(made.link.account, made.code) if made.link.account else None


class TrackedLink(ObjectType):
    """A link that counts who opens it (埋点链接): signed for a material, an account, a rep and, if
    it is one customer's own, for her. Whoever opens that may have been sent it on: it is evidence
    on her timeline, and joins nobody to her."""

    url = graphene.String(required=True, resolver=_url)
    code = graphene.String(
        required=True, description="Told along with events, as the property `link`."
    )
    qr = graphene.String(
        required=True, format=graphene.String(default_value="svg"), resolver=_picture,
        description="Where it is drawn as a QR code: `svg`, or `png` for print.",
    )  # fmt: skip
    material = graphene.Field(library.Material, resolver=_material)
    channel = graphene.ID(required=True, resolver=lambda made, ask: made.link.account)
    rep = graphene.ID(resolver=lambda made, ask: made.link.rep or None)
    customer = graphene.ID(
        resolver=_customer, description="For whom; told only to whoever may see customers."
    )
    mini_program_code = graphene.Field(
        "schemas.graphql.ways.LiveCode",
        resolver=_drawn,
        description="Once `drawLink` asked for it; else null.",
    )


def _made(context: Context, sent: Mapping[str, str | None]) -> tuple[_Made, str]:
    """The link, and the title of what it leads to. A rep makes her own, for her customers."""
    material, actor = visible(context, sent["material"] or ""), context.actor
    account = context.account(sent["channel"] or "")
    if actor.account and account != actor.account:
        raise Forbidden("may_not", role=actor.role.value, verb="read_shelf")
    rep, customer = actor.staff if may(actor, "recommend") else "", sent.get("customer") or ""
    if named := sent.get("rep"):
        rep = context.staff.one(named).id
        if rep != actor.staff:
            require(actor, "place_materials")
    if customer:
        customer = context.customers.seen_by(actor).one(customer).id
    link = Link(material.id, account, rep, customer)
    return _Made(context.links.make(*link), link), material.title


def _tracked_link(source: None, ask: Ask, **sent: str | None) -> _Made:
    require(ask.context.actor, "read_shelf")
    return _made(ask.context, sent)[0]


def draw_link(ask: Ask, sent: Mapping[str, str | None]) -> LiveCodeRecord:
    """Have a mini program's code drawn of a link. The same link has the same code."""
    context: Context = ask.context
    if not may(context.actor, "recommend"):
        require(context.actor, "place_materials")
    made, title = _made(context, sent)
    return context.live_codes.share(
        made.link.account, made.code, title, material=made.link.material, by=context.actor.id
    )


def of_code(code: LiveCodeRecord, ask: Ask) -> _Made | None:
    link = ask.context.links.open(code.stands_for) if code.stands_for else None
    return _Made(code.stands_for, link) if link else None


QUESTIONS = {
    "tracked_link": graphene.Field(
        graphene.NonNull(TrackedLink), material=key(), channel=key(), rep=graphene.ID(),
        customer=graphene.ID(), resolver=_tracked_link,
        description="The link of a material on an account. Asking writes nothing.",
    ),
}  # fmt: skip
