"""Customer groups (客户群): who is in which, told once a night, for callbacks get lost.

Habits of the platform: asked without an owner it refuses where over a thousand members are in
sight (81017), so it is asked by owner; members of ours are told beside customers, and are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.wechat.wecom.hearing import EXTERNAL, Staff
from channels.wechat.wecom.wire import WeComWire
from kernel.events import Ecosystem, Event, Handle

OWNERS_AT_ONCE = 20
_ROOM = "/cgi-bin/externalcontact/groupchat"
_CUSTOMER = "2"


def walk(
    wire: WeComWire, owners: Sequence[str], account: str, staff: Staff
) -> Iterator[Event]:  # fmt: skip
    """Every customer in the groups of these owners, as the event of her joining."""
    rows = wire.page(
        f"{_ROOM}/list", "group_chat_list", status_filter=0,
        owner_filter={"userid_list": list(owners)}, limit=100,
    )  # fmt: skip
    for row in rows:
        if chat := str(row.get("chat_id") or ""):
            told = wire.ask(f"{_ROOM}/get", chat_id=chat, need_name=1).get("group_chat")
            if isinstance(told, Mapping):
                yield from members(told, chat, account, staff)


def members(
    told: Mapping[str, Any], chat: str, account: str, staff: Staff
) -> Iterator[Event]:  # fmt: skip
    """The customers of one group. Told again, each is the same event."""
    owner = staff(str(told.get("owner") or ""))
    listed = told.get("member_list")
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, Mapping) or str(one.get("type")) != _CUSTOMER:
            continue
        who, since = str(one.get("userid") or ""), str(one.get("join_time") or "")
        if not who or not since.isdecimal():
            continue
        unionid, state = (str(one.get(name) or "").strip() for name in ("unionid", "state"))
        yield Event(
            id=f"group:{chat}:{who}:{since}"[:240], kind="joined_group", account=account,
            handle=Handle(EXTERNAL, account, who), ecosystem=Ecosystem.WECHAT, rep=owner,
            links=(Handle("unionid", "", unionid),) if unionid else (),
            at=datetime.fromtimestamp(int(since), UTC),
            detail={"ChatId": chat, "group": chat, "name": str(told.get("name") or "")[:60]}
            | ({"State": state} if state else {}),
        )  # fmt: skip
