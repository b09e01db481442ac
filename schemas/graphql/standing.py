"""Where a customer stands (客户现状), as GraphQL tells it: stage, grade, holdings, segments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import graphene

from data_hub.customers import Customer as CustomerSeen
from data_hub.customers import mask_trait, spell_trait
from data_hub.profiles import Agreed, Profile
from data_hub.profiles import Holding as HoldingRecord
from data_hub.segments import Because as BecauseTold
from data_hub.segments import Segment as SegmentRecord
from data_hub.standings import StandingRow
from kernel.wording import say
from matching.occasions import Occasion as OccasionRecord
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Day, Moment
from schemas.graphql.types import ObjectType


class Standing(ObjectType):
    """Where she stands now; what changed it is in her timeline."""

    class Meta:
        name = "CustomerStanding"

    node = graphene.String(required=True)
    node_since = Moment(required=True)
    stage = graphene.String(resolver=lambda row, ask: row.stage or None)
    stage_since = Moment()
    grade = graphene.String(required=True, description="A to E, or `unknown`: too few data.")
    grade_reason = graphene.String(
        required=True, resolver=lambda row, ask: _reason(row, ask.context)
    )
    desire = graphene.String(resolver=lambda row, ask: row.desire or None)
    purchases = graphene.Int(required=True, source="occasions")
    spent = graphene.Float(required=True)


class Holding(ObjectType):
    """A policy or product that she has."""

    number = graphene.ID(required=True)
    product = graphene.String(required=True)
    category = graphene.String(required=True)
    since = Moment()
    due = Day()
    matures = Day()
    in_force = graphene.Boolean(
        required=True,
        resolver=lambda held, ask: held.in_force(ask.context.zone.day(ask.context.now)),
    )


class Risk(ObjectType):
    """Her assessed risk level, while it may be used."""

    level = graphene.String(required=True)
    valid_until = Day(required=True)


class Trait(ObjectType):
    """Something she is: of several words the one about the latest moment counts."""

    name = graphene.String(required=True)
    value = graphene.String(required=True, description="Masked for who sees her masked.")
    at = Moment(required=True)
    source = graphene.String(required=True, description="The channel account that told of it.")


class ConsentWord(ObjectType):
    """Her last word on one purpose and one kind of channel."""

    purpose = graphene.String(required=True)
    channel = graphene.String(required=True, description="Empty: every channel.")
    allowed = graphene.Boolean(required=True)
    at = Moment(required=True)
    source = graphene.String(required=True, description="Where she said so: the proof.")
    wording = graphene.String(
        required=True, description="Which version of the text she was shown, if any is known."
    )


class LastSeen(ObjectType):
    """When a channel account last told of her."""

    account = graphene.ID(required=True)
    at = Moment(required=True)


class Window(ObjectType):
    """How often she did something lately."""

    class Meta:
        name = "WindowCount"

    kind = graphene.String(required=True)
    in7_days = graphene.Int(required=True, name="in7Days")
    in30_days = graphene.Int(required=True, name="in30Days")
    in90_days = graphene.Int(required=True, name="in90Days")


class Membership(ObjectType):
    """A segment that she is in."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    name = graphene.String(required=True)
    since = Moment(required=True)


class Because(ObjectType):
    """One condition of a rule, as it is for one customer."""

    holds = graphene.Boolean(required=True)
    condition = graphene.String(required=True, source="text")
    sentence = graphene.String(required=True, description="What is known about her, for people.")


class Explanation(ObjectType):
    """Why somebody is in a segment, or is not."""

    inside = graphene.Boolean(required=True)
    because = graphene.List(graphene.NonNull(Because), required=True)
    as_of = Moment(required=True)


class Explained(NamedTuple):
    """Whether somebody is in a segment, and why."""

    inside: bool
    because: tuple[BecauseTold, ...]
    as_of: datetime


class _Trait(NamedTuple):
    name: str
    value: str
    at: datetime
    source: str


class _Seen(NamedTuple):
    account: str
    at: datetime


class _In(NamedTuple):
    id: str
    code: str
    name: str
    since: datetime


class _Risk(NamedTuple):
    level: str
    valid_until: date


class _Window(NamedTuple):
    kind: str
    in7_days: int
    in30_days: int
    in90_days: int


class Occasion(ObjectType):
    """A date that makes today a good day to speak to a customer."""

    kind = graphene.String(required=True, description="`month_end`, `birthday`, `maturity`…")
    due = Day(required=True, description="The first day to act on it…")
    ends = Day(required=True, description="…and the last.")
    text = graphene.String(
        required=True,
        resolver=lambda occasion, ask: occasion.text(ask.context.language),
        description="For people, in the asker's language.",
    )


def _profile(customer: CustomerSeen, ask: Ask) -> Profile:
    context: Context = ask.context
    return context.batch("profiles", context.profiles.many).of(customer.id) or Profile()


def _standing(customer: CustomerSeen, ask: Ask) -> StandingRow | None:
    context: Context = ask.context
    return context.batch("standings", context.standings.rows).of(customer.id)


def _reason(row: StandingRow, context: Context) -> str:
    return say(row.grade_reason, context.language, **context.standings.terms.grades.facts)


def _holdings(customer: CustomerSeen, ask: Ask) -> list[HoldingRecord]:
    return _profile(customer, ask).holdings()


def _risk(customer: CustomerSeen, ask: Ask) -> _Risk | None:
    profile, context = _profile(customer, ask), ask.context
    until = profile.risk_until(context.zone.day(context.now), context.zone)
    return _Risk(profile.risk, until) if until else None


def _windows(customer: CustomerSeen, ask: Ask) -> list[_Window]:
    today = ask.context.zone.day(ask.context.now)
    told = _profile(customer, ask).windows(today)
    return [_Window(kind, *counts) for kind, counts in told.items()]


def _held(customer: CustomerSeen, ask: Ask) -> str | None:
    why = _profile(customer, ask).mood_hold(ask.context.now)
    return say(f"mood_{why}", ask.context.language) if why else None


def _mood(customer: CustomerSeen, ask: Ask) -> str:
    said: str = ask.context.standings.mood(_profile(customer, ask))
    return said


def _traits(customer: CustomerSeen, ask: Ask) -> list[_Trait]:
    tongue = ask.context.language

    def shown(name: str, value: Any) -> str:
        return mask_trait(name, value, tongue) if customer.masked else spell_trait(value, tongue)

    told = sorted(_profile(customer, ask).told().items())
    return [_Trait(name, shown(name, each.value), each.at, each.source) for name, each in told]


def _consents(customer: CustomerSeen, ask: Ask) -> list[Agreed]:
    return _profile(customer, ask).agreed()


def _last_seen(customer: CustomerSeen, ask: Ask) -> list[_Seen]:
    seen = _profile(customer, ask).last_seen()
    return [_Seen(*each) for each in sorted(seen.items(), key=lambda each: each[1], reverse=True)]


def _hour(customer: CustomerSeen, ask: Ask) -> int | None:
    return _profile(customer, ask).favourite_hour


def _segments(customer: CustomerSeen, ask: Ask) -> list[_In]:
    context: Context = ask.context
    known: Mapping[str, SegmentRecord] = context.batch(
        "segments", lambda _: {"": {each.id: each for each in context.segments.all()}}
    ).known("")
    since = context.batch("memberships", context.segments.of).of(customer.id) or {}
    return [
        _In(known[id_].id, known[id_].code, known[id_].name, at)
        for id_, at in sorted(since.items())
        if id_ in known
    ]


def _occasions(customer: CustomerSeen, ask: Ask) -> list[OccasionRecord]:
    context: Context = ask.context
    return context.recommender.occasions(_profile(customer, ask))


FIELDS: dict[str, Any] = {
    "standing": graphene.Field(Standing, resolver=_standing),
    "holdings": graphene.List(graphene.NonNull(Holding), required=True, resolver=_holdings),
    "risk": graphene.Field(Risk, resolver=_risk),
    "favourite_hour": graphene.Int(
        resolver=_hour, description="Of the company's day; none while too little is known."
    ),
    "windows": graphene.List(
        graphene.NonNull(Window), required=True, resolver=_windows,
        description="What she did within 7, 30 and 90 days.",
    ),
    "marketing_held": graphene.String(
        resolver=_held, description="Why marketing to her is held, if it is."
    ),
    "mood": graphene.String(
        required=True, resolver=_mood,
        description="`calm`, `open_case`, `negative_mood`, or `unknown`: too few data, because no"
        " channel of hers tells of messages.",
    ),
    "traits": graphene.List(
        graphene.NonNull(Trait), required=True, resolver=_traits,
        description="What she is, since when we know it and who said so.",
    ),
    "consents": graphene.List(graphene.NonNull(ConsentWord), required=True, resolver=_consents),
    "last_seen": graphene.List(
        graphene.NonNull(LastSeen), required=True, resolver=_last_seen,
        description="By channel account, the latest first.",
    ),
    "segments": graphene.List(graphene.NonNull(Membership), required=True, resolver=_segments),
    "occasions": graphene.List(
        graphene.NonNull(Occasion), required=True, resolver=_occasions,
        description="What makes today a good day to speak to her, the soonest to end first.",
    ),
}  # fmt: skip
"""What `Customer` tells besides who she is."""

SIZES = {
    ("Customer", "holdings"): 10, ("Customer", "traits"): 20, ("Customer", "consents"): 10,
    ("Customer", "lastSeen"): 10, ("Customer", "windows"): 40, ("Customer", "segments"): 20,
    ("Explanation", "because"): 20,
}  # fmt: skip
