"""Customers and what to say to them (客户与推荐), as GraphQL tells it. Masks and scores nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import graphene

from channels.deliveries import Delivery as DeliveryRecord
from data_hub.customers import Customer as CustomerSeen
from data_hub.profiles import Profile
from engagement.sharing import Script as Begun
from kernel.actors import require
from matching.offers import Absence, Item
from matching.offers import WhyNot as Answered
from matching.recommender import Offered
from schemas.graphql import reaching, referring, standing, timelines
from schemas.graphql.binding import Ask
from schemas.graphql.context import Batch, Context
from schemas.graphql.library import shapes as library
from schemas.graphql.library.questions import own_account, visible
from schemas.graphql.operations import Delivery
from schemas.graphql.shapes import (
    Listing,
    Moment,
    Value,
    connection,
    counted,
    key,
    listing,
    or_usual,
    paged,
    verb,
)
from schemas.graphql.types import ObjectType

_TAGS = 10


class TagLean(ObjectType):
    """How much she leans towards a tag."""

    tag = graphene.Field(graphene.NonNull(library.Tag))
    weight = graphene.Float(required=True)


class _Lean(NamedTuple):
    tag: Any
    weight: float


def _profile(customer: CustomerSeen, ask: Ask) -> Profile | None:
    found: Profile | None = ask.context.batch("profiles", ask.context.profiles.many).of(customer.id)
    return found


def _leans(customer: CustomerSeen, ask: Ask, first: int | None = None) -> list[_Lean]:
    profile = _profile(customer, ask)
    if profile is None:
        return []
    tree = ask.context.tree
    strongest = sorted(profile.affinity(ask.context.now).items(), key=lambda each: -each[1])
    known = [_Lean(tag, weight) for id_, weight in strongest if (tag := tree.find(id_))]
    return known[: max(0, min(_TAGS if first is None else first, 100))]


def _no_marketing_now(customer: CustomerSeen, ask: Ask) -> str | None:
    context: Context = ask.context
    if not customer.handles:
        return None
    said = context.touch_policy.why_not_now
    return said(customer.handles[0], context.language, rep=context.actor.staff)


class Customer(ObjectType):
    """Somebody we know, as far as the asker may see her."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    phone = graphene.String(required=True)
    masked = graphene.Boolean(required=True, description="Name and phone are shown in part.")
    rep = graphene.ID(required=True, description="Who looks after her.")
    unit = graphene.ID(required=True)
    last_at = Moment(description="When anything was last heard of her.")
    leans = graphene.List(
        graphene.NonNull(TagLean),
        required=True,
        first=graphene.Int(default_value=_TAGS),
        resolver=_leans,
        description="What she turns to, the strongest first.",
    )
    timeline = timelines.timeline()
    ways = graphene.List(
        graphene.NonNull(reaching.WayToHer), required=True, resolver=reaching.ways_to,
        description="Every way to her in WeChat that the operating model allows, in its order.",
    )  # fmt: skip
    no_marketing_now = graphene.String(
        resolver=_no_marketing_now,
        description="Why no marketing should go to her now, and from when it may, in one sentence "
        "in the asker's language; null if nothing speaks against it.",
    )
    locals().update(standing.FIELDS)
    locals().update(referring.FIELDS)


CustomerConnection = connection(Customer)


class CustomerFilter(graphene.InputObjectType):
    """Which customers."""

    handle = graphene.String(description="Any id of hers, as she is known on any platform.")
    rep = graphene.ID(description="Whom this rep looks after.")
    text = graphene.String(
        description="Part of a name, the last four digits of a phone number, or all of it."
    )


def _customers(
    source: None,
    ask: Ask,
    filter: Mapping[str, Any] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[CustomerSeen]:
    context: Context = ask.context
    require(context.actor, "read_customers")  # a customer's own token answers no such question
    wanted = {name: text for name, text in (filter or {}).items() if text is not None}
    page = context.customers.seen_by(context.actor).page(
        first=or_usual(first), after=after, count=counted(ask), **wanted
    )
    context.batch("profiles", context.profiles.many).expect(each.id for each in page.items)
    return listing(page)


def _customer(source: None, ask: Ask, id: str) -> CustomerSeen:
    context: Context = ask.context
    require(context.actor, "read_customers")
    return context.customers.seen_by(context.actor).one(id)


class Script(ObjectType):
    """What to say, filled in for this customer."""

    id = graphene.ID(required=True)
    text = graphene.String(required=True)


class Reason(ObjectType):
    """One part of a score. The weights of all reasons add up to it."""

    kind = graphene.String(required=True)
    text = graphene.String(
        required=True,
        resolver=lambda reason, ask: reason.text(ask.context.language),
        description="For people, in the asker's language.",
    )
    weight = graphene.Float(required=True)
    evidence = Value(
        resolver=lambda reason, ask: dict(reason.evidence),
        description="What a person can check it against.",
    )


def _words(context: Context, offered: Offered) -> Batch[str]:
    """Scripts as the asker says them to this customer. Knows no context, which would hold itself by
    it, and with it the scores of everything on the shelf, until somebody looked for cycles."""
    said = context.recommender.said
    return context.batch(
        f"words for {offered.asked.customer.id}", lambda ids: said(offered.asked, ids)
    )


def _script(suggested: _Suggested, ask: Ask) -> _Said | None:
    script = suggested.item.script
    if script and "text" not in ask.selected:
        return _Said(script, "")  # nobody wants it said
    text = suggested.words.of(script) if script else None
    return _Said(script, text) if script and text is not None else None


def _told(name: str) -> Callable[[_Suggested, Ask], Any]:
    return lambda suggested, ask: getattr(suggested.item, name)


class Suggestion(ObjectType):
    """One material to offer, at its place in the list."""

    class Meta:
        name = "RecommendedItem"

    position = graphene.Int(required=True, resolver=_told("position"))
    score = graphene.Float(required=True, resolver=_told("score"))
    propensity = graphene.Float(
        required=True,
        resolver=_told("propensity"),
        description="How likely it was to be shown at this place.",
    )
    material = graphene.Field(
        library.Material,
        resolver=lambda suggested, ask: library.known(ask.context, suggested.item.material),
    )
    script = graphene.Field(Script, resolver=_script)
    reasons = graphene.List(graphene.NonNull(Reason), required=True, resolver=_told("reasons"))


class Absent(ObjectType):
    """Why contents on the shelf are not offered to her, and how many."""

    key = graphene.String(required=True)
    count = graphene.Int(required=True)
    text = graphene.String(
        required=True,
        resolver=lambda absence, ask: absence.text(ask.context.language),
        description="For people, in the asker's language.",
    )


class WhyNot(ObjectType):
    """Why a material is not on a customer's list, or where it stands on it."""

    key = graphene.String(required=True)
    text = graphene.String(
        required=True,
        resolver=lambda why, ask: why.text(ask.context.language),
        description="For people, in the asker's language.",
    )
    reasons = graphene.List(
        graphene.NonNull(Reason), required=True, description="What its score is made of."
    )


class Recommendations(ObjectType):
    """What to offer a customer now, and why."""

    id = graphene.ID(required=True, description="The offer as it is kept.")
    as_of = Moment(required=True)
    items = graphene.List(graphene.NonNull(Suggestion), required=True)
    absent = graphene.List(
        graphene.NonNull(Absent),
        required=True,
        description="What the rules kept off the list, by the reason.",
    )
    held_out = graphene.Boolean(
        required=True,
        description="She is in the hold-out: the list looks neither at what she does nor at who she"
        " is, so that what lists are worth can be measured.",
    )
    degraded = graphene.Boolean(
        required=True,
        description="Counts are far behind what happened: neighbours and popularity are lacking.",
    )


class _Suggested(NamedTuple):
    """An item of an offer, and how its scripts are said to whom it was made for."""

    words: Batch[str]
    item: Item


class _Said(NamedTuple):
    id: str
    text: str


class _Offered(NamedTuple):
    id: str
    as_of: datetime
    items: list[_Suggested]
    absent: list[Absence]
    held_out: bool
    degraded: bool


def _recommendations(
    source: None, ask: Ask, customer: str, first: int | None = None, channel: str | None = None
) -> _Offered:
    context: Context = ask.context
    require(context.actor, "recommend")
    offered = context.recommender.offered(
        customer, context.actor, first=10 if first is None else first,
        account=own_account(context, channel) if channel else "",
    )  # fmt: skip
    offer, items = offered.offer, offered.items
    library.materials(context).expect(item.material for item in items)
    words = _words(context, offered)
    words.expect(item.script for item in items if item.script)
    suggested = [_Suggested(words, item) for item in items]
    return _Offered(offer.id, offer.at, suggested, offer.absent(), offer.held, offer.degraded)


def _why_not(source: None, ask: Ask, customer: str, material: str) -> Answered:
    context: Context = ask.context
    require(context.actor, "recommend")
    return context.recommender.why_not(customer, context.actor, visible(context, material).id)


def send_material(ask: Ask, sent: Mapping[str, Any]) -> DeliveryRecord:
    """Send a customer something through a channel account: queued, and asked again at the last
    moment whether it may go. The same material goes to her once a day."""
    context: Context = ask.context
    require(context.actor, "recommend")
    her = context.customers.seen_by(context.actor).one(sent["customer"])
    material = visible(context, sent["material"])
    account = own_account(context, sent["channel"])
    delivery = context.sharing.share(
        context.actor, her, material, channel=account, words=sent.get("words") or "",
        occasion=f"rep/{context.actor.id}/{material.id}/{context.zone.day(context.now)}",
        override=sent.get("override") or "", script=_begun_as(context, her, sent.get("script")),
    )  # fmt: skip
    assert delivery is not None  # noqa: S101 - an account, not the link
    return delivery


def _begun_as(context: Context, her: CustomerSeen, script: str | None) -> Begun | None:
    """The script that a rep's words began as."""
    if not script:
        return None
    key = visible(context, script).id
    found = context.recommender.words(her.id, context.actor, [key])
    return Begun(key, found[key]) if key in found else None


def reveal_customer(ask: Ask, sent: Mapping[str, Any]) -> CustomerSeen:
    """Her name and phone in full: written down with who asked, and only so often a day."""
    context: Context = ask.context
    return context.customers.seen_by(context.actor).reveal(sent["customer"])


def note_talk(ask: Ask, sent: Mapping[str, Any]) -> CustomerSeen:
    """A rep talked with her where no channel hears: one tap, counted as a word of hers."""
    context: Context = ask.context
    seen = context.customers.seen_by(context.actor)
    return seen.talked(sent["customer"], once=sent.get("once") or "")


QUESTIONS = {
    "customer": graphene.Field(Customer, id=key(), resolver=_customer),
    "customers": paged(CustomerConnection, _customers, filter=CustomerFilter()),
    "recommendations": graphene.Field(
        Recommendations,
        customer=key(),
        first=graphene.Int(default_value=10, description="At most 100."),
        channel=graphene.ID(description="Only what stands on this account's shelf."),
        resolver=_recommendations,
    ),
    "why_not": graphene.Field(
        WhyNot,
        customer=key(),
        material=key(),
        resolver=_why_not,
        description="Why a material is not among what she is offered, whatever it is.",
    ),
}

VERBS = {
    "send_material": verb(
        "sendMaterial", "delivery", Delivery, send_material,
        customer=key(), material=key(), channel=key(),
        words=graphene.String(description="What is said beside it."),
        script=graphene.ID(description="What these words began as: that they went along is noted."),
        override=graphene.String(
            description="Why it is sent although the touch policy advises against it."
        ),
    ),
    "reveal_customer": verb(
        "revealCustomer", "customer", Customer, reveal_customer, customer=key()
    ),
    "note_talk": verb(
        "noteTalk", "customer", Customer, note_talk, customer=key(),
        once=graphene.String(description="Names the tap, so that sending it again counts once."),
    ),
}  # fmt: skip

SIZES = {
    ("RecommendedItem", "reasons"): 20, ("WhyNot", "reasons"): 20,
    ("Recommendations", "absent"): 10, **standing.SIZES,
}  # fmt: skip
WEIGHTS = {
    ("Query", "recommendations"): 100, ("Query", "whyNot"): 100,
    ("Customer", "timeline"): 5, ("Customer", "noMarketingNow"): 5,
}  # fmt: skip
