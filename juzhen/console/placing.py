"""Placing (上架): a material, an account and a window; says all that is missing before it does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material
from juzhen.console.desk import allowed, done, flaws_of, managed, seen, sight, typed_moment
from juzhen.web import pages
from kernel.errors import Conflict, Flaw, Invalid, NotFound

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_LASTS = timedelta(days=7)


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/place")
    def place_form() -> str:
        return _page(platform)

    @door.post("/place")
    def place() -> AnyResponse | tuple[str, int]:
        actor = allowed("place_materials")
        form = request.form
        if form.get("act") == "check":
            return _page(platform, _flaws(platform), checked=True), 200
        try:
            managed(actor, seen(actor, platform, form.get("material", "")).unit)
            placed = platform.publishing.place(
                form.get("material", ""), form.get("account", ""),
                opens=typed_moment(platform.zone, "opens"),
                closes=typed_moment(platform.zone, "closes"),
                slot=form.get("slot", ""), campaign=form.get("campaign", ""), by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, flaws_of(refusal)), 422
        except NotFound as missing:
            field = str(missing.facts["kind"])
            return _page(platform, [Flaw(field, missing.reason, missing.facts)]), 422
        return done("shelf", "placed", account=placed.account)


def _flaws(platform: Platform) -> list[Flaw]:
    """What placing would refuse."""
    form = request.form
    try:
        opens, closes = (typed_moment(platform.zone, name) for name in ("opens", "closes"))
        account = platform.accounts.one(form.get("account", ""))
        lacking = platform.shelf.flaws(
            form.get("material", ""), account.id, opens=opens, closes=closes,
            slot=form.get("slot", ""), campaign=form.get("campaign", ""),
        )  # fmt: skip
        return [*lacking, *platform.publishing.flaws_of(form.get("material", ""), account)]
    except Invalid as refusal:
        return list(refusal.flaws)
    except NotFound as missing:
        return [Flaw(str(missing.facts["kind"]), missing.reason, missing.facts)]


def _page(platform: Platform, flaws: Any = (), *, checked: bool = False) -> str:
    actor = allowed("place_materials")
    text, chosen = request.args.get("q", "").strip(), request.values.get("material", "")
    material = _chosen(platform, chosen)
    found = []
    if text or material is None:
        found = list(
            platform.finding.search(text, sight=sight(actor), first=12).items
            if text
            else platform.materials.page(sight=sight(actor), first=12).items
        )
    account = request.values.get("account", "")
    accounts = platform.accounts.all()
    return pages.render(
        "console/place.html",
        material=material,
        kind=platform.types.one(material.type) if material else None,
        tags=platform.taxonomy.tags(platform.materials.about(material.id)) if material else [],
        found=found,
        types={kind.code: kind for kind in platform.types.all()},
        q=text,
        accounts=accounts,
        slots=[slot for each in accounts for slot in platform.shelf.slots(each.id)],
        campaigns=platform.campaigns.page(sight=sight(actor), first=50).items,
        typed={**_hours(platform), **request.values.to_dict(), "account": account},
        flaws=flaws,
        checked=checked,
    )


def _chosen(platform: Platform, key: str) -> Material | None:
    try:
        return seen(allowed("place_materials"), platform, key) if key else None
    except NotFound:
        return None


def _hours(platform: Platform) -> dict[str, str]:
    """From the next full hour for a week: a start that is seldom far off."""
    opens: datetime = platform.clock().replace(minute=0, second=0, microsecond=0)
    opens += timedelta(hours=1)
    return {
        "opens": pages.typed(platform.zone, opens),
        "closes": pages.typed(platform.zone, opens + _LASTS),
    }
