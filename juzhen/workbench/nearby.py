"""Nearby (附近页): the rep's page of customers near to where she stands.

Her phone tells the page where she is; the page tells the server, which forgets it. Asked again by
itself it answers with nothing (204) until she has gone far enough for another list.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request

from data_hub.places import Place
from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.workbench import telling
from juzhen.workbench.saying import rep
from kernel.actors import Actor
from kernel.errors import Invalid
from matching.nearby import Before, Neighbour, place_of, worth_another

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/nearby")
    def nearby() -> Response:
        return _whole(platform, rep(), None, "")

    @door.post("/nearby")
    def look() -> Response:
        """The list for where she is; only the list if the page's script asks."""
        actor, now = rep(), platform.clock()
        here = place_of(
            _degrees("latitude"), _degrees("longitude"), request.form.get("system", "wgs84")
        )
        before = _before(request.form.get("before", ""))
        if not worth_another(before, here, now, platform.nearby.vicinity):
            return Response(status=204)
        found = platform.nearby.of(actor, here)
        looked = f"{here.latitude:.6f},{here.longitude:.6f},{now.timestamp():.0f}"
        if request.headers.get("X-Part"):
            told = _told(platform, found, looked)
            return pages.page("workbench/neighbours.html", **told)
        return _whole(platform, actor, found, looked)


def _whole(
    platform: Platform, actor: Actor, found: list[Neighbour] | None, before: str
) -> Response:
    g.geolocation = True
    return pages.page(
        "workbench/nearby.html", tab="customers", unread=platform.reminders.unread(actor.staff),
        **_told(platform, found, before),
    )  # fmt: skip


def _told(platform: Platform, found: list[Neighbour] | None, before: str) -> dict[str, Any]:
    tongue = language()
    return {
        "found": found,
        "before": before,
        "vicinity": platform.nearby.vicinity,
        "names": {each.customer.id: telling.name_of(each.customer, tongue) for each in found or ()},
        "when": lambda moment: telling.when(platform, moment),
    }


def _degrees(name: str) -> float:
    try:
        return float(request.form.get(name, ""))
    except ValueError as wrong:
        raise Invalid(name, "no_such_place") from wrong


def _before(told: str) -> Before | None:
    """Where the page asked last, as it was told; None if it did not or says nothing sensible."""
    try:
        latitude, longitude, at = (float(each) for each in told.split(","))
        return Before(Place(latitude, longitude), datetime.fromtimestamp(at, UTC))
    except (ValueError, OverflowError, OSError):
        return None
