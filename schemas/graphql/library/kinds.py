"""Content types (内容类型) as GraphQL tells them, and how a company adds its own at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from content_hub.types import ContentType as TypeRecord
from content_hub.types import Field, Kind
from data_hub.catalogue import KINDS
from kernel.actors import require
from kernel.errors import Flaw, Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import texts, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class TypeField(ObjectType):
    """One field of a type. A name has one kind in the whole company."""

    name = graphene.String(required=True)
    kind = graphene.String(required=True, resolver=lambda field, ask: field.kind.value)
    zh = graphene.String(required=True)
    en = graphene.String(required=True)
    required = graphene.Boolean(required=True)
    choices = texts(required=True)


class ContentType(ObjectType):
    """What is true for every material of a type."""

    code = graphene.String(required=True)
    zh = graphene.String(required=True)
    en = graphene.String(required=True)
    fields = graphene.List(graphene.NonNull(TypeField), required=True)
    tracking = texts(required=True, description="Kinds of event that such a material reports.")
    channels = texts(
        required=True, description="A channel needs one of these to show it.",
        resolver=lambda kind, ask: sorted(kind.channels),
    )  # fmt: skip
    needs = texts(required=True, description="Parts without which it goes on no shelf.")


class TypeFieldInput(graphene.InputObjectType):
    """A field to add."""

    name = graphene.String(required=True)
    kind = graphene.String(required=True, description="`text`, `number`, `choice`, `list`…")
    zh = graphene.String(required=True)
    en = graphene.String()
    required = graphene.Boolean()
    choices = texts()


def _kinds(source: None, ask: Ask) -> list[TypeRecord]:
    require(ask.context.actor, "read_library")
    return list(ask.context.types.all())


def _field(sent: Sent) -> Field:
    try:
        kind = Kind(sent["kind"])
    except ValueError:
        raise Invalid("kind", "not_a_choice", choices=[*Kind]) from None
    return Field(
        sent["name"], kind, sent["zh"], sent.get("en") or sent["zh"],
        required=bool(sent.get("required")), choices=tuple(sent.get("choices") or ()),
    )  # fmt: skip


def add_content_type(ask: Ask, sent: Sent) -> TypeRecord:
    """A type of the company's own; materials of it can be made from the next request on."""
    context: Context = ask.context
    require(context.actor, "manage_types")
    if any(each.code == sent["code"] for each in context.types.all()):
        raise Invalid("code", "code_taken", code=sent["code"][:40])
    tracking = list(sent["tracking"])
    if unknown := [kind for kind in tracking if kind not in KINDS]:
        raise Invalid.because(
            Flaw("tracking", "unknown_kind", {"kind": each[:60]}) for each in unknown
        )
    return context.types.add(
        sent["code"], zh=sent["zh"], en=sent.get("en") or sent["zh"], tracking=tracking,
        channels=sent["channels"], needs=sent.get("needs") or (),
        fields=[_field(each) for each in sent.get("fields") or ()], by=context.actor.id,
    )  # fmt: skip


def add_type_fields(ask: Ask, sent: Sent) -> TypeRecord:
    """Fields for a type that is there; nothing is restarted and no schema changes."""
    context: Context = ask.context
    require(context.actor, "manage_types")
    kind = context.types.one(sent["type"])
    fields = [_field(each) for each in sent["fields"]]
    return context.types.add(kind.code, zh=kind.zh, en=kind.en, fields=fields, by=context.actor.id)


_FIELDS = graphene.List(graphene.NonNull(TypeFieldInput))

QUESTIONS = {
    "content_types": graphene.Field(
        graphene.List(graphene.NonNull(ContentType), required=True), resolver=_kinds,
        description="Every type the company works with.",
    ),
}  # fmt: skip

VERBS = {
    "add_content_type": verb(
        "addContentType", "type", ContentType, add_content_type,
        code=graphene.String(required=True), zh=graphene.String(required=True),
        en=graphene.String(), fields=_FIELDS, tracking=texts(required=True),
        channels=texts(required=True), needs=texts(),
    ),
    "add_type_fields": verb(
        "addTypeFields", "type", ContentType, add_type_fields,
        type=graphene.String(required=True),
        fields=graphene.List(graphene.NonNull(TypeFieldInput), required=True),
    ),
}  # fmt: skip

SIZES = {
    ("Query", "contentTypes"): 40, ("ContentType", "fields"): 60, ("ContentType", "tracking"): 20,
    ("ContentType", "channels"): 10, ("ContentType", "needs"): 10, ("TypeField", "choices"): 50,
}  # fmt: skip
