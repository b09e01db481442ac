"""The wire to Douyin's open platform (抖音接口): signed in by a creator's grant, its codes read.

Habits: an answer is 200 with ``data.error_code``; the outer code, where there is one, only says
that the gateway was up. Codes come as numbers or texts, ``data`` sometimes in a list. A token that
dies early is refreshed once; what the platform counts by day is back at midnight in Beijing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from channels.base import Busy, SignedOut
from channels.codes import Codes
from channels.outbound import Http, Question, RateGate, asked, fields
from channels.video.grants import Grant, Granted, Grants
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.secret import Secret

HOST = "https://open.douyin.com"
EARLY = timedelta(days=1)
"""So long before its end the short token is refreshed."""
RENEWED = timedelta(days=7)
"""So long before its end the grant is renewed."""
_BEIJING = Zone("Asia/Shanghai")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

DOUYIN = Codes(
    expired=frozenset({2190002, 2190008, 10008, 28001003, 28001008}),
    signed_out=frozenset({
        28001014, 28001018, 28001016, 28001019, 2190016, 2190015, 2114005, 10007,
    }),
    ungranted=frozenset({10010, 10020, 2190003, 2190004, 28001012}),
    later={2100004: 2.0, 28001005: 2.0, 28001006: 2.0, 28001052: 1.0, 2118110: 1.0},
    tomorrow=frozenset({2190001, 28003017, 2114007}),
    minded={
        2190005: "platform_refused_content",
        2190006: "platform_refused_content",
        2111001: "platform_refused_content",
        2113001: "platform_refused_content",
        28001045: "recipient_gone",
        28001046: "recipient_gone",
        28001047: "recipient_gone",
    },
    source="developer.open-douyin.com, 错误码 and the pages of each interface",
)  # fmt: skip


class DouyinWire:
    """The calls of one creator's account."""

    def __init__(
        self,
        http: Http,
        grants: Grants,
        gate: RateGate,
        clock: Clock,
        *,
        account: str,
        client_key: str,
        client_secret: Secret,
        host: str = HOST,
        per_minute: float = 600,
    ) -> None:
        self._http = http
        self.grants = grants
        self._gate = gate
        self._clock = clock
        self._account = account
        self._client_key = client_key
        self._secret = client_secret
        self._host = host.rstrip("/")
        self._per_minute = per_minute

    # the grant

    def consent(self, state: str, back: str, scopes: str) -> str:
        """Where the creator says yes."""
        told = {
            "client_key": self._client_key, "response_type": "code", "scope": scopes,
            "redirect_uri": back, "state": state,
        }  # fmt: skip
        return f"{self._host}/platform/oauth/connect/?{urlencode(told)}"

    def granted(self, code: str) -> Granted:
        """The tokens for her yes; the code is good once."""
        payload = {
            "client_key": self._client_key, "client_secret": self._secret.reveal(), "code": code,
            "grant_type": "authorization_code",
        }  # fmt: skip
        told = self._open(Question.of_json("/oauth/access_token/", payload))
        return Granted(
            creator=_text(told, "open_id"), access=Secret(_text(told, "access_token")),
            seconds=_seconds(told, "expires_in"), refresh=Secret(_text(told, "refresh_token")),
            refresh_seconds=_seconds(told, "refresh_expires_in"),
            scopes=str(told.get("scope") or ""),
        )  # fmt: skip

    def renew(self) -> bool:
        """Refresh and renew ahead of their ends; was there anything to do? Raises `SignedOut`
        when she must be asked again."""
        grant, now = self.grants.one(self._account), self._clock()
        done = False
        if grant.renewable and grant.ends - now <= RENEWED:
            told = self._form("/oauth/renew_refresh_token/", refresh_token=grant.refresh)
            refresh = Secret(_text(told, "refresh_token"))
            self.grants.renewed(self._account, refresh, _seconds(told, "expires_in"))
            done = True
        if grant.expires - now <= EARLY:
            self._access(not_this=grant.access)
            done = True
        return done

    def _access(self, not_this: str = "") -> Grant:
        """With a token that should be good and is not the one that just failed."""
        return self.grants.good(self._account, self._refresh, not_this=not_this)

    def _refresh(self, grant: Grant) -> None:
        told = self._form(
            "/oauth/refresh_token/", grant_type="refresh_token", refresh_token=grant.refresh
        )
        access = Secret(_text(told, "access_token"))
        self.grants.refreshed(self._account, access, _seconds(told, "expires_in"))

    def _form(self, path: str, **told: str) -> dict[str, Any]:
        body = urlencode({"client_key": self._client_key, **told}).encode()
        return self._open(Question(method="POST", path=path, body=body, headers=_FORM))

    def _open(self, question: Question) -> dict[str, Any]:
        """A call that no token signs in."""
        told = self._told(question)
        if (code := _code(told)) in DOUYIN.expired:
            raise SignedOut("creator_must_grant", path=question.path, errcode=code)
        return self._judged(question.path, told)

    # calls

    def ask(self, path: str, **payload: Any) -> dict[str, Any]:
        """POST JSON; may be asked again if the answer is lost."""
        return self._call(Question.of_json(path, payload))

    def do(self, path: str, **payload: Any) -> dict[str, Any]:
        """`ask` for what must not be done twice: a lost answer is `Unanswered`."""
        return self._call(Question.of_json(path, payload, repeatable=False))

    def end(self, path: str, **query: str) -> dict[str, Any]:
        """POST with nothing but its query; may be asked again."""
        return self._call(Question(method="POST", path=path, query=query))

    def look(self, path: str, **query: str) -> dict[str, Any]:
        return self._call(Question(path=path, query=query))

    def upload(self, path: str, field: str, name: str, data: bytes, **query: str) -> dict[str, Any]:
        """POST one file, or one part of it; doing it twice does no harm."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._call(Question(method="POST", path=path, query=query, body=body, headers=kind))

    def _call(self, question: Question) -> dict[str, Any]:
        """One call, signed in; a token that died early is replaced once."""
        failed, code = "", 0
        for _ in range(2):
            grant = self._access(not_this=failed)
            told = self._told(
                question.signed({"open_id": grant.creator}, {"access-token": grant.access})
            )
            if (code := _code(told)) not in DOUYIN.expired:
                return self._judged(question.path, told)
            failed = grant.access
        raise SignedOut("platform_signed_us_out", path=question.path, errcode=code)

    def _told(self, question: Question) -> dict[str, Any]:
        self._gate.enter(self._account, self._per_minute)
        return fields(asked(self._http, self._host, question), question)

    def _judged(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        """What is in ``data``, beside what stands next to it; or our name for what is minded."""
        code, data = _code(told), _data(told)
        if code == 0:
            return {name: value for name, value in told.items() if name != "data"} | data
        extra = told.get("extra") if isinstance(told.get("extra"), Mapping) else {}
        facts = {
            "path": path,
            "errmsg": str(data.get("description") or told.get("err_msg") or "")[:200],
            "logid": str((extra or {}).get("logid") or told.get("log_id") or "")[:80],
        }
        raise DOUYIN.trouble(code, facts, today=self._until_tomorrow())

    def _until_tomorrow(self) -> float:
        now = self._clock()
        begins = _BEIJING.at(_BEIJING.day(now) + timedelta(days=1))
        return (begins - now).total_seconds()


def _data(told: Mapping[str, Any]) -> dict[str, Any]:
    data = told.get("data")
    if isinstance(data, list) and data:
        data = data[0]
    return dict(data) if isinstance(data, Mapping) else {}


def _code(told: Mapping[str, Any]) -> int:
    """The code of what was asked; the gateway's if that is all there is."""
    data = _data(told)
    extra = told.get("extra")
    outer = extra.get("error_code") if isinstance(extra, Mapping) else None
    for value in (data.get("error_code"), told.get("err_no"), outer):
        if value not in (None, "", 0, "0"):
            try:
                return int(value)
            except (TypeError, ValueError):
                return -1
    return 0


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise Busy("platform_answer_unreadable", down=True, path=name)
    return value


def _seconds(told: Mapping[str, Any], name: str) -> float:
    value = str(told.get(name) or "")
    if not value.isdecimal():
        raise Busy("platform_answer_unreadable", down=True, path=name)
    return float(value)
