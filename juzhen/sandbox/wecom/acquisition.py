"""Customer-acquisition links (获客助手): this part of WeCom's interface, and who came by which.

Whoever clicks a link is given to one of its reps, and costs one of the corporation's quota.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import Asked, Told, call, stretch, text_of
from juzhen.sandbox.world import World


def _link(world: World, corp: Corp, number: str) -> dict[str, Any]:
    """Says 40058 for a number of nobody's."""
    for one in world.friends.links(corp):
        if one["link_id"] == number:
            return one
    raise Said(40058, "invalid link_id")


def _told(one: dict[str, Any]) -> Told:
    kept = ("link_id", "link_name", "url", "create_time", "skip_verify")
    return {name: one[name] for name in kept}


def _checked(corp: Corp, asked: Asked) -> Told:
    name, reach = asked.get("link_name"), asked.get("range")
    if not isinstance(name, str) or not 1 <= len(name) <= limits.LINK_NAME_CHARACTERS:
        raise Said(40058, "link_name")
    users = reach.get("user_list") if isinstance(reach, dict) else None
    if not isinstance(users, list) or not 1 <= len(users) <= limits.LINK_REPS:
        raise Said(40058, "range")
    if not {*map(str, users)} <= {one.userid for one in corp.reps}:
        raise Said(60111)
    skip = asked.get("skip_verify", True)
    if not isinstance(skip, bool):
        raise Said(40058, "skip_verify")
    return {"link_name": name, "users": users, "skip_verify": skip}


@call("externalcontact/customer_acquisition/create_link")
def _create(world: World, corp: Corp, asked: Asked) -> Told:
    number = f"cawcde{secrets.token_hex(8)}"
    told = _checked(corp, asked) | {
        "link_id": number, "url": f"https://work.weixin.qq.com/ca/{number}",
        "create_time": int(world.clock.seconds()),
    }  # fmt: skip
    world.friends.link(corp, number, told)
    return {"link": _told(told)}


@call("externalcontact/customer_acquisition/list_link")
def _list(world: World, corp: Corp, asked: Asked) -> Told:
    rows: list[Any] = [{"id": one["link_id"]} for one in world.friends.links(corp)]
    page, onward = stretch(rows, asked, 100)
    return {"link_id_list": [each["id"] for each in page], "next_cursor": onward}


@call("externalcontact/customer_acquisition/get")
def _get(world: World, corp: Corp, asked: Asked) -> Told:
    one = _link(world, corp, text_of(asked, "link_id"))
    return {"link": _told(one), "range": {"user_list": one["users"], "department_list": []}}


@call("externalcontact/customer_acquisition/update_link")
def _update(world: World, corp: Corp, asked: Asked) -> Told:
    one = _link(world, corp, text_of(asked, "link_id"))
    reach = {"user_list": one["users"]}
    world.friends.link(
        corp, one["link_id"],
        one | _checked(corp, {"link_name": one["link_name"], "range": reach} | dict(asked)),
    )  # fmt: skip
    return {}


@call("externalcontact/customer_acquisition/delete_link")
def _delete(world: World, corp: Corp, asked: Asked) -> Told:
    one = _link(world, corp, text_of(asked, "link_id"))
    world.friends.link(corp, one["link_id"], None)
    return {}


@call("externalcontact/customer_acquisition/customer")
def _customers(world: World, corp: Corp, asked: Asked) -> Told:
    one = _link(world, corp, text_of(asked, "link_id"))
    rows = [
        {"external_userid": each["external"], "userid": each["userid"], "chat_status": 0,
         "state": each["state"]}
        for each in one.get("came", [])
    ]  # fmt: skip
    page, onward = stretch(rows, asked, 1_000)
    return {"customer_list": page, "next_cursor": onward}


@call("externalcontact/customer_acquisition_quota")
def _quota(world: World, corp: Corp, _: Asked) -> Told:
    left = world.ledger.fact(f"acquisition:{corp.appid}", limits.LINK_QUOTA)
    return {"total": limits.LINK_QUOTA, "balance": left, "quota_list": []}


def click(world: World, corp: Corp, number: str, external: str, channel: str) -> None:
    """She opens a link and adds one of its reps; without quota nobody is added."""
    one, key = _link(world, corp, number), f"acquisition:{corp.appid}"
    left = world.ledger.fact(key, limits.LINK_QUOTA)
    if left < 1:
        raise Said(40058, "quota")
    users = [str(each) for each in one["users"]]
    freest = min(users, key=lambda each: len(world.friends.of_rep(corp, each)))
    with world.ledger.turn():
        world.friends.add(corp, freest, external, channel)
        came = [*one.get("came", []), {"external": external, "userid": freest, "state": channel}]
        world.friends.link(corp, number, one | {"came": json.loads(json.dumps(came))})
        world.ledger.keep(key, left - 1)
