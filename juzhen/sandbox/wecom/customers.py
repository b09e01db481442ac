"""Customers, tags and codes (客户、标签与活码): this part of WeCom's interface."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import GET, Asked, Told, call, stretch, text_of, whole
from juzhen.sandbox.world import World

# Customers


@call("externalcontact/get_follow_user_list", GET)
def _members(_: World, corp: Corp, __: Asked) -> Told:
    return {"follow_user": [one.userid for one in corp.reps]}


@call("externalcontact/list", GET)
def _list(world: World, corp: Corp, asked: Asked) -> Told:
    hers = world.friends.of_rep(corp, text_of(asked, "userid"))
    if not hers:
        raise Said(84061)
    return {"external_userid": [row["external"] for row in hers]}


def _who(person: Any) -> Told:
    return {
        "external_userid": person["external"],
        "name": person["name"],
        "type": 1,
        "avatar": "",
        "gender": 0,
        "unionid": person["unionid"],
    }


def _how(row: Any) -> Told:
    return {
        "userid": row["userid"],
        "remark": row["remark"],
        "description": "",
        "createtime": int(row["since"]),
        "remark_mobiles": json.loads(row["mobiles"]),
        "add_way": 1,
        "state": row["state"],
    }


@call("externalcontact/get", GET)
def _get(world: World, corp: Corp, asked: Asked) -> Told:
    external = text_of(asked, "external_userid")
    hers = world.friends.of_person(corp, external)
    if not hers:
        raise Said(84061)
    names = {row["id"]: row for row in world.friends.tags(corp)}
    follow = [
        _how(row)
        | {
            "tags": [
                {
                    "group_name": names[tag]["grp_name"],
                    "tag_name": names[tag]["name"],
                    "tag_id": tag,
                    "type": 1,
                }
                for tag in json.loads(row["tags"])
                if tag in names
            ]
        }
        for row in hers
    ]
    return {
        "external_contact": _who(world.friends.person(corp, external)),
        "follow_user": follow,
        "next_cursor": "",
    }


@call("externalcontact/batch/get_by_user")
def _batch(world: World, corp: Corp, asked: Asked) -> Told:
    userids = asked.get("userid_list")
    if not isinstance(userids, list) or not 1 <= len(userids) <= 100:
        raise Said(40058, "userid_list")
    rows = [
        {
            "external_contact": _who(row),
            "follow_info": _how(row) | {"tag_id": json.loads(row["tags"])},
        }
        for userid in userids
        for row in world.friends.of_rep(corp, str(userid))
    ]
    page, onward = stretch(rows, asked, 100)
    return {"external_contact_list": page, "next_cursor": onward}


@call("externalcontact/remark")
def _remark(world: World, corp: Corp, asked: Asked) -> Told:
    external = text_of(asked, "external_userid")
    world.friends.remark(corp, text_of(asked, "userid"), external, asked)
    return {}


# Codes


@call("externalcontact/add_contact_way")
def _way(world: World, corp: Corp, asked: Asked) -> Told:
    _check_way(corp, asked)
    number = world.friends.way(corp, asked)
    return {"config_id": number, "qr_code": f"{request.host_url}wecom/codes/{number}"}


def _check_way(corp: Corp, asked: Asked) -> None:
    if asked.get("type") not in (1, 2) or asked.get("scene") not in (1, 2):
        raise Said(40058, "type, scene")
    if len(str(asked.get("state") or "")) > limits.STATE_CHARACTERS:
        raise Said(40058, "state")
    if len(str(asked.get("remark") or "")) > limits.REMARK_CHARACTERS:
        raise Said(40058, "remark")
    _check_users(corp, asked)


def _check_users(corp: Corp, asked: Asked) -> None:
    users = asked.get("user")
    if not isinstance(users, list) or not 1 <= len(users) <= 100:
        raise Said(40058, "user")
    if not {*map(str, users)} <= {one.userid for one in corp.reps}:
        raise Said(60111)


@call("externalcontact/list_contact_way")
def _ways(world: World, corp: Corp, asked: Asked) -> Told:
    begin, end = whole(asked, "start_time"), whole(asked, "end_time") or 2**40
    rows = [
        {"config_id": one["config_id"]}
        for one in world.friends.ways(corp)
        if begin <= one["made"] <= end
    ]
    page, onward = stretch(rows, asked, 1_000)
    return {"contact_way": page, "next_cursor": onward}


@call("externalcontact/get_contact_way")
def _one_way(world: World, corp: Corp, asked: Asked) -> Told:
    number = text_of(asked, "config_id")
    for one in world.friends.ways(corp):
        if one["config_id"] == number:
            picture = f"{request.host_url}wecom/codes/{number}"
            return {"contact_way": one | {"qr_code": picture}}
    raise Said(40058, "invalid config_id")


@call("externalcontact/update_contact_way")
def _change_way(world: World, corp: Corp, asked: Asked) -> Told:
    _check_users(corp, asked)
    before = _one_way(world, corp, asked)["contact_way"]
    world.friends.way(corp, before | dict(asked), before["config_id"])
    return {}


@call("externalcontact/del_contact_way")
def _drop_way(world: World, corp: Corp, asked: Asked) -> Told:
    world.friends.drop_way(corp, text_of(asked, "config_id"))
    return {}
