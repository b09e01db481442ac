"""Broadcasts (群发): previewed, made, paused, resumed, cancelled, and what came of them; and the
mailings in which they leave where reps confirm what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from channels.broadcasts.keeper import Counts
from channels.broadcasts.record import Broadcast as BroadcastRecord
from channels.deliveries import Delivery as DeliveryRecord
from channels.mailings.record import Mailing as MailingRecord
from kernel.actors import require
from kernel.values import dataclass
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.questions import own_account, visible
from schemas.graphql.operations import Delivery
from schemas.graphql.shapes import Moment, key, or_usual, verb
from schemas.graphql.types import ObjectType


class BroadcastShare(ObjectType):
    """How many of a broadcast are in one state, or stopped for one reason."""

    code = graphene.String(required=True)
    text = graphene.String(required=True, description="For people.")
    count = graphene.Int(required=True)


@dataclass(frozen=True, slots=True)
class _Share:
    code: str
    text: str
    count: int


def _counts(broadcast: BroadcastRecord, ask: Ask) -> Counts:
    context: Context = ask.context
    found: Counts = context.batch("broadcast counts", context.broadcasts.counts).known(broadcast.id)
    return found


def _states(broadcast: BroadcastRecord, ask: Ask) -> list[_Share]:
    told = _counts(broadcast, ask).states
    return [_Share(code, say(f"step_{code}", ask.context.language), n) for code, n in told.items()]


def _reasons(broadcast: BroadcastRecord, ask: Ask) -> list[_Share]:
    return _why(_counts(broadcast, ask).reasons, ask)


def _why(reasons: Mapping[str, int], ask: Ask) -> list[_Share]:
    told = sorted(reasons.items(), key=lambda each: -each[1])
    return [_Share(code, say(code, ask.context.language), n) for code, n in told]


def _mailing_states(mailing: MailingRecord, ask: Ask) -> list[_Share]:
    context: Context = ask.context
    told = context.batch("mailing states", context.mailings.states).known(mailing.id)
    return [_Share(code, say(f"step_{code}", context.language), n) for code, n in told.items()]


def _mailings(broadcast: BroadcastRecord, ask: Ask) -> list[MailingRecord]:
    context: Context = ask.context
    found: list[MailingRecord] = context.batch(
        "mailings", context.mailings.of_broadcasts
    ).known(broadcast.id)  # fmt: skip
    context.batch("mailing states", context.mailings.states).expect(each.id for each in found)
    return found


class Mailing(ObjectType):
    """What leaves together in the name of one rep, who lets it go on her platform."""

    id = graphene.ID(required=True)
    rep = graphene.String(required=True, description="Empty where the platform chooses whom.")
    size = graphene.Int(required=True, description="For how many customers it is.")
    step = graphene.String(
        required=True,
        description="gathering, leaving, awaiting_person or over.",
        resolver=lambda each, _: each.step.value,
    )
    states = graphene.List(
        graphene.NonNull(BroadcastShare), required=True, resolver=_mailing_states,
        description="How far each customer's own delivery has got.",
    )  # fmt: skip


class Broadcast(ObjectType):
    """One thing said to everybody in a segment."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    phase = graphene.String(
        required=True,
        description="waiting, planning, running, paused, cancelled or finished.",
        resolver=lambda each, ask: ask.context.broadcasts.phase(each, _counts(each, ask)).value,
    )
    segment = graphene.String(required=True, description="Empty if it goes to all customers.")
    opens = Moment(required=True)
    expires = Moment()
    per_minute = graphene.Float(required=True)
    planned = graphene.Int(required=True, description="For how many it was queued.")
    unreachable = graphene.Int(
        required=True, description="How many of the audience the channel does not reach."
    )
    states = graphene.List(graphene.NonNull(BroadcastShare), required=True, resolver=_states)
    reasons = graphene.List(graphene.NonNull(BroadcastShare), required=True, resolver=_reasons)
    mailings = graphene.List(
        graphene.NonNull(Mailing), required=True, resolver=_mailings,
        description="By rep, where the platform has reps confirm what is sent.",
    )  # fmt: skip


class BroadcastPreview(ObjectType):
    """Whom a broadcast would reach if it began now."""

    count = graphene.Int(required=True, description="Everybody in the segment.")
    ready = graphene.Boolean(required=True)
    asked = graphene.Int(required=True, description="How many were looked at one by one.")
    reachable = graphene.Int(required=True)
    passes = graphene.Int(required=True)
    withheld = graphene.List(graphene.NonNull(BroadcastShare), required=True)


@dataclass(frozen=True, slots=True)
class _Preview:
    count: int
    ready: bool
    asked: int
    reachable: int
    passes: int
    withheld: list[_Share]


class Broadcasts(ObjectType):
    """The newest broadcasts."""

    nodes = graphene.List(graphene.NonNull(Broadcast), required=True)


class _Nodes(NamedTuple):
    nodes: list[BroadcastRecord]


def _all(source: None, ask: Ask, first: int | None = None) -> _Nodes:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    found = list(context.broadcasts.page(first=or_usual(first)).items)
    context.batch("broadcast counts", context.broadcasts.counts).expect(each.id for each in found)
    return _Nodes(found)


def _one(source: None, ask: Ask, id: str) -> BroadcastRecord:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    return context.broadcasts.one(id)


def _preview(
    source: None, ask: Ask, segment: str, channel: str, material: str | None = None
) -> _Preview:
    context: Context = ask.context
    require(context.actor, "broadcast")
    told = context.broadcasts.preview(
        segment, own_account(context, channel),
        material=visible(context, material).id if material else "",
    )  # fmt: skip
    return _Preview(
        told.count, told.ready, told.asked, told.reachable, told.passes, _why(told.withheld, ask)
    )


def create_broadcast(ask: Ask, sent: Mapping[str, Any]) -> BroadcastRecord:
    """Say the same to everybody in a segment, each person once, as the touch policy allows."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    if sent.get("everybody"):
        require(context.actor, "broadcast_to_all")
    material = sent.get("material")
    return context.broadcasts.create(
        sent["name"], own_account(context, sent["channel"]), by=context.actor.id,
        segment=sent.get("segment") or "", everybody=sent.get("everybody") or "",
        material=visible(context, material).id if material else "",
        words=sent.get("words") or "", opens=sent.get("opens"), expires=sent.get("expires"),
        per_minute=sent.get("per_minute") or 0,
        priority=50 if sent.get("priority") is None else sent["priority"],
    )  # fmt: skip


def try_broadcast(ask: Ask, sent: Mapping[str, Any]) -> DeliveryRecord:
    """Let one person have it first, asked at the same gate as everybody will be."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    material = sent.get("material")
    return context.broadcasts.try_out(
        own_account(context, sent["channel"]), sent["whom"], by=context.actor.id,
        material=visible(context, material).id if material else "", words=sent.get("words") or "",
    )  # fmt: skip


def pause_broadcast(ask: Ask, sent: Mapping[str, Any]) -> BroadcastRecord:
    """Nothing of it begins until it is resumed."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    return context.broadcasts.pause(sent["id"], by=context.actor.id)


def resume_broadcast(ask: Ask, sent: Mapping[str, Any]) -> BroadcastRecord:
    """It goes on where it stopped."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    return context.broadcasts.resume(sent["id"], by=context.actor.id)


def cancel_broadcast(ask: Ask, sent: Mapping[str, Any]) -> BroadcastRecord:
    """End it: nothing of it begins after this."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    context.broadcasts.cancel(sent["id"], by=context.actor.id)
    return context.broadcasts.one(sent["id"])


def remind_mailing(ask: Ask, sent: Mapping[str, Any]) -> MailingRecord:
    """Ask the rep once more to confirm it on her platform."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    return context.mailings.remind(sent["id"], by=context.actor.id)


def cancel_mailing(ask: Ask, sent: Mapping[str, Any]) -> MailingRecord:
    """Take it back from the rep: whoever has it by then keeps it."""
    context: Context = ask.context
    require(context.actor, "broadcast")
    return context.mailings.cancel(sent["id"], by=context.actor.id)


QUESTIONS = {
    "broadcasts": graphene.Field(Broadcasts, first=graphene.Int(), resolver=_all),
    "broadcast": graphene.Field(Broadcast, id=key(), resolver=_one),
    "broadcast_preview": graphene.Field(
        BroadcastPreview, segment=key(), channel=key(), material=graphene.ID(), resolver=_preview
    ),
}
VERBS = {
    "create_broadcast": verb(
        "createBroadcast", "broadcast", Broadcast, create_broadcast,
        name=graphene.String(required=True), channel=key(), segment=graphene.ID(),
        everybody=graphene.String(
            description="Why all customers must hear it; for admins, instead of a segment."
        ),
        material=graphene.ID(), words=graphene.String(), opens=Moment(), expires=Moment(),
        per_minute=graphene.Float(), priority=graphene.Int(),
    ),
    "try_broadcast": verb(
        "tryBroadcast", "delivery", Delivery, try_broadcast, channel=key(),
        whom=graphene.String(
            required=True, description="Her id, a handle of hers, or the value of one."
        ),
        material=graphene.ID(), words=graphene.String(),
    ),
    "pause_broadcast": verb("pauseBroadcast", "broadcast", Broadcast, pause_broadcast, id=key()),
    "resume_broadcast": verb("resumeBroadcast", "broadcast", Broadcast, resume_broadcast, id=key()),
    "cancel_broadcast": verb("cancelBroadcast", "broadcast", Broadcast, cancel_broadcast, id=key()),
    "remind_mailing": verb("remindMailing", "mailing", Mailing, remind_mailing, id=key()),
    "cancel_mailing": verb("cancelMailing", "mailing", Mailing, cancel_mailing, id=key()),
}  # fmt: skip

SIZES = {
    ("Broadcasts", "nodes"): 20, ("Broadcast", "states"): 12, ("Broadcast", "reasons"): 20,
    ("BroadcastPreview", "withheld"): 20, ("Broadcast", "mailings"): 50, ("Mailing", "states"): 4,
}  # fmt: skip
