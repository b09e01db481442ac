"""The shelf's bounds (禁发、授权与平移) as GraphQL tells them: embargoes, licences, shifting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import graphene

from content_hub.licences import Licence as LicenceRecord
from content_hub.shifting import ShelfShift as ShiftRecord
from kernel.actors import require, require_own
from kernel.errors import Flaw, Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.verbs import managed
from schemas.graphql.shapes import Moment, key, moment, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class Embargo(ObjectType):
    """Until when a material is held back."""

    material = graphene.Field(shapes.Material, required=True)
    until = Moment()


class _Held:
    def __init__(self, context: Context, material: Any) -> None:
        self.material = material
        self.until = context.licences.embargoed_until(material.id)


class Licence(ObjectType):
    """From when until when a file may be shown."""

    media = graphene.ID(required=True)
    opens = Moment()
    closes = Moment()
    materials = graphene.List(
        graphene.NonNull(graphene.ID), required=True,
        description="Those that show it; the first hundred.",
    )  # fmt: skip
    uses = graphene.Int(required=True, description="How many materials show it.")


class Stays(ObjectType):
    """A placement that does not fit elsewhere."""

    placement = graphene.ID(required=True)
    code = graphene.String(required=True)
    message = graphene.String(required=True)


class _Staying:
    def __init__(self, placement: str, flaw: Flaw, language: str) -> None:
        self.placement, self.code = placement, flaw.reason
        self.message = flaw.message(language)


class ShelfShift(ObjectType):
    """What opens in a stretch of time, some days earlier or later."""

    id = graphene.ID(description="Undoes it; null for a preview.")
    days = graphene.Int(required=True)
    planned = graphene.Int(required=True)
    moved = graphene.Int(required=True)
    left = graphene.List(graphene.NonNull(Stays), required=True)
    undone = Moment()


class _Shifted:
    def __init__(
        self, days: int, planned: int, moved: int, left: list[_Staying],
        run: ShiftRecord | None = None,
    ) -> None:  # fmt: skip
        self.id = run.id if run else None
        self.undone: datetime | None = run.undone if run else None
        self.days, self.planned, self.moved, self.left = days, planned, moved, left


def _run(run: ShiftRecord, language: str) -> _Shifted:
    left = [_Staying(each, Flaw("", reason), language) for each, reason in run.left[:100]]
    return _Shifted(run.days, len(run.planned), len(run.moved), left, run)


def embargo_material(ask: Ask, sent: Sent) -> _Held:
    """Hold a material back until a moment, on every account; without one, no more."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    found = managed(context, sent["material"])
    context.licences.embargo(found.id, moment(sent.get("until"), "until"), by=context.actor.id)
    return _Held(context, found)


def license_media(ask: Ask, sent: Sent) -> LicenceRecord:
    """Say for how long a file may be shown; with its end, what shows it leaves every shelf."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    return context.licences.license(
        sent["media"], opens=moment(sent.get("opens"), "opens"),
        closes=moment(sent.get("closes"), "closes"), by=context.actor.id,
        units=context.actor.own_units,
    )  # fmt: skip


def _licence(source: None, ask: Ask, media: str) -> LicenceRecord:
    require(ask.context.actor, "read_library")
    found: LicenceRecord = ask.context.licences.of(media)
    return found


def shift_shelf(ask: Ask, sent: Sent) -> _Shifted:
    """Move everything that opens from `since` until before `until` by some days, at the same hours
    of the company's clocks. What does not fit stays and is told. With `preview` nothing moves."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    since, until = moment(sent["since"], "since"), moment(sent["until"], "until")
    if since is None or until is None:
        raise Invalid("since", "missing")
    account = context.account(sent["channel"]) if sent.get("channel") else ""
    units = context.actor.own_units
    if sent.get("preview"):
        found, left = context.shifting.look(
            since, until, sent["days"], account=account, units=units
        )
        told = [_Staying(each, flaw, context.language) for each, flaw in left]
        return _Shifted(sent["days"], len(found), len(found) - len(left), told[:100])
    run = context.shifting.shift(
        since, until, sent["days"], account=account, units=units, by=context.actor.id
    )
    return _run(run, context.language)


def undo_shift(ask: Ask, sent: Sent) -> _Shifted:
    """Everything back to where it was, unless it was moved since."""
    context: Context = ask.context
    require(context.actor, "place_materials")
    run = context.shifting.one(sent["shift"])
    require_own(context.actor, run.by)
    return _run(context.shifting.undo(run.id, by=context.actor.id), context.language)


QUESTIONS = {
    "licence": graphene.Field(
        Licence, media=graphene.ID(required=True), resolver=_licence,
        description="For how long a file may be shown, and what shows it.",
    ),
}  # fmt: skip

VERBS = {
    "embargo_material": verb(
        "embargoMaterial", "embargo", Embargo, embargo_material, material=key(), until=Moment()
    ),
    "license_media": verb(
        "licenseMedia", "licence", Licence, license_media,
        media=graphene.ID(required=True), opens=Moment(), closes=Moment(),
    ),
    "shift_shelf": verb(
        "shiftShelf", "shift", ShelfShift, shift_shelf,
        since=Moment(required=True), until=Moment(required=True),
        days=graphene.Int(required=True), channel=graphene.ID(), preview=graphene.Boolean(),
    ),
    "undo_shift": verb(
        "undoShift", "shift", ShelfShift, undo_shift, shift=graphene.ID(required=True)
    ),
}  # fmt: skip

SIZES = {("Licence", "materials"): 100, ("ShelfShift", "left"): 100}
