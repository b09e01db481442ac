"""Mass messages (客户群发任务): to one customer or group, or one task a rep for many customers.

Habits of the platform to know before changing anything here:

* A task has no key of ours. The link of a card carries it behind its ``#``; a task of words alone
  is told by its words, its moment and its customers.
* ``fail_list`` names whom it does not reach, and the rest is a task all the same; when nobody is
  reached at all, the whole call is refused (40096).
* A task is one rep's when its ``sender`` is named, else every customer's own last one's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from channels.base import Mailed, Message, Progress, Receipt, Refused, Unanswered
from channels.reps import Reps
from channels.wechat.wecom.wire import WeComWire
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Handle

TASKED = declare("wecom.tasked", "a rep was given a task; nobody here knows")
GROUP = "wecom_group"
"""The kind of handle that a customer group is known by."""

_ROOM = "/cgi-bin/externalcontact"
_SKEW = timedelta(minutes=2)
"""Between the platform's clock and ours."""
_SENT = {
    0: (Progress.AWAITING_PERSON, ""),
    1: (Progress.SHOWN, ""),
    2: (Progress.REFUSED, "recipient_gone"),
    3: (Progress.REFUSED, "recipient_had_enough"),
}


class Masses:
    """What reps are asked to send; the channel adds what it is made of."""

    wire: WeComWire
    _reps: Reps
    _account: str
    _clock: Clock

    def mail(self, message: Message, to: Sequence[Handle], *, key: str) -> Mailed:
        """One task for the rep whom the message names, to all of them."""
        wanted = [handle.value for handle in to]
        told = self._tasked(message, wanted, key)
        failed = set(texts(told.get("fail_list")))
        return _mailed(str(told["msgid"]), wanted, failed)

    def find_mailing(
        self, message: Message, to: Sequence[Handle], *, key: str, since: datetime
    ) -> Mailed | None:
        """The task that carries our key, or says the same to the same customers since then."""
        wanted = [handle.value for handle in to]
        for task in self._tasks(since):
            msgid = str(task.get("msgid") or "")
            if msgid and self._ours(task, message, key, set(wanted)):
                return _mailed(msgid, wanted, set(wanted) - set(self._reached(msgid)))
        return None

    def mailed(self, ref: str) -> Mapping[str, Receipt]:
        """How far each of a task's customers has got."""
        msgid = ref.split(":")[1]
        return {whose: _receipt(msgid, whose, row) for whose, row in self._reached(msgid).items()}

    def results(self, ref: str) -> list[Mapping[str, Any]]:
        """To whom a task went, by rep: the platform's rows, their ``status`` 0 to 3."""
        msgid = ref.split(":")[1]
        rows: list[Mapping[str, Any]] = []
        for task in self.wire.page(
            f"{_ROOM}/get_groupmsg_task", "task_list", msgid=msgid, limit=1000
        ):
            rows += self.wire.page(
                f"{_ROOM}/get_groupmsg_send_result", "send_list", msgid=msgid,
                userid=str(task.get("userid") or ""), limit=1000,
            )  # fmt: skip
        return rows

    def remind(self, ref: str) -> None:
        """Ask the rep once more to confirm; the platform allows three a day."""
        self.wire.ask(f"{_ROOM}/remind_groupmsg_send", msgid=ref.split(":")[1])

    def _send_one(self, message: Message) -> Receipt:
        """A task for one customer, or one group."""
        whose = message.handle.value
        told = self._tasked(message, [whose], "")
        if whose in texts(told.get("fail_list")):
            raise Refused("recipient_gone")
        return _receipt(str(told["msgid"]), whose, {})

    def _tasked(self, message: Message, wanted: Sequence[str], key: str) -> dict[str, Any]:
        rep = self._reps.userid_of(self._account, message.rep) if message.rep else ""
        chat = message.handle.kind == GROUP
        payload: dict[str, Any] = {"chat_type": "group" if chat else "single"}
        payload |= {"chat_id_list" if chat else "external_userid": list(wanted)}
        payload |= {"sender": rep} if rep else {}
        told = self.wire.do(f"{_ROOM}/add_msg_template", **payload, **content(message, key))
        crash_point(TASKED)
        if told.get("msgid"):
            return told
        if set(wanted) <= set(texts(told.get("fail_list"))):
            raise Refused("recipient_gone")
        raise Unanswered("platform_answer_unreadable", path="add_msg_template")

    def _tasks(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        yield from self.wire.page(
            f"{_ROOM}/get_groupmsg_list_v2", "group_msg_list", chat_type="single",
            start_time=int((since - _SKEW).timestamp()),
            end_time=int((self._clock() + _SKEW).timestamp()), limit=100,
        )  # fmt: skip

    def _ours(self, task: Mapping[str, Any], message: Message, key: str, wanted: set[str]) -> bool:
        """Words alone carry no key: the same words to customers who are all among ours."""
        text = task.get("text")
        words = str(text.get("content") or "") if isinstance(text, Mapping) else ""
        if message.link:
            return key in (_key_of(task), words.rpartition("#")[2])
        if words != message.text:
            return False
        reached = set(self._reached(str(task["msgid"])))
        return bool(reached) and reached <= wanted

    def _reached(self, msgid: str) -> dict[str, Mapping[str, Any]]:
        """The platform's row of every customer and group of a task."""
        rows = self.results(f"mass:{msgid}")
        return {str(row.get("external_userid") or row.get("chat_id") or ""): row for row in rows}

    def _mass(self, ref: str) -> Receipt:
        whose = ref.split(":", 2)[2]
        return self.mailed(ref).get(whose, Receipt(ref=ref, progress=Progress.AWAITING_PERSON))


def _mailed(msgid: str, wanted: Sequence[str], failed: set[str]) -> Mailed:
    gone = {"status": 2}
    receipts = {whose: _receipt(msgid, whose, gone if whose in failed else {}) for whose in wanted}
    return Mailed(ref=f"mass:{msgid}", receipts=receipts)


def _receipt(msgid: str, whose: str, row: Mapping[str, Any]) -> Receipt:
    progress, reason = _SENT.get(whole(row.get("status")), _SENT[0])
    return Receipt(ref=f"mass:{msgid}:{whose}", progress=progress, reason=reason)


def _key_of(task: Mapping[str, Any]) -> str:
    """What we gave along behind the ``#`` of its link."""
    attached = task.get("attachments")
    for one in attached if isinstance(attached, list) else ():
        link = one.get("link") if isinstance(one, Mapping) else None
        if isinstance(link, Mapping):
            return str(link.get("url") or "").partition("#")[2]
    return ""


def content(message: Message, key: str = "") -> dict[str, Any]:
    """Text and attachments, as mass messages and welcomes carry them; the link bears the key."""
    address = f"{message.link}#{key}" if message.link and key else message.link
    if message.kind == "card" and message.link:
        link = {"title": message.title, "url": address, "desc": message.text[:160]}
        if message.cover:
            link["picurl"] = message.cover
        attached = [{"msgtype": "link", "link": link}]
        return {"text": {"content": message.text}, "attachments": attached}
    words = "\n".join(filter(None, (message.text, address)))
    return {"text": {"content": words}}


def texts(value: Any) -> list[str]:
    """A list of ids, whatever the platform made of it."""
    return [str(each) for each in value] if isinstance(value, list) else []


def whole(value: Any) -> int:
    """Numbers come as texts, too; what is none is 0."""
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
