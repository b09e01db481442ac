"""Douyin (抖音): a creator posts what we hand over; what her fans do there is heard.

Habits of the platform to know before changing anything here:

* Publishing on a creator's behalf must be perceived by her, and branded videos are refused: so a
  person posts it, and the webhook of the new post carries our ``share_id`` back.
* Webhooks are signed with SHA-1 over the secret and the body; they come again, out of order, or
  not at all. One that is not answered within five seconds comes three times more.
* ``verify_webhook`` wants its challenge back, as a number.
* What a fan fills in on a retain-consult card (留资卡片) is the lawful way to her contact.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import Any, ClassVar

import orjson

from channels.base import Callback, Progress, Receipt, Received, Refused
from channels.capabilities import Capabilities, Limits
from channels.hand_offs import HandOffs
from channels.handed_over import HandedOver
from channels.video import hearing
from kernel.clock import Clock
from kernel.secret import Secret

ANSWER = b'{"err_no":0,"err_tips":"success"}'


class Douyin(HandedOver):
    """One creator's account on Douyin."""

    key: ClassVar[str] = "douyin"
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2025, 11, 1),
                source="developer.open-douyin.com, create_video and the share schema",
                shows=frozenset({"image", "video", "livestream"}),
                title=55,
                cover_types=frozenset({"image/jpeg", "image/png"}),
                person_day=3,
            ),
        )
    )
    longest_review = timedelta(hours=24)

    def __init__(
        self,
        hand_offs: HandOffs,
        clock: Clock,
        *,
        account: str,
        client_key: str,
        client_secret: Secret,
    ) -> None:
        super().__init__(hand_offs, account=account)
        self._clock = clock
        self._client_key = client_key
        self._secret = client_secret

    def receive(self, callback: Callback) -> Received:
        """No stamp is signed, so an old webhook cannot be told from a late one; its number can."""
        self._check(callback)
        try:
            told = hearing.fields(callback.body)
            if told["event"] == "verify_webhook":
                return Received(answer=self._challenge(told))
            if told.get("client_key") not in (None, "", self._client_key):
                raise KeyError("client_key")
            number = callback.headers.get("msg-id", "")
            events = tuple(
                hearing.events(told, self._account, callback.body, number, self._clock())
            )
        except hearing.UNREADABLE:
            return Received(unreadable=callback.body, answer=ANSWER)
        return Received(events=events, outcomes=self._posted(told), answer=ANSWER)

    def _check(self, callback: Callback) -> None:
        secret = self._secret.reveal().encode()
        ours = hashlib.sha1(secret + callback.body, usedforsecurity=False).hexdigest()
        told = callback.headers.get("x-douyin-signature", "")
        if not hmac.compare_digest(ours.encode(), told.encode("utf-8", "replace")):
            raise Refused("callback_not_genuine", account=self._account)

    @staticmethod
    def _challenge(told: dict[str, Any]) -> bytes:
        content = told["content"] if isinstance(told["content"], dict) else told
        return orjson.dumps({"challenge": int(content["challenge"])})

    def _posted(self, told: dict[str, Any]) -> tuple[Receipt, ...]:
        """The creator has posted what we handed over: its ``share_id`` is our key."""
        content = told["content"] if isinstance(told["content"], dict) else {}
        share = str(content.get("share_id") or "")
        if told["event"] != "create_video" or self._hand_offs.known(share) is None:
            return ()
        self._hand_offs.note_posted(share, by="douyin", address=str(content.get("item_id") or ""))
        return (Receipt(ref=share, progress=Progress.SHOWN),)
