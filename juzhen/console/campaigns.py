"""The campaign pages (活动): begun after a form, moved as a whole, tuned and put back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.campaigns import Campaign, Parameter, ParameterChange
from content_hub.campaigns.forms import FORMS, begin
from content_hub.campaigns.parameters import QUOTA, ParameterKind, in_force
from juzhen.console.desk import allowed, done, flaws_of, managed, names_of, typed_moment
from juzhen.console.placed import rows
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 50
_FURTHEST = 24 * 366
"""Hours that a campaign moves at most."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/campaigns")
    def campaigns() -> str:
        allowed("read_campaigns")
        return _page(platform)

    @door.post("/campaigns")
    def begin_campaign() -> AnyResponse | tuple[str, int]:
        actor = allowed("place_materials")
        try:
            made = _begun(platform, actor)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("campaign", "began_campaign", key=made.id)

    @door.get("/campaigns/<key>")
    def campaign(key: str) -> str:
        return _one(platform, _seen(allowed("read_campaigns"), platform, key))

    @door.post("/campaigns/<key>")
    def change_campaign(key: str) -> AnyResponse | str | tuple[str, int]:
        """Try or set a parameter, put a change back, move everything: the button says which."""
        actor = allowed("place_materials")
        found = _seen(actor, platform, key)
        managed(actor, found.unit)
        try:
            return _changed(platform, found, actor.id)
        except (Invalid, Conflict) as refusal:
            return _one(platform, found, refusal), 422


def _seen(actor: Actor, platform: Platform, key: str) -> Campaign:
    found = platform.campaigns.one(key)
    units = actor.seen_units
    if units is not None and found.unit not in units:
        raise NotFound("campaign", key[:80])
    return found


def _begun(platform: Platform, actor: Actor) -> Campaign:
    form = request.form
    opens, closes = typed_moment(platform.zone, "opens"), typed_moment(platform.zone, "closes")
    if opens is None or closes is None:
        raise Invalid("closes" if opens else "opens", "missing")
    quota = form.get("quota", "").strip()
    return begin(
        platform.campaigns, platform.parameters, form.get("form", ""), form.get("name", ""),
        opens=opens, closes=closes, quota=_whole(quota, "quota") if quota else None,
        code=form.get("code", "").strip(), unit=actor.unit, by=actor.id,
    )  # fmt: skip


def _changed(platform: Platform, found: Campaign, by: str) -> AnyResponse | str:
    form = request.form
    act, keeper = form.get("act", ""), platform.parameters
    if act == "roll_back":
        change = keeper.change(form.get("change", ""))
        if change.campaign != found.id:
            raise NotFound("parameter_change", change.id)
        keeper.roll_back(change.id, by=by)
        return done("campaign", "rolled_back", key=found.id)
    if act == "move":
        hours = _hours(form.get("hours", ""))
        moved = platform.campaigns.move(found.id, timedelta(hours=hours), by=by)
        return done("campaign", "moved_campaign", n=moved, key=found.id, hours=hours)
    if act == "declare":
        value = _value(form.get("value", ""), ParameterKind.NUMBER)
        bounds = {name: _number(form.get(name, ""), name) for name in ("low", "high")}
        keeper.declare(found.id, form.get("name", "").strip(), value, by=by, **bounds)
        return done("campaign", "declared_parameter", key=found.id)
    parameter = _parameter(platform, found, form.get("name", ""))
    value = _value(form.get("value", ""), parameter.kind)
    told = keeper.set(
        found.id, parameter.name, value, note=form.get("note", "").strip(), by=by,
        dry_run=act == "try",
    )  # fmt: skip
    if act == "try":
        return _one(platform, found, tried=told)
    return done("campaign", "set_parameter", key=found.id)


def _parameter(platform: Platform, found: Campaign, name: str) -> Parameter:
    known = platform.parameters.of(found.id)
    if name not in known:
        raise Invalid("name", "nothing_by_that_name", kind="parameter", key=name[:60])
    return known[name]


def _value(text: str, kind: str) -> Any:
    return _timetable(text) if kind == ParameterKind.TIMETABLE else _number(text, "value")


def _timetable(text: str) -> list[dict[str, Any]]:
    """A period a line: ``19:00 10``."""
    steps = []
    for line in filter(None, map(str.strip, text.splitlines())):
        at, _, value = line.partition(" ")
        if not value.strip():
            raise Invalid("value", "not_a_timetable")
        steps.append({"at": at, "value": _number(value, "value")})
    return steps


def _number(text: str, field: str) -> float | None:
    """A number as typed, whole if it is; nothing is only allowed for a bound."""
    text = text.strip()
    if not text and field != "value":
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise Invalid(field, "not_a_number") from None


def _whole(text: str, field: str) -> int:
    number = _number(text, field)
    if not isinstance(number, int) or number < 0:
        raise Invalid(field, "not_a_count")
    return number


def _hours(text: str) -> float:
    hours = _number(text, "hours") or 0
    if not 0 < abs(hours) <= _FURTHEST:
        raise Invalid("hours", "number_out_of_range", low=-_FURTHEST, high=_FURTHEST)
    return hours


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    actor = allowed("read_campaigns")
    page = platform.campaigns.page(
        sight=actor.seen_units, first=_SHOWN, after=request.args.get("after"), count=True
    )
    tongue = language()
    return pages.render(
        "console/campaigns.html",
        campaigns=page.items,
        placed=platform.campaigns.placed([each.id for each in page.items]),
        total=page.total,
        following=page.next,
        now=platform.clock(),
        forms_of=[(each.code, each.en if tongue == "en" else each.zh) for each in FORMS.values()],
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _one(
    platform: Platform,
    found: Campaign,
    refusal: Problem | None = None,
    tried: ParameterChange | None = None,
) -> str:
    parameters = platform.parameters.of(found.id)
    history = platform.parameters.history(found.id, limit=30)
    hers = allowed("read_campaigns").seen_units
    now = platform.clock()
    return pages.render(
        "console/campaign.html",
        campaign=found,
        parameters=list(parameters.values()),
        in_force={
            name: in_force(each, now, platform.zone) for name, each in parameters.items()
        },
        shown=_shown,
        prizes=platform.draws.prizes(found.id) if QUOTA in parameters else None,
        placed=platform.campaigns.placed([found.id]).get(found.id, 0),
        shows=rows(
            platform, platform.campaigns.placements(found.id, sight=hers, limit=_SHOWN)
        ),
        sent=_sent_to_many(platform, found),
        beside=_sent_beside(platform, found),
        sandbox=platform.settings.demo_sandbox,
        types={kind.code: kind for kind in platform.types.all()},
        history=history,
        undone={each.undoes for each in history if each.undoes},
        people=names_of(platform, (each.by for each in history)),
        tried=tried,
        moved_by=_just_moved(),
        now=now,
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip


def _sent_to_many(platform: Platform, found: Campaign) -> list[dict[str, Any]]:
    """Its broadcasts, each with its account, how many stand where, and why some were not sent."""
    made = platform.broadcasts.of_campaign(found.id)
    counts = platform.broadcasts.counts([each.id for each in made])
    accounts = {each.id: each for each in platform.accounts.all()}
    return [
        {"broadcast": each, "account": accounts.get(each.account), "counts": counts[each.id]}
        for each in made
    ]


def _sent_beside(platform: Platform, found: Campaign) -> list[dict[str, Any]]:
    """What else it sent to single persons, by account."""
    accounts = {each.id: each for each in platform.accounts.all()}
    return [
        {"account": accounts.get(key), "counts": counts}
        for key, counts in platform.broadcasts.beside(found.id).items()
    ]


def _shown(value: Any) -> str:
    """A value as people read and type it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(f"{step['at']} {step['value']:.10g}" for step in value)
    return f"{value:.10g}"


def _just_moved() -> float:
    """By how many hours the last act moved it, to be undone."""
    if request.args.get("said") != "done_moved_campaign":
        return 0
    try:
        return _hours(request.args.get("hours", ""))
    except Invalid:
        return 0
