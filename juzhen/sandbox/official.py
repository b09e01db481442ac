"""The official account's interface (公众号接口): ``/cgi-bin/…`` as WeChat answers it.

One function a path; a refusal is `Said` and travels with HTTP status 200. What a call does is in
the keepers; this module only speaks the platform's JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.followers import follows
from juzhen.sandbox.library import PICTURES
from juzhen.sandbox.limits import Said
from juzhen.sandbox.press import pieces_of
from juzhen.sandbox.world import World
from kernel.values import dataclass

Asked = Mapping[str, Any]
Told = dict[str, Any]
OK: Told = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True, slots=True)
class Call:
    """How one path is answered."""

    answer: Callable[[World, OfficialAccount, Asked], Told | Response]
    method: str
    publishing: bool


_CALLS: dict[str, Call] = {}


def call(path: str, *, method: str = "POST", publishing: bool = False) -> Callable[..., Any]:
    """Note how a path is answered."""

    def note(answer: Callable[[World, OfficialAccount, Asked], Told]) -> Any:
        _CALLS[path] = Call(answer, method, publishing)
        return answer

    return note


def blueprint(world: World) -> Blueprint:
    """Every call of the platform under one door."""
    door = Blueprint("official", __name__)

    @door.route("/cgi-bin/<path:path>", methods=["GET", "POST"])
    @door.route("/<any(datacube, wxa):room>/<path:path>", methods=["GET", "POST"])
    def answer(path: str, room: str = "") -> Response:
        path = f"{room}/{path}" if room else path
        try:
            told = _token(world, path) if path in _TOKEN_DOORS else _answered(world, path)
            if isinstance(told, Response):
                return told
        except Said as no:
            g.errcode = no.errcode
            told = {"errcode": no.errcode, "errmsg": no.errmsg}
        return Response(orjson.dumps(told), content_type="application/json; encoding=utf-8")

    @door.get(f"{PICTURES}<media_id>")
    def picture(media_id: str) -> Response:
        try:
            file = world.library.file(media_id)
        except Said:
            return Response(status=404)
        return Response(file["data"], content_type=file["content_type"])

    return door


def _answered(world: World, path: str) -> Told | Response:
    if path not in _CALLS:
        raise Said(40066)
    call = _CALLS[path]
    if request.method != call.method:
        raise Said(43001 if call.method == "GET" else 43002)
    account = world.tokens.owner(request.args.get("access_token", ""))
    g.appid = account.appid
    if call.publishing and not account.right_to_publish:
        raise Said(48001)
    world.quotas.count(account.appid, path)
    return call.answer(world, account, _asked())


def _asked() -> Asked:
    """The query of a GET or an upload, the JSON body of anything else."""
    if request.method == "GET" or request.files:
        return request.args
    body = request.get_data()
    if not body:
        raise Said(44002)
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise Said(47001) from broken
    if not isinstance(told, dict):
        raise Said(47001)
    return told


def number_of(asked: Asked, name: str) -> int:
    """A number, or a text that is one; nothing is none. Says 40035 for anything else."""
    told = str(asked.get(name) or 0)
    if not told.isascii() or not told.isdecimal() or len(told) > 18:
        raise Said(40035, name)
    return int(told)


# Tokens

_TOKEN_DOORS = {"token", "stable_token"}


def _token(world: World, path: str) -> Told:
    stable = path == "stable_token"
    if request.method != ("POST" if stable else "GET"):
        raise Said(43002 if stable else 43001)
    asked = _asked()
    texts = [str(asked.get(name) or "") for name in ("appid", "secret", "grant_type")]
    account = world.tokens.known(*texts)
    g.appid = account.appid
    world.quotas.count(account.appid, path)
    if not stable:
        return world.tokens.fresh(account)
    force = bool(asked.get("force_refresh"))
    if force:
        world.quotas.forced(account.appid)
    return world.tokens.stable(account, force=force)


@call("clear_quota")
def _clear_quota(world: World, account: OfficialAccount, asked: Asked) -> Told:
    if asked.get("appid") != account.appid:
        raise Said(40013)
    world.quotas.clear(account.appid)
    return OK


# Files


def _uploaded() -> bytes:
    file = request.files.get("media")
    if file is None:
        raise Said(41005)
    data: bytes = file.read()
    return data


@call("media/upload")
def _media_upload(world: World, account: OfficialAccount, asked: Asked) -> Told:
    kind = str(asked.get("type") or "")
    media_id, made = world.library.upload(account, kind, _uploaded(), permanent=False)
    return {"type": kind, "media_id": media_id, "created_at": made}


@call("media/uploadimg")
def _media_uploadimg(world: World, account: OfficialAccount, _: Asked) -> Told:
    media_id, _made = world.library.upload(account, "uploadimg", _uploaded(), permanent=True)
    return {"url": f"{request.host_url.rstrip('/')}{PICTURES}{media_id}"}


@call("material/add_material")
def _add_material(world: World, account: OfficialAccount, asked: Asked) -> Told:
    kind = str(asked.get("type") or "")
    media_id, _ = world.library.upload(account, kind, _uploaded(), permanent=True)
    told: Told = {"media_id": media_id, "item": []}
    if kind in ("image", "thumb"):
        told["url"] = f"{request.host_url.rstrip('/')}{PICTURES}{media_id}"
    return told


@call("material/del_material")
def _del_material(world: World, account: OfficialAccount, asked: Asked) -> Told:
    world.library.drop(account, str(asked.get("media_id") or ""))
    return OK


# Drafts


@call("draft/add")
def _draft_add(world: World, account: OfficialAccount, asked: Asked) -> Told:
    if re.search(rb"\\u[0-9a-fA-F]{4}", request.get_data()):
        raise Said(47001, "raw UTF-8, no escapes")
    articles = asked.get("articles")
    if not isinstance(articles, list) or not all(isinstance(one, dict) for one in articles):
        raise Said(44003)
    return {"media_id": world.library.draft(account, articles), "item": []}


@call("draft/get")
def _draft_get(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row = world.library.drafted(account, str(asked.get("media_id") or ""))
    made = int(row["made"])
    return {"news_item": orjson.loads(row["articles"]), "create_time": made, "update_time": made}


@call("draft/delete")
def _draft_delete(world: World, account: OfficialAccount, asked: Asked) -> Told:
    world.library.drop_draft(world.library.drafted(account, str(asked.get("media_id")))["media_id"])
    return OK


@call("draft/count", method="GET")
def _draft_count(world: World, account: OfficialAccount, _: Asked) -> Told:
    return {"total_count": world.library.drafts(account, 0, 0)[0]}


def _stretch(asked: Asked) -> tuple[int, int]:
    try:
        offset, count = int(asked.get("offset") or 0), int(asked.get("count") or 0)
    except (TypeError, ValueError) as broken:
        raise Said(40035) from broken
    if offset < 0 or not 1 <= count <= limits.PAGE:
        raise Said(40035, "offset, count")
    return offset, count


def _without(pieces: list[Told], asked: Asked) -> list[Told]:
    if not asked.get("no_content"):
        return pieces
    return [piece | {"content": ""} for piece in pieces]


@call("draft/batchget")
def _draft_batchget(world: World, account: OfficialAccount, asked: Asked) -> Told:
    total, rows = world.library.drafts(account, *_stretch(asked))
    items = [
        {
            "media_id": row["media_id"],
            "content": {"news_item": _without(orjson.loads(row["articles"]), asked)},
            "update_time": int(row["made"]),
        }
        for row in rows
    ]
    return {"total_count": total, "item_count": len(items), "item": items}


# Publishing


def _host() -> str:
    return request.host_url.rstrip("/")


@call("freepublish/submit", publishing=True)
def _submit(world: World, account: OfficialAccount, asked: Asked) -> Told:
    number = world.press.submit(account, str(asked.get("media_id") or ""))
    return OK | {"publish_id": str(number), "msg_data_id": str(2_247_000_000 + number)}


@call("freepublish/get", publishing=True)
def _publish_get(world: World, account: OfficialAccount, asked: Asked) -> Told:
    world.press.settle()
    return world.press.progress(account, number_of(asked, "publish_id"), host=_host())


def _news(row: Any, asked: Asked) -> list[Told]:
    pieces = [
        piece | {"url": f"{_host()}/s/{row['article_id']}?idx={piece['idx']}", "thumb_url": ""}
        for piece in pieces_of(row)
    ]
    for piece in pieces:
        del piece["idx"]
    return _without(pieces, asked)


@call("freepublish/batchget", publishing=True)
def _publish_batchget(world: World, account: OfficialAccount, asked: Asked) -> Told:
    total, rows = world.press.articles(account, *_stretch(asked))
    items = [
        {
            "article_id": row["article_id"],
            "content": {"news_item": _news(row, asked)},
            "update_time": int(row["published"]),
        }
        for row in rows
    ]
    return {"total_count": total, "item_count": len(items), "item": items}


@call("freepublish/getarticle", publishing=True)
def _getarticle(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row = world.press.article(account, str(asked.get("article_id") or ""))
    return {"news_item": _news(row, {})}


@call("freepublish/delete", publishing=True)
def _publish_delete(world: World, account: OfficialAccount, asked: Asked) -> Told:
    index = asked.get("index") or 0
    if not isinstance(index, int):
        raise Said(40035, "index")
    world.press.delete(account, str(asked.get("article_id") or ""), index)
    return OK


# Talking to one person


@call("message/custom/send")
def _custom_send(world: World, account: OfficialAccount, asked: Asked) -> Told:
    world.followers.receive(account, asked)
    return OK


@call("message/template/send")
def _template_send(world: World, account: OfficialAccount, asked: Asked) -> Told:
    return OK | {"msgid": world.followers.notify(account, asked)}


# People


@call("user/get", method="GET")
def _user_get(world: World, account: OfficialAccount, asked: Asked) -> Told:
    openids = [row["openid"] for row in world.followers.of(account, following=True)]
    start = asked.get("next_openid") or ""
    begin = openids.index(start) + 1 if start in openids else 0
    page = openids[begin : begin + limits.PEOPLE_PAGE]
    told: Told = {
        "total": len(openids),
        "count": len(page),
        "next_openid": page[-1] if page else "",
    }
    return told | ({"data": {"openid": page}} if page else {})


def _info(person: Any, tags: list[int]) -> Told:
    if not follows(person):
        return {"subscribe": 0, "openid": person["openid"]}
    return {
        "subscribe": 1,
        "openid": person["openid"],
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": int(person["followed"]),
        "unionid": person["unionid"],
        "remark": "",
        "groupid": 0,
        "tagid_list": tags,
        "subscribe_scene": "ADD_SCENE_QR_CODE" if person["scene"] else "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": person["scene"],
    }


@call("user/info", method="GET")
def _user_info(world: World, account: OfficialAccount, asked: Asked) -> Told:
    openid = str(asked.get("openid") or "")
    return _info(world.followers.one(openid, account), world.followers.tags(account, openid))


@call("user/info/batchget")
def _user_infos(world: World, account: OfficialAccount, asked: Asked) -> Told:
    wanted = asked.get("user_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= limits.PEOPLE_BATCH:
        raise Said(40035, "user_list")
    if not all(isinstance(one, dict) for one in wanted):
        raise Said(40035, "user_list")
    people = [world.followers.one(str(one.get("openid")), account) for one in wanted]
    tags = world.followers.tags
    return {"user_info_list": [_info(each, tags(account, each["openid"])) for each in people]}
