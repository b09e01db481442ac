"""The remakes page (翻拍): what was made after a video, and who watched it through whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material
from juzhen.console.desk import allowed, done, flaws_of, managed, names_of, seen
from juzhen.web import pages
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_COUNTED = 50
"""So many remakes are told with their views; each is a question to the history."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/remakes")
    def remakes(key: str) -> str:
        actor = allowed("read_library")
        return _page(platform, actor, seen(actor, platform, key))

    @door.post("/materials/<key>/remakes")
    def remake(key: str) -> AnyResponse | tuple[str, int]:
        """A draft after it, or a link to what a rep published."""
        actor = allowed("remake_videos")
        found = seen(actor, platform, key)
        managed(actor, actor.unit)
        try:
            made = platform.remakes.make(
                found.id, title=request.form.get("title", "").strip(),
                url=request.form.get("url", "").strip(), rep=_whose(platform),
                unit=actor.unit, by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, actor, found, refusal), 422
        return done("material", "created", key=made.id)


def _whose(platform: Platform) -> str:
    """The rep who was named by her code, if one was."""
    code = request.form.get("rep", "").strip()
    try:
        return platform.staff.one(code).id if code else ""
    except NotFound:
        raise Invalid("rep", "nothing_by_that_name", kind="rep", key=code[:40]) from None


def _page(
    platform: Platform, actor: Actor, found: Material, refusal: Invalid | Conflict | None = None
) -> str:
    units = actor.seen_units
    below = [
        each for each in platform.remakes.tree(found.id)
        if units is None or each.material.unit in units
    ]  # fmt: skip
    views = {
        each.material.id: platform.receptions.seen_through(each.material.id)
        for each in below[:_COUNTED]
    }
    reps = {each.rep for each in below} | {rep for hers in views.values() for rep, _ in hers}
    before = platform.remakes.template_of(found.id)
    return pages.render(
        "console/remakes.html", material=found, below=below, views=views,
        made_after=platform.materials.one(before) if before else None,
        remakable=platform.remakes.remakable(found),
        people=names_of(platform, (each for each in reps if each)),
        flaws=flaws_of(refusal) if refusal else (), typed=request.form,
    )  # fmt: skip
