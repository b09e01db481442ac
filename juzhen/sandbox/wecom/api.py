"""WeCom's interface (企业微信接口): ``/wecom/cgi-bin/…`` as the platform answers it.

A refusal is `Said` and travels with HTTP status 200. What a path does stands in `customers`,
`tags`, `acquisition`, `groups`, `joining`, `transfers` and `sending`.
"""

from __future__ import annotations

import re

import orjson
from flask import Blueprint, Response, g, request

from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom import acquisition, customers, groups, joining, sending, tags, transfers
from juzhen.sandbox.wecom.calls import GET, POST, Asked, Told
from juzhen.sandbox.world import World

OK: Told = {"errcode": 0, "errmsg": "ok"}
PARTS = (acquisition, customers, groups, joining, sending, tags, transfers)
"""Imported for the calls that they note."""


def blueprint(world: World) -> Blueprint:
    """Every call of the platform under one door."""
    door = Blueprint("wecom_api", __name__)

    @door.route("/wecom/cgi-bin/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> Response:
        try:
            told = _answered(world, path)
        except Said as no:
            g.errcode = no.errcode
            told = {"errcode": no.errcode, "errmsg": no.errmsg}
        return Response(orjson.dumps(told), content_type="application/json; charset=UTF-8")

    return door


def _answered(world: World, path: str) -> Told:
    if path == "gettoken":
        return OK | world.tokens.corp(
            request.args.get("corpid", ""), request.args.get("corpsecret", "")
        )
    table = GET if request.method == "GET" else POST
    if path not in table:
        raise Said(43002 if path in POST else 43001 if path in GET else 40066)
    corp = world.tokens.corp_of(request.args.get("access_token", ""))
    g.appid = corp.appid
    world.quotas.corp(corp.appid, path)
    return OK | table[path](world, corp, _asked())


def _asked() -> Asked:
    if request.method == "GET" or request.files:
        return request.args
    body = request.get_data()
    if not body:
        raise Said(44002)
    if re.search(rb"\\u[0-9a-fA-F]{4}", body):
        raise Said(47001, "raw UTF-8, no escapes")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise Said(47001) from broken
    if not isinstance(told, dict):
        raise Said(47001)
    return told
