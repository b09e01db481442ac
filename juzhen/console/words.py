"""What may be said (合规规则): rules about words, what each type is asked, a text tried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.compliance import Severity
from juzhen.console.desk import allowed, done, flaws_of, listed
from juzhen.web import pages
from kernel.errors import Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_LONGEST = 20_000


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/words")
    def words() -> str:
        allowed("read_library")
        return _page(platform)

    @door.post("/words")
    def change_words() -> AnyResponse | str | tuple[str, int]:
        """Try a text, make a rule, change what a type is asked: the button says which."""
        act = request.form.get("act", "")
        if act == "try":
            allowed("read_library")
            return _page(platform)
        by = allowed("manage_wording").id
        try:
            if act == "policy":
                _set_policy(platform, by)
            else:
                platform.compliance.set_rule(
                    request.form.get("word", ""), kind=request.form.get("kind", ""),
                    severity=request.form.get("severity", ""),
                    harmless=listed(request.form.get("harmless", "")), by=by,
                )  # fmt: skip
        except Invalid as refusal:
            return _page(platform, refusal), 422
        return done("words", "set_policy" if act == "policy" else "set_word")


def _set_policy(platform: Platform, by: str) -> None:
    form = request.form
    steps = form.get("steps", "0")
    platform.policies.set(
        platform.types.one(form.get("type", "")).code, regulated="regulated" in form,
        four_eyes="four_eyes" in form, risk_wording=form.get("risk_wording", ""),
        steps=int(steps) if steps.isascii() and steps.isdigit() else -1,
        must_wear=form.getlist("must_wear"), by=by,
    )  # fmt: skip


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    text = request.form.get("text", "")[:_LONGEST]
    kinds = {kind.code: kind for kind in platform.types.all()}
    rules = platform.compliance.rules()
    order = [each.value for each in Severity]
    return pages.render(
        "console/words.html",
        rules=sorted(rules, key=lambda rule: (order.index(rule.severity), rule.word)),
        severities=[(each, pages.speak(f"severity_{each}")) for each in order],
        word_kinds=[(each, pages.speak(f"word_kind_{each}")) for each in ("forbidden", "jargon")],
        policies=[(kinds[each.type], each) for each in platform.policies.all()],
        facets=platform.taxonomy.facets(),
        text=text,
        hits=platform.compliance.hits({"text": text}) if text else [],
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )
