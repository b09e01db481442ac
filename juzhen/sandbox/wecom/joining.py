"""Codes into groups (群活码): this part of WeCom's interface, and who came into a group by which.

Whoever scans one comes into the first of its groups; its state is told with her in the group.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom import groups
from juzhen.sandbox.wecom.calls import Asked, Told, call, text_of
from juzhen.sandbox.world import World


def of(world: World, corp: Corp) -> list[dict[str, Any]]:
    """Every code into groups."""
    kept: list[dict[str, Any]] = world.ledger.fact(f"joining:{corp.appid}", [])
    return kept


def scan(world: World, corp: Corp, state: str, external: str) -> None:
    """She scans one and is in its group."""
    way = next((each for each in of(world, corp) if each["state"] == state), None)
    if way is None:
        raise Said(41044)
    chat = str(way["chat_id_list"][0])
    groups.join(world, corp, chat, external)
    came = groups.came(world, corp)
    world.ledger.keep(groups.CAME.format(corp.appid), came | {f"{chat}:{external}": state})


def _one(world: World, corp: Corp, asked: Asked) -> dict[str, Any]:
    number = text_of(asked, "config_id")
    for each in of(world, corp):
        if each["config_id"] == number:
            return each
    raise Said(41044)


@call("externalcontact/groupchat/add_join_way")
def _add(world: World, corp: Corp, asked: Asked) -> Told:
    chats, state = asked.get("chat_id_list"), str(asked.get("state") or "")
    if asked.get("scene") not in (1, 2):
        raise Said(40058, "scene")
    if not isinstance(chats, list) or not 1 <= len(chats) <= limits.JOINED_GROUPS:
        raise Said(40058, "chat_id_list")
    if not {*map(str, chats)} <= {row["chat"] for row in groups.of(world, corp)}:
        raise Said(40050)
    if len(state) > limits.STATE_CHARACTERS:
        raise Said(40058, "state")
    if len(str(asked.get("remark") or "")) > limits.REMARK_CHARACTERS:
        raise Said(40058, "remark")
    way = {
        "config_id": secrets.token_hex(16), "type": 2, "scene": asked["scene"], "state": state,
        "remark": str(asked.get("remark") or ""), "chat_id_list": chats,
        "auto_create_room": int(asked.get("auto_create_room", 1)),
    }  # fmt: skip
    world.ledger.keep(f"joining:{corp.appid}", [*of(world, corp), way])
    return {"config_id": way["config_id"]}


@call("externalcontact/groupchat/get_join_way")
def _get(world: World, corp: Corp, asked: Asked) -> Told:
    way = _one(world, corp, asked)
    picture = f"{request.host_url}wecom/codes/{way['config_id']}"
    return {"join_way": way | {"qr_code": picture}}


@call("externalcontact/groupchat/del_join_way")
def _drop(world: World, corp: Corp, asked: Asked) -> Told:
    gone = _one(world, corp, asked)["config_id"]
    kept = [each for each in of(world, corp) if each["config_id"] != gone]
    world.ledger.keep(f"joining:{corp.appid}", kept)
    return {}
