"""The page about personal data (个人信息): what was asked of us and how it stands, what is kept how
long, and, for who may, telling or erasing somebody from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import kind_of
from data_hub.customers import Customer
from data_hub.retention import PURPOSES
from juzhen.console.boards import sheet
from juzhen.console.desk import allowed, done, flaws_of, names_of
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_VERB = "answer_privacy"
_WORDS = ("删除", "ERASE")
"""What is typed before somebody is erased: a click alone does not."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/privacy")
    def privacy() -> str:
        return _page(platform)

    @door.get("/privacy.csv")
    def privacy_csv() -> Response:
        allowed(_VERB)
        rows = (
            (each.at.isoformat(), each.act, each.by, each.stands.value, each.mark, each.proof,
             str(each.events), str(each.rows), each.reason,
             each.emptied.isoformat() if each.emptied else "")
            for each in platform.requests.latest(2_000)
        )  # fmt: skip
        names = ("at", "act", "by", "state", "mark", "proof", "events", "rows", "reason", "emptied")
        return sheet("privacy", names, rows)

    @door.post("/privacy")
    def answer_privacy() -> AnyResponse | str | tuple[str, int]:
        """Look whom it is about, tell all that is held, or erase: the button says which."""
        actor, act = allowed(_VERB), request.form.get("act", "")
        her: Customer | None = None
        try:
            her = _whom(platform)
            if act == "export":
                return _held(platform, her, actor.id)
            if act == "erase":
                return _erased(platform, her, actor.id)
            return _page(platform, her=her)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal, her), 422


def _whom(platform: Platform) -> Customer:
    """The one customer whom the form names. Raises `Invalid` for nobody, and for several."""
    typed = request.form.get("who", "").strip()
    try:
        return platform.customers.seen_by(allowed(_VERB)).one(typed)
    except NotFound:
        found = platform.identities.find(typed) if typed else []
        if len(found) != 1:
            reason = "several_are_known_so" if found else "nobody_is_known_so"
            raise Invalid("who", reason) from None
        return platform.customers.seen_by(allowed(_VERB)).one(found[0])


def _held(platform: Platform, her: Customer, by: str) -> Response:
    told = platform.privacy.held(her.id, by=by)
    body = orjson.dumps(told, default=str, option=orjson.OPT_INDENT_2)
    head = {"Content-Disposition": 'attachment; filename="held.json"', "Cache-Control": "no-store"}
    return Response(body, content_type="application/json", headers=head)


def _erased(platform: Platform, her: Customer, by: str) -> AnyResponse:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Invalid("reason", "missing")
    if len(reason) > 200:
        raise Invalid("reason", "value_too_long", limit=200)
    if request.form.get("really", "").strip().upper() not in _WORDS:
        raise Invalid("really", "type_erase")
    platform.privacy.erase(her.id, by=by, reason=reason)
    return done("privacy", "erased_her")


def _page(platform: Platform, refusal: Problem | None = None, her: Customer | None = None) -> str:
    allowed(_VERB)
    asked, tongue = platform.requests.latest(), language()
    kept = [
        (purpose, platform.retention.days.get(purpose),
         [kind_of(kind).label(tongue) for kind in kinds]
         or [say(f"purpose_{purpose}_kinds", tongue)])
        for purpose, kinds in PURPOSES.items()
    ]  # fmt: skip
    return pages.render(
        "console/privacy.html", asked=asked, kept=kept, her=her,
        whole=platform.retention.days.get("everything"),
        events=platform.history.total(her.handles) if her else 0,
        people=names_of(platform, (each.by for each in asked)), typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip
