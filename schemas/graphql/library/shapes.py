"""Types of the library (素材库): materials, tags, media, campaigns, placements, shelf items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from content_hub.campaigns import Campaign as CampaignRecord
from content_hub.materials import Material as MaterialRecord
from content_hub.materials.variants import Varied
from content_hub.shelf import Placement as PlacementRecord
from content_hub.shelf import ShelfItem as Shown
from content_hub.tags import Tag as TagRecord
from kernel.actors import VIPS, may, require
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Moment, Value, connection
from schemas.graphql.types import ObjectType

BATCH = 100
"""How many materials are tagged all or none at most."""
_TAGS = 40
"""How many tags of a material are told unless more are asked for; it may have 64."""


def _label(tag: TagRecord, ask: Ask) -> str:
    return tag.label(ask.context.language)


def _above(tag: TagRecord, ask: Ask) -> TagRecord | None:
    return ask.context.tree.find(tag.parent) if tag.parent else None


def _below(tag: TagRecord, ask: Ask, first: int | None = None) -> list[TagRecord]:
    tree = ask.context.tree
    return [tree.by_id[each] for each in tree.children.get(tag.id, ())][: _few(first)]


def _few(first: int | None) -> int:
    return _TAGS if first is None else max(0, min(first, 100))


def _tag_owner(tag: TagRecord, ask: Ask) -> str:
    return tag.owner if may(ask.context.actor, "read_library") else ""


def _uses(tag: TagRecord, ask: Ask) -> int:
    counts = ask.context.batch("tag_uses", lambda _: {"": ask.context.taxonomy.counts()})
    return int(counts.known("").get(tag.id, 0))


class Tag(ObjectType):
    """A word of the company's vocabulary."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    facet = graphene.String(required=True, description="In which respect it tells things apart.")
    label = graphene.String(required=True, resolver=_label, description="In the asker's language.")
    zh = graphene.String(required=True)
    en = graphene.String(required=True)
    synonyms = graphene.List(graphene.NonNull(graphene.String), required=True)
    parent = graphene.Field(lambda: Tag, resolver=_above)
    children = graphene.List(
        graphene.NonNull(lambda: Tag),
        required=True,
        first=graphene.Int(default_value=_TAGS),
        resolver=_below,
    )
    related = graphene.List(
        graphene.NonNull(lambda: Tag), required=True,
        resolver=lambda tag, ask: list(ask.context.tree.tags(tag.related)),
        description="What somebody looking for this one may want as well.",
    )  # fmt: skip
    retired = Moment(description="Since when it goes on nothing more.")
    owner = graphene.String(
        required=True, resolver=_tag_owner,
        description="Who answers for it; for our own people only, else empty.",
    )  # fmt: skip
    uses = graphene.Int(
        required=True, resolver=_uses,
        description="On how many materials it is itself.",
    )  # fmt: skip


class TaggingRun(ObjectType):
    """Many materials tagged by one act."""

    id = graphene.ID(required=True)
    by = graphene.String(required=True)
    at = Moment(required=True)
    total = graphene.Int(required=True)
    done = graphene.Int(required=True)
    refused = graphene.Int(
        required=True, description="Left as they are: on a shelf they keep a tag, or have too many."
    )
    finished = Moment()
    undone = Moment()


class _File(NamedTuple):
    id: str


def _file(id_: str) -> _File | None:
    return _File(id_) if id_ else None


def _url(file: _File, ask: Ask, rendition: str | None = None) -> str:
    return f"{ask.context.base_url}/media/{file.id}/{rendition or 'cover'}"


class Media(ObjectType):
    """A file that belongs to a material."""

    id = graphene.ID(required=True)
    url = graphene.String(
        required=True,
        rendition=graphene.String(default_value="cover"),
        resolver=_url,
        description="`original`, `cover`, `thumb` or `page-1`, `page-2`…",
    )


class FieldValue(ObjectType):
    """What a field of the material's type holds."""

    name = graphene.String(required=True)
    value = Value()


class Filled(NamedTuple):
    """A field of a type, and what it holds."""

    name: str
    value: Any


def _fields(source: Any, ask: Ask, names: list[str] | None = None) -> list[Filled]:
    kept: Mapping[str, Any] = source.fields
    chosen = kept if names is None else [name for name in names if name in kept]
    return [Filled(name, kept[name]) for name in chosen]


def _some_fields() -> graphene.List:
    return graphene.List(
        graphene.NonNull(FieldValue),
        required=True,
        names=graphene.List(graphene.NonNull(graphene.String)),
        resolver=_fields,
        description="Fields of the type; all, or those named. Ones without a value are left out.",
    )


def tracked_url(context: Context, material: str, account: str) -> str:
    """The link that counts who opens it: signed for the material, the account and the rep."""
    return f"{context.base_url}/t/{context.links.make(material, account, context.actor.staff)}"


def told_as(context: Context) -> tuple[str, ...]:
    """What an item of the shelf is told by, besides its row and the vocabulary."""
    return (context.language, context.actor.staff, context.base_url)


def _shown_url(item: Shown, ask: Ask) -> str:
    return tracked_url(ask.context, item.id, item.account)


def _shown_tags(item: Shown, ask: Ask, first: int | None = None) -> tuple[TagRecord, ...]:
    return item.tags[: _few(first)]


def _some_tags(resolver: Any) -> graphene.List:
    return graphene.List(
        graphene.NonNull(Tag),
        required=True,
        first=graphene.Int(default_value=_TAGS),
        resolver=resolver,
    )


def _whole(item: Shown, ask: Ask) -> Varied | None:
    """The material as the shelf's account tells it, at the moment that was asked for."""
    found = materials(ask.context).of(item.id)
    if found is None:
        return None
    told = ask.context.materials.told_at(found, item.number)
    return Varied(told, item.account, item.language)


def placements(context: Context) -> Any:
    """The promises that items of this answer stand by, fetched at once."""
    return context.batch("placements", context.shelf.many)


def _holds(item: Shown, ask: Ask, name: str) -> Any:
    """Asked of the campaign at the moment of the answer, so that all ends are told the same."""
    context = ask.context
    placed = placements(context).of(item.placement)
    if placed is None or not placed.campaign:
        return None
    return context.batch(
        f"number {name}", lambda campaigns: context.parameters.in_force(campaigns, name)
    ).of(placed.campaign)


class ShelfItem(ObjectType):
    """A material on a shelf at this moment."""

    id = graphene.ID(required=True, description="Of the material.")
    code = graphene.String(required=True)
    type = graphene.String(required=True)
    title = graphene.String(required=True)
    summary = graphene.String(required=True)
    cover = graphene.Field(Media, resolver=lambda item, ask: _file(item.cover))
    tags = _some_tags(_shown_tags)
    fields = _some_fields()
    number = graphene.Int(required=True, description="Counts the edits of the material.")
    placement = graphene.ID(required=True)
    slot = graphene.String(required=True)
    opens = Moment(required=True)
    closes = Moment(required=True)
    tracked_url = graphene.String(required=True, resolver=_shown_url)
    material = graphene.Field(lambda: Material, resolver=_whole)
    holds = Value(
        name=graphene.String(required=True),
        resolver=_holds,
        description="What holds now of that number or timetable of the campaign that it is shown"
        " for; null before a timetable's first step, and where there is none.",
    )


def materials(context: Context) -> Any:
    """The materials that this answer needs, fetched at once."""
    return context.batch("materials", context.materials.many)


def known(context: Context, id_: str) -> Any:
    """A material that something tells of; None if it is gone or not for her eyes."""
    found = materials(context).of(id_) if id_ else None
    return found if found is not None and context.sees(found.unit) else None


def _tags(material: MaterialRecord, ask: Ask, first: int | None = None) -> list[TagRecord]:
    worn = ask.context.batch("topics", ask.context.materials.topics).of(material.id) or ()
    return list(ask.context.tree.tags(worn))[: _few(first)]


def _link(material: MaterialRecord, ask: Ask, channel: str | None = None) -> str | None:
    account = ask.context.account(channel) if channel else ask.context.actor.account
    return tracked_url(ask.context, material.id, account) if account else None


def _placements(material: MaterialRecord, ask: Ask, first: int | None = None) -> Any:
    require(ask.context.actor, "read_library")
    return ask.context.shelf.of_material(material.id, _few(first))


def _owner(material: MaterialRecord, ask: Ask) -> str:
    return material.owner if may(ask.context.actor, "read_library") else ""


class Material(ObjectType):
    """One piece of content, kept once, whatever channel shows it."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    type = graphene.String(required=True)
    title = graphene.String(required=True)
    summary = graphene.String(required=True)
    body = graphene.String(required=True)
    cover = graphene.Field(Media, resolver=lambda material, ask: _file(material.cover))
    tags = _some_tags(_tags)
    fields = _some_fields()
    number = graphene.Int(required=True, description="Counts its edits.")
    unit = graphene.String(required=True, description="Whose it is; empty is headquarters'.")
    owner = graphene.String(
        required=True, resolver=_owner, description="For our own people only; else empty."
    )
    created = Moment(required=True)
    edited = Moment(required=True)
    source_url = graphene.String(required=True, description="Where it was registered from.")
    placements = graphene.List(
        graphene.NonNull(lambda: Placement),
        required=True,
        first=graphene.Int(default_value=20),
        resolver=_placements,
        description="Where it was, is and will be shown, the latest opening first.",
    )
    tracked_url = graphene.String(
        channel=graphene.ID(description="For which account; a front end's own is known."),
        resolver=_link,
    )


def _state(placement: PlacementRecord, ask: Ask) -> str:
    return placement.state(ask.context.now).value


def _campaign(placement: PlacementRecord, ask: Ask) -> CampaignRecord | None:
    context: Context = ask.context
    if not placement.campaign:
        return None
    return context.batch("campaigns", context.campaigns.many).of(placement.campaign)


class Placement(ObjectType):
    """The promise to show a material on an account for a stretch of time."""

    id = graphene.ID(required=True)
    material = graphene.Field(
        Material, resolver=lambda placement, ask: materials(ask.context).of(placement.material)
    )
    channel = graphene.ID(required=True, source="account", description="Its account.")
    slot = graphene.String(required=True)
    campaign = graphene.Field(lambda: Campaign, resolver=_campaign)
    opens = Moment(required=True)
    closes = Moment(required=True)
    placed_by = graphene.String(required=True)
    placed_at = Moment(required=True)
    retired = Moment()
    vips_only = graphene.Boolean(
        required=True, resolver=lambda placement, ask: placement.unit == VIPS,
        description="The time in which only VIPs are shown it.",
    )  # fmt: skip
    state = graphene.String(
        required=True, resolver=_state, description="`waiting`, `standing`, `ended` or `retired`."
    )


class Campaign(ObjectType):
    """A window and a name that placements share."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    name = graphene.String(required=True)
    kind = graphene.String(required=True)
    operation = graphene.String(required=True, description="`content`, `activity` or `data`.")
    task = graphene.String(required=True, description="What a customer does to take part.")
    proof = graphene.String(required=True)
    reward = graphene.String(required=True)
    opens = Moment(required=True)
    closes = Moment(required=True)
    unit = graphene.String(required=True)


ShelfConnection = connection(ShelfItem, "Shelf")
MaterialConnection = connection(
    Material,
    degraded=graphene.Boolean(
        required=True,
        description="The search index is away: this comes from the database, and more may exist.",
    ),
)
TagConnection = connection(Tag)
CampaignConnection = connection(Campaign)

CONTENT = {
    "ShelfItem", "Material", "Tag", "Media", "FieldValue", "Campaign", "ShelfConnection",
    "MaterialConnection", "TagConnection", "CampaignConnection", "PageInfo",
}  # fmt: skip
"""Types whose fields are all made of content: edits count the content version up."""

VOLATILE = {("Material", "placements"), ("ShelfItem", "holds")}
"""Fields of these types that the clock decides as well."""

STANDING = {"ShelfItem", "Tag", "Media", "FieldValue"}
"""What an item of the shelf is made of."""

ELSEWHERE = {("ShelfItem", "material"), ("ShelfItem", "holds"), ("Tag", "uses"), ("Tag", "owner")}
"""Fields of these that are read from elsewhere."""

SIZES = {("Tag", "synonyms"): 30, ("Tag", "related"): 20}
"""How long lists can be that have no page size."""

WEIGHTS = {("Material", "body"): 5, ("Tag", "children"): 1}
