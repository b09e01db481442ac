"""Finding (检索与视图): facets with their counts, and the searches that somebody saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import graphene

from content_hub.finding import Facets as FacetsFound
from content_hub.tags import Tag as TagRecord
from kernel.actors import require
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import MaterialFilter, named
from schemas.graphql.library.saved import View
from schemas.graphql.shapes import Moment, verb
from schemas.graphql.types import ObjectType

_FEW, _MOST = 20, 100
Sent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _OfType:
    type: str
    count: int


@dataclass(frozen=True, slots=True)
class _OfTag:
    tag: TagRecord
    count: int


class TypeCount(ObjectType):
    """How many of what is found are of a type."""

    type = graphene.String(required=True)
    count = graphene.Int(required=True)


class TagCount(ObjectType):
    """How many of what is found wear a tag, or something under it."""

    tag = graphene.Field(graphene.NonNull(shapes.Tag))
    count = graphene.Int(required=True)


def _types(found: FacetsFound, ask: Ask) -> list[_OfType]:
    told = sorted(found.types.items(), key=lambda each: (-each[1], each[0]))
    return [_OfType(*each) for each in told[:_MOST]]


def _tags(
    found: FacetsFound, ask: Ask, facet: str | None = None, first: int | None = None
) -> list[_OfTag]:
    tree = ask.context.tree
    worn = [_OfTag(tree.by_id[each], n) for each, n in found.tags.items() if each in tree.by_id]
    few = _FEW if first is None else max(0, min(first, _MOST))
    chosen = [each for each in worn if facet in {None, each.tag.facet}]
    return sorted(chosen, key=lambda each: (-each.count, each.tag.id))[:few]


class Facets(ObjectType):
    """What is found, counted by what it can be narrowed by, the most first."""

    types = graphene.List(
        graphene.NonNull(TypeCount), required=True, resolver=_types,
        description="As if no type was asked for, so that another can be chosen.",
    )  # fmt: skip
    tags = graphene.List(
        graphene.NonNull(TagCount), required=True, resolver=_tags,
        facet=graphene.String(description="Tags of this facet alone."),
        first=graphene.Int(default_value=_FEW),
    )  # fmt: skip


class Argument(ObjectType):
    """One thing that a view asks its page."""

    name = graphene.String(required=True)
    values = graphene.List(graphene.NonNull(graphene.String), required=True)


class _Said(NamedTuple):
    name: str
    values: list[str]


class SavedView(ObjectType):
    """A list under a name: what its page was asked."""

    id = graphene.ID(required=True)
    page = graphene.String(required=True)
    title = graphene.String(required=True)
    mine = graphene.Boolean(
        required=True, resolver=lambda view, ask: view.owner == ask.context.actor.id
    )
    made = Moment(required=True)
    shared = Moment(description="Since when colleagues see it; null if they do not.")
    arguments = graphene.List(
        graphene.NonNull(Argument), required=True,
        resolver=lambda view, ask: [_Said(*each) for each in view.asked.items()],
    )  # fmt: skip


class ArgumentInput(graphene.InputObjectType):
    """One thing that a view asks its page."""

    name = graphene.String(required=True)
    values = graphene.List(graphene.NonNull(graphene.String), required=True)


def _facets(
    source: None,
    ask: Ask,
    text: str | None = None,
    filter: Mapping[str, Any] | None = None,
) -> FacetsFound:
    context: Context = ask.context
    require(context.actor, "search")
    return context.finding.facets(
        text or "", sight=context.sight,
        types=named(filter, "types"), tags=named(filter, "tags"),
    )  # fmt: skip


def _saved_views(source: None, ask: Ask, page: str | None = None) -> Sequence[View]:
    context: Context = ask.context
    require(context.actor, "read_library")
    return context.saved_views.of(page or "library", context.actor.id)


def save_view(ask: Ask, sent: Sent) -> View:
    """Keep a list under a name; your own of that name on that page is written over."""
    context: Context = ask.context
    require(context.actor, "read_library")
    asked = {each["name"]: each["values"] for each in sent.get("arguments") or ()}
    return context.saved_views.save(
        sent.get("page") or "library", sent["title"], asked,
        by=context.actor.id, shared=bool(sent.get("shared")),
    )  # fmt: skip


def remove_view(ask: Ask, sent: Sent) -> str:
    """Your own view goes; a colleague's stays."""
    context: Context = ask.context
    require(context.actor, "read_library")
    context.saved_views.remove(sent["view"], by=context.actor.id)
    return str(sent["view"])


QUESTIONS = {
    "facets": graphene.Field(
        Facets, resolver=_facets, text=graphene.String(), filter=MaterialFilter(),
        description="What `search` finds, or the whole library, counted by type and tag.",
    ),
    "saved_views": graphene.List(
        graphene.NonNull(SavedView), required=True, resolver=_saved_views,
        page=graphene.String(default_value="library"),
        description="Your own and what colleagues share.",
    ),
}  # fmt: skip

VERBS = {
    "save_view": verb(
        "saveView", "view", SavedView, save_view,
        title=graphene.String(required=True), page=graphene.String(default_value="library"),
        arguments=graphene.List(graphene.NonNull(ArgumentInput)), shared=graphene.Boolean(),
    ),
    "remove_view": verb(
        "removeView", "removed", graphene.ID, remove_view, view=graphene.ID(required=True)
    ),
}  # fmt: skip

SIZES = {
    ("Facets", "types"): _MOST, ("Query", "savedViews"): 60,
    ("SavedView", "arguments"): 4, ("Argument", "values"): 10,
}  # fmt: skip
WEIGHTS = {("Query", "facets"): 50}
