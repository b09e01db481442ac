"""The sandbox's pages (沙箱页面): what followers see, and buttons to play one of them.

Server-rendered; a small script only reloads what moves. Shows the world and passes acts on;
decides nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import nh3
from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.audience import labels
from juzhen.sandbox.followers import follows
from juzhen.sandbox.library import PICTURES
from juzhen.sandbox.limits import Said
from juzhen.sandbox.menus import menu_of
from juzhen.sandbox.press import pieces_of
from juzhen.sandbox.world import World
from kernel.calendar import Zone
from kernel.wording import LANGUAGES, say

_LOCAL = {"127.0.0.1", "localhost", "[::1]", "::1"}


def blueprint(world: World) -> Blueprint:
    """Accounts, their articles, and their followers."""
    door = Blueprint("pages", __name__)
    _dressed(door, world)
    _account_pages(door, world)
    _follower_pages(door, world)
    _readings(door, world)

    @door.app_errorhandler(Said)
    def said(no: Said) -> tuple[str, int]:
        return render_template("refused.html", no=no), 409 if no.errcode == 43004 else 404

    return door


def _dressed(door: Blueprint, world: World) -> None:
    """Language, filters and headers of every page; nobody from elsewhere presses our buttons."""

    @door.before_app_request
    def speak() -> None:
        host = request.host.rpartition(":")[0] if ":" in request.host else request.host
        origin = request.headers.get("Origin", request.host_url).rstrip("/")
        elsewhere = request.headers.get("Sec-Fetch-Site", "none") in (
            "cross-site",
            "same-site",
        ) or origin != request.host_url.rstrip("/")
        if host not in _LOCAL or (request.method == "POST" and elsewhere):
            abort(403)
        asked = request.args.get("lang") or request.cookies.get("language")
        best = request.accept_languages.best_match(LANGUAGES)
        g.language = asked if asked in LANGUAGES else best or "zh"

    @door.after_app_request
    def guard(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie("language", request.args["lang"], samesite="Lax")
        hub = world.readers.hub
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'self'; style-src 'self' {hub}; connect-src 'self';"
            f" img-src 'self' data: {hub}; media-src {hub}; font-src {hub};"
            f" form-action 'self' {hub};"
            " frame-ancestors 'self'; base-uri 'self' " + hub,
        )
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    @door.app_context_processor
    def words() -> dict[str, Any]:
        language = g.get("language", "zh")
        return {
            "t": lambda key, **facts: say(f"sandbox_{key}", language, **facts),
            "language": language,
            "hub": world.readers.hub,
            "pictures": PICTURES,
            "when": _told,
            "follows": follows,
        }


def _told(seconds: float | None) -> str:
    if seconds is None:
        return ""
    zone = Zone("Asia/Shanghai")
    return f"{datetime.fromtimestamp(seconds, zone.info):%m-%d %H:%M:%S}"


def _of(world: World, appid: str) -> OfficialAccount:
    account = world.accounts.official(appid)
    if account is None:
        raise Said(40013)
    return account


def _everybody(world: World) -> dict[str, Any]:
    """Whoever is played here, each with how much there is to see."""
    known = world.accounts
    accounts = [
        (one, len(world.followers.of(one, following=True)), world.press.articles(one, 0, 1)[0])
        for one in known.officials()
    ]
    corps = [
        (one, sum(len(world.friends.of_rep(one, rep.userid)) for rep in one.reps))
        for one in known.corps()
    ]
    return {
        "runs": world.ledger.fact("campaign", {}),
        "minis": {one.code for one, _, _ in accounts if one.mini},
        "accounts": accounts,
        "corps": corps,
        "apps": known.apps(),
        "gateways": known.gateways(),
        "receivers": [(one, len(world.hooks.taken(one.code))) for one in known.receivers()],
        "advertisers": [(one, len(world.clues.all(one.code))) for one in known.advertisers()],
        "shops": [(one, len(world.till.orders(one.code))) for one in known.shops()],
        "creators": [(one, len(world.studio.works(one.code))) for one in known.creators()],
    }


def _account_pages(door: Blueprint, world: World) -> None:
    @door.get("/")
    def index() -> str:
        return render_template("index.html", **_everybody(world))

    @door.get("/accounts/<appid>")
    def account(appid: str) -> str:
        one = _of(world, appid)
        _, rows = world.press.articles(one, 0, 50)
        feed = [(row, piece) for row in rows for piece in pieces_of(row) if not piece["is_deleted"]]
        return render_template(
            "account.html", account=one, feed=feed, people=world.followers.of(one),
            waiting=world.masses.waiting(one), now=world.clock.seconds(),
            codes=world.followers.scenes(one) if one.mini else (),
            links=world.followers.urllinks(one),
        )  # fmt: skip

    @door.post("/accounts/<appid>/masses/<int:number>/confirm")
    def confirm(appid: str, number: int) -> Answer:
        """The administrator says yes to sending it to all."""
        world.masses.confirm(_of(world, appid), number)
        return redirect(url_for("pages.account", appid=appid), 303)

    @door.get("/s/<article_id>")
    def article(article_id: str) -> str | tuple[str, int]:
        row = world.press.article(None, article_id)
        idx = request.args.get("idx", 1, int)
        piece = next((one for one in pieces_of(row) if one["idx"] == idx), None)
        if piece is None or piece["is_deleted"]:
            return render_template("gone.html"), 404
        world.press.read(article_id)
        one = _of(world, row["appid"])
        people = world.followers.of(one, following=True)
        content = nh3.clean(piece["content"])
        return render_template(
            "article.html", account=one, row=row, piece=piece, content=content, people=people
        )


def _follower_pages(door: Blueprint, world: World) -> None:
    @door.get("/followers/<openid>")
    def follower(openid: str) -> str:
        person = world.followers.one(openid)
        account = _of(world, person["appid"])
        return render_template(
            "follower.html",
            person=person,
            account=account,
            messages=world.followers.inbox(openid),
            scenes=world.followers.scenes(account),
            labels=labels(world.ledger, account, openid),
            menu=menu_of(world, account),
        )

    @door.get("/followers/<openid>/talk")
    def talk(openid: str) -> str:
        """Only the messages, for the page to replace its own with."""
        person = world.followers.one(openid)
        messages = world.followers.inbox(openid)
        account = _of(world, person["appid"])
        return render_template("talk.html", person=person, messages=messages, account=account)

    @door.post("/followers/<openid>/<any(follow, unfollow, say, menu, allow):act>")
    def act(openid: str, act: str) -> Answer:
        person = world.followers.one(openid)
        account = _of(world, person["appid"])
        if act == "follow":
            world.followers.follow(account, openid, request.form.get("scene", ""))
        elif act == "unfollow":
            world.followers.unfollow(account, openid)
        elif act == "allow":
            world.followers.allow(account, openid, request.form.get("template", ""))
        elif act == "menu":
            return _chosen(world, account, openid)
        elif text := request.form.get("text", "").strip():
            world.followers.say(account, openid, text)
        return redirect(url_for("pages.follower", openid=openid), 303)


def _chosen(world: World, account: OfficialAccount, openid: str) -> Answer:
    """An entry of the menu: one of ours leads to what she then sees."""
    back = redirect(url_for("pages.follower", openid=openid), 303)
    if not (url := request.form.get("url", "")):
        world.followers.choose(account, openid, request.form.get("key", ""))
        return back
    world.followers.leave_by(account, openid, url)
    if not world.readers.ours(url):
        return back
    number = world.readers.open(world.followers.one(openid), account, url)
    return redirect(url_for("pages.reading", openid=openid, number=number), 303)


def _readings(door: Blueprint, world: World) -> None:
    @door.post("/followers/<openid>/open")
    def open_as(openid: str) -> Answer:
        """She opens a link of the hub, with her own cookie; what she saw is shown after."""
        person = world.followers.one(openid)
        url = request.form.get("url", "")
        if not world.readers.ours(url):
            abort(400)
        number = world.readers.open(person, _of(world, person["appid"]), url)
        world.followers.note_read(openid)
        return redirect(url_for("pages.reading", openid=openid, number=number), 303)

    @door.get("/followers/<openid>/readings/<int:number>")
    def reading(openid: str, number: int) -> str:
        seen = world.readers.reading(number)
        if seen is None or seen["openid"] != openid:
            abort(404)
        page = framed(seen["page"], world.readers.hub)
        name = world.followers.one(openid)["name"]
        back = url_for("pages.follower", openid=openid)
        return render_template("reading.html", name=name, back=back, page=page)


def framed(page: str, hub: str) -> str:
    """The page as it came, with its addresses pointing at the hub; empty stays empty."""
    if not page:
        return ""
    base = f'<base href="{hub}/" target="_blank">'
    head = page.lower().find("<head>")
    return page[: head + 6] + base + page[head + 6 :] if head >= 0 else base + page
