"""Campaigns' numbers (活动参数) as GraphQL tells them: parameters, prizes, prices, forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from content_hub.campaigns import Campaign as CampaignRecord
from content_hub.campaigns import Parameter as ParameterRecord
from content_hub.campaigns import ParameterChange as ChangeRecord
from content_hub.campaigns import Purchase as PurchaseRecord
from content_hub.campaigns.draws import Prizes as PrizesRecord
from content_hub.campaigns.forms import FORMS, Form, begin
from content_hub.campaigns.parameters import in_force
from kernel.actors import require
from kernel.errors import Invalid, NotFound
from kernel.events import Handle
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.verbs import managed_campaign
from schemas.graphql.shapes import Moment, Value, all_of, key, moment, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


def _now(parameter: ParameterRecord, ask: Ask) -> Any:
    return in_force(parameter, ask.context.now, ask.context.parameters.zone)


class CampaignParameter(ObjectType):
    """A number or timetable of a campaign."""

    name = graphene.String(required=True)
    kind = graphene.String(required=True, description="`number` or `timetable`.")
    value = Value(description="The number, or the steps `{at, value}`.")
    now = Value(resolver=_now, description="What holds at this moment.")
    low = graphene.Float()
    high = graphene.Float()
    locked_until = Moment(description="Until when no rule touches it.")


class ParameterChange(ObjectType):
    """One change of a parameter."""

    id = graphene.ID(required=True)
    parameter = graphene.String(required=True)
    old = Value()
    new = Value()
    by = graphene.String(required=True)
    at = Moment(required=True)
    rule = graphene.String(required=True, description="Empty for a person's own change.")
    evidence = Value()
    undoes = graphene.ID(resolver=lambda change, ask: change.undoes or None)


class Prizes(ObjectType):
    """How many prizes there are and how many were won."""

    quota = graphene.Int(required=True)
    won = graphene.Int(required=True)
    left = graphene.Int(required=True)


class PriceClaim(ObjectType):
    """The price that one buyer has for sure."""

    id = graphene.ID(required=True)
    rank = graphene.Int(required=True, description="How many claimed before her.")
    price = graphene.Float(required=True)
    at = Moment(required=True)


class CampaignForm(ObjectType):
    """A way to run an activity."""

    code = graphene.ID(required=True)
    label = graphene.String(
        required=True,
        resolver=lambda form, ask: form.en if ask.context.language == "en" else form.zh,
    )
    kind = graphene.String(required=True)
    task = graphene.String(required=True)
    proof = graphene.String(required=True)
    reward = graphene.String(required=True)


def _parameters(source: None, ask: Ask, campaign: str) -> list[ParameterRecord]:
    context: Context = ask.context
    require(context.actor, "read_campaigns")
    return list(context.parameters.of(_seen(context, campaign)).values())


def _history(source: None, ask: Ask, campaign: str, first: int | None = None) -> list[ChangeRecord]:
    context: Context = ask.context
    require(context.actor, "read_campaigns")
    few = 20 if first is None else max(0, min(first, 100))
    return context.parameters.history(_seen(context, campaign), limit=few)


def _prizes(source: None, ask: Ask, campaign: str, channel: str | None = None) -> PrizesRecord:
    context: Context = ask.context
    require(context.actor, "read_campaigns")
    account = context.account(channel) if channel else ""
    return context.draws.prizes(_seen(context, campaign), account)


def _seen(context: Context, campaign: str) -> str:
    found = context.campaigns.one(campaign)
    context.require_seen(found.unit, "campaign", campaign)
    return found.id


def _limited_price(source: None, ask: Ask, campaign: str) -> float:
    context: Context = ask.context
    require(context.actor, "read_shelf")
    return context.purchases.quote(_seen(context, campaign))


def _forms(source: None, ask: Ask) -> list[Form]:
    require(ask.context.actor, "read_campaigns")
    return list(FORMS.values())


def declare_parameter(ask: Ask, sent: Sent) -> ParameterRecord:
    """Give a campaign a parameter with bounds."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    campaign = managed_campaign(context, sent["campaign"])
    return context.parameters.declare(
        campaign.id, sent["name"], sent["value"], low=sent.get("low"), high=sent.get("high"),
        by=context.actor.id,
    )  # fmt: skip


def set_parameter(ask: Ask, sent: Sent) -> ChangeRecord:
    """Change a parameter within its bounds; no rule touches it for a day."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    return context.parameters.set(
        managed_campaign(context, sent["campaign"]).id, sent["name"], sent["value"],
        note=sent.get("note") or "", by=context.actor.id,
    )  # fmt: skip


def tune_parameter(ask: Ask, sent: Sent) -> ChangeRecord:
    """What a rule found in the figures asks for, within bounds and unless somebody set it within a
    day; dry, the same answer and no change."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    if not (rule := sent["rule"].strip()):
        raise Invalid("rule", "missing")
    evidence = sent["evidence"]
    if not isinstance(evidence, Mapping):
        raise Invalid("evidence", "not_an_object")
    return context.parameters.tune(
        managed_campaign(context, sent["campaign"]).id, sent["name"], sent["value"], rule=rule[:80],
        evidence=evidence, heard=moment(sent.get("heard"), "heard"), by=context.actor.id,
        dry_run=bool(sent.get("dry_run")),
    )  # fmt: skip


def claim_price(ask: Ask, sent: Sent) -> PurchaseRecord:
    """A customer's claim to the price of her rank; the one she has, if she has one. A customer's
    own token needs to name nobody."""
    context: Context = ask.context
    campaign = _seen(context, sent["campaign"])
    if context.actor.customer:
        require(context.actor, "act_as_customer")
        return context.purchases.buy(campaign, Handle.parse(context.actor.customer))
    require(context.actor, "recommend")
    her = context.customers.seen_by(context.actor).one(sent.get("customer") or "")
    if not her.handles:
        raise NotFound("customer", her.id)
    return context.purchases.buy(campaign, her.handles[0])


def roll_back_parameter(ask: Ask, sent: Sent) -> ChangeRecord:
    """Put back what a change replaced."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    change = context.parameters.change(sent["change"])
    managed_campaign(context, change.campaign)
    return context.parameters.roll_back(change.id, by=context.actor.id)


def begin_campaign(ask: Ask, sent: Sent) -> CampaignRecord:
    """A campaign after a form, with its task, proof, reward and numbers."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    opens, closes = moment(sent["opens"], "opens"), moment(sent["closes"], "closes")
    if opens is None or closes is None:
        raise Invalid("closes" if opens else "opens", "missing")
    return begin(
        context.campaigns, context.parameters, sent["form"], sent["name"], opens=opens,
        closes=closes, quota=sent.get("quota"), code=sent.get("code") or "",
        unit=context.actor.unit, by=context.actor.id,
    )  # fmt: skip


QUESTIONS = {
    "campaign_parameters": graphene.Field(
        all_of(CampaignParameter), campaign=key(), resolver=_parameters
    ),
    "parameter_changes": graphene.Field(
        all_of(ParameterChange), campaign=key(), first=graphene.Int(default_value=20),
        resolver=_history,
    ),
    "prizes": graphene.Field(
        graphene.NonNull(Prizes), campaign=key(), channel=graphene.ID(), resolver=_prizes
    ),
    "limited_price": graphene.Field(
        graphene.NonNull(graphene.Float), campaign=key(), resolver=_limited_price,
        description="What the next buyer would pay, of `price_base`, `price_step`, `price_every`.",
    ),
    "campaign_forms": graphene.Field(all_of(CampaignForm), resolver=_forms),
}  # fmt: skip
VERBS = {
    "declare_parameter": verb(
        "declareParameter", "parameter", CampaignParameter, declare_parameter,
        campaign=key(), name=graphene.String(required=True), value=Value(required=True),
        low=graphene.Float(), high=graphene.Float(),
    ),
    "set_parameter": verb(
        "setParameter", "change", ParameterChange, set_parameter,
        campaign=key(), name=graphene.String(required=True), value=Value(required=True),
        note=graphene.String(),
    ),
    "tune_parameter": verb(
        "tuneParameter", "change", ParameterChange, tune_parameter,
        campaign=key(), name=graphene.String(required=True), value=Value(required=True),
        rule=graphene.String(required=True),
        evidence=Value(required=True, description="What it went by: figures, their window."),
        heard=Moment(description="When that happened which it goes by; our response is timed."),
        dry_run=graphene.Boolean(),
    ),
    "claim_price": verb(
        "claimPrice", "claim", PriceClaim, claim_price,
        campaign=key(), customer=graphene.ID(description="A customer's own token names nobody."),
    ),
    "roll_back_parameter": verb(
        "rollBackParameter", "change", ParameterChange, roll_back_parameter, change=key()
    ),
    "begin_campaign": verb(
        "beginCampaign", "campaign", shapes.Campaign, begin_campaign,
        form=graphene.String(required=True), name=graphene.String(required=True),
        opens=Moment(required=True), closes=Moment(required=True), quota=graphene.Int(),
        code=graphene.String(),
    ),
}  # fmt: skip

SIZES = {
    ("Query", "campaignParameters"): 20, ("Query", "parameterChanges"): 100,
    ("Query", "campaignForms"): 10,
}  # fmt: skip
WEIGHTS: dict[tuple[str, str], int] = {}
