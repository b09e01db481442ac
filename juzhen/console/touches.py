"""The touch policy page (轻骚扰): its settings, and what others would have done with last month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.touch_policy import Policy, Simulation
from channels.touch_policy.policy import described, spelled
from channels.touch_policy.simulation import BANDS, played
from juzhen.console.desk import allowed, done, flaws_of
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.errors import Invalid
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_MOST = 5_000
"""Touches that the page plays again; the command plays them all."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/touches")
    def touches() -> str | tuple[str, int]:
        """The settings; with changed ones in the address, what they would have done, too."""
        allowed("read_deliveries")
        policy, typed = platform.touch_policy.policy(), request.args
        if "try" not in typed:
            return _page(policy)
        try:
            return _page(policy, typed, platform.simulations.run(_changed(policy), most=_MOST))
        except Invalid as refused:
            return _page(policy, typed, flaws=flaws_of(refused)), 422

    @door.post("/touches")
    def tune_touches() -> AnyResponse | tuple[str, int]:
        actor = allowed("tune_touch_policy")
        policy = platform.touch_policy.policy()
        try:
            platform.touch_policy.tune(_changed(policy), by=actor.id)
        except Invalid as refused:
            return _page(policy, request.form, flaws=flaws_of(refused)), 422
        return done("touches", "touch_policy_tuned")


def _changed(policy: Policy) -> dict[str, str]:
    """What was typed and is not what counts now."""
    now = spelled(policy)
    typed = {name: value.strip() for name, value in request.values.items() if name in now}
    return {name: value for name, value in typed.items() if value != _shown(now[name])}


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _page(
    policy: Policy,
    typed: Mapping[str, str] | None = None,
    played_again: Simulation | None = None,
    flaws: Any = (),
) -> str:
    tongue = language()
    now = spelled(policy)
    fields = [
        (name, label, (typed or {}).get(name, _shown(now[name])), _shown(now[name]))
        for name, label in described(tongue)
    ]
    return pages.render(
        "console/touches.html",
        fields=fields,
        typed=typed or {},
        flaws=flaws,
        told=_told(played_again, tongue) if played_again else None,
    )


def _told(found: Simulation, tongue: str) -> dict[str, Any]:
    """The figures and two pictures: by day, and by how much a person heard."""
    was, would = say("simulation_was", tongue), say("simulation_would", tongue)
    days = [(f"{day:%m-%d}", float(a), float(b)) for day, (a, b) in sorted(found.days.items())]
    bands = [
        (_band(place, tongue), a, b)
        for place, (a, b) in enumerate(found.bands[low] for low in BANDS)
    ]
    return {
        "found": found,
        "figures": [(say(f"simulation_{name}", tongue), n) for name, n in played(found) if n],
        "days": charts.pairs(days, say("simulation_days", tongue), (was, would)),
        "bands": bands,
        "bands_drawn": charts.pairs(bands, say("simulation_bands", tongue), (was, would)),
        "reasons": [(say(reason, tongue), n) for reason, n in found.reasons.most_common()],
    }


def _band(place: int, tongue: str) -> str:
    low = BANDS[place]
    high = BANDS[place + 1] - 1 if place + 1 < len(BANDS) else None
    if high is None:
        return say("band_from", tongue, low=low)
    return str(low) if high == low else f"{low}–{high}"
