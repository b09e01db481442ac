"""Refused events (被拒事件), as GraphQL tells them, and the verb that tries them once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from data_hub.refusals import Refused, Replayed
from kernel.actors import require
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Moment, verb
from schemas.graphql.types import ObjectType
from stores.history import Sort


class RefusedSort(ObjectType):
    """Everything that was refused at one door for one reason."""

    door = graphene.String(required=True, resolver=lambda told, ask: told.sort.door)
    reason = graphene.String(required=True, resolver=lambda told, ask: told.sort.reason)
    field = graphene.String(required=True, resolver=lambda told, ask: told.sort.field)
    sentence = graphene.String(
        required=True, resolver=lambda told, ask: say(told.sort.reason, ask.context.language),
        description="The reason, for people.",
    )  # fmt: skip
    count = graphene.Int(required=True, description="How often it ever was.")
    waiting = graphene.Int(required=True, description="How many can be tried once more.")
    last = Moment(required=True, resolver=lambda told, ask: told.at)
    sample = graphene.String(required=True, description="Whatever names somebody is masked.")


class Replay(ObjectType):
    """What trying once more came to."""

    accepted = graphene.Int(required=True)
    still_refused = graphene.Int(required=True, resolver=lambda told, ask: told.refused)


def _refused(source: None, ask: Ask) -> list[Refused]:
    context: Context = ask.context
    require(context.actor, "read_boards")
    return context.refusals.sorts(100)


def replay_refused(ask: Ask, sent: Mapping[str, Any]) -> Replayed:
    """Try refused events once more, after a rule was mended. Doing it twice takes nothing twice."""
    context: Context = ask.context
    require(context.actor, "replay_events")
    only = Sort(*(sent.get(name) or "" for name in Sort._fields))
    return context.refusals.replay(only, by=context.actor.id, dry=bool(sent.get("dry_run")))


QUESTIONS = {
    "refused_events": graphene.List(
        graphene.NonNull(RefusedSort), required=True, resolver=_refused,
        description="What could not be an event, by door, reason and field.",
    ),
}  # fmt: skip
VERBS = {
    "replay_refused": verb(
        "replayRefused", "replay", Replay, replay_refused,
        door=graphene.String(), reason=graphene.String(), field=graphene.String(),
        dry_run=graphene.Boolean(description="Say what would be taken, take nothing."),
    ),
}  # fmt: skip
SIZES = {("Query", "refusedEvents"): 100}
