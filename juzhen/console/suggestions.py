"""Suggested tags (推荐标签): proposals for fifty materials at a time, answered by one form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.suggestions import Answer
from juzhen.console.desk import allowed, done, flaws_of, managed, seen_all
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import require_own
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 50


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/suggestions")
    def suggestions() -> str:
        return _page(platform)

    @door.post("/suggestions")
    def answer_suggestions() -> AnyResponse | tuple[str, int]:
        """What is ticked is put on, what was shown and is not is refused."""
        actor = allowed("tag_materials")
        ticked = set(request.form.getlist("yes"))
        answers = [
            Answer(*told.partition(" ")[::2], accept=told in ticked)
            for told in request.form.getlist("shown")
        ]
        try:
            for each in seen_all(actor, platform, [each.material for each in answers]):
                managed(actor, each.unit)
            told = platform.suggestions.answer(answers, by=actor.id)
        except Invalid as refusal:
            return _page(platform, refusal), 422
        return done("suggestions", "answered", n=told.accepted, batch=told.batch)

    @door.post("/suggestions/<batch>")
    def take_answers_back(batch: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("tag_materials")
        try:
            require_own(actor, platform.suggestions.given_by(batch))
            platform.suggestions.take_back(batch, by=actor.id)
        except Conflict as refusal:
            return _page(platform, refusal), 422
        return done("suggestions", "took_back")


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    actor = allowed("tag_materials")
    page = platform.materials.page(
        sight=actor.seen_units, first=_SHOWN, after=request.args.get("after"), count=False
    )
    told = platform.suggestions.of(page.items)
    return pages.render(
        "console/suggestions.html",
        items=[each for each in page.items if told[each.id]],
        told=told,
        types={kind.code: kind for kind in platform.types.all()},
        facets={
            each.code: each.en if language() == "en" else each.zh
            for each in platform.taxonomy.facets()
        },
        following=page.next,
        batch=request.args.get("batch", ""),
        flaws=flaws_of(refusal) if refusal else (),
    )
