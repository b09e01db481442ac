"""The letter-box (收信): is this callback from WeChat, and what does it say? Understands no event.

A plain signature does not cover the body, so an account that has an envelope takes nothing plain.
The platform signs every retry anew, so an old stamp is somebody's recording of a callback.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.base import Callback, Refused
from channels.wechat import messages
from channels.wechat.crypto import Envelope, signed
from kernel.clock import Clock

_STALE = 600.0
"""Seconds by which a callback's stamp may miss our clock."""


class LetterBox:
    """Where the callbacks of one account arrive."""

    def __init__(
        self,
        clock: Clock,
        *,
        account: str,
        token: str,
        envelope: Envelope | None,
    ) -> None:
        self._clock = clock
        self._account = account
        self._token = token
        self._envelope = envelope

    def is_handshake(self, callback: Callback) -> bool:
        """The platform asks whether the address is ours, when it is first told."""
        return "echostr" in callback.query and not callback.body

    def echo(self, query: Mapping[str, str]) -> bytes:
        """What the handshake wants to hear. Raises `Refused`."""
        self._check_fresh(query.get("timestamp", ""))
        if self._envelope is not None and "msg_signature" in query:
            self._check(query, query["msg_signature"], query["echostr"])
            return self._envelope.open(query["echostr"])
        self._check(query, query.get("signature", ""))
        return query["echostr"].encode()

    def opened(self, callback: Callback) -> bytes:
        """The message as it was before it was sealed. Raises `Refused`."""
        self._check_fresh(callback.query.get("timestamp", ""))
        if self._envelope is None:
            self._check(callback.query, callback.query.get("signature", ""))
            return callback.body
        try:
            sealed = messages.one(messages.fields(callback.body), "Encrypt", "encrypt")
        except messages.UNREADABLE as strange:
            raise Refused("callback_not_genuine", account=self._account) from strange
        self._check(callback.query, callback.query.get("msg_signature", ""), sealed)
        return self._envelope.open(sealed)

    def _check(self, query: Mapping[str, str], told: str, *sealed: str) -> None:
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not signed(told, self._token, stamp, nonce, *sealed):
            raise Refused("callback_not_genuine", account=self._account)

    def _check_fresh(self, stamp: str) -> None:
        now = self._clock().timestamp()
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
            raise Refused("callback_not_genuine", account=self._account)
        if abs(now - int(stamp)) > _STALE:
            raise Refused("callback_is_stale", account=self._account)
