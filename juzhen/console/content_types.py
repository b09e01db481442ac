"""Content types (内容类型): what a material of each holds; a company adds fields and types here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.types import Field, Kind
from data_hub.catalogue import KINDS
from juzhen.console.desk import allowed, done, flaws_of, listed
from juzhen.web import pages
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/types")
    def content_types() -> str:
        allowed("read_library")
        return _page(platform)

    @door.post("/types")
    def change_types() -> AnyResponse | tuple[str, int]:
        """A field for a type, or a type of the company's own: the button says which."""
        by = allowed("manage_types").id
        try:
            if request.form.get("act") == "type":
                _make(platform, by)
            else:
                kind = platform.types.one(request.form.get("type", ""))
                platform.types.add(kind.code, zh=kind.zh, en=kind.en, fields=[_field()], by=by)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("content_types", "changed_types")


def _make(platform: Platform, by: str) -> None:
    form = request.form
    code = form.get("code", "").strip()
    if any(each.code == code for each in platform.types.all()):
        raise Conflict("code_taken", code=code[:40])
    like = platform.types.one(form.get("like", ""))
    platform.types.add(
        code, zh=form.get("zh", "").strip(), en=form.get("en", "").strip(), by=by,
        fields=like.fields, tracking=like.tracking, channels=sorted(like.channels),
    )  # fmt: skip


def _field() -> Field:
    form = request.form
    zh = form.get("zh", "").strip()
    choices = tuple(listed(form.get("choices", "")))
    try:
        kind = Kind(form.get("kind", ""))
    except ValueError:
        raise Invalid("kind", "not_a_choice", choices=[*Kind]) from None
    return Field(
        form.get("name", "").strip(), kind, zh, form.get("en", "").strip() or zh,
        required="required" in form, choices=choices,
    )  # fmt: skip


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    return pages.render(
        "console/content_types.html",
        types=platform.types.all(),
        kinds=KINDS,
        field_kinds=[(each.value, pages.speak(f"field_kind_{each.value}")) for each in Kind],
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )
