"""The mini program's interface (小程序接口): logins and subscribe messages.

Shares tokens, people and callbacks with the official account's. One function a path; a refusal is
`Said` and travels with HTTP status 200.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, g, jsonify, request
from PIL import Image, ImageDraw

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.limits import Said
from juzhen.sandbox.official import call
from juzhen.sandbox.world import World

_JSON = "application/json; encoding=utf-8"


@call("message/subscribe/send")
@call("message/subscribe/bizsend")
def _remind(world: World, account: OfficialAccount, asked: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "msgid": world.followers.remind(account, asked)}


def blueprint(world: World) -> Blueprint:
    """What lies outside ``/cgi-bin``."""
    door = Blueprint("mini", __name__)

    @door.get("/sns/jscode2session")
    def session() -> Response:
        return _told(_session, world)

    @door.post("/sandbox/login/<openid>")
    def login(openid: str) -> Response:
        """What ``wx.login`` gives her phone."""
        world.followers.one(openid)
        return jsonify(code=issue(world, openid))

    return door


def issue(world: World, openid: str) -> str:
    """A code that is good once, for five minutes."""
    code = f"0{secrets.token_hex(15)}"
    with world.ledger.turn() as db:
        db.execute(
            "insert into login_codes (code, openid, made) values (?, ?, ?)",
            (code, openid, world.clock.seconds()),
        )
    return code


def _session(world: World) -> dict[str, Any]:
    asked = request.args
    if asked.get("grant_type") != "authorization_code":
        raise Said(40002)
    account = world.tokens.known(
        asked.get("appid", ""), asked.get("secret", ""), "client_credential"
    )
    g.appid, now = account.appid, world.clock.seconds()
    with world.ledger.turn() as db:
        row = db.execute(
            "select * from login_codes where code = ?", (asked.get("js_code", ""),)
        ).fetchone()
        if row is None or now - row["made"] > limits.CODE_SECONDS:
            raise Said(40029)
        if row["used"] is not None:
            raise Said(40163)
        db.execute("update login_codes set used = ? where code = ?", (now, row["code"]))
    person = world.followers.one(row["openid"], account)
    told = {"openid": person["openid"], "session_key": secrets.token_urlsafe(16)}
    return told | ({"unionid": person["unionid"]} if person["unionid"] else {})


def _told(answer: Callable[[World], dict[str, Any]], world: World) -> Response:
    try:
        return Response(orjson.dumps(answer(world)), content_type=_JSON)
    except Said as no:
        return _said(no)


def _said(no: Said) -> Response:
    g.errcode = no.errcode
    told = {"errcode": no.errcode, "errmsg": no.errmsg}
    return Response(orjson.dumps(told), content_type=_JSON)


# Codes and links

_SCENE = re.compile(r"[0-9a-zA-Z!#$&'()*+,/:;=?@\-._~]{1,32}")


@call("wxa/getwxacodeunlimit")
def _code(world: World, account: OfficialAccount, asked: Any) -> Response:
    """The picture itself, not JSON: as big as asked, with the scene in it."""
    scene, page = asked.get("scene"), asked.get("page", "")
    if not account.mini:
        raise Said(48001)
    if not isinstance(scene, str) or not _SCENE.fullmatch(scene):
        raise Said(40169)
    if not isinstance(page, str) or page.startswith("/"):
        raise Said(41030)
    width = asked.get("width", 430)
    if not isinstance(width, int) or not 280 <= width <= 1280:
        raise Said(40097)
    world.followers.scene(account, scene)
    drawn, side = io.BytesIO(), width
    picture = Image.new("RGB", (side, side), "white")
    ImageDraw.Draw(picture).text((side // 8, side // 2), scene, fill="black")
    picture.save(drawn, "JPEG")
    return Response(drawn.getvalue(), content_type="image/jpeg")


@call("wxa/generate_urllink")
def _urllink(world: World, account: OfficialAccount, asked: Any) -> dict[str, Any]:
    if not account.mini:
        raise Said(48001)
    path, query = asked.get("path", ""), asked.get("query", "")
    if not isinstance(path, str) or path.startswith("/") or len(path) > 1_024:
        raise Said(40165)
    if not isinstance(query, str) or len(query) > limits.QUERY_CHARACTERS:
        raise Said(40212)
    days = asked.get("expire_interval")
    if asked.get("expire_type") != 1 or not isinstance(days, int) or not 1 <= days <= 30:
        raise Said(85401)
    until = world.clock.seconds() + days * 86_400
    number = world.followers.urllink(account, path, query, until)
    return {"errcode": 0, "errmsg": "ok", "url_link": f"{request.host_url}u/{number}"}
