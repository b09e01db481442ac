"""The platform's questions about mass messages (群发接口), and how strict it is about them.

The same ``clientmsgid`` is one message. What becomes of a message stands in `masses`.
"""

from __future__ import annotations

import json
import re

from flask import request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.followers import follows
from juzhen.sandbox.limits import Said
from juzhen.sandbox.official import OK, Asked, Told, call, number_of
from juzhen.sandbox.world import World


@call("message/mass/sendall")
def _sendall(world: World, account: OfficialAccount, asked: Asked) -> Told:
    if re.search(rb"\\u[0-9a-fA-F]{4}", request.get_data()):
        raise Said(47001, "raw UTF-8, no escapes")
    client = asked.get("clientmsgid", "")
    if not isinstance(client, str) or len(client.encode()) > limits.CLIENT_BYTES:
        raise Said(45067)
    with world.ledger.turn():
        if client and (known := world.masses.known(account, client)):
            told = {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": known}
            return told | {"msg_data_id": 2_247_400_000 + known}
        kept = _checked(world, account, asked)
        number = world.masses.begin(account, client, kept)
    world.masses.settle()
    told = {"errcode": 0, "errmsg": "send job submission success", "msg_id": number}
    return told | {"msg_data_id": 2_247_400_000 + number}


def _checked(world: World, account: OfficialAccount, asked: Asked) -> Told:
    """What is sent to whom. Says 40007 for a draft of nobody's, 40008 for an odd kind."""
    to = asked.get("filter")
    if not isinstance(to, dict) or not isinstance(to.get("is_to_all"), bool):
        raise Said(40035, "filter")
    tag = to.get("tag_id")
    if not to["is_to_all"] and not isinstance(tag, int):
        raise Said(40035, "filter.tag_id")
    return {"tag": None if to["is_to_all"] else tag} | _content(world, account, asked)


def _content(world: World, account: OfficialAccount, asked: Asked) -> Told:
    kind = asked.get("msgtype")
    inner = asked.get(kind) if isinstance(kind, str) else None
    if kind not in ("mpnews", "text") or not isinstance(inner, dict):
        raise Said(40008)
    if kind == "text":
        words = inner.get("content")
        if not isinstance(words, str) or not words:
            raise Said(44004)
        if len(words.encode()) > limits.TEXT_MESSAGE_BYTES:
            raise Said(45002)
        return {"text": words}
    media_id = str(inner.get("media_id") or "")
    return {"media_id": media_id, "articles": world.library.drafted(account, media_id)["articles"]}


@call("message/mass/get")
def _get(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row = world.masses.one(account, number_of(asked, "msg_id"))
    shown = "SENDING" if row["status"] == "WAITING" else row["status"]
    return {"msg_id": row["msg_id"], "msg_status": shown}


@call("message/mass/delete")
def _delete(world: World, account: OfficialAccount, asked: Asked) -> Told:
    number, article = number_of(asked, "msg_id"), number_of(asked, "article_idx")
    world.masses.take_back(account, number, article)
    return OK


@call("message/mass/preview")
def _preview(world: World, account: OfficialAccount, asked: Asked) -> Told:
    """One follower sees it in her talk, by openid or by the name that she has."""
    name, openid = asked.get("towxname"), str(asked.get("touser") or "")
    if name:
        people = world.followers.of(account, following=True)
        openid = next((each["openid"] for each in people if each["name"] == name), "")
    person = world.followers.one(openid, account)
    if not follows(person):
        raise Said(43004)
    told = _content(world, account, asked)
    if "articles" not in told:
        world.followers.get(openid, "text", {"content": told["text"]})
    else:
        pieces = [
            {"title": each["title"], "description": each.get("digest", ""),
             "url": each.get("content_source_url", "")}
            for each in json.loads(told["articles"])
        ]  # fmt: skip
        world.followers.get(openid, "news", {"articles": pieces})
    return {"errcode": 0, "errmsg": "preview success"}
