"""Messages from WeChat (接收消息): XML or JSON into plain values, and what they mean to us.

Trusts nothing: no document types, no entities, limited depth. Checks no signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.base import Progress, Receipt
from kernel.events import Ecosystem, Event, Handle

UNREADABLE = (ParseError, DefusedXmlException, KeyError, TypeError, ValueError, OverflowError)
"""What reading may raise; `orjson.JSONDecodeError` and `UnicodeDecodeError` are ValueErrors."""
_DEEPEST = 12
_JOBS = frozenset({"PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH", "MASSSENDJOBFINISH"})
"""One job has three names, by how the account publishes."""

KINDS = {
    "subscribe": "followed",
    "unsubscribe": "unfollowed",
    "SCAN": "scanned_code",
    "CLICK": "clicked_menu",
    "VIEW": "opened_link",
    "view_miniprogram": "viewed_page",
}
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
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"{"):
        told = orjson.loads(text)
    else:
        told = _value(fromstring(text.decode(), forbid_dtd=True), _DEEPEST)
    if not isinstance(told, dict):
        raise TypeError("a message has fields")
    return told


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


def events(told: Mapping[str, Any], account: str, body: bytes) -> Iterator[Event]:
    """What a person did. A job that ended is nobody's doing; it has an outcome instead.

    A kind that we do not know is kept under its own name, and as it came.
    """
    happened = str(told.get("Event") or told["MsgType"])
    if happened in _JOBS:
        return
    kind = "messaged" if happened in _SPOKEN and "Event" not in told else KINDS.get(happened)
    sender, at = str(told["FromUserName"]), datetime.fromtimestamp(int(told["CreateTime"]), UTC)
    if not sender:
        raise ValueError("nobody did it")
    yield Event(
        id=_id(told, sender, happened),
        kind=kind or f"wechat_oa.{happened}"[:80],
        account=account,
        handle=Handle("openid", account, sender),
        ecosystem=Ecosystem.WECHAT,
        at=at,
        detail={name: value for name, value in told.items() if name not in _ENVELOPE},
        raw=b"" if kind else body,
    )


_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "Encrypt"})


def _id(told: Mapping[str, Any], sender: str, happened: str) -> str:
    """The same for every repeat. Two events of one sender in one second are real; the key tells
    them apart."""
    if number := told.get("MsgId") or told.get("MsgID"):
        return f"{number}"
    key = told.get("EventKey") or ""
    return f"{sender}@{told['CreateTime']}:{happened}:{key}"[:240]


def outcomes(told: Mapping[str, Any]) -> Iterator[Receipt]:
    """What a finished job tells, which `outcome` would have asked."""
    job = told.get("PublishEventInfo")
    if isinstance(job, Mapping):
        yield receipt(f"publish:{job['publish_id']}", job["publish_status"])


def receipt(ref: str, status: Any) -> Receipt:
    """How far a publish job is, by its number; one that nobody wrote down is a refusal."""
    progress, reason = _VERDICTS.get(
        int(status), (Progress.REFUSED, "platform_could_not_publish")
    )  # fmt: skip
    return Receipt(ref=ref, progress=progress, reason=reason)
