"""The tag page (标签管理): the tree of each facet; adding, renaming, moving and merging."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.tags import Tag
from juzhen.console.desk import allowed, done, flaws_of, tag_options, typed_tag
from juzhen.web import pages
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_COMMAS = re.compile(r"[,，、;；\n]+")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/tags")
    def tags() -> str:
        allowed("read_library")
        return _page(platform)

    @door.post("/tags")
    def make_tag() -> AnyResponse | tuple[str, int]:
        actor = allowed("manage_tags")
        form = request.form
        facet = form.get("facet", "")
        try:
            above = form.get("parent", "").strip()
            made = platform.taxonomy.create(
                form.get("zh", ""), facet, en=form.get("en", ""), synonyms=_synonyms(),
                parent=typed_tag(platform, above, "parent").id if above else None, by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("tags", "made_tag", facet=made.facet)

    @door.get("/tags/<key>")
    def tag(key: str) -> str:
        allowed("read_library")
        return _one(platform, platform.taxonomy.one(key))

    @door.post("/tags/<key>")
    def edit_tag(key: str) -> AnyResponse | tuple[str, int]:
        """Rename, move or merge: the button says which."""
        actor = allowed("manage_tags")
        found = platform.taxonomy.one(key)
        form = request.form
        other = form.get("other", "").strip()
        try:
            if form.get("act") == "merge":
                into = typed_tag(platform, other, "other")
                kept = platform.taxonomy.merge(found.id, into.id, by=actor.id)
                return done("tag", "merged_tag", key=kept.id)
            if form.get("act") == "move":
                above = typed_tag(platform, other, "other").id if other else None
                platform.taxonomy.move(found.id, above, by=actor.id)
                return done("tag", "moved_tag", key=found.id)
            platform.taxonomy.rename(
                found.id, zh=form.get("zh", ""), en=form.get("en", ""), synonyms=_synonyms(),
                by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _one(platform, found, refusal), 422
        return done("tag", "renamed_tag", key=found.id)


def _synonyms() -> list[str]:
    typed = _COMMAS.split(request.form.get("synonyms", ""))
    return [word.strip() for word in typed if word.strip()]


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    facets = platform.taxonomy.facets()
    codes = [facet.code for facet in facets]
    facet = request.values.get("facet", "")
    facet = facet if facet in codes else codes[0]
    text = request.args.get("q", "").strip()
    return pages.render(
        "console/tags.html",
        facets=facets,
        facet=facet,
        branches=platform.taxonomy.tree(facet),
        counts=platform.taxonomy.counts(),
        q=text,
        found=platform.taxonomy.find(text) if text else [],
        options=tag_options(platform),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _one(platform: Platform, tag: Tag, refusal: Problem | None = None) -> str:
    tree = platform.taxonomy.now()
    above = tree.find(tag.parent) if tag.parent else None
    return pages.render(
        "console/tag.html",
        tag=tag,
        above=above,
        under=[tree.by_id[each] for each in tree.children.get(tag.id, ())],
        facet=next(each for each in platform.taxonomy.facets() if each.code == tag.facet),
        count=platform.taxonomy.counts().get(tag.id, 0),
        options=tag_options(platform),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )
