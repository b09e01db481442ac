"""Placing (上架): a material, an account and a window; says all that is missing before it does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material
from juzhen.console import previews
from juzhen.console.desk import allowed, done, flaws_of, managed, seen, typed_moment
from juzhen.web import pages
from kernel.actors import require_own
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
            act, placed = platform.placing.place(
                form.get("material", ""), form.getlist("account"), **_window(platform),
                vip_hours=_vip_hours(), by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, flaws_of(refusal)), 422
        except NotFound as missing:
            field = str(missing.facts["kind"])
            return _page(platform, [Flaw(field, missing.reason, missing.facts)]), 422
        if len(placed) > 1:
            return done("shelf", "placed_many", n=len(placed), undo=act, account=placed[0].account)
        return done("shelf", "placed", undo=act, account=placed[0].account)

    @door.post("/place/<key>/undo")
    def take_placements_back(key: str) -> AnyResponse | tuple[str, int]:
        """Everything that one act placed leaves the shelf again."""
        actor = allowed("place_materials")
        require_own(actor, platform.placing.by(key))
        try:
            gone = platform.placing.take_back(key, by=actor.id)
        except Conflict as refusal:
            return _page(platform, flaws_of(refusal)), 422
        return done("shelf", "placements_back", n=gone)


def _window(platform: Platform) -> dict[str, Any]:
    """When, where on the account and for which campaign."""
    opens, closes = (typed_moment(platform.zone, name) for name in ("opens", "closes"))
    slot, campaign = request.form.get("slot", ""), request.form.get("campaign", "")
    return {"opens": opens, "closes": closes, "slot": slot, "campaign": campaign}


def _vip_hours() -> int:
    """So many hours before everybody; none if the line is empty."""
    typed = request.form.get("vip_hours", "").strip()
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 6):
        raise Invalid("vip_hours", "not_a_number")
    return int(typed or 0)


def _flaws(platform: Platform) -> list[Flaw]:
    """What placing would refuse."""
    form = request.form
    try:
        chosen = form.getlist("account")
        if not chosen:
            return [Flaw("account", "missing")]
        return platform.placing.flaws(form.get("material", ""), chosen, **_window(platform))
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
            platform.finding.search(text, sight=actor.seen_units, first=12).items
            if text
            else platform.materials.page(sight=actor.seen_units, first=12).items
        )
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
        previews=previews.of_accounts(platform, material) if material else [],
        shown=previews.drawn(platform, material) if material else None,
        ticked=set(request.values.getlist("account")),
        slots=[slot for each in accounts for slot in platform.shelf.slots(each.id)],
        campaigns=platform.campaigns.page(sight=actor.seen_units, first=50).items,
        typed={**_hours(platform), **request.values.to_dict()},
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
