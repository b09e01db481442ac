"""Me (我的): what a rep stands for and is good at, and the card that customers meet her by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.accounts import Account
from channels.base import KnowsReps
from channels.live_codes import MakesCodes
from data_hub.leaderboards import Period, Ranking
from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.web.cards import card_of
from juzhen.workbench import boards, telling
from juzhen.workbench.saying import rep
from kernel.actors import Actor
from kernel.errors import Flaw, Invalid

if TYPE_CHECKING:
    from content_hub.materials import Material
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/me")
    def me() -> Response:
        return _page(platform)

    @door.post("/me/persona")
    def persona() -> AnyResponse:
        actor, form = rep(), request.form
        add = [platform.taxonomy.one(form["add"]).id] if form.get("add") else []
        remove = [form["remove"]] if form.get("remove") else []
        platform.staff.describe(actor.staff, by=actor.id, add=add, remove=remove)
        return redirect(url_for("workbench.me", said="done_persona"), 303)

    @door.post("/me/card")
    def present() -> AnyResponse:
        """Her picture and the number of her licence; what is wrong with either stands beside it."""
        actor = rep()
        try:
            platform.staff.present(
                actor.staff, by=actor.id, photo=_taken(platform, actor.id),
                licence_number=request.form.get("licence_number"),
            )  # fmt: skip
        except Invalid as refusal:
            answer = _page(platform, refusal.flaws)
            answer.status_code = 422
            return answer
        return redirect(url_for("workbench.me", said="done_card") + "#card", 303)

    @door.post("/me/code")
    def lead_to_me() -> AnyResponse:
        """Her own code, without asking an administrator. Repeating is harmless."""
        actor = rep()
        for account in _that_add_reps(platform)[:1]:
            platform.live_codes.lead_to(account.id, actor.staff, actor.name, by=actor.id)
        return redirect(url_for("workbench.me", said="done_code_asked") + "#card", 303)

    @door.post("/me/abilities/<tag>")
    def ability(tag: str) -> AnyResponse:
        actor = rep()
        correct = platform.abilities.accept if "accept" in request.form else (
            platform.abilities.refuse
        )  # fmt: skip
        correct(actor.staff, tag, by=actor.id)
        return redirect(url_for("workbench.me", said="done_ability"), 303)


def _that_add_reps(platform: Platform) -> list[Account]:
    """The accounts by which customers add a rep herself: those of a platform that knows her."""
    draw = {each.id for each in platform.channels.able(MakesCodes)}
    return [each for each in platform.channels.able(KnowsReps) if each.id in draw]


def _taken(platform: Platform, by: str) -> str | None:
    """The picture that came with the form; None if none did."""
    file = request.files.get("photo")
    if file is None or not file.filename:
        return None
    try:
        taken = platform.media.take(file.read(), by=by, name=file.filename)
    except Invalid as refusal:
        raise Invalid.because(
            [Flaw("photo", flaw.reason, flaw.facts) for flaw in refusal.flaws]
        ) from None
    if taken.kind != "image":
        raise Invalid("photo", "not_a_picture")
    return taken.id


_FILMS, _LOOKED_AT = 5, 20


def _to_film(platform: Platform, actor: Actor) -> list[Material]:
    """Videos on a shelf that she may film again."""
    types = [each.code for each in platform.types.all() if "video" in each.channels]
    if not types:
        return []
    found = platform.finding.search("", sight=actor.seen_units, types=types, first=_LOOKED_AT).items
    standing = platform.shelf.standing_ids("", [each.id for each in found])
    return [each for each in found if each.id in standing][:_FILMS]


def _page(platform: Platform, flaws: Sequence[Flaw] = ()) -> Response:
    actor, tongue = rep(), language()
    staff = platform.staff.one(actor.staff)
    worn = telling.persona(platform, staff.persona, tongue)
    others = [
        (tag.id, tag.label(tongue))
        for branch in platform.taxonomy.tree("persona")
        if (tag := branch.tag).id not in dict(worn)
    ]
    return pages.page(
        "workbench/me.html", tab="me", unread=platform.reminders.unread(actor.staff),
        staff=staff, persona=worn, others=others, card=card_of(platform, staff.id),
        owed=platform.live_codes.of_rep(staff.id, owed=True), adds=_that_add_reps(platform),
        abilities=platform.abilities.of(staff.id), label=boards.label,
        to_app=platform.app_links.of(staff.id), reward=platform.settings.company_install_reward,
        said_of_her=platform.leaderboards.credited(staff.id, Ranking.PRAISE, Period.MONTH),
        films=_to_film(platform, actor), flaws=flaws,
        typed_number=request.form.get("licence_number", staff.licence_number),
    )  # fmt: skip
