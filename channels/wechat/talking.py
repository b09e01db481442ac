"""Talking to one fan (客服、订阅与模板消息): through the first door that the platform leaves open.

Habits of the platform: after she wrote one may answer for 48 hours and five times, after she
followed or clicked for a minute and three times. When that window is closed, a subscribe message
uses up one allow of hers (`channels.allowances`), and a template message is for service alone. Only
the last knows a key of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from channels.allowances import Allowances
from channels.base import Message, Progress, Receipt, Refused
from channels.wechat.wire import Wire
from data_hub.consents import MARKETING
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.values import dataclass

SENDING = declare("wechat.sending", "about to talk to one person")
SENT = declare("wechat.sent", "she was told; nobody here knows")
USED = declare("wechat.allow_used", "an allow of hers is used up; the message has not left")

PARTS: Mapping[str, str] = {"title": "thing1", "text": "thing2", "time": "time3"}
_CLOSED = frozenset({"reply_window_closed", "reply_window_used_up"})
_NONE_LEFT = 43101
_THING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The templates that an account may use; empty is none."""

    subscribe: str = ""
    """For one message each that she allowed (一次性订阅)."""
    service: str = ""
    """For service notices: marketing never goes by it."""
    parts: Mapping[str, str] = field(default_factory=lambda: dict(PARTS))
    """Which part takes the ``title``, ``text`` and ``time``."""
    zone: Zone = field(default_factory=Zone)
    """By whose clock that time is told."""


class Talking:
    """What one account says to single fans."""

    def __init__(
        self, wire: Wire, allowances: Allowances | None, templates: Templates, clock: Clock
    ) -> None:
        self._wire = wire
        self._allowances = allowances
        self._templates = templates
        self._clock = clock

    def send(self, message: Message, *, key: str) -> Receipt:
        """A lost answer is for a person to look at, except by template."""
        crash_point(SENDING)
        try:
            self._wire.do(
                "/cgi-bin/message/custom/send", touser=message.handle.value, **_spoken(message)
            )
        except Refused as no:
            if no.reason not in _CLOSED:
                raise
            if receipt := self._allowed(message, key) or self._noticed(message, key):
                return receipt
            raise
        crash_point(SENT)
        return Receipt(ref=key, progress=Progress.SHOWN)

    def _allowed(self, message: Message, key: str) -> Receipt | None:
        """By an allow of hers; None if there is none."""
        template, hers = self._templates.subscribe, message.handle
        if not template or self._allowances is None:
            return None
        try:
            self._allowances.use(hers, template, key=key)
        except Refused:
            return None
        crash_point(USED)
        try:
            self._wire.do(
                "/cgi-bin/message/subscribe/bizsend", template_id=template, **self._filled(message)
            )
        except Refused as no:
            if no.facts.get("errcode") == _NONE_LEFT:  # the platform knows better
                self._allowances.forget(hers, template)
            raise
        crash_point(SENT)
        return Receipt(ref=f"subscribe:{key}", progress=Progress.SHOWN)

    def _noticed(self, message: Message, key: str) -> Receipt | None:
        """As a service notice; None if it is none. The same key is sent once."""
        if not self._templates.service or message.purpose == MARKETING:
            return None
        told = self._wire.ask(
            "/cgi-bin/message/template/send", template_id=self._templates.service,
            client_msg_id=key[:32], **self._filled(message),
        )  # fmt: skip
        crash_point(SENT)
        return Receipt(ref=f"template:{told.get('msgid') or key}", progress=Progress.SUBMITTED)

    def _filled(self, message: Message) -> dict[str, Any]:
        filled = {
            "touser": message.handle.value,
            "data": data(message, self._templates.parts, self._templates.zone.local(self._clock())),
        }
        return filled | ({"url": message.link} if message.link else {})


def data(message: Message, parts: Mapping[str, str], now: datetime) -> dict[str, dict[str, str]]:
    """A template's parts; a ``thing`` takes 20 characters. ``now`` is told as it stands."""
    said = {
        "title": message.title or message.text, "text": message.text or message.title,
        "time": f"{now:%Y-%m-%d %H:%M}",
    }  # fmt: skip
    return {
        part: {"value": said[name][:_THING] if part.startswith("thing") else said[name]}
        for name, part in parts.items()
        if name in said
    }


def _spoken(message: Message) -> dict[str, Any]:
    if message.kind != "card":
        words = "\n".join(filter(None, (message.text, message.link)))
        return {"msgtype": "text", "text": {"content": words}}
    piece = {
        "title": message.title, "description": message.text, "url": message.link,
        "picurl": message.cover,
    }  # fmt: skip
    return {"msgtype": "news", "news": {"articles": [piece]}}
