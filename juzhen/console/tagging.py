"""The tag page (标签管理): the tree of each facet with counts, every act on it, and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.tags import Tag
from juzhen.console.desk import allowed, done, flaws_of, listed, names_of, tag_options, typed_tag
from juzhen.console.tagging_runs import AT_ONCE
from juzhen.web import pages
from kernel.actors import Actor, Role
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


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
        """Rename, move, merge, split, retire, relate: the button says which."""
        actor = allowed("manage_tags")
        found = platform.taxonomy.one(key)
        act = request.form.get("act", "")
        try:
            if act == "split":
                return _split(platform, found, actor)
            kept = _ACTS.get(act, _rename)(platform, found, actor.id)
        except (Invalid, Conflict) as refusal:
            return _one(platform, found, refusal), 422
        return done("tag", _SAID.get(act, "renamed_tag"), key=kept.id)

    @door.post("/tag-acts/<act>")
    def undo_tag_act(act: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("manage_tags")
        try:
            platform.taxonomy.acts.undo(act, by=actor.id)
        except Conflict as refusal:
            return _page(platform, refusal), 422
        return done("tags", "undid_tag_act")


def _rename(platform: Platform, tag: Tag, by: str) -> Tag:
    form = request.form
    owner = form.get("owner", "")
    if owner and owner not in platform.staff.many([owner]):
        raise Invalid("owner", "nothing_by_that_name", kind="staff", key=owner[:60])
    return platform.taxonomy.rename(
        tag.id, zh=form.get("zh", ""), en=form.get("en", ""), synonyms=_synonyms(),
        owner=owner, by=by,
    )  # fmt: skip


def _merge(platform: Platform, tag: Tag, by: str) -> Tag:
    into = typed_tag(platform, request.form.get("other", "").strip(), "other")
    return platform.taxonomy.merge(tag.id, into.id, by=by)


def _move(platform: Platform, tag: Tag, by: str) -> Tag:
    other = request.form.get("other", "").strip()
    above = typed_tag(platform, other, "other").id if other else None
    return platform.taxonomy.move(tag.id, above, by=by)


def _relate(platform: Platform, tag: Tag, by: str) -> Tag:
    typed = listed(request.form.get("related", ""))
    others = [typed_tag(platform, each, "related").id for each in typed]
    return platform.taxonomy.relate(tag.id, others, by=by)


def _retire(platform: Platform, tag: Tag, by: str) -> Tag:
    return platform.taxonomy.retire(tag.id, by=by)


_ACTS = {
    "rename": _rename, "merge": _merge, "move": _move, "relate": _relate, "retire": _retire,
}  # fmt: skip
_SAID = {
    "merge": "merged_tag", "move": "moved_tag", "relate": "related_tag", "retire": "retired_tag",
}  # fmt: skip


def _split(platform: Platform, tag: Tag, actor: Actor) -> AnyResponse:
    run = platform.tagging_runs.split(
        tag.id, request.form.get("zh", ""), en=request.form.get("en", ""),
        text=request.form.get("text", ""), units=actor.own_units, by=actor.id,
    )  # fmt: skip
    platform.tagging_runs.go_on(run.id, AT_ONCE)
    return done("tagging_run", "began_tagging", key=run.id)


def _synonyms() -> list[str]:
    return listed(request.form.get("synonyms", ""))


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
        **_acts(platform),
        options=tag_options(platform),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _acts(platform: Platform, tag: str = "") -> dict[str, Any]:
    """What was done to the vocabulary, each with its button to undo it."""
    acts = platform.taxonomy.acts.latest(tag=tag)
    return {
        "acts": acts,
        "act_tags": {each.id: each for each in platform.taxonomy.tags(act.tag for act in acts)},
        "people": names_of(platform, (act.by for act in acts)),
    }


def _one(platform: Platform, tag: Tag, refusal: Problem | None = None) -> str:
    tree = platform.taxonomy.now()
    above = tree.find(tag.parent) if tag.parent else None
    owners = {
        each.id: each for role in (Role.EDITOR, Role.PUBLISHER, Role.ADMIN)
        for each in platform.staff.page(role=role, first=100).items
    } | platform.staff.many({tag.owner} - {""})  # fmt: skip
    return pages.render(
        "console/tag.html",
        tag=tag,
        above=above,
        under=[tree.by_id[each] for each in tree.children.get(tag.id, ())],
        facet=next(each for each in platform.taxonomy.facets() if each.code == tag.facet),
        count=platform.taxonomy.counts().get(tag.id, 0),
        related=tree.tags(tag.related),
        owners=[(each.id, each.name) for each in owners.values()],
        **_acts(platform, tag.id),
        options=tag_options(platform),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )
