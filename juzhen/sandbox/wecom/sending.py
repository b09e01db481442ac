"""Sending (群发、朋友圈与应用消息): this part of WeCom's interface, and its files and logins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import GET, Asked, Told, call, stretch, text_of, whole
from juzhen.sandbox.world import World

_FETCHED = ("video", "image")
"""What the platform fetches by its address."""
_MONTH = 30 * 86_400
"""Seconds that a list may span."""

# What reps are asked to send


def _check_content(world: World, corp: Corp, asked: Asked, most: int) -> None:
    """Words and attachments, as strictly as the platform looks at them."""
    text, attached = asked.get("text"), asked.get("attachments") or []
    words = text.get("content") if isinstance(text, Mapping) else None
    if text is not None and not isinstance(words, str):
        raise Said(40058, "text")
    if not words and not attached:
        raise Said(40058, "text, attachments")
    if len((words or "").encode()) > most:
        raise Said(45002)
    if not isinstance(attached, list) or len(attached) > limits.ATTACHMENTS:
        raise Said(40058, "attachments")
    for one in attached:
        _check_attachment(world, corp, one)


def _check_attachment(world: World, corp: Corp, one: Any) -> None:
    kind = one.get("msgtype") if isinstance(one, Mapping) else None
    inner = one.get(kind) if kind else None
    if kind not in ("image", "link", "miniprogram", "video", "file") or not isinstance(
        inner, Mapping
    ):
        raise Said(40058, "attachments")
    if kind == "link":
        title, url = inner.get("title"), str(inner.get("url") or "")
        if not isinstance(title, str) or len(title.encode()) > 128 * 3:
            raise Said(40058, "link.title")
        if not url.startswith(("http://", "https://")) or len(url.encode()) > 2_048:
            raise Said(40058, "link.url")
    if media := inner.get("media_id"):
        world.library.file(str(media), corp)


@call("externalcontact/send_welcome_msg")
def _welcome(world: World, corp: Corp, asked: Asked) -> Told:
    _check_content(world, corp, asked, limits.GROUP_TEXT_BYTES)
    world.friends.welcome(corp, text_of(asked, "welcome_code"), asked)
    return {}


@call("externalcontact/add_msg_template")
def _mass(world: World, corp: Corp, asked: Asked) -> Told:
    _check_content(world, corp, asked, limits.GROUP_TEXT_BYTES)
    group = asked.get("chat_type") == "group"
    wanted = asked.get("chat_id_list" if group else "external_userid")
    most = limits.MASS_CHATS if group else limits.MASS_RECIPIENTS
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= most:
        raise Said(40058, "external_userid")
    if group and not asked.get("sender"):
        raise Said(40058, "sender")
    msgid, bad = world.tasks.mass(corp, asked)
    return {"fail_list": bad, "msgid": msgid}


@call("externalcontact/remind_groupmsg_send")
def _remind(world: World, corp: Corp, asked: Asked) -> Told:
    world.tasks.remind(corp, text_of(asked, "msgid"))
    return {}


@call("externalcontact/cancel_groupmsg_send")
def _cancel(world: World, corp: Corp, asked: Asked) -> Told:
    world.tasks.cancel(corp, text_of(asked, "msgid"))
    return {}


@call("externalcontact/get_groupmsg_list_v2")
def _tasks(world: World, corp: Corp, asked: Asked) -> Told:
    begin, end = asked.get("start_time"), asked.get("end_time")
    if not isinstance(begin, int) or not isinstance(end, int) or not 0 <= end - begin <= _MONTH:
        raise Said(40058, "start_time, end_time")
    rows = [
        {
            "msgid": task["msgid"],
            "create_time": str(int(task["made"])),
            "create_type": 0,
            "text": task["told"].get("text") or {},
            "attachments": task["told"].get("attachments") or [],
        }
        for task in reversed(world.tasks.all(corp))
        if task["kind"] == (asked.get("chat_type") or "single") and begin <= task["made"] <= end
    ]
    page, onward = stretch(rows, asked, 100)
    return {"group_msg_list": page, "next_cursor": onward}


@call("externalcontact/get_groupmsg_task")
def _task(world: World, corp: Corp, asked: Asked) -> Told:
    msgid = world.tasks.task(corp, text_of(asked, "msgid"))["msgid"]
    sends: dict[str, list[Told]] = {}
    for row in world.tasks.sends(msgid):
        sends.setdefault(row["userid"], []).append(row)
    rows = [
        {
            "userid": userid,
            "status": 2 if all(row["status"] for row in hers) else 0,
            "send_time": int(max(row["at"] or 0 for row in hers)),
        }
        for userid, hers in sends.items()
    ]
    page, onward = stretch(rows, asked, 1_000)
    return {"task_list": page, "next_cursor": onward}


@call("externalcontact/get_groupmsg_send_result")
def _results(world: World, corp: Corp, asked: Asked) -> Told:
    task = world.tasks.task(corp, text_of(asked, "msgid"))
    field = "chat_id" if task["kind"] == "group" else "external_userid"
    rows = [
        {field: row["external"], "userid": row["userid"], "status": row["status"]}
        | ({"send_time": int(row["at"])} if row["at"] else {})
        for row in world.tasks.sends(task["msgid"], text_of(asked, "userid"))
    ]
    page, onward = stretch(rows, asked, 1_000)
    return {"send_list": page, "next_cursor": onward}


# Moments


@call("externalcontact/add_moment_task")
def _moment(world: World, corp: Corp, asked: Asked) -> Told:
    _check_content(world, corp, asked, limits.GROUP_TEXT_BYTES * 2)
    words = (asked.get("text") or {}).get("content") or ""
    if len(words) > limits.MOMENT_TEXT_CHARACTERS:
        raise Said(45002)
    kinds = [one["msgtype"] for one in asked.get("attachments") or ()]
    if any(kind in ("video", "link") for kind in kinds) and len(kinds) > 1:
        raise Said(40058, "attachments")
    return {"jobid": world.tasks.moment(corp, asked)}


@call("externalcontact/get_moment_task_result", GET)
def _moment_result(world: World, corp: Corp, asked: Asked) -> Told:
    jobid = text_of(asked, "jobid")
    for one in world.tasks.moments(corp):
        if one["jobid"] == jobid:
            result = {"errcode": 0, "errmsg": "ok", "moment_id": one["moment_id"]}
            return {"status": 3, "type": "add_moment_task", "result": result}
    raise Said(40058, "invalid jobid")


@call("externalcontact/get_moment_list")
def _moments(world: World, corp: Corp, asked: Asked) -> Told:
    begin, end = asked.get("start_time"), asked.get("end_time")
    if not isinstance(begin, int) or not isinstance(end, int) or end - begin > _MONTH:
        raise Said(40058, "start_time, end_time")
    rows = [_shown(one) for one in world.tasks.moments(corp) if begin <= one["made"] <= end]
    page, onward = stretch(rows, asked, 20)
    return {"moment_list": page, "next_cursor": onward}


def _shown(one: Told) -> Told:
    links = [each["link"] for each in one["told"].get("attachments") or () if "link" in each]
    told: Told = {
        "moment_id": one["moment_id"],
        "creator": "",
        "create_time": int(one["made"]),
        "create_type": 0,
        "visible_type": 1,
        "text": one["told"].get("text") or {},
    }
    return told | ({"link": links[0]} if links else {})


@call("externalcontact/get_moment_task")
def _moment_task(world: World, corp: Corp, asked: Asked) -> Told:
    number = text_of(asked, "moment_id")
    for one in world.tasks.moments(corp):
        if one["moment_id"] == number:
            rows = [
                {"userid": each["userid"], "publish_status": int(each["at"] is not None)}
                for each in one["posts"]
            ]
            page, onward = stretch(rows, asked, 1_000)
            return {"task_list": page, "next_cursor": onward}
    raise Said(40058, "invalid moment_id")


@call("externalcontact/get_moment_comments")
def _moment_comments(world: World, _: Corp, asked: Asked) -> Told:
    rows = world.tasks.answers(text_of(asked, "moment_id"), text_of(asked, "userid"))
    told: dict[str, list[Told]] = {"like": [], "comment": []}
    for row in rows:
        one = {"external_userid": row["external"], "create_time": int(row["at"])}
        told[row["kind"]].append(one)
    return {"like_list": told["like"], "comment_list": told["comment"]}


@call("externalcontact/cancel_moment_task")
def _cancel_moment(world: World, corp: Corp, asked: Asked) -> Told:
    world.tasks.cancel_moment(corp, text_of(asked, "moment_id"))
    return {}


@call("externalcontact/get_user_behavior_data")
def _behaviour(world: World, corp: Corp, asked: Asked) -> Told:
    userids, begin, end = asked.get("userid"), whole(asked, "start_time"), whole(asked, "end_time")
    if not isinstance(userids, list) or not 1 <= len(userids) <= 100:
        raise Said(40058, "userid")
    if not 0 <= end - begin <= 30 * 86_400:
        raise Said(40058, "start_time, end_time")
    friends = [row for userid in userids for row in world.friends.of_rep(corp, str(userid))]
    added = sum(begin <= row["since"] <= end for row in friends)
    row = {"stat_time": begin, "chat_cnt": len(friends), "message_cnt": 0, "new_apply_cnt": added}
    return {"behavior_data": [row | {"new_contact_cnt": added, "negative_feedback_cnt": 0}]}


# Messages to reps, files


@call("message/send")
def _send(world: World, corp: Corp, asked: Asked) -> Told:
    kind = text_of(asked, "msgtype")
    if asked.get("agentid") != corp.agent or not isinstance(asked.get(kind), Mapping):
        raise Said(40058, "agentid, msgtype")
    if kind == "template_card":
        _check_card(world, corp, asked)
    known = {one.userid for one in corp.reps}
    wanted = [each for each in str(asked.get("touser") or "").split("|") if each]
    if len(wanted) > limits.CARD_REPS:
        raise Said(40058, "touser")
    unlicensed = known & set(world.knobs["unlicensed"])
    good = [each for each in wanted if each in known - unlicensed]
    if not good:
        raise Said(81013)
    msgid, code = world.tasks.card(corp, good, asked)
    told: Told = {
        "msgid": msgid, "invaliduser": "|".join(each for each in wanted if each not in known),
        "unlicenseduser": "|".join(each for each in wanted if each in unlicensed),
    }  # fmt: skip
    return told | ({"response_code": code} if kind == "template_card" else {})


def _check_card(world: World, corp: Corp, asked: Asked) -> None:
    """A card with buttons has a few of them, and a name of its own by which a press is told."""
    card = asked["template_card"]
    buttons, name = card.get("button_list"), card.get("task_id")
    if card.get("card_type") != "button_interaction":
        return
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits.CARD_BUTTONS:
        raise Said(40058, "button_list")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= limits.CARD_TASK_BYTES:
        raise Said(40058, "task_id")
    if world.tasks.named(corp, name, asked):
        raise Said(40058, "task_id is there already")


@call("message/update_template_card")
def _update_card(world: World, corp: Corp, asked: Asked) -> Told:
    button = asked.get("button")
    words = str(button.get("replace_name") or "") if isinstance(button, Mapping) else ""
    world.tasks.close_card(corp, text_of(asked, "response_code"), words)
    return {}


@call("media/upload_by_url")
def _by_url(world: World, corp: Corp, asked: Asked) -> Told:
    if asked.get("scene") != 1 or asked.get("type") not in _FETCHED:
        raise Said(40058, "scene, type")
    text_of(asked, "filename")
    md5 = text_of(asked, "md5")
    if len(md5) != 32:
        raise Said(40058, "md5")
    return {"jobid": world.fetches.begin(corp, asked["type"], text_of(asked, "url"), md5)}


@call("media/get_upload_by_url_result")
def _result(world: World, corp: Corp, asked: Asked) -> Told:
    return world.fetches.told(corp, text_of(asked, "jobid"))


@call("media/upload_attachment")
def _attachment(world: World, corp: Corp, asked: Asked) -> Told:
    file = request.files.get("media")
    if file is None:
        raise Said(41005)
    kind = str(asked.get("media_type") or "")
    media_id, made = world.library.upload(corp, kind, file.read(), permanent=False)
    return {"type": kind, "media_id": media_id, "created_at": made}


@call("get_jsapi_ticket", GET)
def _ticket(_: World, corp: Corp, __: Asked) -> Told:
    return {"ticket": f"corp-{corp.appid}-ticket", "expires_in": 7_200}


@call("ticket/get", GET)
def _agent_ticket(_: World, corp: Corp, asked: Asked) -> Told:
    if asked.get("type") != "agent_config":
        raise Said(40058, "type")
    return {"ticket": f"agent-{corp.agent}-ticket", "expires_in": 7_200}


@call("auth/getuserinfo", GET)
def _login(world: World, corp: Corp, asked: Asked) -> Told:
    return {"userid": world.friends.signed_in(corp, text_of(asked, "code"))}
