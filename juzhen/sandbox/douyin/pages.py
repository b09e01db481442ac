"""Douyin's pages (抖音页面): a creator says yes, sees her works; fans follow, like, write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Accounts, Creator, known
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.douyin.studio import FANS, Studio
from juzhen.sandbox.douyin.webhooks import Webhooks

_ACTS = {"follow": "new_follow_action", "like": "new_video_digg", "comment": "item_comment_reply"}


def blueprint(
    studio: Studio, webhooks: Webhooks, accounts: Accounts, clock: MovableClock
) -> Blueprint:
    """The consent page, the studio, the fans, and the door for tests."""
    door = Blueprint("douyin_pages", __name__)

    def one(code: str) -> Creator:
        return known(accounts.creators(), code)

    _consent(door, studio, accounts, one)
    _studio(door, studio, webhooks, one)
    _fans(door, Fans(studio, webhooks, clock), one)

    @door.get("/sandbox/douyin/<code>")
    def told(code: str) -> Response:
        talks = {fan: studio.talk(code, fan) for fan, _ in FANS}
        return jsonify(works=studio.works(one(code).code), talks=talks)

    @door.post("/sandbox/douyin/<code>/<act>")
    def do(code: str, act: str) -> Response:
        creator, asked = one(code), request.get_json(force=True)
        return jsonify(told=_done(studio, webhooks, clock, creator, act, asked))

    return door


def _done(
    studio: Studio,
    webhooks: Webhooks,
    clock: MovableClock,
    creator: Creator,
    act: str,
    asked: dict[str, Any],
) -> Any:
    """What a test, or the scenario, has somebody do."""
    fans = Fans(studio, webhooks, clock)
    if act == "consent":
        return studio.consent(creator)
    if act == "revoke":
        studio.revoke(creator)
        webhooks.queue(creator, "unauthorize", {"scopes": ["video.create.bind"]})
    elif act == "token_dies":
        studio.die(creator)
    elif act == "take_down":
        studio.take_down(str(asked["item"]))
    elif act == "judge":
        studio.judge(str(asked["item"]), int(asked["status"]))
    elif act in _ACTS:
        fans.act(creator, str(asked["fan"]), act, str(asked.get("item") or ""))
    elif act == "write":
        return fans.write(creator, str(asked["fan"]), str(asked["words"]))
    elif act == "card":
        return fans.card(creator, str(asked["fan"]), dict(asked["card"]))
    else:
        abort(404)
    return "ok"


class Fans:
    """What fans do, and how the company hears of it."""

    def __init__(self, studio: Studio, webhooks: Webhooks, clock: MovableClock) -> None:
        self._studio, self._webhooks, self._clock = studio, webhooks, clock

    def act(self, creator: Creator, fan: str, act: str, item: str = "") -> None:
        if item and act in ("like", "comment"):
            self._studio.seen(item, act)
        content: dict[str, Any] = {"action_time": int(self._clock.seconds())}
        if item:
            content |= {"item_id": item}
        if act == "comment":
            content |= {
                "comment_id": f"@cmt{int(self._clock.seconds() * 1000)}", "content": "想了解一下",
                "comment_user_id": fan, "create_time": int(self._clock.seconds()),
            }  # fmt: skip
        self._webhooks.queue(creator, _ACTS[act], content, fan=fan)

    def write(self, creator: Creator, fan: str, words: str) -> str:
        """A private message."""
        number = f"@msg{self._studio.wrote(creator.code, fan, words)}"
        self._webhooks.queue(
            creator, "im_receive_msg", self._message(number, fan) | {
                "message_type": "text", "text": words,
            }, fan=fan, folded=True,
        )  # fmt: skip
        return number

    def fill(self, creator: Creator, fan: str, typed: Mapping[str, str]) -> None:
        """She fills in the card that lies before her; without one nothing happens."""
        card = self._studio.cards.offered(creator.code, fan)
        if card is not None:
            self._studio.cards.filled(card["offer"])
            self.card(creator, fan, {label: typed.get(label, "") for label in card["asks"]})

    def card(self, creator: Creator, fan: str, filled: dict[str, str]) -> str:
        """She fills in the card by which she leaves her contact (留资卡片)."""
        words = "、".join(f"{label}：{value}" for label, value in filled.items())
        number = f"@msg{self._studio.wrote(creator.code, fan, words)}"
        card = [{"label": label, "value": value} for label, value in filled.items()]
        self._webhooks.queue(
            creator, "im_receive_msg", self._message(number, fan) | {
                "message_type": "retain_consult_card", "card_data": card,
            }, fan=fan,
        )  # fmt: skip
        return number

    def _message(self, number: str, fan: str) -> dict[str, Any]:
        return {
            "server_message_id": number, "conversation_short_id": f"@cnv{fan}",
            "create_time": int(self._clock.seconds() * 1000),
        }  # fmt: skip


def _consent(door: Blueprint, studio: Studio, accounts: Accounts, one: Any) -> None:
    @door.get("/douyin-open/platform/oauth/connect/")
    def connect() -> str | tuple[str, int]:
        key = request.args.get("client_key", "")
        creators = [each for each in accounts.creators() if each.client_key == key]
        if not creators or request.args.get("response_type") != "code":
            return "parameter invalid", 400
        return render_template("douyin/consent.html", creators=creators, asked=request.args)

    @door.post("/douyin-open/platform/oauth/connect/")
    def agree() -> Answer:
        code = studio.consent(one(request.form.get("creator", "")))
        back = request.args.get("redirect_uri", "")
        told = urlencode({"code": code, "state": request.args.get("state", "")})
        return redirect(f"{back}{'&' if '?' in back else '?'}{told}", 303)


def _studio(door: Blueprint, studio: Studio, webhooks: Webhooks, one: Any) -> None:
    @door.get("/douyin/<code>")
    def creator(code: str) -> str:
        return render_template(
            "douyin/creator.html", creator=one(code), works=studio.works(code), fans=FANS,
            talks={fan: studio.talk(code, fan) for fan, _ in FANS},
            cards={fan: studio.cards.offered(code, fan) for fan, _ in FANS},
        )  # fmt: skip

    @door.post("/douyin/<code>/take-down")
    def take_down(code: str) -> Answer:
        one(code)
        studio.take_down(request.form.get("item", ""))
        return redirect(url_for("douyin_pages.creator", code=code), 303)

    @door.post("/douyin/<code>/revoke")
    def revoke(code: str) -> Answer:
        found = one(code)
        studio.revoke(found)
        webhooks.queue(found, "unauthorize", {"scopes": ["video.create.bind"]})
        return redirect(url_for("douyin_pages.creator", code=code), 303)


def _fans(door: Blueprint, fans: Fans, one: Any) -> None:
    @door.post("/douyin/<code>/fans/<fan>")
    def play(code: str, fan: str) -> Answer:
        found, form = one(code), request.form
        act = form.get("act", "")
        if act in _ACTS:
            fans.act(found, fan, act, form.get("item", ""))
        elif act == "write" and form.get("words", "").strip():
            fans.write(found, fan, form["words"].strip())
        elif act == "card":
            fans.fill(found, fan, form)
        return redirect(url_for("douyin_pages.creator", code=code), 303)
