"""Messages from WeChat (接收消息): XML or JSON into plain values, and what they mean to us.

Trusts nothing: no document types, no entities, limited depth. Checks no signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.base import Allowed, Progress, Receipt, Received
from kernel.clock import since_1970
from kernel.events import Ecosystem, Event, Handle

UNREADABLE = (ParseError, DefusedXmlException, KeyError, TypeError, ValueError, OverflowError)
"""What reading may raise; `orjson.JSONDecodeError` and `UnicodeDecodeError` are ValueErrors."""
_DEEPEST = 12
_PUBLISHED = frozenset({"PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH"})
"""One job has two names, by how the account publishes; with notification it is a mass send."""
_TOLD_HER = frozenset({"TEMPLATESENDJOBFINISH", "subscribe_msg_sent_event"})
_NOBODYS = frozenset({*_PUBLISHED, "MASSSENDJOBFINISH"})

KINDS = {
    "subscribe": "followed",
    "unsubscribe": "unfollowed",
    "SCAN": "scanned_code",
    "scancode_push": "scanned_code",
    "scancode_waitmsg": "scanned_code",
    "CLICK": "clicked_menu",
    "VIEW": "opened_link",
    "view_miniprogram": "viewed_page",
    "LOCATION": "located",
    "user_enter_tempsession": "opened_chat",
    "subscribe_msg_popup_event": "answered_message_request",
    "subscribe_msg_change_event": "answered_message_request",
    "user_authorization_revoke": "withdrew_authorization",
    **dict.fromkeys((*_NOBODYS, *_TOLD_HER), "job_finished"),
    **dict.fromkeys(
        (
            "naming_verify_success", "naming_verify_fail", "qualification_verify_success",
            "qualification_verify_fail", "annual_renew", "verify_expired",
        ),
        "account_notice",
    ),
}  # fmt: skip
_SPOKEN = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})

_VERDICTS = {
    0: (Progress.SHOWN, ""),
    1: (Progress.SUBMITTED, ""),
    2: (Progress.REFUSED, "originality_not_accepted"),
    3: (Progress.REFUSED, "platform_could_not_publish"),
    4: (Progress.REFUSED, "review_refused"),
    5: (Progress.WITHDRAWN, "deleted_on_the_platform"),
    6: (Progress.WITHDRAWN, "banned_by_the_platform"),
}


def fields(body: bytes) -> dict[str, Any]:
    """A message's fields; what is repeated becomes a list. Raises one of `UNREADABLE`."""
    text = _text(body.removeprefix(b"\xef\xbb\xbf").strip())
    if text.startswith("{"):
        told = orjson.loads(text)
    else:
        told = _value(fromstring(text, forbid_dtd=True), _DEEPEST)
    if not isinstance(told, dict):
        raise TypeError("a message has fields")
    return told


def _text(body: bytes) -> str:
    """Gateways have been seen to send GBK."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("gb18030")


def one(told: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is there, as a text; of one sent twice, the first. Empty if
    there is none of them."""
    for name in names:
        value = told.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if value is not None and not isinstance(value, Mapping):
            return str(value).strip()
    return ""


def moment(told: Mapping[str, Any], *names: str) -> datetime:
    """When it happened: seconds or milliseconds. Raises one of `UNREADABLE`."""
    return since_1970(int(one(told, *names)))


def _value(node: Element, depth: int) -> Any:
    """A leaf is its text, a branch a mapping."""
    if depth == 0:
        raise ValueError("too deep for a message")
    if len(node) == 0:
        return (node.text or "").strip()
    branch: dict[str, Any] = {}
    for child in node:
        value = _value(child, depth - 1)
        if child.tag in branch:
            earlier = branch[child.tag]
            value = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        branch[child.tag] = value
    return branch


def received(body: bytes, account: str) -> Received:
    """All that an opened message tells us. What cannot be read is taken, too: the platform would
    send it again and again."""
    try:
        told = fields(body)
        found = tuple(events(told, account, body))
        ends = tuple(outcomes(told))
        allows = allowed(told, found)
    except UNREADABLE:
        return Received(unreadable=body, answer=b"success")
    return Received(events=found, outcomes=ends, allowed=allows, answer=b"success")


def events(told: Mapping[str, Any], account: str, body: bytes) -> Iterator[Event]:
    """What happened, once. A kind that we do not know is kept under its own name, and as it came.

    A job that ended and a notice to the account are nobody's doing.
    """
    happened = one(told, "Event") or one(told, "MsgType")
    if not happened:
        raise KeyError("Event")
    spoken = happened in _SPOKEN and "Event" not in told
    kind = "messaged" if spoken else KINDS.get(happened)
    sender = one(told, "OpenID") if kind == "withdrew_authorization" else one(told, "FromUserName")
    if not sender:
        raise ValueError("nobody did it")
    nobodys = happened in _NOBODYS or kind == "account_notice"
    yield Event(
        id=_id(told, sender, happened),
        kind=kind or f"wechat_oa.{happened}"[:80],
        account=account,
        handle=None if nobodys else Handle("openid", account, sender),
        ecosystem=Ecosystem.WECHAT,
        at=moment(told, "CreateTime"),
        detail={name: value for name, value in told.items() if name not in _ENVELOPE}
        | _way(told, happened),
        raw=b"" if kind else body,
    )


def _way(told: Mapping[str, Any], happened: str) -> dict[str, str]:
    """The scene of the code that she scanned, by the name that every platform's ways have here."""
    scene = one(told, "EventKey").removeprefix("qrscene_")
    return {"State": scene} if scene and happened in ("subscribe", "SCAN") else {}


_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "Encrypt"})


def _id(told: Mapping[str, Any], sender: str, happened: str) -> str:
    """The same for every repeat. Two events of one sender in one second are real; the key tells
    them apart. A job may end twice: shown first, and taken down later."""
    job = told.get("PublishEventInfo")
    if isinstance(job, Mapping):
        return f"job:{one(job, 'publish_id')}:{one(job, 'publish_status')}"
    if number := one(told, "MsgId", "MsgID"):
        return number
    key = one(told, "EventKey")
    return f"{sender}@{one(told, 'CreateTime')}:{happened}:{key}"[:240]


def outcomes(told: Mapping[str, Any]) -> Iterator[Receipt]:
    """What a finished job tells, which `outcome` would have asked."""
    job = told.get("PublishEventInfo")
    if isinstance(job, Mapping):
        yield receipt(f"publish:{one(job, 'publish_id')}", one(job, "publish_status"))
        return
    happened = one(told, "Event")
    if happened == "MASSSENDJOBFINISH":
        yield _mass(told)
    elif happened == "TEMPLATESENDJOBFINISH":
        yield _sent(f"template:{one(told, 'MsgID', 'MsgId')}", one(told, "Status"))
    elif happened == "subscribe_msg_sent_event":
        for each in asked(told):
            yield _sent(f"subscribe:{one(each, 'MsgID')}", one(each, "ErrorStatus"))


def asked(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of a subscribe message's event, which stand in one of three places."""
    inner = [value for name, value in told.items() if name.startswith("Subscribe")]
    holder = next((value for value in inner if isinstance(value, Mapping)), told)
    entries = holder.get("List", ())
    entries = entries if isinstance(entries, list) else [entries]
    return [each for each in entries if isinstance(each, Mapping)]


def allowed(told: Mapping[str, Any], events: Iterable[Event]) -> tuple[Allowed, ...]:
    """Of what she answered when she was asked for messages, what she accepts."""
    return tuple(
        Allowed(
            id=f"{event.account}:{event.id}:{number}"[:240], handle=event.handle,
            template=one(each, "TemplateId"), at=event.at,
        )
        for event in events
        if event.kind == "answered_message_request" and event.handle is not None
        for number, each in enumerate(asked(told))
        if one(each, "SubscribeStatusString") == "accept" and one(each, "TemplateId")
    )  # fmt: skip


_COUNTS = {"total": "TotalCount", "meant": "FilterCount", "sent": "SentCount",
           "failed": "ErrorCount"}  # fmt: skip
"""``FilterCount`` is how many are left after the platform's own filters: who had four this month,
or wants none, is not among them."""


_REVIEW = {
    **dict.fromkeys(
        ("10001", "20001", "20002", "20004", "20006", "20008", "20013", "21000", "22000"),
        "review_refused",
    ),
    "30001": "originality_not_accepted",
}


def _mass(told: Mapping[str, Any]) -> Receipt:
    """How many it reached: some failing makes it ``partly``. Why not is a number in brackets."""
    ref, status = f"mass:{one(told, 'MsgID', 'MsgId')}", one(told, "Status")
    counts = {
        ours: int(number)
        for ours, theirs in _COUNTS.items()
        if (number := one(told, theirs)).isdecimal()
    }
    receipt = _sent(ref, status)
    if receipt.progress is Progress.SHOWN and counts.get("failed") and counts.get("sent"):
        return Receipt(ref=ref, progress=Progress.PARTLY, facts=counts)
    if reason := _REVIEW.get(status.removeprefix("err(").rstrip(")")):
        return Receipt(ref=ref, progress=Progress.REFUSED, reason=reason, facts=counts)
    return Receipt(ref=ref, progress=receipt.progress, reason=receipt.reason, facts=counts)


def _sent(ref: str, status: str) -> Receipt:
    """``success``, ``send success``, or why not."""
    if status.lower() in ("success", "send success", "sendsuccess"):
        return Receipt(ref=ref, progress=Progress.SHOWN)
    reason = next((name for told, name in _UNSENT.items() if told in status.lower()), "")
    return Receipt(ref=ref, progress=Progress.REFUSED, reason=reason or "platform_could_not_send")


_UNSENT = {
    "block": "recipient_refuses",
    "reject": "recipient_refuses",
    "freq": "recipient_had_enough",
}


def receipt(ref: str, status: Any) -> Receipt:
    """How far a publish job is, by its number; one that nobody wrote down is a refusal."""
    progress, reason = _VERDICTS.get(
        int(status), (Progress.REFUSED, "platform_could_not_publish")
    )  # fmt: skip
    return Receipt(ref=ref, progress=progress, reason=reason)


def rows(told: Mapping[str, Any], name: str) -> list[Any]:
    """A list that the platform tells; none if it tells something else."""
    value = told.get(name)
    return value if isinstance(value, list) else []
