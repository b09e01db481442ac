"""Touches (触达): what the touch policy says, its settings, moods, and what is sent once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from channels.deliveries import Delivery as DeliveryRecord
from channels.touch_policy import Decision
from channels.touch_policy.policy import Policy, spelled
from channels.touch_policy.simulation import played
from kernel.actors import require
from kernel.values import dataclass
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.questions import own_account, visible
from schemas.graphql.shapes import Moment, key, verb
from schemas.graphql.types import ObjectType

_PLAYED = 5_000
"""Touches that one question plays again."""


class TouchSetting(ObjectType):
    """One number of the touch policy (轻骚扰参数)."""

    name = graphene.String(required=True)
    value = graphene.String(required=True, description="A number, or an hour such as 21:00.")


class TouchSettingInput(graphene.InputObjectType):
    """A setting and what it shall be."""

    name = graphene.String(required=True)
    value = graphene.String(required=True)


class TouchObjection(ObjectType):
    """One thing that speaks against a touch, the weightiest first."""

    rule = graphene.String(required=True)
    reason = graphene.String(required=True, description="For people.")
    until = Moment(description="When it ends; null if it does not by itself.")


class TouchAdvice(ObjectType):
    """What the touch policy would say to marketing that goes to a customer now."""

    verdict = graphene.String(required=True, description="pass, delay, refuse or stale.")
    against = graphene.List(graphene.NonNull(TouchObjection), required=True)
    next_at = Moment(description="The next moment at which nothing speaks against it.")


class TouchSettings(ObjectType):
    """The whole policy."""

    settings = graphene.List(graphene.NonNull(TouchSetting), required=True)


class Counted(ObjectType):
    """How many it concerned."""

    count = graphene.Int(required=True)


class SimulatedDay(ObjectType):
    """One day of a simulation."""

    day = graphene.String(required=True)
    was = graphene.Int(required=True)
    would = graphene.Int(required=True)


class SimulatedReason(ObjectType):
    """Why some touches would not have gone."""

    code = graphene.String(required=True)
    reason = graphene.String(required=True, description="For people.")
    count = graphene.Int(required=True)


class TouchSimulation(ObjectType):
    """What other settings would have done with last month's marketing (触达回放)."""

    since = Moment(required=True)
    until = Moment(required=True)
    persons = graphene.Int(required=True)
    wanted = graphene.Int(required=True)
    was = graphene.Int(required=True, description="Went out.")
    would = graphene.Int(required=True, description="Would have gone out.")
    later = graphene.Int(required=True, description="Of these, on another day.")
    spared = graphene.Int(required=True, description="Went out, and would not have.")
    added = graphene.Int(required=True, description="Did not go out, and would have.")
    left_out = graphene.Int(required=True, description="Of persons who are not in the sample.")
    days = graphene.List(graphene.NonNull(SimulatedDay), required=True)
    reasons = graphene.List(graphene.NonNull(SimulatedReason), required=True)


class _Day(NamedTuple):
    day: str
    was: int
    would: int


@dataclass(frozen=True, slots=True)
class _Reason:
    code: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class _Played:
    since: Any
    until: Any
    persons: int
    wanted: int
    was: int
    would: int
    later: int
    spared: int
    added: int
    left_out: int
    days: list[_Day]
    reasons: list[_Reason]


class _Setting(NamedTuple):
    name: str
    value: str


class _Settings(NamedTuple):
    settings: list[_Setting]


class _Minded(NamedTuple):
    rule: str
    reason: str
    until: Any


class _Advised(NamedTuple):
    verdict: str
    against: list[_Minded]
    next_at: Any


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


def _told(policy: Policy) -> _Settings:
    return _Settings([_Setting(name, str(value)) for name, value in spelled(policy).items()])


def _policy(source: None, ask: Ask) -> _Settings:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    return _told(context.touch_policy.policy())


def _advice(
    source: None, ask: Ask, customer: str, channel: str, material: str | None = None
) -> _Advised:
    context: Context = ask.context
    require(context.actor, "recommend")
    her = context.customers.seen_by(context.actor).one(customer)
    account = own_account(context, channel)
    decision: Decision = context.sharing.advice(
        context.actor, her, account, visible(context, material).id if material else ""
    )
    minded = [
        _Minded(each.rule, say(each.reason, context.language, **each.facts), each.until)
        for each in decision.against
    ]
    return _Advised(decision.verdict.value, minded, decision.next_at)


def _simulation(source: None, ask: Ask, settings: Any = None) -> _Played:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    changed = {each["name"]: each["value"] for each in settings or ()}
    found = context.simulations.run(changed, most=_PLAYED)
    reasons = [
        _Reason(code, say(code, context.language), n) for code, n in found.reasons.most_common(40)
    ]
    days = [_Day(day.isoformat(), *counts) for day, counts in sorted(found.days.items())]
    return _Played(
        since=found.since, until=found.until, days=days, reasons=reasons,
        **dict(played(found)),
    )  # fmt: skip


def tune_touch_policy(ask: Ask, sent: Mapping[str, Any]) -> _Settings:
    """Change settings of the touch policy; who did it and what is written down."""
    context: Context = ask.context
    require(context.actor, "tune_touch_policy")
    changed = {each["name"]: each["value"] for each in sent["settings"]}
    return _told(context.touch_policy.tune(changed, by=context.actor.id))


def hold_mood(ask: Ask, sent: Mapping[str, Any]) -> _Count:
    """Leave a customer in peace: no marketing reaches her until then."""
    context: Context = ask.context
    require(context.actor, "recommend")
    her = context.customers.seen_by(context.actor).one(sent["customer"])
    days = sent.get("days") or context.touch_policy.policy().hold_days
    context.moods.hold(her.handles[0], sent["why"][:200], days=days, by=context.actor.id)
    return _Count(1)


def lift_mood(ask: Ask, sent: Mapping[str, Any]) -> _Count:
    """Marketing may reach her again, as far as her mood is concerned."""
    context: Context = ask.context
    require(context.actor, "recommend")
    her = context.customers.seen_by(context.actor).one(sent["customer"])
    return _Count(context.moods.lift(her.handles, by=context.actor.id))


def retry_deliveries(ask: Ask, sent: Mapping[str, Any]) -> _Count:
    """Send up to a hundred parked deliveries once more, of one channel or reason or of all."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    channel = sent.get("channel")
    return _Count(
        context.deliveries.retry_many(
            account=own_account(context, channel) if channel else "",
            reason=sent.get("reason") or None, by=context.actor.id,
        )
    )  # fmt: skip


def drop_deliveries(ask: Ask, sent: Mapping[str, Any]) -> _Count:
    """Let up to a hundred parked deliveries go for good, of one channel or reason or of all."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    channel = sent.get("channel")
    return _Count(
        context.deliveries.drop_many(
            account=own_account(context, channel) if channel else "",
            reason=sent.get("reason") or None, by=context.actor.id,
        )
    )  # fmt: skip


class DeliveryStep(ObjectType):
    """One thing that happened to a delivery."""

    at = graphene.String(required=True, description="ISO 8601.")
    state = graphene.String(required=True)
    reason = graphene.String(required=True, description="For people.")
    by = graphene.String(required=True)


class DeliverySteps(ObjectType):
    """A delivery explained: every step with its time, why, and whose doing."""

    id = graphene.ID(required=True)
    steps = graphene.List(graphene.NonNull(DeliveryStep), required=True)


class _Step(NamedTuple):
    at: str
    state: str
    reason: str
    by: str


class _Steps(NamedTuple):
    id: str
    steps: list[_Step]


def _explained(source: None, ask: Ask, id: str) -> _Steps:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    delivery: DeliveryRecord = context.deliveries.one(id)
    told = [
        _Step(each.at.isoformat(), each.state, each.reason, each.by)
        for each in delivery.happened(context.language)
    ]
    return _Steps(delivery.id, told)


QUESTIONS = {
    "touch_policy": graphene.Field(TouchSettings, resolver=_policy),
    "touch_simulation": graphene.Field(
        TouchSimulation,
        settings=graphene.List(graphene.NonNull(TouchSettingInput)),
        resolver=_simulation,
    ),
    "touch_advice": graphene.Field(
        TouchAdvice, customer=key(), channel=key(), material=graphene.ID(), resolver=_advice
    ),
    "delivery_steps": graphene.Field(DeliverySteps, id=key(), resolver=_explained),
}
VERBS = {
    "tune_touch_policy": verb(
        "tuneTouchPolicy", "policy", TouchSettings, tune_touch_policy,
        settings=graphene.List(graphene.NonNull(TouchSettingInput), required=True),
    ),
    "hold_mood": verb(
        "holdMood", "held", Counted, hold_mood, customer=key(),
        why=graphene.String(required=True), days=graphene.Float(),
    ),
    "lift_mood": verb("liftMood", "lifted", Counted, lift_mood, customer=key()),
    "retry_deliveries": verb(
        "retryDeliveries", "retried", Counted, retry_deliveries, channel=graphene.ID(),
        reason=graphene.String(),
    ),
    "drop_deliveries": verb(
        "dropDeliveries", "dropped", Counted, drop_deliveries, channel=graphene.ID(),
        reason=graphene.String(),
    ),
}  # fmt: skip

SIZES = {
    ("TouchSettings", "settings"): 40, ("TouchAdvice", "against"): 8,
    ("DeliverySteps", "steps"): 40, ("TouchSimulation", "days"): 31,
    ("TouchSimulation", "reasons"): 40,
}  # fmt: skip
