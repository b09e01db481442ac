"""Ways in (获客入口): live codes, members of a platform, and tasks that wait for a rep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.deliveries import Delivery as DeliveryRecord
from channels.hand_offs import HandOff as HandOffRecord
from channels.live_codes import CODE
from channels.live_codes import LiveCode as LiveCodeRecord
from channels.reps import Member as MemberRecord
from kernel.actors import require
from kernel.wording import say
from schemas.graphql import links
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.questions import visible
from schemas.graphql.operations import Delivery
from schemas.graphql.shapes import Listing, Moment, connection, listing, or_usual, paged, verb
from schemas.graphql.types import ObjectType


def _why(code: LiveCodeRecord, ask: Ask) -> str:
    return say(code.reason, ask.context.language) if code.reason else ""


class LiveCode(ObjectType):
    """A code for one way a customer may come, its reps and its welcome (渠道活码)."""

    id = graphene.ID(required=True)
    channel = graphene.ID(required=True, source="account")
    name = graphene.String(required=True)
    state = graphene.String(required=True, description="Comes back with whoever scanned it.")
    reps = graphene.List(graphene.NonNull(graphene.ID), required=True)
    words = graphene.String(required=True, description="The welcome message.")
    material = graphene.ID(resolver=lambda code, ask: code.material or None)
    picture = graphene.String(
        resolver=lambda code, ask: code.picture or None,
        description="Where the code is drawn; null until the platform has made it.",
    )
    kind = graphene.String(required=True, description="code, link, group or shared")
    tracked_link = graphene.Field(
        links.TrackedLink, resolver=links.of_code,
        description="What a `shared` one stands for: told along with the events that follow.",
    )  # fmt: skip
    groups = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        description="What the platform calls the groups that it leads into.",
    )  # fmt: skip
    address = graphene.String(
        resolver=lambda code, ask: code.address or None, description="Where a link leads."
    )
    reason = graphene.String(required=True, resolver=_why, description="Why it has not yet.")
    created = Moment(required=True)
    dropped = Moment()


class PlatformMember(ObjectType):
    """Who a member of a platform's company account is here."""

    channel = graphene.ID(required=True, source="account")
    userid = graphene.String(required=True)
    staff = graphene.ID(required=True)


class HandOff(ObjectType):
    """One post that a person posts for us where no interface may (人工发布)."""

    id = graphene.ID(required=True)
    channel = graphene.ID(required=True, source="account")
    title = graphene.String(required=True)
    words = graphene.String(required=True)
    body = graphene.String(required=True, description="HTML.")
    link = graphene.String(required=True, description="Tracked; goes along with it.")
    standing = graphene.String(
        required=True,
        resolver=lambda hand_off, ask: hand_off.standing.value,
        description="waiting, posted, overdue (to be taken down) or gone.",
    )
    made = Moment(required=True)
    posted = Moment()
    address = graphene.String(required=True)


def _hand_offs(
    source: None,
    ask: Ask,
    channel: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[HandOffRecord]:
    context: Context = ask.context
    require(context.actor, "place_materials")
    return listing(
        context.hand_offs.page(
            account=context.account(channel) if channel else "",
            first=or_usual(first),
            after=after,
        )
    )


def note_posted(ask: Ask, sent: Mapping[str, Any]) -> HandOffRecord:
    """Say that it was posted, and where. Saying it again keeps the first time."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    return context.hand_offs.note_posted(
        sent["hand_off"], by=context.actor.id, address=sent.get("address") or ""
    )


def note_taken_down(ask: Ask, sent: Mapping[str, Any]) -> HandOffRecord:
    """Say that it was taken down. Saying it again keeps the first time."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    return context.hand_offs.note_taken_down(sent["hand_off"], by=context.actor.id)


def _live_codes(
    source: None,
    ask: Ask,
    channel: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[LiveCodeRecord]:
    context: Context = ask.context
    require(context.actor, "place_materials")
    return listing(
        context.live_codes.page(
            account=context.account(channel) if channel else "",
            first=or_usual(first),
            after=after,
        )
    )


def _way(source: None, ask: Ask, state: str) -> LiveCodeRecord | None:
    """What a front end of ours was opened with: the scene of its code or link."""
    context: Context = ask.context
    require(context.actor, "read_shelf")
    found = context.live_codes.of_state(context.actor.account, state[:64])
    return found if found and found.dropped is None else None


def create_live_code(ask: Ask, sent: Mapping[str, Any]) -> LiveCodeRecord:
    """Make a code. Whoever scans it is given to one of its reps and welcomed at once."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    material = sent.get("material")
    return context.live_codes.create(
        sent["channel"],
        sent["name"],
        reps=[context.staff.one(each).id for each in sent.get("reps") or ()],
        words=sent.get("words") or "",
        material=visible(context, material).id if material else "",
        confirm=bool(sent.get("confirm")),
        kind=sent.get("kind") or CODE,
        groups=sent.get("groups") or (),
        by=context.actor.id,
    )


def drop_live_code(ask: Ask, sent: Mapping[str, Any]) -> LiveCodeRecord:
    """Let nobody come this way any more. Dropping twice does no harm."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    return context.live_codes.drop(sent["live_code"], by=context.actor.id)


def link_member(ask: Ask, sent: Mapping[str, Any]) -> MemberRecord:
    """Say who of the staff a member of the platform is. Without it the same code is the same."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    account = context.account(sent["channel"])
    return context.reps.link(account, sent["userid"], sent["staff"], by=context.actor.id)


def remind_rep(ask: Ask, sent: Mapping[str, Any]) -> DeliveryRecord:
    """Ask the rep once more to confirm what waits for her on her platform."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    return context.confirming.remind(sent["delivery"], by=context.actor.id)


QUESTIONS = {
    **links.QUESTIONS,
    "hand_offs": paged(connection(HandOff), _hand_offs, channel=graphene.ID()),
    "way": graphene.Field(
        LiveCode,
        state=graphene.String(required=True),
        resolver=_way,
        description="The way that a scene means, asked by the front end of its account.",
    ),
    "live_codes": paged(connection(LiveCode), _live_codes, channel=graphene.ID()),
}
VERBS = {
    "note_posted": verb(
        "notePosted", "hand_off", HandOff, note_posted,
        hand_off=graphene.ID(required=True), address=graphene.String(),
    ),
    "note_taken_down": verb(
        "noteTakenDown", "hand_off", HandOff, note_taken_down, hand_off=graphene.ID(required=True)
    ),
    "create_live_code": verb(
        "createLiveCode", "live_code", LiveCode, create_live_code,
        channel=graphene.ID(required=True), name=graphene.String(required=True),
        reps=graphene.List(graphene.NonNull(graphene.ID)), words=graphene.String(),
        material=graphene.ID(), confirm=graphene.Boolean(),
        kind=graphene.String(
            description="code, link where nothing can be scanned, group for one into groups"
        ),
        groups=graphene.List(graphene.NonNull(graphene.String)),
    ),
    "drop_live_code": verb(
        "dropLiveCode", "live_code", LiveCode, drop_live_code,
        live_code=graphene.ID(required=True),
    ),
    "draw_link": verb(
        "drawLink", "live_code", LiveCode, links.draw_link, material=graphene.ID(required=True),
        channel=graphene.ID(required=True), rep=graphene.ID(), customer=graphene.ID(),
    ),
    "link_member": verb(
        "linkMember", "member", PlatformMember, link_member, channel=graphene.ID(required=True),
        userid=graphene.String(required=True), staff=graphene.ID(required=True),
    ),
    "remind_rep": verb(
        "remindRep", "delivery", Delivery, remind_rep, delivery=graphene.ID(required=True)
    ),
}  # fmt: skip

SIZES = {("LiveCode", "reps"): 20, ("LiveCode", "groups"): 5}
