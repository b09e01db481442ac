"""The control door (控制台接口): ``/sandbox/…``, by which tests and the demo play with the world.

Not a part of any platform. Listens wherever the sandbox does, which is the machine itself.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from juzhen.sandbox.accounts import (
    AdAccount,
    App,
    BadAccount,
    Corp,
    Creator,
    OfficialAccount,
    Receiver,
    Shop,
    SmsGateway,
)
from juzhen.sandbox.cast import people_of
from juzhen.sandbox.clock import moment
from juzhen.sandbox.knobs import FAULTS, SETTINGS, UnknownKnob
from juzhen.sandbox.limits import Said
from juzhen.sandbox.press import pieces_of
from juzhen.sandbox.wecom import control as wecom
from juzhen.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    """Knobs, clock, accounts, people, and everything that came of it."""
    door = Blueprint("control", __name__, url_prefix="/sandbox")
    _worlds(door, world)
    _accounts(door, world)
    _people(door, world)
    _effects(door, world)
    wecom.acts(door, world, _told)

    @door.errorhandler(UnknownKnob)
    @door.errorhandler(BadAccount)
    def bad(no: ValueError) -> tuple[Response, int]:
        known = {"settings": list(SETTINGS), "faults": FAULTS}
        return jsonify(error=type(no).__name__, about=str(no), **known), 400

    @door.errorhandler(Said)
    def said(no: Said) -> tuple[Response, int]:
        return jsonify(errcode=no.errcode, errmsg=no.errmsg), 404

    return door


def _told() -> dict[str, Any]:
    told = request.get_json(force=True)
    if not isinstance(told, dict):
        raise BadRequest
    return told


def _official(world: World, appid: str) -> OfficialAccount:
    """By its appid, or by what the hub calls it; without a name the only one there is."""
    accounts = world.accounts.officials()
    if not appid and len(accounts) == 1:
        return accounts[0]
    account = next((one for one in accounts if appid in (one.appid, one.code)), None)
    if account is None:
        raise Said(40013)
    return account


def _worlds(door: Blueprint, world: World) -> None:
    @door.get("/knobs")
    def knobs() -> Response:
        return jsonify(world.knobs.all())

    @door.post("/knobs")
    def turn() -> Response:
        told = _told()
        if told.pop("token_dies", False):
            world.tokens.die()
        world.knobs.turn(told)
        return jsonify(world.knobs.all())

    @door.get("/clock")
    def clock() -> Response:
        return jsonify(now=world.clock().isoformat())

    @door.post("/clock")
    def move() -> Response:
        now = world.clock.move(float(_told().get("seconds", 0)))
        world.press.settle()
        return jsonify(now=now.isoformat())


def _accounts(door: Blueprint, world: World) -> None:
    @door.post("/masses/<int:number>/confirm")
    def confirm(number: int) -> Response:
        """The account's administrator says yes to sending it to all."""
        world.masses.confirm(_official(world, _told().get("appid", "")), number)
        return jsonify(ok=True)

    @door.post("/accounts")
    def add() -> Response:
        told = _told()
        account = world.accounts.add(told)
        if isinstance(account, AdAccount | App | Creator | Receiver | Shop | SmsGateway):
            return jsonify(code=account.code)
        people = people_of(account.appid, told, seed=world.settings.seed)
        if isinstance(account, Corp):
            world.friends.invite(account, people)
        else:
            world.followers.invite(account, people)
        return jsonify(appid=account.appid, original=account.original)

    @door.get("/accounts")
    def accounts() -> Response:
        return jsonify(
            official=[{"appid": one.appid, "code": one.code} for one in world.accounts.officials()],
            corps=[{"appid": one.appid, "code": one.code} for one in world.accounts.corps()],
            apps=[one.code for one in world.accounts.apps()],
        )

    @door.post("/handshake")
    def handshake() -> Response:
        return jsonify(ok=world.callbacks.handshake(_official(world, _told().get("appid", ""))))

    @door.post("/flush")
    def flush() -> Response:
        return jsonify(delivered=world.flush())


def _people(door: Blueprint, world: World) -> None:
    @door.get("/followers")
    def followers() -> Response:
        account = _official(world, request.args.get("appid", ""))
        kept = ("openid", "unionid", "name", "followed", "unfollowed", "scene", "cookie")
        rows = world.followers.of(account)
        return jsonify(followers=[{name: row[name] for name in kept} for row in rows])

    @door.post("/followers")
    def invite() -> Response:
        told = _told()
        account = _official(world, told.get("appid", ""))
        people = people_of(
            account.appid, {"cast": told.get("followers", [])}, seed=world.settings.seed
        )
        world.followers.invite(account, people)
        return jsonify(known=len(people))

    @door.post("/followers/<openid>/<act>")
    def act(openid: str, act: str) -> Response:
        told = request.get_json(force=True, silent=True) or {}
        account = _official(world, world.followers.one(openid)["appid"])
        if act == "follow":
            world.followers.follow(account, openid, str(told.get("scene", "")))
        elif act == "unfollow":
            world.followers.unfollow(account, openid)
        elif act == "say":
            world.followers.say(account, openid, str(told.get("text", "")))
        elif act == "choose":
            world.followers.choose(account, openid, str(told.get("key", "")))
        elif act == "open":
            person = world.followers.one(openid)
            number = world.readers.open(person, account, str(told.get("url", "")))
            return jsonify(status=world.readers.reading(number)["status"])
        else:
            _lets(world, account, openid, act, told)
        return jsonify(ok=True)

    @door.get("/followers/<openid>/inbox")
    def inbox(openid: str) -> Response:
        world.followers.one(openid)
        return jsonify(messages=world.followers.inbox(openid, limit=500))


def _lets(
    world: World, account: OfficialAccount, openid: str, act: str, told: dict[str, Any]
) -> None:
    """She allows a message, or takes back that her data may be used."""
    if act == "revoke":
        world.followers.revoke(account, openid)
        return
    if act != "allow":
        raise Said(40066)
    world.followers.allow(account, openid, str(told.get("template", "")))


def _effects(door: Blueprint, world: World) -> None:
    @door.get("/journal")
    def journal() -> Response:
        after, path = request.args.get("after", 0, int), request.args.get("path", "")
        entries = world.journal.page(after=after, path=path)
        return jsonify(entries=entries, counts=world.journal.counts())

    @door.get("/published")
    def published() -> Response:
        """Everything that followers ever saw: one effect a piece, counted by its link."""
        pieces = [
            {
                "article_id": row["article_id"],
                "appid": row["appid"],
                "title": piece["title"],
                "content_source_url": piece["content_source_url"],
                "published": moment(row["published"]),
                "shown": not piece["is_deleted"],
                "reads": row["reads"],
            }
            for row in world.press.everything()
            for piece in pieces_of(row)
        ]
        effects = Counter(piece["content_source_url"] for piece in pieces)
        return jsonify(articles=pieces, effects=effects)

    @door.get("/sent")
    def sent() -> Response:
        """Every message that reached a follower."""
        with world.ledger.turn() as db:
            rows = db.execute("select * from messages where ours order by id").fetchall()
        return jsonify(messages=[dict(row) for row in rows])

    @door.post("/ban")
    def ban() -> Response:
        article = world.press.article(None, str(_told().get("article_id", "")))
        world.press.ban(article["article_id"])
        return jsonify(ok=True)

    @door.get("/callbacks")
    def callbacks() -> Response:
        return jsonify(callbacks=world.callbacks.all())

    @door.post("/callbacks")
    def post() -> Response:
        """Post a body of one's own, forged if asked."""
        told = _told()
        asked = told.get("appid", "")
        account = world.accounts.corp(asked) or _official(world, asked)
        number = world.callbacks.post(
            account,
            str(told.get("openid", "")),
            str(told.get("body", "")),
            wait=float(told.get("wait", 0)),
            forged=bool(told.get("forged")),
        )
        return jsonify(id=number)
