"""Inside WeCom (企业微信内): a rep signs in with it, and a page of ours stands beside her chats.

Habits of the platform: a sign-in's code is good once and for five minutes; the tickets that pages
are signed with live two hours and may be asked for 400 times an hour, so they are kept like tokens.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from channels.base import Busy, Refused
from channels.reps import Reps
from channels.wechat.wecom.wire import HOST, WeComWire
from kernel.clock import Clock

_AUTHORISES = "https://open.weixin.qq.com/connect/oauth2/authorize"
SDK = "https://wwcdn.weixin.qq.com/node/open/js/wecom-jssdk-2.3.3.js"
"""The platform's script for pages that stand beside a chat."""


class Inside:
    """What pages of ours may do inside WeCom; the channel adds what it is made of."""

    wire: WeComWire
    _reps: Reps
    _account: str
    _agent: int
    _clock: Clock

    def sign_in_at(self, back: str, state: str) -> str:
        """Where a rep's browser asks WeCom who she is; it comes back with a code."""
        asked = {
            "appid": self.wire.corp, "redirect_uri": back, "response_type": "code",
            "scope": "snsapi_base", "state": state, "agentid": self._agent,
        }  # fmt: skip
        host = self.wire.host
        where = _AUTHORISES if host == HOST else f"{host}/connect/oauth2/authorize"
        return f"{where}?{urlencode(asked)}#wechat_redirect"

    def rep_of(self, code: str) -> str:
        """Our id of the rep whose code this is. Raises `Refused` for anybody else."""
        told = self.wire.look("/cgi-bin/auth/getuserinfo", code=code)
        userid = str(told.get("userid") or "")
        staff = self._reps.staff_of(self._account, userid) if userid else ""
        if not staff:
            raise Refused("nobody_of_ours", userid=userid[:64])
        return staff

    def beside(self, url: str) -> dict[str, Any]:
        """What a page at this address needs to be let in beside a chat: both signatures."""
        nonce, stamp = secrets.token_hex(8), int(self._clock().timestamp())
        corp, agent = self._ticket("corp"), self._ticket("agent")
        host = self.wire.host
        return {
            "corpId": self.wire.corp, "agentId": self._agent, "timestamp": stamp,
            "nonceStr": nonce, "signature": signature(corp, nonce, stamp, url),
            "agentSignature": signature(agent, nonce, stamp, url),
            "sdk": SDK if host == HOST else f"{host}/jssdk.js",
        }  # fmt: skip

    def _ticket(self, kind: str) -> str:
        def ask(_: bool) -> tuple[str, float]:
            if kind == "corp":
                told: Mapping[str, Any] = self.wire.look("/cgi-bin/get_jsapi_ticket")
            else:
                told = self.wire.look("/cgi-bin/ticket/get", type="agent_config")
            ticket, seconds = told.get("ticket"), str(told.get("expires_in"))
            if not isinstance(ticket, str) or not ticket or not seconds.isdecimal():
                raise Busy("platform_answer_unreadable", path="ticket")
            return ticket, float(seconds)

        return self.wire.tokens.one(f"{self._account}#{kind}_ticket", ask)


def signature(ticket: str, nonce: str, stamp: int, url: str) -> str:
    """As the JS-SDK wants it; what stands behind the ``#`` of the address does not count."""
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={stamp}&url={page}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
