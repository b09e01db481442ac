"""Boards (看板) as GraphQL tells them: reports, figures, the funnel, the catalogue of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import graphene

from channels.accounts import Account
from data_hub.ad_quality import Origin, Spend
from data_hub.catalogue import KINDS
from data_hub.catalogue import EventKind as KindRecord
from data_hub.measures import KPIS, Figure, Funnel, Kpi
from data_hub.measures import board as board_of
from data_hub.measures.buyers import Buyers as BuyersRecord
from data_hub.measures.keeping import EventFunnel as EventFunnelRecord
from data_hub.reports.base import Report, world_of
from kernel.actors import may, require
from kernel.errors import NotFound
from kernel.wording import say
from matching.conversions import Conversion
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Day, Moment, Value, day, key, verb
from schemas.graphql.splitting import ends, part, split
from schemas.graphql.types import ObjectType


class ReportColumn(ObjectType):
    """One column of a report."""

    name = graphene.String(required=True)
    kind = graphene.String(
        required=True,
        description="`text`, `count`, `share`, `money`, `ratio`, `points`, `days`, `seconds`.",
    )
    label = graphene.String(
        required=True,
        resolver=lambda column, ask: say(f"report_{column.name}", ask.context.language),
    )


class ReportRow(ObjectType):
    """One row: a value for every column, null where there is nothing to say."""

    cells = graphene.List(Value, required=True, resolver=lambda row, ask: list(row))


class DataReport(ObjectType):
    """One report of the data hub."""

    code = graphene.ID(required=True)
    columns = graphene.List(graphene.NonNull(ReportColumn), required=True)
    rows = graphene.List(graphene.NonNull(ReportRow), required=True)
    totals = graphene.List(Value, required=True, resolver=lambda told, ask: list(told.totals))
    alerts = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        resolver=lambda told, ask: [
            say(each.key, ask.context.language, **each.values) for each in told.alerts
        ],
    )
    whole = graphene.Boolean(required=True, description="False: only the latest events count.")
    as_of = Moment(required=True)


class DayCount(ObjectType):
    """How many on one day."""

    day = Day(required=True, resolver=lambda told, ask: told[0])
    count = graphene.Int(required=True, resolver=lambda told, ask: told[1])


class BoardFigure(ObjectType):
    """One figure over thirty days, and the events that it is counted from."""

    code = graphene.ID(required=True, resolver=lambda told, ask: told.kpi.code)
    label = graphene.String(
        required=True, resolver=lambda told, ask: told.kpi.label(ask.context.language)
    )
    kinds = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        resolver=lambda told, ask: list(told.kpi.kinds),
    )  # fmt: skip
    total = graphene.Int(required=True)
    before = graphene.Int(required=True, description="In the thirty days before.")
    series = graphene.List(
        graphene.NonNull(DayCount), required=True, resolver=lambda told, ask: list(told.series)
    )
    as_of = Moment(required=True)


class LifecycleStep(ObjectType):
    """One node of the lifecycle."""

    node = graphene.String(required=True)
    here = graphene.Int(required=True)
    reached = graphene.Int(required=True)
    rate = graphene.Float(description="Of who reached the node before.")
    days = graphene.Float(description="Median days that those who went on had stayed.")


class LifecycleFunnel(ObjectType):
    """All five nodes; the first step's reach is everybody."""

    steps = graphene.List(graphene.NonNull(LifecycleStep), required=True)
    customers = graphene.Int(required=True)
    as_of = Moment(required=True)


class BuyerCohort(ObjectType):
    """Those who first bought in one month."""

    month = graphene.String(required=True)
    buyers = graphene.Int(required=True)
    repurchase = graphene.Float(required=True)
    value = graphene.Float(required=True, description="What each has spent so far, on average.")
    worth = graphene.Float(required=True)
    per_deal = graphene.Float(description="Paid for advertising that month, for each of them.")


class BuyerFit(ObjectType):
    """Whether the category fits care for each customer."""

    buyers = graphene.Int(required=True)
    repurchase = graphene.Float(required=True)
    gap = graphene.Float(description="Median days between purchases.")
    per_fan = graphene.Float(required=True)
    per_rep = graphene.Float()
    fits = graphene.Boolean(description="Null while too few have bought.")


class Buyers(ObjectType):
    """Everybody who bought."""

    cohorts = graphene.List(graphene.NonNull(BuyerCohort), required=True)
    fit = graphene.Field(graphene.NonNull(BuyerFit))
    as_of = Moment(required=True)


class FunnelStep(ObjectType):
    """One step of a funnel of events, and how many people came at least so far."""

    kind = graphene.String(required=True)
    reached = graphene.Int(required=True)
    rate = graphene.Float(description="Of who reached the step before.")


class EventFunnel(ObjectType):
    """How far people come along some steps within a window of the last thirty days."""

    steps = graphene.List(graphene.NonNull(FunnelStep), required=True)
    whole = graphene.Boolean(
        required=True, resolver=lambda told, ask: True, deprecation_reason="All events are counted."
    )
    as_of = Moment(required=True)


class EventKind(ObjectType):
    """One kind of event in the catalogue."""

    name = graphene.ID(required=True)
    label = graphene.String(
        required=True, resolver=lambda kind, ask: kind.label(ask.context.language)
    )
    owner = graphene.String(required=True)
    version = graphene.Int(required=True)
    required = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        resolver=lambda kind, ask: list(kind.required),
    )  # fmt: skip
    figures = graphene.List(
        graphene.NonNull(graphene.ID), required=True,
        resolver=lambda kind, ask: [k.code for k in KPIS.values() if kind.name in k.kinds],
        description="The figures that are counted from it.",
    )  # fmt: skip


class AdSpend(ObjectType):
    """What was paid for one origin on one day."""

    id = graphene.ID(required=True)
    day = Day(required=True)
    amount = graphene.Float(required=True)
    rebate = graphene.Float(required=True)


class BoardPlace(ObjectType):
    """Whether somebody stands on leaderboards."""

    staff = graphene.ID(required=True, resolver=lambda told, ask: told[0])
    listed = graphene.Boolean(required=True, resolver=lambda told, ask: told[1])


def _report(source: None, ask: Ask, code: str, ecosystem: str = "") -> Report:
    context: Context = ask.context
    if not (code.startswith("board_") and may(context.actor, "remind")):
        require(context.actor, "read_boards")
    every, world = ends(context.accounts.all()), world_of(ecosystem)
    told: Report = context.reports.of(code, every, world)
    return told


def _figures(source: None, ask: Ask, codes: list[str] | None = None) -> list[Figure]:
    """The asker's own board, or the figures asked for, then five at most."""
    context: Context = ask.context
    require(context.actor, "read_boards")
    for code in codes or ():
        if code not in KPIS:
            raise NotFound("kpi", code)
    worlds = {each.id: each.ecosystem for each in context.accounts.all()}
    role = context.actor.role
    chosen: Sequence[Kpi] = board_of(role, codes) if codes else context.boards.of(role).kpis
    return [context.measures.figure(kpi, worlds) for kpi in chosen]


def _funnel(source: None, ask: Ask, ecosystem: str = "") -> Funnel:
    context: Context = ask.context
    require(context.actor, "read_boards")
    _, among = split(context, ecosystem)
    told: Funnel = context.measures.funnel(among)
    return told


def _buyers(source: None, ask: Ask, ecosystem: str = "") -> BuyersRecord:
    context: Context = ask.context
    require(context.actor, "read_boards")
    asked, among = split(context, ecosystem)
    told: BuyersRecord = context.measures.buyers(
        context.profiles, paid=context.ads.by_month(asked.told), reps=len(context.staff.reps()),
        among=among,
    )  # fmt: skip
    return told


class TrialConversion(ObjectType):
    """Of those who took a trial, how many went on to the full product."""

    trial = graphene.ID(required=True, description="A product's code.")
    full = graphene.ID(required=True)
    took = graphene.Int(required=True, description="Who took it and had not the full one by then.")
    went_on = graphene.Int(required=True)
    rate = graphene.Float(description="None while nobody took it.")
    days = graphene.Float(description="How long going on took them, the median.")


def _trials(source: None, ask: Ask) -> list[Conversion]:
    context: Context = ask.context
    require(context.actor, "read_boards")
    return context.conversions.all()


def _event_funnel(
    source: None, ask: Ask, steps: list[str], days: int | None = None, ecosystem: str = ""
) -> EventFunnelRecord:
    context: Context = ask.context
    require(context.actor, "read_boards")
    _, among = split(context, ecosystem)
    told: EventFunnelRecord = context.measures.event_funnel(
        steps, 7 if days is None else days, context.identities, among
    )
    return told


def _catalogue(source: None, ask: Ask) -> list[KindRecord]:
    require(ask.context.actor, "read_boards")
    return list(KINDS.values())


def note_spend(ask: Ask, sent: Mapping[str, Any]) -> Spend:
    """Note what was paid on a day for an account, campaign, creative and bidder."""
    context: Context = ask.context
    require(context.actor, "note_spend")
    origin = Origin(
        context.account(sent["channel"]),
        *(sent.get(name) or "" for name in ("campaign", "creative", "bidder")),
    )
    on = day(sent["day"], "day")
    assert on is not None  # noqa: S101 - it is required
    noted: Spend = context.ads.note(
        origin, on, sent["amount"], rebate=sent.get("rebate") or 0.0, by=context.actor.id
    )
    return noted


def stand_on_boards(ask: Ask, sent: Mapping[str, Any]) -> tuple[str, bool]:
    """Leave the leaderboards, or come back to them. Everybody decides for herself."""
    context: Context = ask.context
    require(context.actor, "remind")
    staff = context.actor.staff
    act = context.leaderboards.come_back if sent["listed"] else context.leaderboards.leave
    act(staff, by=context.actor.id)
    return staff, sent["listed"]


def price_account(ask: Ask, sent: Mapping[str, Any]) -> Account:
    """Say whether customers on an account are ours to reach, and what a touch costs there."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    priced: Account = context.accounts.price(
        sent["channel"], owned=sent["owned"], reach_cost=sent["reach_cost"], by=context.actor.id
    )
    return priced


class PricedAccount(ObjectType):
    """A channel account, as far as reaching customers there goes."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    owned = graphene.Boolean(required=True)
    reach_cost = graphene.Float(required=True)


QUESTIONS = {
    "report": graphene.Field(
        DataReport, resolver=_report, code=graphene.ID(required=True), ecosystem=part()
    ),
    "figures": graphene.Field(
        graphene.List(graphene.NonNull(BoardFigure), required=True), resolver=_figures,
        codes=graphene.List(graphene.NonNull(graphene.ID)),
    ),
    "lifecycle": graphene.Field(
        graphene.NonNull(LifecycleFunnel), resolver=_funnel, ecosystem=part()
    ),
    "buyers": graphene.Field(
        graphene.NonNull(Buyers), resolver=_buyers, ecosystem=part()
    ),
    "trial_conversions": graphene.Field(
        graphene.List(graphene.NonNull(TrialConversion), required=True), resolver=_trials,
        description="Of every trial with what it leads to, among the 5,000 who bought last.",
    ),
    "event_funnel": graphene.Field(
        graphene.NonNull(EventFunnel), resolver=_event_funnel,
        steps=graphene.List(graphene.NonNull(graphene.String), required=True), days=graphene.Int(),
        ecosystem=part(),
    ),
    "event_kinds": graphene.Field(
        graphene.List(graphene.NonNull(EventKind), required=True), resolver=_catalogue
    ),
}  # fmt: skip

VERBS = {
    "note_spend": verb(
        "noteSpend", "spend", AdSpend, note_spend,
        channel=key(), campaign=graphene.String(), creative=graphene.String(),
        bidder=graphene.String(), day=Day(required=True), amount=graphene.Float(required=True),
        rebate=graphene.Float(),
    ),
    "stand_on_boards": verb(
        "standOnBoards", "place", BoardPlace, stand_on_boards,
        listed=graphene.Boolean(required=True),
    ),
    "price_account": verb(
        "priceAccount", "account", PricedAccount, price_account,
        channel=key(), owned=graphene.Boolean(required=True),
        reach_cost=graphene.Float(required=True),
    ),
}  # fmt: skip

SIZES = {
    ("DataReport", "columns"): 30, ("DataReport", "rows"): 100, ("DataReport", "totals"): 30,
    ("DataReport", "alerts"): 10, ("ReportRow", "cells"): 30, ("Query", "figures"): 8,
    ("BoardFigure", "series"): 30, ("BoardFigure", "kinds"): 4, ("LifecycleFunnel", "steps"): 5,
    ("Buyers", "cohorts"): 36, ("EventFunnel", "steps"): 5,
    ("Query", "trialConversions"): 50, ("Query", "eventKinds"): 120,
    ("EventKind", "required"): 2, ("EventKind", "figures"): 2,
}  # fmt: skip
WEIGHTS = {
    ("Query", "report"): 50,
    ("Query", "figures"): 20,
    ("Query", "lifecycle"): 20,
    ("Query", "buyers"): 50,
    ("Query", "trialConversions"): 50,
    ("Query", "eventFunnel"): 50,
}
