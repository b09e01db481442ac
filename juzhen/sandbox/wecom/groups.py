"""Customer groups (客户群): this part of WeCom's interface, and who joins and leaves one.

What people do there is told by callback with the version of the group's list of members.
"""

from __future__ import annotations

import secrets
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import Asked, Told, call, stretch, text_of
from juzhen.sandbox.world import World

CAME = "came:{0}"
"""What is kept of who came into a group by which code."""


def of(world: World, corp: Corp) -> list[Any]:
    with world.ledger.turn() as db:
        return db.execute(
            "select * from wc_groups where corp = ? order by made, rowid", (corp.appid,)
        ).fetchall()


def members(world: World, chat: str) -> list[Any]:
    with world.ledger.turn() as db:
        return db.execute(
            "select m.*, p.name, p.unionid from wc_members m join wc_people p"
            " on p.external = m.external where m.chat = ? order by m.joined", (chat,),
        ).fetchall()  # fmt: skip


def came(world: World, corp: Corp) -> dict[str, str]:
    """The state of the code by which somebody came into a group, by both."""
    kept: dict[str, str] = world.ledger.fact(CAME.format(corp.appid), {})
    return kept


def open_group(world: World, corp: Corp, userid: str, name: str) -> str:
    """A rep opens a group."""
    chat = f"wr{secrets.token_hex(14)}"
    with world.ledger.turn() as db:
        db.execute(
            "insert into wc_groups values (?, ?, ?, ?, ?)",
            (chat, corp.appid, userid, name, world.clock.seconds()),
        )
        _tell(world, corp, chat, "create")
    return chat


def join(world: World, corp: Corp, chat: str, external: str) -> None:
    """She comes in by the group's code."""
    _one(world, corp, chat)
    world.friends.person(corp, external)
    with world.ledger.turn() as db:
        done = db.execute(
            "insert into wc_members values (?, ?, ?) on conflict do nothing",
            (chat, external, world.clock.seconds()),
        ).rowcount
        if done:
            _tell(world, corp, chat, "update", "add_member", external)


def leave(world: World, corp: Corp, chat: str, external: str) -> None:
    _one(world, corp, chat)
    with world.ledger.turn() as db:
        done = db.execute(
            "delete from wc_members where chat = ? and external = ?", (chat, external)
        ).rowcount
        if done:
            _tell(world, corp, chat, "update", "del_member", external)


def _tell(
    world: World, corp: Corp, chat: str, change: str, detail: str = "", external: str = ""
) -> None:  # fmt: skip
    told: Told = {
        "MsgType": "event", "Event": "change_external_chat", "ChatId": chat, "ChangeType": change
    }  # fmt: skip
    if detail:
        told |= {"UpdateDetail": detail, "MemChangeCnt": 1, "MemChangeList": {"Item": external}}
        told |= {"CurMemVer": secrets.token_hex(16)}
    world.callbacks.queue(corp, "sys", told)


def _one(world: World, corp: Corp, chat: str) -> Any:
    """Says 40050 for a group of nobody's."""
    for row in of(world, corp):
        if row["chat"] == chat:
            return row
    raise Said(40050)


@call("externalcontact/groupchat/list")
def _list(world: World, corp: Corp, asked: Asked) -> Told:
    reach = asked.get("owner_filter")
    owners = reach.get("userid_list") if isinstance(reach, dict) else None
    if owners is not None and (not isinstance(owners, list) or not 1 <= len(owners) <= 100):
        raise Said(40058, "owner_filter")
    if not isinstance(asked.get("limit"), int):
        raise Said(40058, "limit")
    rows: list[Any] = [
        {"chat_id": row["chat"], "status": 0}
        for row in of(world, corp)
        if owners is None or row["owner"] in owners
    ]
    page, onward = stretch(rows, asked, 1_000)
    return {"group_chat_list": page, "next_cursor": onward}


@call("externalcontact/groupchat/get")
def _get(world: World, corp: Corp, asked: Asked) -> Told:
    row = _one(world, corp, text_of(asked, "chat_id"))
    states = came(world, corp)
    customers: list[Told] = [
        {"userid": each["external"], "type": 2, "join_time": int(each["joined"]), "join_scene": 3,
         "unionid": each["unionid"], "name": each["name"], "group_nickname": "",
         "state": states.get(f"{row['chat']}:{each['external']}", "")}
        for each in members(world, row["chat"])
    ]  # fmt: skip
    owner = {"userid": row["owner"], "type": 1, "join_time": int(row["made"]), "join_scene": 1}
    told = {
        "chat_id": row["chat"], "name": row["name"], "owner": row["owner"],
        "create_time": int(row["made"]), "notice": "", "member_list": [owner, *customers],
        "admin_list": [],
    }  # fmt: skip
    return {"group_chat": told}


@call("externalcontact/groupchat/statistic")
def _statistic(world: World, corp: Corp, asked: Asked) -> Told:
    begin, reach = asked.get("day_begin_time"), asked.get("owner_filter")
    owners = reach.get("userid_list") if isinstance(reach, dict) else None
    if not isinstance(begin, int) or not isinstance(owners, list) or not 1 <= len(owners) <= 100:
        raise Said(40058, "day_begin_time, owner_filter")
    end = int(asked.get("day_end_time") or begin + 86_399)
    if not 0 <= end - begin < limits.STATISTIC_DAYS * 86_400:
        raise Said(40058, "day_end_time")
    items = [
        {"owner": owner, "data": _counted(world, hers, begin, end)}
        for owner in map(str, owners)
        if (hers := [row for row in of(world, corp) if row["owner"] == owner])
    ]
    return {"total": len(items), "next_offset": len(items), "items": items}


def _counted(world: World, hers: list[Any], begin: int, end: int) -> Told:
    inside = [each for row in hers for each in members(world, row["chat"]) if each["joined"] <= end]
    return {
        "new_chat_cnt": sum(begin <= row["made"] <= end for row in hers),
        "chat_total": sum(row["made"] <= end for row in hers), "chat_has_msg": 0,
        "new_member_cnt": sum(begin <= each["joined"] for each in inside),
        "member_total": len(inside), "member_has_msg": 0, "msg_total": 0,
        "migrate_trainee_chat_cnt": 0,
    }  # fmt: skip
