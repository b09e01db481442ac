"""What WeCom tells (企业微信回调): its events in ours. Checks no signature.

The same fact arrives in two envelopes: a self-built app's (``Event``, ``CreateTime``) and a suite's
(``InfoType``, ``TimeStamp``); both are read alike. What is done through the interface never comes
back as a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from channels.wechat.messages import moment, one
from kernel.events import Ecosystem, Event, Handle

EXTERNAL = "external_userid"
Staff = Callable[[str], str]
"""Who of our staff a userid of the platform is; empty if nobody knows."""

CONTACTS = {
    "add_external_contact": "followed",
    "add_half_external_contact": "followed",
    "edit_external_contact": "contact_edited",
    "del_external_contact": "removed_by_rep",
    "del_follow_user": "unfollowed",
    "transfer_fail": "transfer_failed",
    "msg_audit_approved": "agreed_to_archive",
}
_OURS = {
    "change_external_chat": "group_changed",
    "change_external_tag": "tag_changed",
    "change_contact": "staff_changed",
    "batch_job_result": "job_finished",
    "upload_media_job_finish": "job_finished",
    "cancel_auth": "account_notice",
    "change_auth": "account_notice",
    "create_auth": "account_notice",
    "suite_ticket": "account_notice",
    "reset_permanent_code": "account_notice",
}
_REPS = {
    **dict.fromkeys(("click", "view", "enter_agent", "LOCATION", "subscribe"), "rep_acted"),
    "unsubscribe": "rep_acted",
    "template_card_event": "card_answered",
    "template_card_menu_event": "card_answered",
}
_ACQUISITION = {"customer_start_chat": "opened_chat"}
KINDS = frozenset({*CONTACTS.values(), *_OURS.values(), *_REPS.values(), "opened_chat"})

_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "TimeStamp", "Encrypt"})
_SECRET = frozenset({"SuiteTicket", "AuthCode", "WelcomeCode", "ResponseCode"})
"""Codes that are worth something to whoever reads them; never kept."""


def happened(told: Mapping[str, Any]) -> tuple[str, str]:
    """What it is about, and what of it."""
    return one(told, "Event", "InfoType"), one(told, "ChangeType")


def events(told: Mapping[str, Any], account: str, body: bytes, staff: Staff) -> Iterator[Event]:
    """The event, and one more for each customer who joined or left a group.

    A kind that we do not know is kept under its own name, and as it came. Raises one of
    `messages.UNREADABLE`.
    """
    name, change = happened(told)
    if not name:
        name = one(told, "MsgType")
    if not name:
        raise KeyError("Event")
    at = moment(told, "CreateTime", "TimeStamp")
    kind, whose, rep = _kind(name, change), one(told, "ExternalUserID"), _rep(told, name)
    main = Event(
        id=_id(told, name, change),
        kind=kind or f"wecom.{name}"[:80],
        account=account,
        handle=Handle(EXTERNAL, account, whose) if whose else None,
        ecosystem=Ecosystem.WECHAT,
        rep=staff(rep) if rep else "",
        at=at,
        detail={key: each for key, each in told.items() if key not in _ENVELOPE | _SECRET},
        raw=b"" if kind else body,
    )
    yield main
    if kind == "group_changed":
        yield from _members(told, main)


def _kind(name: str, change: str) -> str:
    if name == "change_external_contact":
        return CONTACTS.get(change, "")
    if name == "customer_acquisition":
        return _ACQUISITION.get(change, "account_notice")
    return _OURS.get(name) or _REPS.get(name, "")


def _rep(told: Mapping[str, Any], name: str) -> str:
    """The platform's name for the rep it is about; ``sys`` is the platform itself."""
    if name in _REPS:
        return one(told, "FromUserName")
    return one(told, "UserID") if name != "change_contact" else ""


def _id(told: Mapping[str, Any], name: str, change: str) -> str:
    """The same for every repeat of it, in either envelope."""
    stamp = one(told, "CreateTime", "TimeStamp")
    about = (
        "UserID", "ExternalUserID", "ChatId", "CurMemVer", "Id", "TagId", "JobId", "TaskId",
        "LinkId", "UpdateDetail", "EventKey", "MsgId",
    )  # fmt: skip
    who = [one(told, "FromUserName")] if name in _REPS else []
    which = ":".join([*who, *(one(told, each) for each in about)]).strip(":")
    return f"{name}.{change}@{stamp}:{which}"[:240]


def _members(told: Mapping[str, Any], main: Event) -> Iterator[Event]:
    """Customers whom the callback names; a colleague's id does not begin like theirs."""
    kind = {"add_member": "joined_group", "del_member": "left_group"}.get(
        one(told, "UpdateDetail")
    )  # fmt: skip
    listed = told.get("MemChangeList")
    items = listed.get("Item", ()) if isinstance(listed, Mapping) else ()
    for who in [items] if isinstance(items, str) else items:
        if kind and isinstance(who, str) and is_external(who):
            yield Event(
                id=f"{main.id}:{who}"[:240], kind=kind, account=main.account, at=main.at,
                handle=Handle(EXTERNAL, main.account, who), ecosystem=Ecosystem.WECHAT,
                detail={"ChatId": one(told, "ChatId")},
            )  # fmt: skip


def is_external(who: str) -> bool:
    """Is this id a customer's? (``wm…`` a WeChat user, ``wo…`` a colleague elsewhere)"""
    return who.startswith(("wm", "wo")) and len(who) >= 20


def answered(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What was chosen on a card. The platform really writes ``OpitonIds``; both are read."""
    picked = told.get("SelectedItems")
    items = picked.get("SelectedItem", ()) if isinstance(picked, Mapping) else ()
    chosen: list[str] = []
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, Mapping):
            chosen += _options(item)
    return tuple(chosen)


def _options(item: Mapping[str, Any]) -> list[str]:
    for outer, inner in (("OpitonIds", "OpitonId"), ("OptionIds", "OptionId")):
        held = item.get(outer)
        if isinstance(held, Mapping) and inner in held:
            ids = held[inner]
            return [str(each) for each in (ids if isinstance(ids, list) else [ids])]
    return []
