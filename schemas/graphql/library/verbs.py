"""Verbs of the library (动作): what editors and publishers do to content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import graphene

from content_hub.campaigns import Campaign as CampaignRecord
from content_hub.materials import Material as MaterialRecord
from content_hub.shelf import Placement as PlacementRecord
from content_hub.tagging_runs import NAMED, Chosen, TaggingRun
from content_hub.tags import Tag as TagRecord
from kernel.actors import require
from kernel.errors import Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import visible
from schemas.graphql.shapes import Flawed, Moment, Told, Value, ids, key, moment, verb

Sent = Mapping[str, Any]


class FieldInput(graphene.InputObjectType):
    """A value for a field of the type; null takes it away."""

    name = graphene.String(required=True)
    value = Value()


def _values(sent: Sent) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in sent.get("fields") or ()}


def managed(context: Context, sought: str) -> MaterialRecord:
    """A material that she may change. One that she may not see looks like a missing one."""
    found = visible(context, sought)
    context.require_managed(found.unit)
    return found


def managed_campaign(context: Context, sought: str) -> CampaignRecord:
    """A campaign that she may change. One that she may not see looks like a missing one."""
    found = context.campaigns.one(sought)
    context.require_seen(found.unit, "campaign", sought)
    context.require_managed(found.unit)
    return found


def all_managed(context: Context, keys: Collection[str]) -> list[MaterialRecord]:
    """Materials that she may change, in two statements however many there are."""
    by_id = context.materials.many(keys)
    found = by_id | context.materials.by_code([each for each in keys if each not in by_id])
    for each in keys:
        if each not in found or not context.sees(found[each].unit):
            raise Invalid("materials", "nothing_by_that_name", kind="material", key=each[:80])
        context.require_managed(found[each].unit)
    return list({found[each].id: found[each] for each in keys}.values())


def create_material(ask: Ask, sent: Sent) -> MaterialRecord:
    """Make a material. It belongs to the unit of whoever makes it."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    texts: dict[str, Any] = {
        name: sent.get(name) or "" for name in ("summary", "body", "cover", "code")
    }
    return context.materials.create(
        sent["type"],
        sent["title"],
        by=context.actor.id,
        fields=_values(sent),
        unit=context.actor.unit,
        tags=sent.get("tags") or (),
        **texts,
    )


def edit_material(ask: Ask, sent: Sent) -> MaterialRecord:
    """Change what is given, and leave the rest as it is."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    return context.materials.edit(
        managed(context, sent["material"]).id,
        by=context.actor.id,
        expected=sent.get("number"),
        **edit_of(sent),
    )


def edit_of(sent: Sent) -> dict[str, Any]:
    """What an edit that was sent says."""
    changed: dict[str, Any] = {
        name: sent[name] or "" for name in ("title", "summary", "body", "cover") if name in sent
    }
    if "fields" in sent:
        changed["fields"] = _values(sent)
    return changed


class Tagged(NamedTuple):
    """What was tagged, and the run that did it, if there were many."""

    materials: list[MaterialRecord]
    run: TaggingRun | None


def tag_materials(ask: Ask, sent: Sent) -> Tagged:
    """Put tags on materials and take others off. Up to 100: all of them or none. More, up to
    1,000, are a run of slices, done when it is answered: what cannot be is counted as refused, and
    `undoTagging` takes the run back. With `preview` nothing is changed."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    if len(sent["materials"]) > NAMED:
        raise Invalid("materials", "too_many_at_once", limit=NAMED)
    found = all_managed(context, sent["materials"])
    add, remove = sent.get("add") or (), sent.get("remove") or ()
    context.batch("topics", context.materials.topics).expect(each.id for each in found)
    if sent.get("preview"):
        context.taxonomy.usable(add, "add")
        context.taxonomy.resolve(remove, "remove")
        return Tagged(found, None)
    ids = [each.id for each in found]
    if len(ids) <= shapes.BATCH:
        tagged = context.materials.tag(ids, add, remove=remove, by=context.actor.id)
        return Tagged(tagged, None)
    run = context.tagging_runs.begin(add, remove, chosen=Chosen(only=ids), by=context.actor.id)
    return Tagged(found, context.tagging_runs.go_on(run.id, NAMED))


def place_material(ask: Ask, sent: Sent) -> PlacementRecord:
    """Put a material on the shelf of an account, from one moment to another."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    material = managed(context, sent["material"])
    return context.publishing.place(
        material.id,
        context.account(sent["channel"]),
        opens=moment(sent.get("opens"), "opens"),
        closes=moment(sent.get("closes"), "closes"),
        slot=sent.get("slot") or "",
        campaign=sent.get("campaign") or "",
        vip_hours=sent.get("vip_hours") or 0,
        by=context.actor.id,
    )


def _warned(payload: Any, ask: Ask) -> list[Told]:
    placement: PlacementRecord | None = payload.placement
    if placement is None:
        return []
    minded = ask.context.publishing.warnings_of(placement.material, placement.account)
    language = ask.context.language
    return [Told(flaw.field, flaw.reason, flaw.message(language)) for flaw in minded]


def move_placement(ask: Ask, sent: Sent) -> PlacementRecord:
    """The same promise for another time."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    placement = _placement(context, sent["placement"])
    return context.shelf.move(
        placement.id,
        opens=moment(sent.get("opens"), "opens"),
        closes=moment(sent.get("closes"), "closes"),
        by=context.actor.id,
    )


def _placement(context: Context, sought: str) -> PlacementRecord:
    placement = context.shelf.one(sought)
    context.require_seen(placement.unit, "placement", sought)
    context.require_managed(placement.unit)
    return placement


class _Gone(NamedTuple):
    material: MaterialRecord
    cancelled: int
    in_flight: int


def retire_material(ask: Ask, sent: Sent) -> _Gone:
    """Take a material off every shelf at once, now and to come."""
    context: Context = ask.context
    require(context.actor, "retire_materials")
    material = managed(context, sent["material"])
    retired = context.publishing.retire(material.id, by=context.actor.id)
    return _Gone(material, retired.cancelled, retired.in_flight)


def _gone(name: str, kind: Any, says: str = "") -> graphene.Field:
    """A field of what was retired; null if it was not."""

    def told(payload: Any, ask: Ask) -> Any:
        return payload.material and getattr(payload.material, name)

    return graphene.Field(kind, resolver=told, description=says or None)


def create_tag(ask: Ask, sent: Sent) -> TagRecord:
    """A new word in the vocabulary."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.create(
        sent["label"],
        sent["facet"],
        by=context.actor.id,
        en=sent.get("label_en") or "",
        code=sent.get("code") or "",
        synonyms=sent.get("synonyms") or (),
        parent=sent.get("parent"),
    )


def rename_tag(ask: Ask, sent: Sent) -> TagRecord:
    """Another label for the same tag: its id, its code and everything tagged stay."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.rename(
        sent["tag"], zh=sent.get("label"), en=sent.get("label_en"), by=context.actor.id
    )


def merge_tags(ask: Ask, sent: Sent) -> TagRecord:
    """Make one tag of two; whoever names the one that goes is answered with the one that stays."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.merge(sent["tag"], sent["into"], by=context.actor.id)


def add_synonyms(ask: Ask, sent: Sent) -> TagRecord:
    """More words by which a tag is found."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    tag = context.taxonomy.one(sent["tag"])
    words = list(dict.fromkeys([*tag.synonyms, *sent["synonyms"]]))
    return context.taxonomy.rename(tag.id, synonyms=words, by=context.actor.id)


def create_campaign(ask: Ask, sent: Sent) -> CampaignRecord:
    """A window and a name for placements to share."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    opens, closes = moment(sent["opens"], "opens"), moment(sent["closes"], "closes")
    if opens is None or closes is None:
        raise Invalid("closes" if opens else "opens", "missing")
    told = ("kind", "operation", "task", "proof", "reward")
    given = {name: sent[name] for name in told if sent.get(name)}
    return context.campaigns.create(
        sent["name"],
        opens=opens,
        closes=closes,
        by=context.actor.id,
        code=sent.get("code") or "",
        unit=context.actor.unit,
        **given,
    )


def move_campaign(ask: Ask, sent: Sent) -> CampaignRecord:
    """Move a campaign and all its placements, so that it opens at another moment."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    campaign = managed_campaign(context, sent["campaign"])
    opens = moment(sent["opens"], "opens")
    shift = opens - campaign.opens if opens else timedelta()
    context.campaigns.move(campaign.id, shift, by=context.actor.id)
    return context.campaigns.one(campaign.id)


def _many(kind: Any) -> graphene.Field:
    def told(payload: Any, ask: Ask) -> Any:
        return payload.materials and payload.materials.materials

    return graphene.Field(graphene.List(graphene.NonNull(kind)), resolver=told)


def _texts() -> dict[str, Any]:
    return {
        "summary": graphene.String(),
        "body": graphene.String(),
        "cover": graphene.ID(description="A file that was uploaded to /media."),
        "fields": graphene.List(graphene.NonNull(FieldInput)),
    }


ROOTS = {
    "create_material": verb(
        "createMaterial", "material", shapes.Material, create_material,
        type=graphene.String(required=True), title=graphene.String(required=True),
        code=graphene.String(), tags=ids(), **_texts(),
    ),
    "edit_material": verb(
        "editMaterial", "material", shapes.Material, edit_material,
        material=key(), title=graphene.String(),
        number=graphene.Int(description="The edit that was seen; a later one is a conflict."),
        **_texts(),
    ),
    "tag_materials": verb(
        "tagMaterials", "materials", _many(shapes.Material), tag_materials,
        beside={
            "run": graphene.Field(
                shapes.TaggingRun,
                resolver=lambda payload, ask: payload.materials and payload.materials.run,
                description="For more than 100 materials.",
            ),
        },
        materials=ids(required=True), add=ids(), remove=ids(), preview=graphene.Boolean(),
    ),
    "place_material": verb(
        "placeMaterial", "placement", shapes.Placement, place_material,
        beside={
            "warnings": graphene.Field(
                graphene.List(graphene.NonNull(Flawed)), resolver=_warned,
                description="What its platform may punish; it stands all the same.",
            )
        },
        material=key(), channel=key(), slot=graphene.String(), campaign=graphene.ID(),
        opens=Moment(), closes=Moment(),
        vip_hours=graphene.Int(description="So many hours before everybody VIPs are shown it."),
    ),
    "move_placement": verb(
        "movePlacement", "placement", shapes.Placement, move_placement,
        placement=graphene.ID(required=True), opens=Moment(), closes=Moment(),
    ),
    "retire_material": verb(
        "retireMaterial", "material", _gone("material", shapes.Material), retire_material,
        beside={
            "cancelled": _gone(
                "cancelled", graphene.Int, "Deliveries that were still to come, and are not now."
            ),
            "in_flight": _gone(
                "in_flight", graphene.Int,
                "Deliveries begun before: taken down once the platform has answered.",
            ),
        },
        material=key(),
    ),
    "create_tag": verb(
        "createTag", "tag", shapes.Tag, create_tag,
        label=graphene.String(required=True), label_en=graphene.String(),
        facet=graphene.String(required=True), code=graphene.String(), parent=graphene.ID(),
        synonyms=graphene.List(graphene.NonNull(graphene.String)),
    ),
    "rename_tag": verb(
        "renameTag", "tag", shapes.Tag, rename_tag,
        tag=key(), label=graphene.String(), label_en=graphene.String(),
    ),
    "merge_tags": verb("mergeTags", "tag", shapes.Tag, merge_tags, tag=key(), into=key()),
    "add_synonyms": verb(
        "addSynonyms", "tag", shapes.Tag, add_synonyms,
        tag=key(), synonyms=graphene.List(graphene.NonNull(graphene.String), required=True),
    ),
    "create_campaign": verb(
        "createCampaign", "campaign", shapes.Campaign, create_campaign,
        name=graphene.String(required=True), code=graphene.String(), kind=graphene.String(),
        operation=graphene.String(), task=graphene.String(), proof=graphene.String(),
        reward=graphene.String(), opens=Moment(required=True), closes=Moment(required=True),
    ),
    "move_campaign": verb(
        "moveCampaign", "campaign", shapes.Campaign, move_campaign,
        campaign=key(), opens=Moment(required=True),
    ),
}  # fmt: skip
