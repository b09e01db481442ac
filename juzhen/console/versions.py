"""The versions of a material (版本): two compared field by field, and one of them said again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material
from juzhen.console.desk import allowed, done, flaws_of, managed, names_of, seen
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.errors import Conflict, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 50


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/versions")
    def versions(key: str) -> str:
        return _page(platform, seen(allowed("read_library"), platform, key))

    @door.post("/materials/<key>/versions")
    def restore_version(key: str) -> AnyResponse | tuple[str, int]:
        """Say again what an earlier version said: all of it, or the fields that are ticked."""
        actor = allowed("edit_materials")
        found = seen(actor, platform, key)
        managed(actor, found.unit)
        fields = request.form.getlist("field") if request.form.get("act") == "some" else None
        try:
            if fields == []:
                raise Invalid("field", "missing")
            platform.materials.restore(found.id, _number("old", 0), fields=fields, by=actor.id)
        except (Invalid, Conflict) as refusal:
            return _page(platform, found, refusal), 422
        return done("versions", "restored", key=found.id)


def _number(name: str, otherwise: int) -> int:
    text = request.values.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _page(platform: Platform, found: Material, refusal: Problem | None = None) -> str:
    kept = platform.versions.of(found.id, _SHOWN)
    newest = kept[0].number if kept else found.number
    old, new = _number("old", max(newest - 1, 1)), _number("new", newest)
    numbers = {each.number for each in kept}
    try:
        told = platform.versions.compare(found.id, old, new) if kept else []
    except NotFound:
        old, told = newest, []
    planned = platform.scheduled_edits.of(found.id)
    people = [*(each.by for each in kept), *(each.edit.by for each in planned)]
    labels = labels_of(platform, found, (each.field for each in told))
    return pages.render(
        "console/versions.html",
        material=found,
        versions=kept,
        old=old,
        new=new,
        comparable=len(numbers) > 1,
        planned=planned,
        differences=[(labels[each.field], each) for each in told],
        people=names_of(platform, people),
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip


def labels_of(platform: Platform, found: Material, fields: Iterable[str]) -> dict[str, str]:
    """What fields of a material are called."""
    tongue = language()
    own = {
        f"fields.{field.name}": field.en if tongue == "en" else field.zh
        for field in platform.types.one(found.type).fields
    }
    return {field: _label(platform, own, field) for field in fields}


def _label(platform: Platform, labels: Mapping[str, str], field: str) -> str:
    """A field by its name; one of a variant with where it is said."""
    if not field.startswith("variants."):
        return labels.get(field) or pages.speak(f"field_{field}")
    where, _, own = field.removeprefix("variants.").partition(".")
    account, _, language = where.partition("/")
    with suppress(NotFound):
        account = platform.accounts.one(account).name if account else ""
    return " · ".join(filter(None, (account, language, _label(platform, labels, own))))
