"""The life of a material (素材生命周期) as GraphQL tells it: reviews, versions, comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from content_hub.comments import Comment as CommentRecord
from content_hub.materials import Material as MaterialRecord
from content_hub.materials.versions import Difference as DifferenceRecord
from content_hub.materials.versions import MaterialVersion as VersionRecord
from content_hub.verdicts import Review as ReviewRecord
from kernel.actors import require
from kernel.errors import Forbidden, Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import visible
from schemas.graphql.library.verbs import managed
from schemas.graphql.shapes import Moment, Value, all_of, key, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class Review(ObjectType):
    """What somebody said about one edit of a material."""

    id = graphene.ID(required=True)
    number = graphene.Int(required=True)
    verdict = graphene.String(required=True, description="`submit`, `approve` or `return`.")
    by = graphene.String(required=True)
    at = Moment(required=True)
    note = graphene.String(required=True)


class Comment(ObjectType):
    """Something said about a material."""

    id = graphene.ID(required=True)
    text = graphene.String(required=True, source="said")
    by = graphene.String(required=True)
    at = Moment(required=True)
    settled = Moment()


def _texts(version: VersionRecord, ask: Ask, names: list[str] | None = None) -> list[Any]:
    told = {name: value for name, value in version.content.items() if name != "fields"}
    told |= {f"fields.{name}": value for name, value in version.content["fields"].items()}
    return [
        shapes.Filled(name, value) for name, value in told.items() if names is None or name in names
    ]


class MaterialVersion(ObjectType):
    """A material as it was after one edit."""

    number = graphene.Int(required=True)
    by = graphene.String(required=True)
    at = Moment(required=True)
    content = graphene.List(
        graphene.NonNull(shapes.FieldValue), required=True,
        names=graphene.List(graphene.NonNull(graphene.String)), resolver=_texts,
    )  # fmt: skip


class Difference(ObjectType):
    """One field that two versions say otherwise."""

    field = graphene.String(required=True)
    old = Value()
    new = Value()


class MaterialLife(ObjectType):
    """How far a material has come, and what was said on the way."""

    state = graphene.String(
        required=True, description="`draft`, `in_review`, `approved` or `archived`."
    )
    held_by = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        description="What keeps it off every shelf at this moment.",
    )  # fmt: skip
    reviews = graphene.List(graphene.NonNull(Review), required=True)
    comments = graphene.List(graphene.NonNull(Comment), required=True)
    versions = graphene.List(graphene.NonNull(MaterialVersion), required=True)


class _Life:
    """Asked field by field."""

    def __init__(self, context: Context, material: MaterialRecord) -> None:
        self._context = context
        self._material = material

    @property
    def state(self) -> str:
        return self._context.reviews.life([self._material])[self._material.id].value

    @property
    def held_by(self) -> list[str]:
        return self._context.shelf.held_by(self._material.id, self._context.now)

    @property
    def reviews(self) -> list[ReviewRecord]:
        return self._context.reviews.of(self._material.id)[:50]

    @property
    def comments(self) -> list[CommentRecord]:
        return self._context.comments.of(self._material.id, limit=50)

    @property
    def versions(self) -> list[VersionRecord]:
        return self._context.versions.of(self._material.id, limit=20)


def _life(source: None, ask: Ask, material: str) -> _Life:
    context: Context = ask.context
    require(context.actor, "read_library")
    return _Life(context, visible(context, material))


def _compared(source: None, ask: Ask, material: str, old: int, new: int) -> list[DifferenceRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    return context.versions.compare(visible(context, material).id, old, new)


def _waiting(source: None, ask: Ask) -> list[MaterialRecord]:
    context: Context = ask.context
    require(context.actor, "review_materials")
    return context.reviews.waiting(sight=context.sight)


def _mentions(source: None, ask: Ask) -> list[CommentRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    if not context.actor.staff:
        raise Forbidden("only_staff_have_reminders")
    return context.comments.mentioning(context.actor.staff)


def submit_for_review(ask: Ask, sent: Sent) -> ReviewRecord:
    """Hand the latest edit in."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    material = managed(context, sent["material"]).id
    return context.reviews.submit(material, by=context.actor.id)


def review_material(ask: Ask, sent: Sent) -> ReviewRecord:
    """Approve the latest edit, or send it back with a note."""
    context: Context = ask.context
    require(context.actor, "review_materials")
    material = managed(context, sent["material"]).id
    note = sent.get("note") or ""
    if sent["verdict"] == "approve":
        return context.reviews.approve(material, by=context.actor.id, note=note)
    if sent["verdict"] == "return":
        return context.reviews.send_back(material, by=context.actor.id, note=note)
    raise Invalid("verdict", "not_a_choice", choices=["approve", "return"])


def restore_version(ask: Ask, sent: Sent) -> MaterialRecord:
    """Say again what it said after an earlier edit; that is an edit of its own."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    material = managed(context, sent["material"]).id
    return context.materials.restore(
        material, sent["number"], fields=sent.get("fields"), by=context.actor.id
    )


def archive_material(ask: Ask, sent: Sent) -> MaterialRecord:
    """Put a material away: it stands nowhere until it is taken out again."""
    context: Context = ask.context
    require(context.actor, "retire_materials")
    material = managed(context, sent["material"])
    context.reviews.archive(material.id, by=context.actor.id)
    return context.materials.one(material.id)


def take_out_material(ask: Ask, sent: Sent) -> MaterialRecord:
    """Out of the archive again."""
    context: Context = ask.context
    require(context.actor, "retire_materials")
    material = managed(context, sent["material"])
    context.reviews.take_out(material.id, by=context.actor.id)
    return context.materials.one(material.id)


def comment_on_material(ask: Ask, sent: Sent) -> CommentRecord:
    """Say something about a material to colleagues."""
    context: Context = ask.context
    require(context.actor, "read_library")
    material = visible(context, sent["material"]).id
    return context.comments.say(
        material, sent["text"], mentions=sent.get("mentions") or (), by=context.actor.id
    )


QUESTIONS = {
    "material_life": graphene.Field(
        graphene.NonNull(MaterialLife), material=key(), resolver=_life
    ),
    "compare_versions": graphene.Field(
        all_of(Difference), material=key(), old=graphene.Int(required=True),
        new=graphene.Int(required=True), resolver=_compared,
    ),
    "waiting_for_review": graphene.Field(all_of(shapes.Material), resolver=_waiting),
    "mentions": graphene.Field(all_of(Comment), resolver=_mentions),
}  # fmt: skip
VERBS = {
    "submit_for_review": verb(
        "submitForReview", "review", Review, submit_for_review, material=key()
    ),
    "review_material": verb(
        "reviewMaterial", "review", Review, review_material,
        material=key(), verdict=graphene.String(required=True), note=graphene.String(),
    ),
    "restore_version": verb(
        "restoreVersion", "material", shapes.Material, restore_version,
        material=key(), number=graphene.Int(required=True),
        fields=graphene.List(graphene.NonNull(graphene.String)),
    ),
    "archive_material": verb(
        "archiveMaterial", "material", shapes.Material, archive_material, material=key()
    ),
    "take_out_material": verb(
        "takeOutMaterial", "material", shapes.Material, take_out_material, material=key()
    ),
    "comment_on_material": verb(
        "commentOnMaterial", "comment", Comment, comment_on_material,
        material=key(), text=graphene.String(required=True),
        mentions=graphene.List(graphene.NonNull(graphene.ID)),
    ),
}  # fmt: skip

SIZES = {
    ("MaterialLife", "heldBy"): 10, ("MaterialLife", "reviews"): 50,
    ("MaterialLife", "comments"): 50, ("MaterialLife", "versions"): 20,
    ("MaterialVersion", "content"): 40, ("Query", "compareVersions"): 40,
    ("Query", "waitingForReview"): 100, ("Query", "mentions"): 100,
}  # fmt: skip
WEIGHTS: dict[tuple[str, str], int] = {}
