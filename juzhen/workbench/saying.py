"""Saying (答客户): scripts found by what the customer said, copied with one touch; "not fit"; and
why a content is not on her list.

Nothing is filled in afterwards: a copied script and a refused content write themselves down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from juzhen.web import pages
from juzhen.web.asking import asker, language
from juzhen.workbench import telling
from kernel.actors import Actor, require
from kernel.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from content_hub.materials import Material
    from juzhen.wiring import Platform
    from matching.offers import WhyNot

_MEANT = 3
"""So many contents of a title are answered for: each costs a whole list."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/customers/<customer>/says")
    def says(customer: str) -> Response:
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        said = request.args.get("said", "").strip()
        found = platform.sayings.answers(her.id, actor, said) if said else []
        return pages.page(
            "workbench/says.html", tab="customers",
            unread=platform.reminders.unread(actor.staff), her=her,
            name=telling.name_of(her, language()), spoken=said, answers=found,
            usual=platform.sayings.usual(actor),
        )  # fmt: skip

    @door.get("/customers/<customer>/why")
    def why(customer: str) -> Response:
        """Any content by its title: why it is not recommended, or where it stands."""
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        about = request.args.get("about", "").strip()[:40]
        return pages.page(
            "workbench/why.html", tab="customers", unread=platform.reminders.unread(actor.staff),
            her=her, name=telling.name_of(her, language()), about=about,
            found=_why_not(platform, actor, her.id, about) if about else [],
        )  # fmt: skip

    @door.post("/customers/<customer>/copied/<script>")
    def copied(customer: str, script: str) -> tuple[str, int]:
        """The page tells that she copied a script; the words themselves stay on her phone."""
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        kept = visible_material(platform, actor, script)
        platform.changes.note(
            "copied_script", "script", kept.id, by=actor.id, handle=str(her.handles[0]),
            rep=actor.staff, material=kept.id,
        )  # fmt: skip
        return "", 204

    @door.post("/customers/<customer>/unfit/<key>")
    def unfit(customer: str, key: str) -> AnyResponse:
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        kept = visible_material(platform, actor, key)
        platform.feedback.refuse(
            her, kept.id, request.form.get("why", ""), rep=actor.staff, by=actor.id
        )
        return redirect(url_for("workbench.customer", customer=her.id, said="done_unfit"), 303)


def _why_not(
    platform: Platform, actor: Actor, customer: str, about: str
) -> list[tuple[Material, WhyNot]]:
    """The contents that are meant, the closest first, each with why it is not on her list."""
    meant = platform.finding.search(about, sight=actor.seen_units, first=_MEANT).items
    why_not = platform.recommender.why_not
    return [(each, why_not(customer, actor, each.id)) for each in meant]


def rep() -> Actor:
    """Whoever works here: somebody of the staff who speaks to customers."""
    actor = asker()
    require(actor, "recommend")
    if not actor.staff:
        raise Forbidden("workbench_is_for_people")
    return actor


def visible_material(platform: Platform, actor: Actor, key: str) -> Material:
    """A material whose unit's content the rep sees; any other looks like none."""
    found = platform.materials.one(key)
    if actor.seen_units is not None and found.unit not in actor.seen_units:
        raise NotFound("material", key[:60])
    return found
