"""Made there, managed here (平台内容): works of an account, and a look at ours before it is out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.works import Listed
from content_hub.materials import Material as MaterialRecord
from kernel.actors import require
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.shapes import Material
from schemas.graphql.library.verbs import managed
from schemas.graphql.shapes import Moment, verb
from schemas.graphql.types import ObjectType


class Work(ObjectType):
    """One thing that an account has published by itself (平台已发布内容)."""

    id = graphene.ID(
        required=True, resolver=lambda each, ask: each.work.id, description="The platform's own."
    )
    title = graphene.String(required=True, resolver=lambda each, ask: each.work.title)
    summary = graphene.String(required=True, resolver=lambda each, ask: each.work.summary)
    url = graphene.String(required=True, resolver=lambda each, ask: each.work.url)
    at = Moment(resolver=lambda each, ask: each.work.at)
    material = graphene.ID(
        resolver=lambda each, ask: each.material.id if each.material else None,
        description="What it is here, if it was taken already.",
    )


class Works(ObjectType):
    """A page of them, the newest first."""

    nodes = graphene.List(graphene.NonNull(Work), required=True)
    end_cursor = graphene.String(description="Goes on from here; null at the end.")


@dataclass(frozen=True, slots=True)
class _Page:
    nodes: list[Listed]
    end_cursor: str | None


def _works(source: None, ask: Ask, channel: str, after: str | None = None) -> _Page:
    context: Context = ask.context
    require(context.actor, "edit_materials")
    listed, onward = context.works.of(context.account(channel), after or "")
    return _Page(listed, onward or None)


def take_works(ask: Ask, sent: Mapping[str, Any]) -> list[MaterialRecord]:
    """Manage some works here from now on, as references. They wait for their tags."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    return context.works.take(
        context.account(sent["channel"]), sent["works"], by=context.actor.id,
        unit=context.actor.unit,
    )  # fmt: skip


def show_tester(ask: Ask, sent: Mapping[str, Any]) -> MaterialRecord:
    """Show a material to one tester on its platform, and to nobody else."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    material = managed(context, sent["material"])
    account = context.account(sent["channel"])
    context.previewing.show(material.id, account, sent["tester"], by=context.actor.id)
    return material


QUESTIONS = {
    "works": graphene.Field(
        Works, required=True, channel=graphene.ID(required=True), after=graphene.String(),
        resolver=_works, description="What an account has published by itself.",
    ),
}  # fmt: skip
VERBS = {
    "take_works": verb(
        "takeWorks", "materials", graphene.List(graphene.NonNull(Material)), take_works,
        channel=graphene.ID(required=True),
        works=graphene.List(graphene.NonNull(graphene.ID), required=True),
    ),
    "show_tester": verb(
        "showTester", "material", Material, show_tester, material=graphene.ID(required=True),
        channel=graphene.ID(required=True), tester=graphene.String(required=True),
    ),
}  # fmt: skip
SIZES = {("Works", "nodes"): 50, ("TakeWorksPayload", "materials"): 50}
