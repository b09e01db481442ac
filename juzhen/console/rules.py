"""The rules page (推荐规则): what is kept off lists, pinned, asked for or pushed.

A rule is tried on a customer before it is kept: one button tries, another keeps, without scripts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from juzhen.console.desk import (
    allowed,
    done,
    flaws_of,
    known_as,
    names_of,
    seen,
    tag_options,
    typed_moment,
    typed_tag,
)
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound, Problem
from matching.rules import ListRule, Wanted
from matching.steering import Act

if TYPE_CHECKING:
    from juzhen.wiring import Platform
    from matching.recommender import Tried

_MEANT = 5
"""Contents that a title may mean; more than one that fits is asked about."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/rules")
    def rules() -> str:
        return _page(platform, allowed("read_rules"))

    @door.post("/rules")
    def make_rule() -> AnyResponse | str | tuple[str, int]:
        """Try it or keep it: the button says which."""
        actor = allowed("manage_rules")
        try:
            wanted = _wanted(platform, actor)
            if request.form.get("act") == "try":
                return _page(platform, actor, tried=_tried(platform, actor, wanted))
            platform.rules.add(wanted, by=actor.id, reach=actor.reach)
        except (Invalid, Conflict) as refusal:
            return _page(platform, actor, refusal), 422
        return done("rules", "added_rule")

    @door.post("/rules/<rule>/end")
    def end_rule(rule: str) -> AnyResponse:
        actor = allowed("manage_rules")
        platform.rules.end(rule, by=actor.id, reach=actor.reach)
        return done("rules", "ended_rule")


def _wanted(platform: Platform, actor: Actor) -> Wanted:
    form = request.form
    tag, material = form.get("tag", "").strip(), form.get("material", "").strip()
    try:
        number = float(form.get("number") or 0)
    except ValueError:
        raise Invalid("number", "not_a_number") from None
    return Wanted(
        name=form.get("name", ""), act=form.get("what", ""),
        material=_material(platform, actor, material) if material else "",
        tag=typed_tag(platform, tag).id if tag else "", type=form.get("type", ""), number=number,
        unit=form.get("unit", ""), segment=form.get("segment", ""),
        opens=typed_moment(platform.zone, "opens"), closes=typed_moment(platform.zone, "closes"),
        owner=form.get("owner", ""),
    )  # fmt: skip


def _material(platform: Platform, actor: Actor, told: str) -> str:
    """By its id or code, or by a title that it alone has among what she sees."""
    with suppress(NotFound):
        return seen(actor, platform, told).id
    found = platform.finding.search(told, sight=actor.seen_units, first=_MEANT).items
    meant = [each for each in found if each.title == told] or found
    if len(meant) != 1:
        raise Invalid("material", "several_materials" if meant else "no_such_material")
    return meant[0].id


def _tried(platform: Platform, actor: Actor, wanted: Wanted) -> Tried:
    told = request.form.get("customer", "").strip()
    her = known_as(platform.customers.seen_by(actor), told, "customer")
    return platform.recommender.tried(her, actor, wanted)


def _page(
    platform: Platform, actor: Actor, refusal: Problem | None = None, tried: Tried | None = None
) -> str:
    kept = platform.rules.all()
    before = [item.material for item in tried.before] if tried else []
    after = [item.material for item in tried.after] if tried else []
    unit_names = {each.id: each.name for each in platform.staff.units()}
    about = {rule.aim.partition(":")[2] for rule in kept if rule.aim.startswith("material:")}
    titles = {
        id_: each.title for id_, each in platform.materials.many({*about, *before, *after}).items()
    }
    return pages.render(
        "console/rules.html",
        people=names_of(platform, (rule.owner for rule in kept)),
        rules=[(rule, _aim(platform, rule, titles)) for rule in kept],
        effects=platform.effects.all(), effects_of=platform.effects.as_of(), now=platform.clock(),
        acts=[each.value for each in Act],
        types=[(each.code, each.en if language() == "en" else each.zh)
               for each in platform.types.all()],
        units=[(unit, name) for unit, name in unit_names.items()
               if actor.reach is None or unit in actor.reach],
        unit_names=unit_names, own_unit=actor.unit if actor.reach else "",
        everywhere=actor.reach is None, reached=actor.reach or (),
        segments=[(each.id, each.name) for each in platform.segments.all()],
        options=tag_options(platform), typed=request.form, titles=titles,
        trial=_beside(before, after) if tried else None,
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip


def _aim(platform: Platform, rule: ListRule, titles: dict[str, str]) -> str:
    kind, _, key = rule.aim.partition(":")
    if kind == "material":
        return titles.get(key, key)
    if kind == "tag":
        tag = platform.taxonomy.now().find(key)
        return tag.label(language()) if tag else key
    known: dict[str, Any] = {each.code: each for each in platform.types.all()}
    found = known.get(key)
    return key if found is None else str(found.en if language() == "en" else found.zh)


def _beside(before: list[str], after: list[str]) -> list[tuple[str, str, str]]:
    """Place by place: what stood there, what stands there, and whether it is new, moved or gone."""
    rows = []
    for at in range(max(len(before), len(after))):
        old = before[at] if at < len(before) else ""
        new = after[at] if at < len(after) else ""
        mark = "same" if old == new else "new" if new not in before else "moved"
        rows.append((old, new, mark))
    return rows
