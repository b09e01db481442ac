"""Remaking (我也拍一条): a rep films after one of our videos and hands in the link of hers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from juzhen.web import pages
from juzhen.workbench.saying import rep, visible_material
from kernel.errors import Conflict, Flaw, Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/remake/<material>")
    def remake(material: str) -> Response:
        """What it is about, and a line for the link of her own."""
        return _page(platform, material)

    @door.post("/remake/<material>")
    def hand_in(material: str) -> AnyResponse:
        """Her link is a material of its own from now on; an editor may put it on a shelf."""
        actor = rep()
        kept = visible_material(platform, actor, material)
        try:
            url = request.form.get("url", "").strip()
            if not url:
                raise Invalid("url", "missing")
            platform.remakes.make(
                kept.id, title=request.form.get("title", "").strip(), url=url, rep=actor.staff,
                unit=actor.unit, by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            flaws = refusal.flaws if isinstance(refusal, Invalid) else [
                Flaw("url", refusal.reason, refusal.facts)
            ]  # fmt: skip
            answer = _page(platform, material, flaws)
            answer.status_code = 422
            return answer
        return _page(platform, material)


def _page(platform: Platform, material: str, flaws: object = ()) -> Response:
    actor = rep()
    kept = visible_material(platform, actor, material)
    hers = [each for each in platform.remakes.tree(kept.id) if each.rep == actor.staff]
    return pages.page(
        "workbench/remake.html", tab="me", unread=platform.reminders.unread(actor.staff),
        material=kept, remakable=platform.remakes.remakable(kept), flaws=flaws, typed=request.form,
        hers=[(each.material, _seen(platform, each.material.id)) for each in hers],
    )  # fmt: skip


def _seen(platform: Platform, material: str) -> int:
    return sum(views for _, views in platform.receptions.seen_through(material))
