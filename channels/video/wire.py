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

import orjson

from channels.base import Busy, Refused, SignedOut, Unanswered
from channels.outbound import Http, RateGate
from channels.video.grants import Grant, Granted, Grants
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.ids import new_id
from kernel.secret import Secret
from stores.claims import Leases

HOST = "https://open.douyin.com"
EARLY = timedelta(days=1)
"""So long before its end the short token is refreshed."""
RENEWED = timedelta(days=7)
"""So long before its end the grant is renewed."""
_BEIJING = Zone("Asia/Shanghai")
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_LATER = {2100004: 2.0, 28001005: 2.0, 28001006: 2.0, 28001052: 1.0, 2118110: 1.0}
_TOMORROW = {2190001, 28003017, 2114007}
_EXPIRED = {2190002, 2190008, 10008, 28001003, 28001008}
_GRANT = {10010, 10020, 2190003, 2190004, 28001012}
_OURS = {28001014, 28001018, 28001016, 28001019, 2190016, 2190015, 2114005, 10007}
_MINDED = {
    2190005: "platform_refused_content", 2190006: "platform_refused_content",
    2111001: "platform_refused_content", 2113001: "platform_refused_content",
    28001045: "recipient_gone", 28001046: "recipient_gone", 28001047: "recipient_gone",
}  # fmt: skip


class DouyinWire:
    """The calls of one creator's account."""

    def __init__(
        self,
        http: Http,
        grants: Grants,
        leases: Leases,
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
        self._leases = leases
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
        asked = {
            "client_key": self._client_key, "response_type": "code", "scope": scopes,
            "redirect_uri": back, "state": state,
        }  # fmt: skip
        return f"{self._host}/platform/oauth/connect/?{urlencode(asked)}"

    def granted(self, code: str) -> Granted:
        """The tokens for her yes; the code is good once."""
        asked = {
            "client_key": self._client_key, "client_secret": self._secret.reveal(), "code": code,
            "grant_type": "authorization_code",
        }  # fmt: skip
        told = self._open("/oauth/access_token/", orjson.dumps(asked), _JSON)
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
        """A token that should be good and is not the one that just failed."""
        me = new_id("tok")
        if self._good(grant := self.grants.one(self._account), not_this):
            return grant
        with self._leases.held(f"grant:{self._account}", me, 30) as lease:
            if lease is None:
                raise Busy("token_is_being_fetched", seconds=1)
            if self._good(grant := self.grants.one(self._account), not_this):
                return grant
            told = self._form(
                "/oauth/refresh_token/", grant_type="refresh_token", refresh_token=grant.refresh
            )
            access = Secret(_text(told, "access_token"))
            self.grants.refreshed(self._account, access, _seconds(told, "expires_in"))
        return self.grants.one(self._account)

    def _good(self, grant: Grant, not_this: str) -> bool:
        return grant.access != not_this and grant.expires > self._clock()

    def _form(self, path: str, **fields: str) -> dict[str, Any]:
        told = {"client_key": self._client_key, **fields}
        return self._open(path, urlencode(told).encode(), _FORM)

    def _open(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        told = self._sent("POST", path, body, headers, repeatable=True)
        code = _code(told)
        if code in _EXPIRED:
            raise SignedOut("creator_must_grant", path=path, errcode=code)
        return self._judged(path, told)

    # calls

    def ask(self, path: str, **payload: Any) -> dict[str, Any]:
        """POST JSON; may be asked again if the answer is lost."""
        return self._call("POST", path, {}, orjson.dumps(payload), _JSON)

    def do(self, path: str, **payload: Any) -> dict[str, Any]:
        """`ask` for what must not be done twice: a lost answer is `Unanswered`."""
        return self._call("POST", path, {}, orjson.dumps(payload), _JSON, repeatable=False)

    def end(self, path: str, **query: str) -> dict[str, Any]:
        """POST with nothing but its query; may be asked again."""
        return self._call("POST", path, query, b"", {})

    def look(self, path: str, **query: str) -> dict[str, Any]:
        return self._call("GET", path, query, b"", {})

    def upload(self, path: str, field: str, name: str, data: bytes, **query: str) -> dict[str, Any]:
        """POST one file, or one part of it; doing it twice does no harm."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._call("POST", path, query, body, kind)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        *,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """One call, signed in; a token that died early is replaced once."""
        failed, code = "", 0
        for _ in range(2):
            grant = self._access(not_this=failed)
            whole = f"{path}?{urlencode({'open_id': grant.creator, **query})}"
            told = self._sent(
                method, whole, body, {**headers, "access-token": grant.access},
                repeatable=repeatable,
            )  # fmt: skip
            if (code := _code(told)) not in _EXPIRED:
                return self._judged(path, told)
            failed = grant.access
        raise SignedOut("platform_signed_us_out", path=path, errcode=code)

    def _sent(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, repeatable: bool
    ) -> dict[str, Any]:
        self._gate.enter(self._account, self._per_minute)
        try:
            answer = self._http.request(method, f"{self._host}{path}", body=body, headers=headers)
            told = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf").strip())
            told = told[0] if isinstance(told, list) and len(told) == 1 else told
            if not isinstance(told, dict):
                raise orjson.JSONDecodeError("not an object", "", 0)
        except orjson.JSONDecodeError as strange:
            if not repeatable:
                raise Unanswered("platform_answer_unreadable", path=_bare(path)) from strange
            raise Busy("platform_answer_unreadable", down=True, path=_bare(path)) from strange
        except Unanswered as lost:
            if not repeatable:
                raise
            raise Busy(lost.reason, down=True, **lost.facts) from lost
        except Busy as later:
            if repeatable or later.facts.get("status") not in (502, 504):
                raise
            raise Unanswered("platform_did_not_answer", host=self._host) from later
        return told

    def _judged(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        """What is in ``data``, beside what stands next to it; or our name for what is minded."""
        code, data = _code(told), _data(told)
        if code == 0:
            return {name: value for name, value in told.items() if name != "data"} | data
        extra = told.get("extra") if isinstance(told.get("extra"), Mapping) else {}
        facts: dict[str, Any] = {
            "path": _bare(path), "errcode": code,
            "errmsg": str(data.get("description") or told.get("err_msg") or "")[:200],
            "logid": str((extra or {}).get("logid") or told.get("log_id") or "")[:80],
        }  # fmt: skip
        if code in _LATER:
            raise Busy("platform_said_later", seconds=_LATER[code], **facts)
        if code in _TOMORROW:
            raise Busy("platform_said_later", seconds=self._until_tomorrow(), **facts)
        if code in _GRANT:
            raise SignedOut("creator_must_grant", **facts)
        if code in _OURS:
            raise SignedOut("platform_signed_us_out", **facts)
        raise Refused(_MINDED.get(code, "platform_refused"), **facts)

    def _until_tomorrow(self) -> float:
        now = self._clock()
        begins = _BEIJING.at(_BEIJING.day(now) + timedelta(days=1))
        return (begins - now).total_seconds()


def _bare(path: str) -> str:
    return path.partition("?")[0]


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
