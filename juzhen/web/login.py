"""The login (登录): people sign in and out here. What they may do is not decided here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.accounts import Account
from channels.base import KnowsReps
from juzhen.access import LONGEST
from juzhen.web import pages
from juzhen.web.asking import COOKIE, asker, check_site
from kernel.actors import Role
from kernel.errors import Flaw, Forbidden, Invalid, NotFound, Problem
from kernel.secret import Secret

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ASKED = "jz_asked"
"""Holds what was asked of a platform until the browser comes back from it."""
_TYPED = {"password": "new"}
"""What the keeper minds, by the field it was typed into."""
_HOMES = {Role.REP: "/workbench/", Role.TEAM_LEAD: "/workbench/"}


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("login", __name__)

    door.before_request(_asked_here)

    @door.get("/login")
    def page() -> str | AnyResponse:
        """Inside WeCom nobody types a password: who came from a page goes on to the platform."""
        wanted, ways = _inside(request.args.get("next", "")), _ways(platform)
        if wanted and len(ways) == 1 and not platform.settings.demo:
            return redirect(url_for("login.ask_platform", account=ways[0].code, next=wanted))
        return pages.render("login.html", next=wanted, ways=ways, problem=None, name="")

    @door.post("/login")
    def sign_in() -> AnyResponse:
        name = request.form.get("name", "").strip()
        try:
            key = platform.access.sign_in(name, Secret(request.form.get("password", "")))
        except Problem as problem:
            told = pages.render(
                "login.html", next=_inside(request.form.get("next", "")), ways=_ways(platform),
                problem=problem, name=name,
            )  # fmt: skip
            return Response(told, 503 if problem.code == "overloaded" else 401)
        return _signed_in(platform, key, request.form.get("next", ""))

    @door.post("/login/demo")
    def one_click() -> AnyResponse:
        """The tour's one-click logins; there is no such door outside the demo."""
        if not platform.settings.demo:
            raise NotFound("page", "/login/demo")
        staff = _demo_person(platform, request.form.get("role", ""))
        return _signed_in(platform, platform.access.begin(staff), request.form.get("next", ""))

    _by_platform(door, platform)
    _own_password(door, platform)

    @door.post("/logout")
    def sign_out() -> AnyResponse:
        if key := request.cookies.get(COOKIE):
            platform.access.sign_out(key, everywhere="everywhere" in request.form)
        answer = redirect("/login")
        answer.delete_cookie(COOKIE)
        return answer

    return door


def _own_password(door: Blueprint, platform: Platform) -> None:
    @door.get("/password")
    def password() -> str:
        return _password_page(platform)

    @door.post("/password")
    def change_password() -> AnyResponse | tuple[str, int]:
        """Her own. Every browser is signed out but this one, which begins anew."""
        actor, form = asker(), request.form
        try:
            if form.get("new", "") != form.get("again", ""):
                raise Invalid("again", "passwords_differ")
            old, new = (Secret(form.get(name, "")) for name in ("old", "new"))
            platform.access.change_password(actor.staff, old, new)
        except Invalid as refusal:
            flaws = [replace(each, field=_TYPED.get(each.field, each.field))
                     for each in refusal.flaws]  # fmt: skip
            return _password_page(platform, flaws), 422
        key = platform.access.begin(actor.staff)
        return _signed_in(platform, key, "/password?said=done_password")


def _password_page(platform: Platform, flaws: Sequence[Flaw] = ()) -> str:
    actor = asker()
    if not actor.staff:
        raise NotFound("page", "/password")
    name = platform.access.names([actor.staff]).get(actor.staff, "")
    return pages.render(
        "password.html", flaws=flaws, login=name, home=_HOMES.get(actor.role, "/console/")
    )


def _asked_here() -> None:
    """Another site's form could sign her in as somebody else, whose pages she would fill."""
    if request.method == "POST":
        check_site()


def _by_platform(door: Blueprint, platform: Platform) -> None:
    @door.get("/login/by/<account>")
    def ask_platform(account: str) -> AnyResponse:
        """Let a rep's own platform (企业微信) say who she is. Only the browser that asked may come
        back with the answer."""
        state, wanted = secrets.token_urlsafe(16), _inside(request.args.get("next", ""))
        back = f"{platform.base_url.rstrip('/')}/login/by/{account}/back"
        answer = redirect(_channel(platform, account).sign_in_at(back, state))
        answer.set_cookie(
            _ASKED, f"{state}|{wanted}", max_age=300, httponly=True, samesite="Lax",
            path="/login/", secure=platform.settings.public_url.startswith("https://"),
        )  # fmt: skip
        return answer

    @door.get("/login/by/<account>/back")
    def come_back(account: str) -> AnyResponse:
        state, _, wanted = request.cookies.get(_ASKED, "").partition("|")
        told = request.args.get("state", "")
        if not state or not secrets.compare_digest(state.encode(), told.encode()):
            raise Forbidden("login_not_asked_for")
        try:
            staff = _channel(platform, account).rep_of(request.args.get("code", "")[:200])
        except Problem as problem:
            return Response(
                pages.render(
                    "login.html", next=wanted, ways=_ways(platform), problem=problem, name=""
                ),
                401,
            )
        answer = _signed_in(platform, platform.access.begin(staff), wanted)
        answer.delete_cookie(_ASKED, path="/login/")
        return answer


def _ways(platform: Platform) -> list[Account]:
    """The platforms that can say who sits at this browser: only one opened inside WeCom is known
    there. In the demo everybody may play that."""
    inside = "wxwork" in request.headers.get("User-Agent", "").lower()
    return platform.channels.able(KnowsReps) if inside or platform.settings.demo else []


def _channel(platform: Platform, account: str) -> KnowsReps:
    channel = platform.channels.of(platform.accounts.one(account))
    if not isinstance(channel, KnowsReps):
        raise NotFound("account", account[:60])
    return channel


def _demo_person(platform: Platform, role: str) -> str:
    """Who plays a role in the demo, as ``access.json`` says."""
    told = orjson.loads((platform.settings.home / "access.json").read_bytes())
    for login in told["logins"]:
        if login["role"] == role:
            return platform.access.person(login["name"])
    raise Invalid("role", "no_such_demo_login")


def _signed_in(platform: Platform, key: str, wanted: str) -> AnyResponse:
    """What this browser was signed in by before ends with it."""
    role = platform.access.of_session(key).actor.role
    if before := request.cookies.get(COOKIE):
        platform.access.sign_out(before)
    answer = redirect(_inside(wanted) or _HOMES.get(role, "/console/"))
    answer.set_cookie(
        COOKIE, key, max_age=int(LONGEST.total_seconds()), httponly=True, samesite="Lax",
        secure=platform.settings.public_url.startswith("https://"),
    )  # fmt: skip
    return answer


def _inside(address: str) -> str:
    """Only a path of ours is worth going on to; ``//evil`` and ``/\\evil`` are not, nor is one with
    a tab or a line's end in it: browsers read on as if it were not there."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if safe and address.isprintable() else ""
