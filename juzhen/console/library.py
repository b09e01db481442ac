"""The material library (素材库): finding materials, and tagging many of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.finding import Facets
from content_hub.materials import Material
from content_hub.tagging_runs import Chosen
from content_hub.tags import Tag
from juzhen.console import views
from juzhen.console.desk import (
    allowed,
    by_facet,
    done,
    managed,
    seen_all,
    tag_options,
    typed_tags,
)
from juzhen.console.tagging_runs import AT_ONCE
from juzhen.web import pages
from kernel.actors import Actor
from kernel.errors import Invalid, Overloaded

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_TAGS_SHOWN = 12
"""So many tags of a facet are offered with their counts."""
_FOUND = 8


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials")
    def library() -> str:
        return _page(platform)

    @door.get("/materials/find")
    def find_material() -> str:
        """The first few, for the box on every page."""
        actor = allowed("read_library")
        text = request.args.get("q", "").strip()
        found = (
            platform.finding.search(text, sight=actor.seen_units, first=_FOUND) if text else None
        )
        return pages.render(
            "console/found.html", q=text, found=found,
            types={kind.code: kind for kind in platform.types.all()},
        )  # fmt: skip

    @door.post("/materials/tags")
    def tag_many() -> AnyResponse | tuple[str, int]:
        """Put tags on, and take some off, everything that was ticked; one click takes it back."""
        actor = allowed("tag_materials")
        keys = request.form.getlist("material")
        try:
            if not keys:
                raise Invalid("materials", "tick_some_materials")
            chosen = seen_all(actor, platform, keys)
            for each in chosen:
                managed(actor, each.unit)
            add, remove = ([t.id for t in typed_tags(platform, name)] for name in ("add", "remove"))
            run = platform.tagging_runs.begin(
                add, remove, by=actor.id, chosen=Chosen(only=[each.id for each in chosen])
            )
        except Invalid as refusal:
            return _page(platform, refusal), 422
        told = platform.tagging_runs.go_on(run.id, AT_ONCE)
        said = "tagged_but" if told.refused else "tagged"
        n = told.refused or told.done
        return done("library", said, n=n, undo=run.id, **_asked())


def _asked() -> dict[str, Any]:
    return {name: request.args.getlist(name) for name in ("q", "type", "tag", "untagged")}


class _Sought(NamedTuple):
    """What the address asks for."""

    text: str
    type: str
    tags: list[Tag]
    untagged: bool


def _page(platform: Platform, refusal: Invalid | None = None) -> str:
    actor = allowed("read_library")
    try:
        tags = typed_tags(platform, "tag") if "tag" in request.args else []
    except Invalid as unknown:
        tags, refusal = [], refusal or unknown
    kinds = {kind.code: kind for kind in platform.types.all()}
    code = request.args.get("type", "")
    sought = _Sought(
        request.args.get("q", "").strip(), code if code in kinds else "", tags,
        bool(request.args.get("untagged")),
    )  # fmt: skip
    items, total, following, degraded = _found(platform, actor, sought)
    ids = [material.id for material in items]
    topics = platform.materials.topics(ids)
    return pages.render(
        "console/library.html",
        items=items,
        total=total,
        following=following,
        degraded=degraded,
        q=sought.text,
        type=sought.type,
        chosen=tags,
        untagged=sought.untagged,
        facets=None if sought.untagged else _facets(platform, actor, sought),
        types=kinds,
        options=tag_options(platform),
        tags={id_: platform.taxonomy.tags(own) for id_, own in topics.items()},
        standing=platform.shelf.standing_ids("", ids),
        refusal=refusal,
        **views.shown(platform, "library"),
    )


def _found(
    platform: Platform, actor: Actor, sought: _Sought
) -> tuple[list[Material], int, str | None, bool]:
    asked: dict[str, Any] = {
        "sight": actor.seen_units, "types": [sought.type] if sought.type else [],
        "tags": [tag.id for tag in sought.tags], "after": request.args.get("after"),
    }  # fmt: skip
    if sought.text:
        found = platform.finding.search(sought.text, **asked)
        return list(found.items), found.total, found.next, found.degraded
    page = platform.materials.page(**asked, untagged=sought.untagged, count=True)
    return list(page.items), page.total or 0, page.next, False


def _facets(platform: Platform, actor: Actor, sought: _Sought) -> dict[str, Any] | None:
    """What may narrow it further, with how many it would leave; None while nobody counts."""
    try:
        told: Facets = platform.finding.facets(
            sought.text, sight=actor.seen_units, types=[sought.type] if sought.type else [],
            tags=[tag.id for tag in sought.tags],
        )  # fmt: skip
    except Overloaded:
        return None
    chosen = {tag.id for tag in sought.tags}
    offered = [each for each in told.tags if each not in chosen]
    worn = sorted(platform.taxonomy.tags(offered), key=lambda tag: -told.tags[tag.id])
    return {
        "types": sorted(told.types.items(), key=lambda each: -each[1]),
        "tags": [(facet, own[:_TAGS_SHOWN]) for facet, own in by_facet(platform, worn)],
        "counts": told.tags,
    }
