"""Ways in (获客入口): codes and links by which customers come, made and dropped by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.live_codes import CODE, GROUP, LINK, MakesCodes, MakesGroupCodes, MakesLinks
from juzhen.console.desk import allowed, done, flaws_of, names_of, seen
from juzhen.web import pages
from kernel.errors import Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/ways")
    def ways() -> str:
        return _page(platform)

    @door.post("/ways")
    def make_way() -> AnyResponse | tuple[str, int]:
        actor, form = allowed("place_materials"), request.form
        try:
            named = [each.strip() for each in form.get("reps", "").replace("，", ",").split(",")]
            reps = [platform.staff.one(each).id for each in named if each]
            material = form.get("material", "").strip()
            platform.live_codes.create(
                form.get("account", ""), form.get("name", ""), by=actor.id, reps=reps,
                words=form.get("words", "").strip(), kind=form.get("kind", CODE),
                material=seen(actor, platform, material).id if material else "",
                confirm=bool(form.get("confirm")),
                groups=form.get("groups", "").replace("，", " ").replace(",", " ").split(),
            )  # fmt: skip
        except Problem as refusal:
            return _page(platform, refusal), 422
        return done("ways", "way_made")

    @door.post("/ways/<key>/drop")
    def drop_way(key: str) -> AnyResponse:
        platform.live_codes.drop(key, by=allowed("place_materials").id)
        return done("ways", "way_dropped")


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    allowed("place_materials")
    page = platform.live_codes.page(first=50, after=request.args.get("after"))
    for way in page.items:
        pages.show_picture_of(way.picture)
    reps = [each for way in page.items for each in way.reps]
    return pages.render(
        "console/ways.html",
        ways=page.items,
        onward=page.next,
        accounts=platform.channels.able(MakesCodes, MakesLinks, MakesGroupCodes),
        named={each.id: each.name for each in platform.accounts.all()},
        people=names_of(platform, reps),
        kinds=(CODE, LINK, GROUP),
        typed=request.form if refusal else {},
        flaws=flaws_of(refusal) if refusal else (),
    )
