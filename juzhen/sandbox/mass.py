"""Mass messages (群发): to all followers or those with a tag, within their quotas.

The same ``clientmsgid`` is one message. An account whose administrator confirms (knob
``admin_confirms``) waits for that, half an hour at most; a follower takes four a month.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.followers import follows
from juzhen.sandbox.limits import Said
from juzhen.sandbox.official import OK, Asked, Told, call
from juzhen.sandbox.press import nobody
from juzhen.sandbox.world import World


@call("message/mass/sendall")
def _sendall(world: World, account: OfficialAccount, asked: Asked) -> Told:
    if re.search(rb"\\u[0-9a-fA-F]{4}", request.get_data()):
        raise Said(47001, "raw UTF-8, no escapes")
    client = asked.get("clientmsgid", "")
    if not isinstance(client, str) or len(client.encode()) > limits.CLIENT_BYTES:
        raise Said(45067)
    with world.ledger.turn() as db:
        if client and (known := _known(db, account, client)):
            told = {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": known}
            return told | {"msg_data_id": 2_247_400_000 + known}
        kept = _checked(world, account, asked)
        today = world.clock.day()
        if world.ledger.fact(f"mass:{account.appid}:{today}", 0) >= world.knobs["masses_a_day"]:
            raise Said(45028)
        world.ledger.keep(
            f"mass:{account.appid}:{today}",
            world.ledger.fact(f"mass:{account.appid}:{today}", 0) + 1,
        )
        status = "WAITING" if world.knobs["admin_confirms"] else "SENDING"
        number = db.execute(
            "insert into masses (appid, client, told, made, status) values (?, ?, ?, ?, ?)",
            (account.appid, client, json.dumps(kept, ensure_ascii=False), world.clock.seconds(),
             status),
        ).lastrowid or 0  # fmt: skip
    settle(world)
    told = {"errcode": 0, "errmsg": "send job submission success", "msg_id": number}
    return told | {"msg_data_id": 2_247_400_000 + number}


def _known(db: Any, account: OfficialAccount, client: str) -> int:
    row = db.execute(
        "select msg_id from masses where appid = ? and client = ?", (account.appid, client)
    ).fetchone()
    return row["msg_id"] if row else 0


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


def settle(world: World) -> None:
    """Send what nobody has to confirm; end what nobody confirmed in half an hour."""
    with world.ledger.turn() as db:
        now = world.clock.seconds()
        ready = db.execute(
            "select * from masses where (status = 'SENDING' and made <= ?)"
            " or (status = 'WAITING' and made <= ?)",
            (now - world.knobs["review_seconds"], now - limits.CONFIRM_SECONDS),
        ).fetchall()
        for row in ready:
            account = world.accounts.official(row["appid"])
            if account is None:
                continue
            if row["status"] == "WAITING":
                _end(world, account, row, "SEND_FAIL", "send fail")
            else:
                _send(world, account, row)


def confirm(world: World, account: OfficialAccount, number: int) -> None:
    """The account's administrator says yes on her phone."""
    with world.ledger.turn() as db:
        db.execute(
            "update masses set status = 'SENDING' where msg_id = ? and appid = ?"
            " and status = 'WAITING'", (number, account.appid),
        )  # fmt: skip
    settle(world)


def waiting(world: World, account: OfficialAccount) -> list[Any]:
    """What waits for the administrator."""
    settle(world)
    with world.ledger.turn() as db:
        return db.execute(
            "select * from masses where appid = ? and status = 'WAITING' order by msg_id",
            (account.appid,),
        ).fetchall()


def _send(world: World, account: OfficialAccount, row: Any) -> None:
    told = json.loads(row["told"])
    if verdict := world.press.verdict_on(told.get("articles", told.get("text", ""))):
        code = {2: 30001, 4: 10001}.get(verdict, 21000)
        _end(world, account, row, "SEND_FAIL", f"err({code})")
        return
    month, total, had = f"{world.clock():%Y-%m}", 0, 0
    article = ""
    if "articles" in told:
        article = world.press.show(account.appid, told["articles"], told["media_id"])
    with world.ledger.turn() as db:
        for person in world.followers.of(account, following=True):
            if told["tag"] and told["tag"] not in world.followers.tags(account, person["openid"]):
                continue
            total += 1
            (number,) = db.execute(
                "select count(*) from mass_had where openid = ? and month = ?",
                (person["openid"], month),
            ).fetchone()
            if number >= limits.MASSES_A_MONTH:
                had += 1
                continue
            db.execute("insert into mass_had values (?, ?, ?)", (person["openid"], row["msg_id"],
                                                                 month))  # fmt: skip
            if "text" in told and follows(person):
                world.followers.get(person["openid"], "text", {"content": told["text"]})
        db.execute(
            "update masses set total = ?, filtered = ?, article_id = ? where msg_id = ?",
            (total, had, article or None, row["msg_id"]),
        )
    _end(world, account, row, "SEND_SUCCESS", "send success", total=total, filtered=had)


def _end(
    world: World, account: OfficialAccount, row: Any, status: str, said: str, *, total: int = 0,
    filtered: int = 0,
) -> None:  # fmt: skip
    with world.ledger.turn() as db:
        db.execute("update masses set status = ? where msg_id = ?", (status, row["msg_id"]))
        sent = total - filtered if status == "SEND_SUCCESS" else 0
        event = {
            "MsgType": "event", "Event": "MASSSENDJOBFINISH", "MsgID": row["msg_id"],
            "Status": said, "TotalCount": total, "FilterCount": sent, "SentCount": sent,
            "ErrorCount": 0,
        }  # fmt: skip
        world.callbacks.queue(account, nobody(account), event)


def _one(world: World, account: OfficialAccount, asked: Asked) -> Any:
    settle(world)
    with world.ledger.turn() as db:
        row = db.execute(
            "select * from masses where msg_id = ? and appid = ?",
            (asked.get("msg_id"), account.appid),
        ).fetchone()
    if row is None:
        raise Said(40059)
    return row


@call("message/mass/get")
def _get(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row = _one(world, account, asked)
    shown = "SENDING" if row["status"] == "WAITING" else row["status"]
    return {"msg_id": row["msg_id"], "msg_status": shown}


@call("message/mass/delete")
def _delete(world: World, account: OfficialAccount, asked: Asked) -> Told:
    """Only a page of articles can be taken back; deleting again does no harm."""
    row = _one(world, account, asked)
    if row["status"] not in ("SEND_SUCCESS", "DELETE") or not row["article_id"]:
        raise Said(40059)
    if row["status"] == "SEND_SUCCESS":
        world.press.delete(account, row["article_id"], int(asked.get("article_idx") or 0))
        with world.ledger.turn() as db:
            db.execute("update masses set status = 'DELETE' where msg_id = ?", (row["msg_id"],))
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
