"""Fans (粉丝同步): everybody who follows an official account, and the tags it keeps itself.

Callbacks get lost: once a day every follow is told again under the id that its callback had, so
that one which arrived adds nothing and one which did not is made good. Reads of a stranger nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.base import Refused
from channels.vocabularies import Word
from channels.wechat.wire import Wire
from kernel.events import Ecosystem, Event, Handle

_AT_ONCE = 2_000
"""Fans a slice; the platform lists ten thousand and goes on behind whichever openid it is told."""
_DESCRIBED = 100
_GROUP = "wechat.tags"
"""The platform's tags stand in no group of its own, so they come into one of ours."""


def walk(wire: Wire, account: str, after: str, now: datetime) -> tuple[list[Event], str]:
    """The fans behind this openid, and the one to go on from; empty at the end."""
    told = wire.look("/cgi-bin/user/get", **({"next_openid": after} if after else {}))
    data = told.get("data")
    listed = data.get("openid") if isinstance(data, Mapping) else None
    openids = [str(each) for each in listed] if isinstance(listed, list) else []
    some = openids[:_AT_ONCE]
    labels = {number: word.label for number, word in _tags(wire)} if some else {}
    found: list[Event] = []
    for begin in range(0, len(some), _DESCRIBED):
        asked = [{"openid": each, "lang": "zh_CN"} for each in some[begin : begin + _DESCRIBED]]
        rows = wire.ask("/cgi-bin/user/info/batchget", user_list=asked).get("user_info_list")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping):
                found += fan(row, account, labels, now)
    return found, some[-1] if len(openids) > len(some) else ""


def fan(
    row: Mapping[str, Any], account: str, labels: Mapping[str, str], now: datetime
) -> Iterator[Event]:
    """One who follows: her follow, her unionid, the tags she has there. Nothing of one who left."""
    openid, since = str(row.get("openid") or ""), str(row.get("subscribe_time") or "")
    if not openid or str(row.get("subscribe")) != "1" or not since.isdecimal():
        return
    handle, at = Handle("openid", account, openid), datetime.fromtimestamp(int(since), UTC)
    scene = str(row.get("qr_scene_str") or row.get("qr_scene") or "").strip("0 ")
    key = f"qrscene_{scene}" if scene else ""
    yield Event(
        id=f"{openid}@{since}:subscribe:{key}"[:240], kind="followed", account=account,
        handle=handle, ecosystem=Ecosystem.WECHAT, at=at,
        detail={"Event": "subscribe", "EventKey": key, "State": scene}
        | {name: row[name] for name in ("subscribe_scene", "remark") if row.get(name)},
    )  # fmt: skip
    if event := recognised(row, account, handle, at):
        yield event
    yield _tagged(row, account, handle, labels, now)


def recognised(row: Mapping[str, Any], account: str, handle: Handle, at: datetime) -> Event | None:
    """Her unionid; None if the platform knows none. The same for every time it is asked."""
    unionid = str(row.get("unionid") or "").strip()
    if not unionid:
        return None
    return Event(
        id=f"recognised:{handle.value}:{unionid}", kind="identified", account=account,
        handle=handle, links=(Handle("unionid", "", unionid),), ecosystem=Ecosystem.WECHAT, at=at,
        detail={
            name: row[name]
            for name in ("subscribe_scene", "qr_scene_str", "language")
            if row.get(name)
        },
    )  # fmt: skip


def _tagged(
    row: Mapping[str, Any], account: str, handle: Handle, labels: Mapping[str, str], now: datetime
) -> Event:
    """Her tags there, as a trait. What did not change is told once a day, or once a week if she
    has none; so a tag that is put back is seen a day later."""
    listed = row.get("tagid_list")
    told = [str(each) for each in listed] if isinstance(listed, list) else []
    names = sorted({labels[each] for each in told if each in labels})
    told_on = f"{now:%Y-%m-%d}" if names else f"{now:%G-%V}"
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    return Event(
        id=f"tags:{handle.value}:{told_on}:{digest}"[:240], kind="identified", account=account,
        handle=handle, ecosystem=Ecosystem.WECHAT, at=now,
        detail={"traits": {"wechat_tags": names}},
    )  # fmt: skip


# the account's tags


def vocabulary(wire: Wire) -> list[Word]:
    """The account's tags, in one group."""
    return [Word(_GROUP, "公众号标签", ""), *(word for _, word in _tags(wire))]


def _tags(wire: Wire) -> Iterator[tuple[str, Word]]:
    """By the platform's number; its own (星标组 and others below 100) are left out."""
    rows = wire.look("/cgi-bin/tags/get").get("tags")
    for row in rows if isinstance(rows, list) else []:
        number = str(row.get("id") or "") if isinstance(row, Mapping) else ""
        if number.isdecimal() and int(number) >= 100:
            yield number, Word(f"wechat.tag{number}", str(row.get("name") or ""), _GROUP)


def add_tag(wire: Wire, label: str) -> str:
    """Make a tag, or find the one of this name; its number there."""
    try:
        told = wire.ask("/cgi-bin/tags/create", tag={"name": label})
    except Refused as no:
        if no.reason != "platform_tag_name_taken":
            raise
        return next(number for number, word in _tags(wire) if word.label == label)
    made = told.get("tag")
    number = str(made.get("id") or "") if isinstance(made, Mapping) else ""
    if not number:
        raise Refused("platform_answer_unreadable", path="tags/create")
    return number
