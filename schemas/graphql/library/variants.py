"""Variants (渠道与语言版本) as GraphQL tells them: what a material says otherwise, and the room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from channels.capabilities import Limits
from content_hub.materials import Material as MaterialRecord
from content_hub.materials.variants import TEXTS
from kernel.actors import require
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.questions import visible
from schemas.graphql.library.verbs import FieldInput, managed
from schemas.graphql.shapes import key, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class Variant(ObjectType):
    """What a material says otherwise for an account, in a language, or both."""

    channel = graphene.ID(description="The account; null for all of them.")
    language = graphene.String(required=True, description="Empty is the company's own.")
    says = graphene.List(
        graphene.NonNull(shapes.FieldValue), required=True,
        description="`title`, `summary`, `body`, `cover`, `fields.…`; what is not here falls back.",
    )  # fmt: skip


class ChannelLimits(ObjectType):
    """How long texts may be on an account, in characters; null where no limit is known."""

    title = graphene.Int()
    summary = graphene.Int()
    body = graphene.Int()
    body_bytes = graphene.Int()
    cover_bytes = graphene.Int()
    needs_cover = graphene.Boolean(required=True)
    source = graphene.String(required=True, description="Where the limits are written.")


class _Otherwise(NamedTuple):
    channel: str | None
    language: str
    says: list[shapes.Filled]


def _variants(source: None, ask: Ask, material: str) -> list[_Otherwise]:
    context: Context = ask.context
    require(context.actor, "read_library")
    found = visible(context, material)
    told = []
    for where, words in sorted(found.variants.items()):
        account, _, language = where.partition("/")
        says = [shapes.Filled(name, word) for name, word in sorted(words.items())]
        told.append(_Otherwise(account or None, language, says))
    return told


def _limits(source: None, ask: Ask, channel: str) -> Limits:
    context: Context = ask.context
    require(context.actor, "read_library")
    return context.varying.limits(context.account(channel))


def vary_material(ask: Ask, sent: Sent) -> MaterialRecord:
    """Say it otherwise for an account, in a language, or both; an empty text falls back again.
    What the account's platform could not take is a problem of the field."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    changed: dict[str, Any] = {name: sent[name] or "" for name in TEXTS if name in sent}
    if "fields" in sent:
        changed["fields"] = {each["name"]: each.get("value") for each in sent["fields"] or ()}
    channel = sent.get("channel")
    return context.varying.vary(
        managed(context, sent["material"]).id,
        account=context.account(channel) if channel else "",
        language=sent.get("language") or "", expected=sent.get("number"), by=context.actor.id,
        **changed,
    )  # fmt: skip


class LostPicture(ObjectType):
    """A picture that could not be had."""

    address = graphene.String(required=True)
    code = graphene.String(required=True)
    message = graphene.String(required=True)


class _Lost(NamedTuple):
    address: str
    code: str
    message: str


class _Pasted(NamedTuple):
    html: str
    taken: int
    lost: list[_Lost]


def paste_body(ask: Ask, sent: Sent) -> _Pasted:
    """Make a body of an article that was written elsewhere: its markup cut down to what is
    allowed, its pictures fetched and kept. Changes no material."""
    context: Context = ask.context
    require(context.actor, "upload_media")
    told = context.pasting.take(sent["html"], by=context.actor.id)
    lost = [
        _Lost(each.address, each.why.reason, each.why.message(context.language))
        for each in told.lost
    ]
    return _Pasted(told.html, told.taken, lost)


def _pasted(name: str, kind: Any, says: str) -> graphene.Field:
    def told(payload: Any, ask: Ask) -> Any:
        return payload.html and getattr(payload.html, name)

    return graphene.Field(kind, resolver=told, description=says)


QUESTIONS = {
    "variants": graphene.Field(
        graphene.List(graphene.NonNull(Variant), required=True), material=key(),
        resolver=_variants, description="Everything that a material says otherwise somewhere.",
    ),
    "channel_limits": graphene.Field(
        ChannelLimits, channel=key(), resolver=_limits,
        description="What the platform of an account takes today.",
    ),
}  # fmt: skip

VERBS = {
    "paste_body": verb(
        "pasteBody", "html", _pasted("html", graphene.String, "A body for a material."),
        paste_body,
        beside={
            "taken": _pasted("taken", graphene.Int, "Pictures that are kept now."),
            "lost": _pasted(
                "lost", graphene.List(graphene.NonNull(LostPicture)), "Those that are not."
            ),
        },
        html=graphene.String(required=True),
    ),
    "vary_material": verb(
        "varyMaterial", "material", shapes.Material, vary_material,
        material=key(), channel=graphene.ID(description="An account; all of them if left out."),
        language=graphene.String(description="Like `en` or `zh-Hant`; left out, the own one."),
        number=graphene.Int(description="The edit that was seen; a later one is a conflict."),
        title=graphene.String(), summary=graphene.String(), body=graphene.String(),
        cover=graphene.ID(), fields=graphene.List(graphene.NonNull(FieldInput)),
    ),
}  # fmt: skip

SIZES = {("Query", "variants"): 60, ("Variant", "says"): 30}
