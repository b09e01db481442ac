"""Questions to the library (提问): the root fields that ask for content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from content_hub.campaigns import Campaign as CampaignRecord
from content_hub.materials import Material as MaterialRecord
from content_hub.materials.variants import Varied, spelled
from content_hub.shelf import ShelfItem as Shown
from content_hub.tags import Tag as TagRecord
from kernel.actors import VIPS, may, require
from kernel.errors import Invalid, NotFound
from kernel.ids import Page, cursor, page_size, read_cursor
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.shapes import Listing, Moment, counted, key, listing, moment, or_usual, paged

_MOST_NAMES = 50


class TagFilter(graphene.InputObjectType):
    """By tags, each named by id or code."""

    all = graphene.List(graphene.NonNull(graphene.ID), description="Wears all of these.")
    any = graphene.List(graphene.NonNull(graphene.ID), description="Wears one of these.")
    none = graphene.List(graphene.NonNull(graphene.ID), description="Wears none of these.")
    descendants = graphene.Boolean(
        default_value=True, description="What lies under a tag counts as wearing it."
    )


class ShelfFilter(graphene.InputObjectType):
    """Which of what is on the shelf."""

    tags = TagFilter()
    types = graphene.List(graphene.NonNull(graphene.String))


class MaterialFilter(graphene.InputObjectType):
    """Which of the library."""

    tags = graphene.List(graphene.NonNull(graphene.ID), description="Wears all, or under them.")
    types = graphene.List(graphene.NonNull(graphene.String))
    owner = graphene.String()
    untagged = graphene.Boolean(description="Wears no tag at all (待贴标).")


def named(sent: Mapping[str, Any] | None, name: str) -> list[str]:
    """A list of names out of a filter. A longer one than anybody needs is refused."""
    names = list((sent or {}).get(name) or ())
    if len(names) > _MOST_NAMES:
        raise Invalid(f"filter.{name}", "too_many_names", limit=_MOST_NAMES)
    return names


def _shelf(
    source: None,
    ask: Ask,
    channel: str,
    slot: str | None = None,
    filter: Mapping[str, Any] | None = None,
    first: int | None = None,
    after: str | None = None,
    at: str | None = None,
    language: str | None = None,
) -> Listing[Shown]:
    context: Context = ask.context
    require(context.actor, "read_shelf")
    now = context.now
    if at is not None:
        require(context.actor, "simulate_shelf")
        now = moment(at, "at") or now
    tags = (filter or {}).get("tags")
    page = context.shelf.page(
        own_account(context, channel),
        sight=context.sight,
        tags_all=named(tags, "all"),
        tags_any=named(tags, "any"),
        tags_none=named(tags, "none"),
        descendants=bool((tags or {}).get("descendants", True)),
        slot=slot or "",
        types=named(filter, "types"),
        first=or_usual(first),
        after=after,
        now=now,
        count=counted(ask),
        as_of=context.freshness if now == context.now else None,
        language=spelled(language or ""),
    )
    if "nodes" in ask.selected:
        shapes.materials(context).expect(item.id for item in page.items)
        shapes.placements(context).expect(item.placement for item in page.items)
    return listing(page)


def own_account(context: Context, channel: str) -> str:
    """The account of that id or code. A front end sees no other than its own."""
    account = context.account(channel)
    if context.actor.account and context.actor.account != account:
        raise NotFound("channel", channel[:80])
    return account


def _material(
    source: None,
    ask: Ask,
    id: str,
    channel: str | None = None,
    language: str | None = None,
) -> Varied:
    context: Context = ask.context
    if not may(context.actor, "read_library"):
        require(context.actor, "read_shelf")
    account = own_account(context, channel) if channel else context.actor.account
    return Varied(visible(context, id), account, spelled(language or ""))


def visible(context: Context, sought: str) -> MaterialRecord:
    """The material, if the asker may know of it: a front end, only of what stands on its shelf."""
    found = context.materials.one(sought)
    context.require_seen(found.unit, "material", sought)
    if not may(context.actor, "read_library"):
        account = context.actor.account
        early = VIPS in context.actor.units
        if not account or not context.shelf.standing_ids(
            account, [found.id], context.now, early=early
        ):
            raise NotFound("material", sought[:80])
    return found


def told_materials(context: Context, page: Page[MaterialRecord]) -> Listing[MaterialRecord]:
    """A page of materials; whatever is asked of them is fetched for all at once."""
    context.batch("topics", context.materials.topics).expect(each.id for each in page.items)
    return listing(page)


def _materials(
    source: None,
    ask: Ask,
    filter: Mapping[str, Any] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[MaterialRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    page = context.materials.page(
        sight=context.sight,
        types=named(filter, "types"),
        tags=named(filter, "tags"),
        owner=(filter or {}).get("owner") or "",
        untagged=bool((filter or {}).get("untagged")),
        first=or_usual(first),
        after=after,
        count=counted(ask),
    )
    return told_materials(context, page)


def _tags(
    source: None,
    ask: Ask,
    facet: str | None = None,
    text: str | None = None,
    under: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[TagRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    tree = context.tree
    if text is not None:
        found = context.taxonomy.find(text, facet=facet or "", limit=500)
    else:
        found = [tag for tag in tree.by_id.values() if facet in {None, "", tag.facet}]
    if under is not None:
        beneath = tree.under(tree.resolve([under], "under"))
        found = [tag for tag in found if tag.id in beneath]
    found = [tag for tag in found if tag.merged_into is None]
    return listing(_stretch(found, or_usual(first), after))


def _stretch(found: list[TagRecord], first: int, after: str | None) -> Page[TagRecord]:
    """A page of a list that is held anyway."""
    size = page_size(first)
    begin = int(read_cursor(after, int)[0]) if after is not None else 0
    end = begin + size
    more = size > 0 and begin >= 0 and end < len(found)
    return Page(found[max(begin, 0) : end], cursor(end) if more else None, len(found))


def _tag(source: None, ask: Ask, id: str) -> TagRecord:
    require(ask.context.actor, "read_library")
    found: TagRecord = ask.context.taxonomy.one(id)
    return found


def _campaigns(
    source: None,
    ask: Ask,
    running: bool | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[CampaignRecord]:
    context: Context = ask.context
    require(context.actor, "read_campaigns")
    page = context.campaigns.page(
        sight=context.sight,
        running=bool(running),
        first=or_usual(first),
        after=after,
        count=counted(ask),
    )
    return listing(page)


def _campaign(source: None, ask: Ask, id: str) -> CampaignRecord:
    context: Context = ask.context
    require(context.actor, "read_campaigns")
    found = context.campaigns.one(id)
    context.require_seen(found.unit, "campaign", id)
    return found


def _language() -> graphene.String:
    return graphene.String(
        description="Like `en`: what is said in it is told so, the rest in the company's own."
    )


ROOTS = {
    "shelf": paged(
        shapes.ShelfConnection,
        _shelf,
        channel=key(),
        slot=graphene.String(description="A place on the account, by its code."),
        filter=ShelfFilter(),
        at=Moment(description="Another moment than now; for who may simulate the shelf."),
        language=_language(),
    ),
    "material": graphene.Field(
        shapes.Material, id=key(), resolver=_material, language=_language(),
        channel=graphene.ID(description="As this account tells it; a front end's own is known."),
    ),
    "materials": paged(shapes.MaterialConnection, _materials, filter=MaterialFilter()),
    "tag": graphene.Field(shapes.Tag, id=key(), resolver=_tag),
    "tags": paged(
        shapes.TagConnection,
        _tags,
        facet=graphene.String(),
        text=graphene.String(description="Part of a label, a synonym or its pinyin."),
        under=graphene.ID(description="What lies under this tag, and itself."),
    ),
    "campaign": graphene.Field(shapes.Campaign, id=key(), resolver=_campaign),
    "campaigns": paged(shapes.CampaignConnection, _campaigns, running=graphene.Boolean()),
}  # fmt: skip

CONTENT = {("Query", name) for name in ROOTS if name != "campaigns"}
"""Root fields whose answers change only by edits and at shelf boundaries; ``running`` is decided
by the clock alone."""
