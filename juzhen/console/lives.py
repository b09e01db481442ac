"""A material's life (素材生命周期): reviews, approval numbers, words answered for, comments.

The queue of what waits works on a phone: what was found, then two buttons. What is decided is the
keepers' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.materials import Material, texts_of
from content_hub.scheduling import Planned
from juzhen.console.desk import (
    allowed,
    done,
    flaws_of,
    managed,
    names_of,
    seen,
    typed_moment,
)
from juzhen.web import pages
from kernel.actors import Actor, may
from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_CALLED = re.compile(r"[@＠]([\w·\-]{1,40})")
_SHOWN = 30
Act = Callable[["Platform", Material, str], object]


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/reviews")
    def reviews() -> str:
        return _queue(platform)

    @door.post("/materials/<key>/life")
    def live(key: str) -> AnyResponse | tuple[str, int]:
        """Hand in, approve, send back, note a number, comment…: the button says which."""
        act = request.form.get("act", "")
        if act not in ACTS:
            raise Invalid("act", "not_a_choice", choices=[*ACTS])
        verb, change = ACTS[act]
        actor = allowed(verb)
        found = seen(actor, platform, key)
        if verb != "read_library":
            managed(actor, found.unit)
        queued = request.form.get("back") == "reviews"
        try:
            change(platform, found, actor.id)
        except (Invalid, Conflict, Forbidden) as refusal:
            if queued:
                return _queue(platform, refusal, found.id), 422
            return page(platform, actor, found, refusal), 422
        if queued:
            return done("reviews", f"life_{act}")
        return done("life", f"life_{act}", key=found.id)

    @door.get("/materials/<key>/life")
    def life(key: str) -> str:
        actor = allowed("read_library")
        return page(platform, actor, seen(actor, platform, key))


def _approve(platform: Platform, found: Material, by: str) -> None:
    platform.reviews.approve(found.id, note=request.form.get("note", ""), by=by)


def _return(platform: Platform, found: Material, by: str) -> None:
    platform.reviews.send_back(found.id, note=request.form.get("note", ""), by=by)


def _number(platform: Platform, found: Material, by: str) -> None:
    opens = typed_moment(platform.zone, "opens")
    closes = typed_moment(platform.zone, "closes")
    if opens is None or closes is None:
        raise Invalid("closes" if opens else "opens", "missing")
    number = request.form.get("number", "")
    platform.compliance.approve_number(found.id, number, opens=opens, closes=closes, by=by)


def _answer(platform: Platform, found: Material, by: str) -> None:
    words = request.form.getlist("word")
    if not words:
        raise Invalid("word", "missing")
    platform.compliance.acknowledge(found.id, words, by=by)


def _comment(platform: Platform, found: Material, by: str) -> None:
    said = request.form.get("said", "")
    called = platform.staff.named(set(_CALLED.findall(said)))
    mentions = {each.id for each in called.values()}
    platform.comments.say(found.id, said, mentions=mentions, by=by)


def _settle(platform: Platform, found: Material, by: str) -> None:
    comment = request.form.get("comment", "")
    if comment not in {each.id for each in platform.comments.of(found.id)}:
        raise NotFound("comment", comment[:80])
    platform.comments.settle(comment, by=by)


ACTS: dict[str, tuple[str, Act]] = {
    "submit": ("edit_materials", lambda p, found, by: p.reviews.submit(found.id, by=by)),
    "approve": ("review_materials", _approve),
    "return": ("review_materials", _return),
    "number": ("review_materials", _number),
    "withdraw": (
        "review_materials", lambda p, found, by: p.compliance.withdraw_approval(found.id, by=by)
    ),
    "answer": ("edit_materials", _answer),
    "archive": ("retire_materials", lambda p, found, by: p.reviews.archive(found.id, by=by)),
    "take_out": ("retire_materials", lambda p, found, by: p.reviews.take_out(found.id, by=by)),
    "comment": ("read_library", _comment),
    "settle": ("read_library", _settle),
}  # fmt: skip
"""What each button does, and what one must be allowed to do to press it."""


def _queue(platform: Platform, refusal: Problem | None = None, about: str = "") -> str:
    actor = allowed("read_library")
    waiting: Sequence[Material] = ()
    scheduled: Sequence[tuple[Material, Planned]] = ()
    if may(actor, "review_materials"):
        waiting = platform.reviews.waiting(sight=actor.seen_units, limit=_SHOWN)
        scheduled = platform.scheduled_edits.waiting(sight=actor.seen_units, limit=_SHOWN)
    mentions = platform.comments.mentioning(actor.staff) if actor.staff else []
    called = platform.materials.many({each.material for each in mentions})
    said = platform.reviews.of_many([each.id for each in waiting])
    people = [review.by for each in said.values() for review in each]
    people += [planned.edit.by for _, planned in scheduled]
    return pages.render(
        "console/reviews.html",
        waiting=waiting,
        scheduled=scheduled,
        findings=_findings(platform, waiting),
        verdicts=said,
        mentions=[each for each in mentions if each.material in called],
        called=called,
        types={kind.code: kind for kind in platform.types.all()},
        people=names_of(platform, [*people, *(each.by for each in mentions)]),
        about=about,
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def page(platform: Platform, actor: Actor, found: Material, refusal: Problem | None = None) -> str:
    """Everything about one material's life."""
    said = platform.reviews.of(found.id)
    comments = platform.comments.of(found.id, limit=50)
    near = platform.duplicates.of(found.id)[:10]
    units = actor.seen_units
    alike = platform.materials.many({each.material for each in near})
    return pages.render(
        "console/life.html",
        material=found,
        kind=platform.types.one(found.type),
        life=platform.reviews.life([found])[found.id],
        held=platform.shelf.held_by(found.id),
        finding=_findings(platform, [found])[found.id],
        verdicts=said,
        comments=comments,
        near=[each for each in near if each.material in alike],
        alike={id_: each for id_, each in alike.items() if units is None or each.unit in units},
        people=names_of(platform, [*(each.by for each in said), *(each.by for each in comments)]),
        now=platform.clock(),
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _findings(platform: Platform, materials: Collection[Material]) -> dict[str, Any]:
    return platform.compliance.findings(
        {each.id: (each.type, texts_of(each)) for each in materials}
    )
