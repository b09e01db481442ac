"""Unlisted (为什么没推荐): of any content, why her rep is not offered it for a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from content_hub.materials import Material
from juzhen.console.desk import allowed
from juzhen.web import pages
from kernel.actors import Actor
from matching.offers import WhyNot

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_MEANT = 5
"""Contents that words of a title may mean."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/customers/<key>/why")
    def unlisted(key: str) -> str:
        actor = allowed("read_customers")
        her = platform.customers.seen_by(actor).one(key)
        about = request.args.get("about", "").strip()[:40]
        rep = platform.staff.many([her.rep]).get(her.rep) if her.rep else None
        if rep and rep.left:
            rep = None  # nobody asks for her customers until somebody has them
        return pages.render(
            "console/unlisted.html", her=her, rep=rep, about=about,
            found=_found(platform, actor, her.id, about) if about and rep else [],
        )  # fmt: skip


def _found(
    platform: Platform, actor: Actor, customer: str, about: str
) -> list[tuple[Material, WhyNot]]:
    """The contents that are meant, the closest first, each with why it is not on her list."""
    meant = platform.finding.search(about, sight=actor.seen_units, first=_MEANT).items
    why = platform.recommender.why_withheld
    return [(each, why(customer, actor, each.id)) for each in meant]
