"""How a material fares (反响), and what it has to report for that to be known (埋点)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, url_for

from engagement.livestreams import TYPE, Sales
from juzhen.console.desk import allowed, names_of, seen
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.actors import may
from schemas import snippets

if TYPE_CHECKING:
    from content_hub.materials import Material
    from juzhen.wiring import Platform


def _sales(platform: Platform, material: Material) -> Sales | None:
    """What a livestream sold; other content sells by what comes after it."""
    if material.type != TYPE:
        return None
    return platform.livestreams.of(material.id, material.fields.get("products") or ())


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/reception")
    def reception(key: str) -> str:
        actor = allowed("read_library")
        found = seen(actor, platform, key)
        events = url_for("console.events") if may(actor, "read_boards") else ""
        told = platform.receptions.of(found.id)
        reported = snippets.spec(platform.types.one(found.type), language())
        return pages.render(
            "console/reception.html",
            material=found,
            told=told,
            steps=charts.steps(
                [(pages.speak(f"reception_{name}"), n, events) for name, n in told.steps],
                pages.speak("reception_steps"),
            ),
            views=charts.line(
                [(day.isoformat(), n) for day, n in told.views], pages.speak("reception_views")
            ),
            accounts={each.id: each.name for each in platform.accounts.all()},
            people=names_of(platform, (each.rep for each in told.looks if each.rep)),
            reported=reported,
            sales=_sales(platform, found),
            snippet=snippets.snippet(found.id, reported, platform.base_url),
        )
