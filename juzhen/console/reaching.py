"""Carriers and losses (载体与流失): by what we reach whom in WeChat, who cut us off, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.carriers import Carrier
from juzhen.console.desk import allowed, done, flaws_of, managed, seen
from juzhen.web import pages
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/reaching")
    def reaching() -> str:
        return _page(platform)

    @door.post("/reaching")
    def decide_model() -> AnyResponse | tuple[str, int]:
        """Which carriers, by the place that each is given; without one it is left out."""
        actor, form = allowed("manage_accounts"), request.form
        placed = [(form.get(each, ""), each) for each in Carrier]
        chosen = [each.value for place, each in sorted(placed) if place.isdecimal()]
        try:
            platform.carriers.decide(chosen, by=actor.id)
        except Invalid as refusal:
            return _page(platform, refusal), 422
        return done("reaching", "model_decided")

    @door.post("/reaching/<key>/release")
    def release_paused(key: str) -> AnyResponse:
        actor = allowed("place_materials")
        managed(actor, seen(actor, platform, key).unit)
        platform.blocks.release(key, by=actor.id)
        return done("reaching", "content_released")


def _page(platform: Platform, refusal: Invalid | None = None) -> str:
    allowed("read_deliveries")
    left = platform.blocks.page(first=20, after=request.args.get("after"))
    paused = platform.blocks.paused()
    named = [*(each.material for each in paused), *(each.material for each in left.items)]
    return pages.render(
        "console/reaching.html",
        model=platform.carriers.model(),
        reach=platform.carriers.reach(),
        carriers=list(Carrier),
        paused=paused,
        left=left.items,
        onward=left.next,
        titles={key: key for key in named} | platform.materials.titles(set(named) - {""}),
        accounts={each.id: each.name for each in platform.accounts.all()},
        flaws=flaws_of(refusal) if refusal else (),
    )
