"""Cards to reps (员工消息与卡片): a task in the rep's own WeCom, closed once it is handled.

The platform lets the same content through once in half an hour to four hours if asked, which is
what makes a repeated card harmless; more than 30 a minute to one member vanish without a word.
"""

from __future__ import annotations

from typing import Any

from channels.base import Message, Progress, Receipt, Refused
from channels.reps import Reps
from channels.wechat.wecom.wire import WeComWire

_SAME_WITHIN = 14_400
_USED = frozenset({40058})
"""A code that was used, or is too old: nothing is left to close."""


class Cards:
    """What one application says to members."""

    def __init__(self, wire: WeComWire, reps: Reps, *, account: str, agent: int) -> None:
        self._wire = wire
        self._reps = reps
        self._account = account
        self._agent = agent

    def send(self, message: Message, *, key: str) -> Receipt:
        """A card with a title, words and where to go; ``handle`` holds our id of the rep."""
        userid = self._reps.userid_of(self._account, message.handle.value)
        told = self._wire.ask(
            "/cgi-bin/message/send", touser=userid, agentid=self._agent,
            enable_duplicate_check=1, duplicate_check_interval=_SAME_WITHIN, **_card(message, key),
        )  # fmt: skip
        missed = f"{told.get('invaliduser') or ''}|{told.get('unlicenseduser') or ''}"
        if userid in missed.split("|"):
            raise Refused("recipient_unknown")
        code = str(told.get("response_code") or "")
        return Receipt(ref=f"card:{told.get('msgid') or key}:{code}", progress=Progress.SHOWN)

    def settle(self, ref: str, words: str) -> None:
        """Its code is good once and for three days; later there is nothing to close."""
        code = ref.split(":", 2)[2]
        if code:
            self._wire.ask(
                "/cgi-bin/message/update_template_card", harmless=_USED, atall=1,
                agentid=self._agent, response_code=code, button={"replace_name": words[:24]},
            )  # fmt: skip


def _card(message: Message, key: str) -> dict[str, Any]:
    if not message.link:
        return {"msgtype": "text", "text": {"content": message.text}}
    card: dict[str, Any] = {
        "card_type": "button_interaction",
        "main_title": {
            "title": message.title[:36] or message.text[:36],
            "desc": message.text[:128],
        },
        "card_action": {"type": 1, "url": message.link},
        "task_id": key[:128],
        "button_list": [{"text": message.button, "style": 1, "key": "done"}],
    }
    return {"msgtype": "template_card", "template_card": card}
