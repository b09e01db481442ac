"""The calendar (日历): what opens on which day, by week with a lane for every account, or by month.

Moving is a form with a number of days; dragging and keys only fill it in. Everything a move may
break is asked of the shelf, and the move just made can be undone where it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.accounts import Account
from content_hub.placements import Placement
from juzhen.console import views
from juzhen.console.desk import allowed, done, flaws_of, managed
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import require_own
from kernel.calendar import Zone, month_end
from kernel.errors import Conflict, Flaw, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_FURTHEST = 366
_YEARS = 100
_A_DAY = 4
"""Placements a day of a month shows; a week shows them all."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/calendar")
    def calendar() -> str:
        return _page(platform)

    @door.post("/calendar")
    def move_days() -> AnyResponse | tuple[str, int]:
        """The same promise some days earlier or later, at the same hours."""
        actor = allowed("place_materials")
        key, days = request.form.get("key", ""), _days(request.form.get("days", ""))
        found = platform.shelf.one(key)
        managed(actor, found.unit)
        try:
            platform.shelf.move(
                key, opens=_later(platform.zone, found.opens, days),
                closes=_later(platform.zone, found.closes, days), by=actor.id,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        seen = ("by", "on", "account")
        back: dict[str, Any] = {name: request.args[name] for name in seen if name in request.args}
        if request.form.get("undo"):
            return done("calendar", "moved_back", n=None, **back)
        return done("calendar", "moved_days", n=None, moved=key, days=days, **back)

    _install_shifting(door, platform)


def _install_shifting(door: Blueprint, platform: Platform) -> None:
    @door.post("/calendar/shift")
    def shift_calendar() -> AnyResponse | str | tuple[str, int]:
        """Everything that this page shows, some days earlier or later: seen first, or moved."""
        actor = allowed("place_materials")
        try:
            days = _days(request.form.get("days", ""))
            what: dict[str, Any] = {"account": _account(platform), "units": actor.own_units}
            since, until = _stretch(platform, _shown_days(platform))
            if request.form.get("act") != "shift":
                looked = platform.shifting.look(since, until, days, **what)
                return _page(platform, looked=looked)
            run = platform.shifting.shift(since, until, days, by=actor.id, **what)
        except Invalid as refusal:
            return _page(platform, refusal), 422
        return done("calendar", "shifted", n=len(run.moved), undo=run.id, **_kept())

    @door.post("/calendar/shift/<key>")
    def undo_shift(key: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("place_materials")
        run = platform.shifting.one(key)
        require_own(actor, run.by)
        try:
            platform.shifting.undo(key, by=actor.id)
        except Conflict as refusal:
            return _page(platform, refusal), 422
        return done("calendar", "unshifted", n=None, **_kept())


def _kept() -> dict[str, Any]:
    return {name: request.args[name] for name in ("by", "on", "account") if name in request.args}


def _account(platform: Platform) -> str:
    wanted = request.args.get("account", "")
    return platform.accounts.one(wanted).id if wanted else ""


def _shown_days(platform: Platform) -> list[date]:
    asked = _asked(platform.zone.day(platform.clock()))
    return _month(asked) if request.args.get("by") == "month" else _week(asked)


def _stretch(platform: Platform, days: Sequence[date]) -> tuple[datetime, datetime]:
    return platform.zone.at(days[0]), platform.zone.at(days[-1] + _DAY)


Looked = tuple[list[Placement], list[tuple[str, Flaw]]]


def _page(
    platform: Platform, refusal: Problem | None = None, *, looked: Looked | None = None
) -> str:
    actor = allowed("read_shelf")
    monthly = request.args.get("by") == "month"
    today = platform.zone.day(platform.clock())
    days = _shown_days(platform)
    accounts = platform.accounts.all()
    wanted = request.args.get("account", "")
    shown = [each for each in accounts if wanted in {"", each.id, each.code}]
    since, until = _stretch(platform, days)
    placements = [
        each
        for one in shown
        for each in platform.overview.between(since, until, account=one.id, sight=actor.seen_units)
    ]
    step = timedelta(days=31) if monthly else _WEEK
    first = days[0] + timedelta(days=10 if monthly else 0)
    return pages.render(
        "console/calendar.html",
        monthly=monthly,
        days=days,
        today=today,
        month=first.month,
        title=f"{first:%Y-%m}" if monthly else f"{days[0]:%Y-%m-%d} – {days[-1]:%m-%d}",
        before=(first.replace(day=1) - _DAY if monthly else first - step).isoformat(),
        after=(month_end(first) + _DAY if monthly else first + step).isoformat(),
        accounts=accounts,
        shown=shown,
        account=wanted,
        cells=_cells(platform, placements, shown, monthly=monthly),
        total=len(placements),
        most=_A_DAY,
        flaws=flaws_of(refusal) if refusal else (),
        looked=_told(platform, looked) if looked else None,
        typed_days=request.form.get("days", ""),
        moved=request.args.get("moved", ""),
        moved_days=request.args.get("days", ""),
        **views.shown(platform, "calendar"),
    )


def _told(platform: Platform, looked: Looked) -> dict[str, Any]:
    """What a shift would move, and what stays and why, by title."""
    found, left = looked
    placed = {each.id: each for each in found}
    about = platform.materials.many({each.material for each in found})
    stays = [
        (about[placed[key].material].title, flaw.message(language())) for key, flaw in left
    ]  # fmt: skip
    return {"moves": len(found) - len(left), "stays": stays}


def _cells(
    platform: Platform,
    placements: Sequence[Placement],
    accounts: Sequence[Account],
    *,
    monthly: bool,
) -> dict[tuple[str, date], list[dict[str, Any]]]:
    """What stands in each cell: of an account's lane, or of a day if the lanes are one."""
    materials = platform.materials.many({each.material for each in placements})
    names = {each.id: each.name for each in accounts}
    now = platform.clock()
    cells: dict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    for each in placements:
        lane = "" if monthly else each.account
        cells[lane, platform.zone.day(each.opens)].append(
            {
                "key": each.id,
                "title": materials[each.material].title,
                "account": names[each.account],
                "at": platform.zone.local(each.opens).strftime("%H:%M"),
                "state": each.state(now).value,
                "movable": each.closes > now,
            }
        )
    return cells


def _asked(today: date) -> date:
    try:
        on = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today
    return on if abs(on.year - today.year) <= _YEARS else today


def _week(day: date) -> list[date]:
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=n) for n in range(7)]


def _month(day: date) -> list[date]:
    """Whole weeks that hold the month."""
    first = _week(day.replace(day=1))[0]
    last = _week(month_end(day))[-1]
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _days(text: str) -> int:
    try:
        days = int(text)
    except ValueError:
        raise Invalid("days", "not_a_number") from None
    if not 0 < abs(days) <= _FURTHEST:
        raise Invalid("days", "days_out_of_range", limit=_FURTHEST)
    return days


def _later(zone: Zone, moment: datetime, days: int) -> datetime:
    """The same hour of the company's clocks, so many days later."""
    local = zone.local(moment)
    return zone.at(local.date() + timedelta(days=days), local.time())
