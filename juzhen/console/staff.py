"""The staff page (员工与机构): who works here, in which unit, and by which login she comes in."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from channels.base import KnowsReps
from content_hub import sheets
from data_hub.roster import COLUMNS, ROLES, Brought, ways
from data_hub.staff import Staff
from juzhen.console.desk import allowed, done, flaws_of, listed, typed_rep
from juzhen.console.sheets import few
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Role
from kernel.errors import Conflict, Invalid, Problem
from kernel.secret import Secret
from kernel.wording import joined

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_VERB = "manage_staff"
_SHOWN, _TOLD = 50, 200
_WORDS = ("name", "unit", "post", "licence_number")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/staff")
    def staff() -> str:
        return _page(platform)

    @door.post("/staff")
    def add_staff() -> AnyResponse | str | tuple[str, int]:
        """Take somebody on, found a unit, try a sheet or bring it in: the button says which."""
        actor, act = allowed(_VERB), request.form.get("act", "")
        try:
            if act in {"try", "bring"}:
                brought = _brought(platform, actor.id, dry=act == "try")
                return _page(platform, brought=brought, tried=act == "try")
            if act == "unit":
                _found(platform, actor.id)
                return done("staff", "unit_founded")
            made = platform.staff.add(request.form.get("code", "").strip(), by=actor.id, **_told())
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("one_staff", "hired", key=made.id)

    _about_one(door, platform)


def _about_one(door: Blueprint, platform: Platform) -> None:
    @door.get("/staff/roster.csv")
    def roster_csv() -> Response:
        """Everybody, as the same sheet that comes in."""
        allowed(_VERB)
        return Response(
            "\ufeff" + "".join(sheets.written(COLUMNS, _everybody(platform))),
            headers={"Content-Disposition": 'attachment; filename="staff.csv"'},
            content_type="text/csv; charset=utf-8",
        )  # fmt: skip

    @door.get("/staff/<key>")
    def one_staff(key: str) -> str:
        allowed(_VERB)
        return _one(platform, platform.staff.one(key))

    @door.post("/staff/<key>")
    def change_staff(key: str) -> AnyResponse | str | tuple[str, int]:
        """Save, give a login, hand her customers on, dismiss, take on again: the button says."""
        actor = allowed(_VERB)
        hers = platform.staff.one(key)
        try:
            if request.form.get("act") == "login":
                return _one(platform, hers, given=_enrolled(platform, hers, actor.id))
            return _changed(platform, hers, actor.id)
        except (Invalid, Conflict) as refusal:
            return _one(platform, hers, refusal), 422


def _found(platform: Platform, by: str) -> None:
    form = {name: request.form.get(name, "").strip() for name in ("code", "name", "parent")}
    for name in ("code", "name"):
        if not form[name]:
            raise Invalid(name, "missing")
    platform.staff.add_unit(**form, kind="team" if form["parent"] else "branch", by=by)


def _changed(platform: Platform, hers: Staff, by: str) -> AnyResponse:
    act = request.form.get("act", "")
    if act == "leave":
        platform.staff.leave(hers.id, by=by)
        return done("one_staff", "staff_left", key=hers.id)
    if act == "back":
        platform.staff.come_back(hers.id, by=by)
        return done("one_staff", "staff_back", key=hers.id)
    if act == "pass_on":
        if (taker := typed_rep(platform, "taker")) == hers.id:
            raise Invalid("taker", "no_such_rep", rep=hers.name)
        n = platform.customers.pass_on(hers.id, taker, by=by)
        return done("one_staff", "passed_on", n=n, key=hers.id)
    platform.staff.change(hers.id, by=by, **_told())
    return done("one_staff", "saved", key=hers.id)


def _told() -> dict[str, Any]:
    """What the form says of somebody."""
    form = request.form
    told: dict[str, Any] = {name: form.get(name, "").strip() for name in _WORDS}
    told["licence_number"] = told["licence_number"].replace(" ", "")
    if form.get("role") not in set(ROLES):
        raise Invalid("role", "missing")
    return told | {"role": Role(form["role"]), "licences": listed(form.get("licences", ""))}


def _enrolled(platform: Platform, hers: Staff, by: str) -> tuple[str, str]:
    """A new password, told this once; by the name that she has or the one that was typed."""
    kept = platform.access.names([hers.id]).get(hers.id)
    name = kept or request.form.get("login", "").strip() or hers.code
    password = secrets.token_urlsafe(9)
    platform.access.enrol(hers.id, name, Secret(password), by=by)
    return name, password


def _brought(platform: Platform, by: str, *, dry: bool) -> Brought:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("file", "missing")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sheet{Path(file.filename.replace(chr(0), '')).suffix.lower()[:6]}"
        file.save(path)
        rows = list(few(path))
    return platform.roster.bring(rows, by=by, dry_run=dry)


def _everybody(platform: Platform) -> Any:
    way, after = ways(platform.staff.units()), None
    while True:
        page = platform.staff.page(first=100, after=after)
        for each in page.items:
            told = {name: getattr(each, name) for name in COLUMNS}
            yield told | {"unit": way.get(each.unit, ""), "licences": ";".join(each.licences)}
        if page.next is None:
            return
        after = page.next


def _page(
    platform: Platform,
    refusal: Problem | None = None,
    brought: Brought | None = None,
    *,
    tried: bool = False,
) -> str:
    allowed(_VERB)
    text, role, unit = (request.args.get(name, "").strip() for name in ("text", "role", "unit"))
    units = platform.staff.units()
    page = platform.staff.page(
        text=text, role=Role(role) if role in set(ROLES) else None, first=_SHOWN,
        units=platform.staff.below(unit) if unit else None, after=request.args.get("after"),
    )  # fmt: skip
    return pages.render(
        "console/staff.html", people=page.items, following=page.next, text=text, role=role,
        unit=unit, ways=ways(units), logins=platform.access.names({each.id for each in page.items}),
        roles=[(each.value, pages.speak(f"role_{each}")) for each in ROLES], columns=COLUMNS,
        by_wecom=_by_wecom(platform), brought=brought,
        told=brought.flaws[:_TOLD] if brought else (),
        tried=tried, typed=request.form if refusal else {},
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip


def _by_wecom(platform: Platform) -> bool:
    """Does a platform say who sits there, so that nobody needs a password?"""
    return bool(platform.channels.able(KnowsReps))


def _one(
    platform: Platform,
    hers: Staff,
    refusal: Problem | None = None,
    *,
    given: tuple[str, str] | None = None,
) -> str:
    shown: Mapping[str, Any] = (
        request.form
        if refusal and request.form.get("act") == "save"
        else {name: getattr(hers, name) for name in (*_WORDS, "role")}
        | {"licences": joined(hers.licences, language())}
    )
    return pages.render(
        "console/one_staff.html", hers=hers, typed=shown, given=given,
        ways=ways(platform.staff.units()), login=platform.access.names([hers.id]).get(hers.id, ""),
        roles=[(each.value, pages.speak(f"role_{each}")) for each in ROLES],
        customers=len(platform.customers.of_staff([hers.id])), by_wecom=_by_wecom(platform),
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip
