"""The learning page (匹配质量): how well matching does, by its own honest figures.

Every night's search of weights with what it came to, also where it was thrown away; how reps answer
what they are shown; what stands on a shelf and nobody was ever advised to send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from engagement.responses import LOOKS
from juzhen.console.desk import allowed, done
from juzhen.web import charts, pages
from juzhen.web.asking import language
from juzhen.workbench.telling import name_of
from kernel.actors import Actor, may
from kernel.wording import say

if TYPE_CHECKING:
    from engagement.worth import Deals
    from juzhen.wiring import Platform
    from matching.experiments import Uplift

_NIGHTS, _UNSHOWN = 30, 20
_NAMED, _FEW = 500, 3
"""Customers among whom is looked for names, and how many of a rep's are told."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/learning")
    def learning() -> str:
        actor, tongue = allowed("read_rules"), language()
        nights = platform.nightly.nights(_NIGHTS)
        weeks = platform.responses.weeks()
        unshown = platform.recommender.unshown(actor, _UNSHOWN)
        found = platform.materials.many(unshown.materials)
        deals = platform.worths.deals() if platform.responses.hold_out else None
        turnover = platform.turnovers.uplift() if platform.responses.hold_out else None
        zone = platform.zone
        return pages.render(
            "console/learning.html", nights=nights, weeks=weeks, unshown=unshown,
            materials=[found[each] for each in unshown.materials if each in found],
            unadvised=_unadvised(platform, actor) if may(actor, "read_customers") else None,
            share=platform.responses.hold_out,
            look=platform.responses.read_out() if platform.responses.hold_out else None,
            looks=LOOKS,
            deals=deals, turnover=turnover, disagree=disagree(deals, turnover),
            used=platform.nightly.number, weights=_weights(platform),
            quality=charts.line(
                [(f"{zone.day(each.at):%m-%d}", _kept(each.shipped, each.before, each.after))
                 for each in reversed(nights)],
                say("learning_ndcg", tongue), "{:.4g}".format,
            ),
            response=charts.line(
                [(f"{each.begins:%m-%d}", each.response_rate) for each in weeks],
                say("learning_response", tongue), charts.percent,
            ),
            trigger=charts.line(
                [(f"{each.begins:%m-%d}", each.trigger_rate) for each in weeks],
                say("learning_trigger", tongue), charts.percent,
            ),
        )  # fmt: skip

    @door.post("/learning/step-back")
    def step_back() -> AnyResponse:
        """Take up the night before the one in use."""
        actor = allowed("manage_rules")
        platform.nightly.step_back(by=actor.id)
        return done("learning", "stepped_back")


def _unadvised(platform: Platform, actor: Actor) -> dict[str, Any]:
    """Of the reps whom she may manage, how many customers nobody was ever advised on, who of the
    reps has the most of them, and some of those by name."""
    reach = actor.reach
    told = platform.unadvised.told(None if reach is None else platform.staff.in_units(reach))
    named, room = [], _NAMED
    for each in told.most:
        if (room := room - each.entrusted) < 0:
            break
        named.append(each.staff)
    never = platform.unadvised.of(named) if named else []
    some = platform.customers.seen_by(actor).many(never)
    hers: dict[str, list[tuple[str, str]]] = {}
    for key, her in some.items():
        hers.setdefault(her.rep, []).append((key, name_of(her, language())))
    reps = platform.staff.many([each.staff for each in told.most])
    return {"told": told, "reps": reps, "hers": hers, "few": _FEW}


def disagree(deals: Deals | None, turnover: Uplift | None) -> bool:
    """Do the two figures in money point different ways? One multiplies buyers by the average
    purchase, the other compares what was really bought."""
    if deals is None or deals.worth is None or turnover is None or turnover.verdict == "too_few":
        return False
    return deals.worth.uplift * turnover.difference < 0


def _kept(shipped: bool, before: float, after: float) -> float:
    """What was in use from that night on."""
    return after if shipped else before


def _weights(platform: Platform) -> list[tuple[str, float]]:
    """The blend in use, as far as a night may move it."""
    return sorted(platform.nightly.searched().items())
