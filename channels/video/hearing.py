"""What Douyin tells (抖音事件推送): its webhooks in our events. Checks no signature.

``content`` is an object in some events and JSON in a text in others; moments are seconds or
milliseconds; some samples come wrapped in a list. Nothing is ordered, nothing comes only once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from data_hub.identities import phone
from kernel.clock import since_1970
from kernel.events import Ecosystem, Event, Handle

OPEN_ID = "open_id"
UNREADABLE = (KeyError, TypeError, ValueError, OverflowError)

KINDS = {
    "receive_msg": "messaged",
    "im_receive_msg": "messaged",
    "im_group_receive_msg": "messaged",
    "im_send_msg": "replied_on_platform",
    "im_group_send_msg": "replied_on_platform",
    "im_enter_direct_msg": "opened_chat",
    "im_authorize": "answered_message_request",
    "new_follow_action": "followed",
    "new_video_digg": "liked_material",
    "item_comment_reply": "commented",
    "dial_phone": "dialled_phone",
    "website_contact": "viewed_page",
    "personal_tab_contact": "viewed_page",
    "enter_group_audit_change": "asked_to_join_group",
    "group_fans_event": "group_changed",
    "create_video": "post_created",
    "authorize": "account_notice",
    "unauthorize": "account_notice",
    "contract_authorize": "account_notice",
    "life_product_audit": "account_notice",
    "life_trade_certificate_notify": "redeemed",
    "life_member_join": "became_member",
    "life_member_leave": "left_membership",
    "union_auth_info_for_b": "identified",
    "union_auth_info_for_c": "identified",
}
_ORDERS = {
    "pay_success": "bought",
    "create_order": "ordered",
    "refund_success": "refunded",
    "close_order": "cancelled_order",
}
_NOBODYS = frozenset({"post_created", "account_notice", "group_changed"})
_OURS = frozenset({"im_send_msg", "im_group_send_msg"})
_CARD = ("card_data", "retain_consult_card")
_TRAITS = {"name": ("名", "称呼"), "weixin": ("微信",), "city": ("城市",)}
"""A trait, and what the label of a card may say that asks for it."""
_STAMPS = ("create_time", "action_time", "msg_time", "pay_time", "update_time", "event_time")


def fields(body: bytes) -> dict[str, Any]:
    """The envelope, its content unfolded. Raises one of `UNREADABLE`."""
    told = orjson.loads(body.removeprefix(b"\xef\xbb\xbf").strip())
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        raise TypeError("a webhook names its event")
    content = told.get("content")
    if isinstance(content, str) and content.strip().startswith(("{", "[")):
        content = orjson.loads(content)
    return told | {"content": content}


def events(
    told: Mapping[str, Any], account: str, body: bytes, number: str, now: datetime
) -> Iterator[Event]:
    """What happened, once. ``number`` is the platform's ``Msg-Id``, empty if it sent none.

    A kind that we do not know is kept under its own name, and as it came.
    """
    name = str(told["event"])
    if name == "verify_webhook":
        return
    content = told["content"] if isinstance(told["content"], Mapping) else {}
    kind = _kind(name, content)
    who = str(told.get("to_user_id" if name in _OURS else "from_user_id") or "")
    links: tuple[Handle, ...] = ()
    if kind == "identified":
        who, links = _pair(content)
    yield Event(
        id=(number or _id(told))[:240],
        kind=kind or f"douyin.{name}"[:80],
        account=account,
        handle=Handle(OPEN_ID, account, who) if who and kind not in _NOBODYS else None,
        links=links or _left(content),
        ecosystem=Ecosystem.VIDEO,
        at=_moment(content, now),
        detail=_detail(told, content),
        raw=b"" if kind else body,
    )


def _kind(name: str, content: Mapping[str, Any]) -> str:
    if name == "life_trade_order_notify":
        return _ORDERS.get(str(content.get("action")), "")
    if name == "im_receive_msg" and cards(content):
        return "left_contact"
    return KINDS.get(name, "")


def cards(content: Mapping[str, Any]) -> dict[str, str]:
    """What a customer filled in on a retain-consult card (留资卡片): label → value."""
    filled = next(filter(None, map(content.get, _CARD)), None)
    filled = filled.get("card_data") if isinstance(filled, Mapping) else filled
    if not isinstance(filled, list):
        return {}
    return {
        str(each["label"]): str(each.get("value") or "")
        for each in filled
        if isinstance(each, Mapping) and each.get("label")
    }


def _left(content: Mapping[str, Any]) -> tuple[Handle, ...]:
    """The phone that she left on a card is a handle of hers."""
    numbers = (phone(value) for value in cards(content).values())
    return tuple(dict.fromkeys(number for number in numbers if number is not None))


def _filled(card: Mapping[str, str]) -> dict[str, Any]:
    """What else stands on it: who she is, and what the company asked besides."""
    traits, rest = {}, {}
    for label, value in card.items():
        name = next(
            (ours for ours, said in _TRAITS.items() if any(each in label for each in said)), ""
        )
        if name and value:
            traits[name] = value
        elif phone(value) is None:
            rest[label] = value
    return {"card": rest} | ({"traits": traits} if traits else {})


def _pair(content: Mapping[str, Any]) -> tuple[str, tuple[Handle, ...]]:
    """Two ids of one person: the consumer app's and the business app's."""
    there = str(content.get("c_open_id") or "")
    scope = str(content.get("c_client_key") or "")
    links = (Handle(OPEN_ID, scope, there),) if there and ":" not in scope else ()
    return str(content.get("b_open_id") or ""), links


def _detail(told: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    envelope = {"content", "from_user_id", "client_key"}
    detail = {name: value for name, value in told.items() if name not in envelope and value}
    detail |= content
    if filled := cards(content):
        detail |= _filled(filled)
        for name in _CARD:
            detail.pop(name, None)
    if isinstance(order := content.get("order"), Mapping):
        detail |= {"order_id": str(order.get("order_id") or ""), "amount": order.get("pay_amount")}
    return detail


def _moment(content: Mapping[str, Any], now: datetime) -> datetime:
    """When it happened, in seconds or milliseconds; some events do not say: then now."""
    order = content.get("order")
    for source in (content, order if isinstance(order, Mapping) else {}):
        for name in _STAMPS:
            if str(value := source.get(name) or "").isdecimal():
                return since_1970(int(value))
    return now


def _id(told: Mapping[str, Any]) -> str:
    """What it says, without the number of the call: a repeat is a call of its own."""
    said = {name: value for name, value in told.items() if name != "log_id"}
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{told['event']}:{digest[:40]}"
