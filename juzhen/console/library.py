"""The material library (素材库): finding materials, and tagging many of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from juzhen.console.desk import allowed, done, managed, seen, sight, tag_options, typed_tag
from juzhen.web import pages
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials")
    def library() -> str:
        return _page(platform)

    @door.post("/materials/tags")
    def tag_many() -> AnyResponse | tuple[str, int]:
        """Put a tag on, and take one off, everything that was ticked."""
        actor = allowed("tag_materials")
        keys = request.form.getlist("material")
        try:
            if not keys:
                raise Invalid("materials", "tick_some_materials")
            for key in keys:
                managed(actor, seen(actor, platform, key).unit)
            add, remove = (
                [typed_tag(platform, text, name).id] if (text := request.form.get(name, "")) else []
                for name in ("add", "remove")
            )
            platform.materials.tag(keys, add, remove=remove, by=actor.id)
        except Invalid as refusal:
            return _page(platform, refusal), 422
        shown = {
            name: request.args[name]
            for name in ("q", "type", "tag", "untagged")
            if name in request.args
        }
        return done("library", "tagged", n=len(keys), **shown)


def _page(platform: Platform, refusal: Invalid | None = None) -> str:
    actor = allowed("read_library")
    text, type_ = request.args.get("q", "").strip(), request.args.get("type", "")
    typed, after = request.args.get("tag", "").strip(), request.args.get("after")
    untagged = bool(request.args.get("untagged"))
    try:
        tags = [typed_tag(platform, typed).id] if typed else []
    except Invalid as unknown:
        tags, refusal = [], refusal or unknown
    kinds = [kind for kind in platform.types.all() if kind.code == type_]
    types = [kind.code for kind in kinds]
    degraded = False
    if text:
        found = platform.finding.search(
            text, sight=sight(actor), types=types, tags=tags, after=after
        )
        items, total, following, degraded = found
    else:
        page = platform.materials.page(
            sight=sight(actor), types=types, tags=tags, untagged=untagged, after=after, count=True
        )
        items, total, following = page.items, page.total or 0, page.next
    ids = [material.id for material in items]
    topics = platform.materials.topics(ids)
    return pages.render(
        "console/library.html",
        items=items,
        total=total,
        following=following,
        degraded=degraded,
        q=text,
        type=type_,
        tag=typed,
        untagged=untagged,
        types={kind.code: kind for kind in platform.types.all()},
        options=tag_options(platform),
        tags={id_: platform.taxonomy.tags(own) for id_, own in topics.items()},
        standing=platform.shelf.standing_ids("", ids),
        refusal=refusal,
    )
