"""Scheduled edits (预约改动) of a material: what will be said from when on, reviewed and withdrawn.

They are written in the material's own form, with a moment beside it (`juzhen.console.material`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material
from content_hub.scheduling import Planned
from juzhen.console.desk import allowed, done, flaws_of, managed, names_of, seen
from juzhen.console.versions import labels_of
from juzhen.web import pages
from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

Act = Callable[["Platform", str, str], object]


def _approve(platform: Platform, edit: str, by: str) -> None:
    platform.scheduled_edits.approve(edit, note=request.form.get("note", ""), by=by)


def _return(platform: Platform, edit: str, by: str) -> None:
    platform.scheduled_edits.send_back(edit, note=request.form.get("note", ""), by=by)


def _withdraw(platform: Platform, edit: str, by: str) -> None:
    platform.scheduled_edits.withdraw(edit, by=by)


ACTS: dict[str, tuple[str, Act]] = {
    "approve": ("review_materials", _approve),
    "return": ("review_materials", _return),
    "withdraw": ("edit_materials", _withdraw),
}
"""What each button does, and what one must be allowed to do to press it."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/scheduled")
    def scheduled(key: str) -> str:
        return _page(platform, seen(allowed("read_library"), platform, key))

    @door.post("/materials/<key>/scheduled")
    def decide_scheduled(key: str) -> AnyResponse | tuple[str, int]:
        """Approve one, send it back, withdraw it: the button says which."""
        act, edit = request.form.get("act", ""), request.form.get("edit", "")
        if act not in ACTS:
            raise Invalid("act", "not_a_choice", choices=[*ACTS])
        verb, change = ACTS[act]
        actor = allowed(verb)
        found = seen(actor, platform, key)
        managed(actor, found.unit)
        if platform.scheduled_edits.one(edit).material != found.id:
            raise NotFound("scheduled_edit", edit[:80])
        try:
            change(platform, edit, actor.id)
        except (Invalid, Conflict, Forbidden) as refusal:
            return _page(platform, found, refusal), 422
        return done("scheduled", f"scheduled_{act}", key=found.id)


def _page(platform: Platform, found: Material, refusal: Problem | None = None) -> str:
    planned = platform.scheduled_edits.of(found.id)
    fields = [each.field for one in planned for each in one.differences]
    return pages.render(
        "console/scheduled.html",
        material=found,
        planned=planned,
        labels=labels_of(platform, found, fields),
        people=names_of(platform, [by for one in planned for by in _people(one)]),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _people(planned: Planned) -> list[str]:
    return [planned.edit.by, *(each.by for each in planned.reviews)]
