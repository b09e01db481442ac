"""The open platform's interface (抖音开放接口分身): as strict, and in the same envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from juzhen.sandbox.accounts import Accounts, Creator
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.douyin import limits
from juzhen.sandbox.douyin.cards import COMPONENTS, TITLE_CHARACTERS
from juzhen.sandbox.douyin.studio import Minded, Studio

_V1 = "/api/douyin/v1/video"
_SEEN_BY = (0, 1, 2)
"""Everybody, herself alone, friends."""


def blueprint(studio: Studio, accounts: Accounts, clock: MovableClock) -> Blueprint:
    """Grants, uploads, works, private messages."""
    door = Blueprint("douyin", __name__, url_prefix="/douyin-open")
    _grants(door, studio, accounts)
    _uploads(door, studio, accounts)
    _works(door, studio, accounts)
    _talking(door, studio, accounts)
    _cards(door, studio, accounts)

    @door.errorhandler(Minded)
    def minded(no: Minded) -> Response:
        g.errcode = no.code
        return jsonify(
            data={"error_code": no.code, "description": limits.SAYS.get(no.code, "error")},
            extra={"error_code": no.code, "logid": f"log{int(clock.seconds())}",
                   "now": int(clock.seconds() * 1000)},
            message="error",
        )  # fmt: skip

    return door


def answer(**data: Any) -> Response:
    """What was asked for, in the platform's envelope."""
    return jsonify(
        data={"error_code": 0, "description": "", **data},
        extra={"error_code": 0, "sub_error_code": 0, "logid": "log", "now": 0}, message="success",
    )  # fmt: skip


def _told() -> Mapping[str, Any]:
    """The fields of a JSON body; a body that is none is refused."""
    told = request.get_json(force=True, silent=True)
    if not isinstance(told, dict):
        raise Minded(2100005)
    return told


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise Minded(2100005)
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Minded(2100005)
    return value


def _caller(studio: Studio, accounts: Accounts) -> Creator:
    """Whose token signs this call in; the address must name the same creator."""
    code = studio.owner(request.headers.get("access-token", ""))
    creator = next(each for each in accounts.creators() if each.code == code)
    g.appid = creator.appid
    if request.args.get("open_id") != creator.open_id:
        raise Minded(2190002)
    return creator


def _grants(door: Blueprint, studio: Studio, accounts: Accounts) -> None:
    def known(key: str, secret: str | None = None) -> set[str]:
        """The creators for whom this application acts."""
        hers = {
            each.code
            for each in accounts.creators()
            if each.client_key == key and secret in (None, each.client_secret)
        }
        if not hers:
            raise Minded(2190002)
        return hers

    @door.post("/oauth/access_token/")
    def access_token() -> Response:
        told = _told()
        hers = known(_text(told, "client_key"), _text(told, "client_secret"))
        if told.get("grant_type") != "authorization_code":
            raise Minded(2100005)
        code, tokens = studio.exchange(_text(told, "code"), hers)
        creator = next(each for each in accounts.creators() if each.code == code)
        return answer(open_id=creator.open_id, scope="user_info,video.create.bind", **tokens)

    @door.post("/oauth/refresh_token/")
    def refresh_token() -> Response:
        hers = known(request.form.get("client_key", ""))
        if request.form.get("grant_type") != "refresh_token":
            raise Minded(2100005)
        return answer(**studio.refresh(request.form.get("refresh_token", ""), hers))

    @door.post("/oauth/renew_refresh_token/")
    def renew_refresh_token() -> Response:
        hers = known(request.form.get("client_key", ""))
        return answer(**studio.renew(request.form.get("refresh_token", ""), hers))


def _uploads(door: Blueprint, studio: Studio, accounts: Accounts) -> None:
    def sent(field: str) -> int:
        file = request.files.get(field)
        if file is None or not (size := len(file.read())):
            raise Minded(2100005)
        return size

    @door.post(f"{_V1}/upload_video/")
    def upload_video() -> Response | tuple[str, int]:
        creator, size = _caller(studio, accounts), sent("video")
        if size > limits.DIRECT_BYTES:
            return "Request Entity Too Large", 413
        video = {"video_id": studio.upload(creator.code, "video", size), "width": 720}
        return answer(video=video)

    @door.post(f"{_V1}/init_video_part_upload/")
    def begin() -> Response:
        return answer(upload_id=studio.begin(_caller(studio, accounts).code))

    @door.post(f"{_V1}/upload_video_part/")
    def part() -> Response:
        creator, number = _caller(studio, accounts), request.args.get("part_number", "")
        upload = request.args.get("upload_id", "")
        place = int(number) if number.isdecimal() else 0
        studio.part(creator.code, upload, place, sent("video"))
        return answer()

    @door.post(f"{_V1}/complete_video_part_upload/")
    def complete() -> Response:
        creator = _caller(studio, accounts)
        video = studio.complete(creator.code, request.args.get("upload_id", ""))
        return answer(video={"video_id": video})

    @door.post(f"{_V1}/upload_image/")
    def upload_image() -> Response:
        creator = _caller(studio, accounts)
        image = {"image_id": studio.upload(creator.code, "image", sent("image")), "width": 1}
        return answer(image=image)


def _works(door: Blueprint, studio: Studio, accounts: Accounts) -> None:
    @door.post(f"{_V1}/create_video/")
    def create_video() -> Response:
        creator, told = _caller(studio, accounts), _told()
        if told.get("private_status", 0) not in _SEEN_BY:
            raise Minded(2100005)
        made = studio.create(
            creator.code, "video", _text(told, "text"), [_text(told, "video_id")]
        )  # fmt: skip
        return answer(item_id=made)

    @door.post(f"{_V1}/create_image_text/")
    def create_image_text() -> Response:
        creator, told = _caller(studio, accounts), _told()
        pictures = _texts(told.get("image_list"))
        if not 1 <= len(pictures) <= limits.PICTURES:
            raise Minded(2100005)
        made = studio.create(creator.code, "image", _text(told, "text"), pictures)
        return answer(item_id=made, video_id="")

    @door.get(f"{_V1}/video_list/")
    def video_list() -> Response:
        creator = _caller(studio, accounts)
        cursor, count = request.args.get("cursor", "0"), request.args.get("count", "")
        if not cursor.isdecimal() or not count.isdecimal() or not 1 <= int(count) <= limits.PAGE:
            raise Minded(2100005)
        rows = studio.works(creator.code, int(cursor), int(count) + 1)
        listed = [_row(row) for row in rows[: int(count)]]
        more = len(rows) > int(count)
        return answer(list=listed, has_more=more, cursor=int(cursor) + len(listed))


def _talking(door: Blueprint, studio: Studio, accounts: Accounts) -> None:
    def part(creator: Creator, content: Any) -> tuple[str, str]:
        """What a part of a message shows, and the card that it is."""
        if not isinstance(content, dict):
            raise Minded(2100005)
        if content.get("msg_type") == 1 and isinstance(content.get("text"), dict):
            return _text(content["text"], "text"), ""
        if content.get("msg_type") == 8 and isinstance(content.get("retain_consult_card"), dict):
            card = studio.cards.one(creator.code, _text(content["retain_consult_card"], "card_id"))
            if card is not None:
                return f"[{card['title']}]", card["id"]
        raise Minded(2100005)

    @door.post("/im/send/msg/")
    def send_message() -> Response:
        creator, told = _caller(studio, accounts), _told()
        listed = told.get("content_list") or [told.get("content")]
        if not isinstance(listed, list):
            raise Minded(2100005)
        parts = [part(creator, each) for each in listed]
        fan, message = _text(told, "to_user_id"), _text(told, "msg_id")
        made = ""
        for words, card in parts:
            made = studio.reply(creator.code, fan, message, words)
            if card:
                studio.cards.offer(creator.code, fan, card)
        return _beside(msg_id=made)


def _cards(door: Blueprint, studio: Studio, accounts: Accounts) -> None:
    @door.post("/im/save/retain_consult_card/")
    def save_card() -> Response:
        creator, told = _caller(studio, accounts), _told()
        components, title = told.get("components"), _text(told, "title")
        if not isinstance(components, list) or not components:
            raise Minded(2100005)
        if any(each not in list(COMPONENTS) for each in components):
            raise Minded(2100005)
        media = _text(told, "media_id") if told.get("media_id") else ""
        if len(title) > TITLE_CHARACTERS or (media and not studio.has(creator.code, media)):
            raise Minded(2100005)
        return _beside(card_id=studio.cards.save(creator.code, title, media, components))

    @door.get("/im/get/retain_consult_card/")
    def known_cards() -> Response:
        rows = studio.cards.all(_caller(studio, accounts).code)
        told = [
            {"card_id": each["id"], "title": each["title"], "media_id": each["media"],
             "components": each["components"], "status": 1}
            for each in rows
        ]  # fmt: skip
        return _beside(cards=told)

    @door.post("/im/del/retain_consult_card/")
    def drop_card() -> Response:
        creator = _caller(studio, accounts)
        if not studio.cards.drop(creator.code, _text(_told(), "card_id")):
            raise Minded(2100005)
        return _beside()


def _beside(**told: Any) -> Response:
    """Private talks answer beside ``data``, not in it."""
    plain: dict[str, Any] = answer().get_json()
    return jsonify(**plain, **told)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as the platform mixes them: some are texts."""
    return {
        "item_id": row["id"], "title": row["title"], "create_time": int(row["made"]),
        "is_reviewed": row["status"] != 4, "video_status": row["status"], "is_top": False,
        "share_url": f"https://www.iesdouyin.com/share/video/{row['id'][4:]}",
        "media_type": 4 if row["kind"] == "video" else 2,
        "statistics": {
            "play_count": row["plays"], "digg_count": str(row["likes"]),
            "comment_count": row["comments"], "share_count": 0, "download_count": 0,
            "forward_count": 0,
        },
    }  # fmt: skip
