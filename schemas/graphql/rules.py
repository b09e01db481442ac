"""Rules of recommending (推荐规则): which stand, what one would change, and who may change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import graphene

from kernel.actors import require
from matching.offers import Item
from matching.rules import ListRule, Wanted
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes as library
from schemas.graphql.shapes import Moment, key, moment, verb
from schemas.graphql.types import ObjectType

_FIRST = 10


class RecommendationRule(ObjectType):
    """What is kept off lists, pinned, asked for or pushed; exclude > pin > quota > boost."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    act = graphene.String(required=True, description="exclude, pin, quota or boost.")
    aim = graphene.String(
        required=True, description="`material:`, `tag:` or `type:` and which one."
    )
    number = graphene.Float(
        required=True,
        description="A pin's place, how many a quota asks for, by how much a boost multiplies.",
    )
    unit = graphene.ID(required=True, description="Only for this unit's reps; empty is all.")
    segment = graphene.ID(required=True, description="Only for customers in it; empty is all.")
    opens = Moment(required=True)
    closes = Moment()
    owner = graphene.String(required=True, description="Whom to ask about it.")
    stands = graphene.Boolean(
        required=True, resolver=lambda rule, ask: rule.stands(ask.context.now)
    )


class RecommendationRuleInput(graphene.InputObjectType):
    """A rule: exactly one of material, tag and type says what it is about."""

    name = graphene.String(required=True)
    act = graphene.String(required=True)
    material = graphene.ID()
    tag = graphene.ID()
    type = graphene.String()
    number = graphene.Float()
    unit = graphene.ID()
    segment = graphene.ID()
    opens = graphene.String(description="ISO 8601 with a zone; now if not told.")
    closes = graphene.String()
    owner = graphene.String()


class TriedItem(ObjectType):
    """One place of a list that was made for a trial."""

    position = graphene.Int(required=True)
    score = graphene.Float(required=True)
    material = graphene.Field(
        library.Material, resolver=lambda item, ask: library.known(ask.context, item.material)
    )


class RecommendationRuleTrial(ObjectType):
    """A customer's list without a rule and with it. Nothing is kept."""

    before = graphene.List(graphene.NonNull(TriedItem), required=True)
    after = graphene.List(graphene.NonNull(TriedItem), required=True)


class _Tried(NamedTuple):
    before: Sequence[Item]
    after: Sequence[Item]


def _wanted(context: Context, sent: Mapping[str, Any]) -> Wanted:
    """A rule as it was sent, its unit and segment looked up."""
    told = {name: value for name, value in sent.items() if value is not None}
    for name in ("opens", "closes"):
        told[name] = moment(sent.get(name), name)
    if told.get("segment"):
        told["segment"] = context.segments.one(told["segment"]).id
    if told.get("unit"):
        told["unit"] = context.staff.unit(told["unit"]).id
    return Wanted(**{name: value for name, value in told.items() if value is not None})


def _rules(source: None, ask: Ask) -> list[ListRule]:
    context: Context = ask.context
    require(context.actor, "read_rules")
    return context.rules.all()


def _trial(source: None, ask: Ask, customer: str, rule: Mapping[str, Any]) -> _Tried:
    context: Context = ask.context
    require(context.actor, "read_rules")
    tried = context.recommender.tried(customer, context.actor, _wanted(context, rule), first=_FIRST)
    library.materials(context).expect(each.material for each in (*tried.before, *tried.after))
    return _Tried(*tried)


def add_recommendation_rule(ask: Ask, sent: Mapping[str, Any]) -> ListRule:
    """Keep a rule about what is recommended, from when to when, with its owner."""
    context: Context = ask.context
    require(context.actor, "manage_rules")
    return context.rules.add(
        _wanted(context, sent["rule"]), by=context.actor.id, reach=context.actor.reach
    )


def end_recommendation_rule(ask: Ask, sent: Mapping[str, Any]) -> ListRule:
    """Let a rule hold no longer. Repeating is harmless."""
    context: Context = ask.context
    require(context.actor, "manage_rules")
    return context.rules.end(sent["rule"], by=context.actor.id, reach=context.actor.reach)


QUESTIONS = {
    "recommendation_rules": graphene.Field(
        graphene.List(graphene.NonNull(RecommendationRule), required=True),
        resolver=_rules,
        description="The newest first, those that are over too.",
    ),
    "recommendation_rule_trial": graphene.Field(
        RecommendationRuleTrial,
        customer=key(),
        rule=RecommendationRuleInput(required=True),
        resolver=_trial,
        description="What a rule would change on a customer's list, before it is kept.",
    ),
}
VERBS = {
    "add_recommendation_rule": verb(
        "addRecommendationRule", "rule", RecommendationRule, add_recommendation_rule,
        rule=RecommendationRuleInput(required=True),
    ),
    "end_recommendation_rule": verb(
        "endRecommendationRule", "rule", RecommendationRule, end_recommendation_rule, rule=key(),
    ),
}  # fmt: skip
SIZES = {
    ("Query", "recommendationRules"): 200,
    ("RecommendationRuleTrial", "before"): _FIRST, ("RecommendationRuleTrial", "after"): _FIRST,
}  # fmt: skip
WEIGHTS = {("Query", "recommendationRuleTrial"): 200}
