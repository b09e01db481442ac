"""Stopping (退订页): in two touches she says that she wants no more, and sees why she got it.

Known by the first-party cookie that a tracked link gave her browser; whatever handles are hers by
now count, too. Says what is so and passes her wish on; decides nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from channels.base import Stop
from data_hub.consents import LOCATION, MARKETING, PERSONALISATION
from juzhen.web.pages import page
from juzhen.web.public import COOKIE
from kernel.errors import NotFound
from kernel.events import Handle

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_COOKIE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_SHOWN = 5
_SOURCE = "stop_page"
WISHES = (PERSONALISATION, LOCATION)
"""What else she decides here: whether what she reads decides what she is offered, and whether her
rep may see that she is near."""


def blueprint(platform: Platform) -> Blueprint:
    """One page, and its buttons."""
    door = Blueprint("stopping", __name__)

    @door.get("/stop")
    def why() -> Response:
        return _page(platform)

    @door.post("/stop")
    def stop() -> Response:
        """Both at once: nothing more for her, and what was queued is cancelled."""
        if her := _handle():
            platform.preferences.take(Stop(handle=her, purpose=MARKETING), source=_SOURCE)
        return _page(platform)

    @door.post("/stop/wishes")
    def wish() -> Response:
        """One purpose of its own, on or off; what is no purpose of this page changes nothing."""
        purpose, on = request.form.get("purpose", ""), request.form.get("wish") == "on"
        if (her := _handle()) and purpose in WISHES:
            hers = [Handle.parse(each) for each in platform.identities.alongside(her)]
            change = platform.preferences.opt_in if on else platform.preferences.opt_out
            change(hers, purpose, source=_SOURCE)
        return _page(platform)

    @door.post("/stop/undo")
    def again() -> Response:
        if her := _handle():
            hers = [Handle.parse(each) for each in platform.identities.alongside(her)]
            platform.preferences.opt_in(hers, MARKETING, source=_SOURCE)
        return _page(platform)

    return door


def _page(platform: Platform) -> Response:
    her = _handle()
    hers = platform.identities.alongside(her) if her else []
    said = (
        [each for each in platform.consents.of(hers) if each.purpose == MARKETING] if hers else []
    )
    answer = page(
        "stop.html",
        known=her is not None,
        allowed=platform.consents.allows(hers, MARKETING) if hers else True,
        word=said[0] if said else None,
        wishes=[(each, bool(hers) and platform.consents.allows(hers, each)) for each in WISHES],
        sent=[_row(platform, each) for each in platform.deliveries.of_customer(hers)
              if each.purpose == MARKETING and each.first_sent is not None][-_SHOWN:],
    )  # fmt: skip
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _row(platform: Platform, delivery: Any) -> dict[str, Any]:
    """What went to her, through which account, when, and in whose name."""
    try:
        title = platform.materials.one(delivery.material).title if delivery.material else ""
        rep = platform.staff.one(delivery.rep).name if delivery.rep else ""
    except NotFound:
        title = rep = ""
    account = platform.accounts.one(delivery.account).name
    return {"title": title, "account": account, "at": delivery.first_sent, "rep": rep}


def _handle() -> Handle | None:
    told = request.cookies.get(COOKIE, "")
    return Handle("cookie", "", told) if _COOKIE.fullmatch(told) else None
