"""The shelf page (货架): what stands now and what comes next, account by account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.placements import Placement
from juzhen.console import links, states, views
from juzhen.console.desk import allowed, done, flaws_of, managed, names, typed_moment
from juzhen.console.placed import rows
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.wording import LANGUAGES, say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_MOST = 60


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/shelf")
    def shelf() -> str:
        hers = allowed("read_shelf").seen_units
        accounts = platform.accounts.all()
        wanted = request.args.get("account", "")
        account = next(
            (a for a in accounts if wanted in {a.id, a.code}), next(iter(accounts), None)
        )
        keeper, here = platform.shelf, account.id if account else ""
        standing = keeper.standing(here, sight=hers)[:_MOST] if account else []
        coming = keeper.coming(here, _MOST, sight=hers) if account else []
        return pages.render(
            "console/shelf.html",
            accounts=accounts,
            account=account,
            tally=keeper.tally(here, sight=hers) if account else None,
            standing=rows(platform, standing),
            coming=rows(platform, coming),
            now=platform.clock(),
            types={kind.code: kind for kind in platform.types.all()},
            **views.shown(platform, "shelf"),
        )

    @door.post("/shelf/retire")
    def retire() -> AnyResponse:
        """Off the shelf at once; says how many were already on their way out."""
        actor = allowed("retire_materials")
        key = request.form.get("key", "")
        placement = platform.shelf.one(key) if key.startswith("plc_") else None
        material = platform.materials.one(placement.material if placement else key)
        managed(actor, placement.unit if placement else material.unit)
        word = {say("retire_word", each) for each in LANGUAGES}
        if placement is None and request.form.get("confirm", "").strip() not in word:
            raise Invalid("confirm", "type_the_word", word=pages.speak("retire_word"))
        retired = platform.publishing.retire(key, by=actor.id)
        said = "retired_in_flight" if retired.in_flight else "retired"
        account = placement.account if placement else None
        return done("shelf", said, n=retired.in_flight or None, account=account)

    @door.get("/placements/<key>")
    def placement(key: str) -> str:
        return _one(platform, _seen(allowed("read_shelf"), platform, key))

    @door.post("/placements/<key>")
    def move_placement(key: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("place_materials")
        found = _seen(actor, platform, key)
        managed(actor, found.unit)
        try:
            platform.shelf.move(
                key, opens=typed_moment(platform.zone, "opens"),
                closes=typed_moment(platform.zone, "closes"), by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _one(platform, found, refusal), 422
        return done("placement", "moved_placement", key=key)


def _seen(actor: Actor, platform: Platform, key: str) -> Placement:
    """The placement, if she may see it; otherwise there is none."""
    placement, units = platform.shelf.one(key), actor.seen_units
    if units is not None and placement.unit not in units:
        raise NotFound("placement", key)
    return placement


def _one(platform: Platform, placement: Placement, refusal: Problem | None = None) -> str:
    account = platform.accounts.one(placement.account)
    (row,) = rows(platform, [placement])
    deliveries = platform.deliveries.of_placement(placement.id)
    history = platform.changes.latest("placement", placement.id, 10)
    return pages.render(
        "console/placement.html",
        row=row,
        account=account,
        over=placement.retired is not None or placement.closes <= platform.clock(),
        campaign=(platform.campaigns.one(placement.campaign) if placement.campaign else None),
        deliveries=[(each, states.of_delivery(each, language())) for each in deliveries],
        history=history,
        names=names(platform, history),
        link=links.made(platform, placement, account),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )
