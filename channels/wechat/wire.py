"""WeChat's wire (微信接口): signed-in calls, its error codes, its JSON. Knows no single API.

Habits of the platform to know before changing anything here:

* Failures arrive with HTTP status 200 and a non-zero ``errcode``, which may be a string or missing.
* JSON must be raw UTF-8: ``\\uXXXX`` is shown to readers as it stands.
* A token may die before its time; once, another one helps.
* Only some calls do harm when repeated; for the others a lost answer is as good as none.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from channels.base import Asset, Busy, Refused, SignedOut, Unanswered
from channels.outbound import Answer, Http, RateGate
from channels.wechat.tokens import Tokens
from kernel.crash import crash_point, declare
from kernel.secret import Secret
from kernel.values import dataclass

TOKEN = declare("wechat.token", "a token is at hand, perhaps a new one")
HOST = "https://api.weixin.qq.com"
_PICTURES = "https://mp.weixin.qq.com"
"""Where codes are drawn; a host of one's own draws them itself."""

UNKNOWN_MEDIA = frozenset({40007, 40008})
_LOST_BEHIND_A_GATEWAY = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What a platform's error codes ask us to do. Data: mended here when a platform differs."""

    expired: frozenset[int]
    """The token is no longer good: fetch another, once."""
    signed_out: frozenset[int]
    later: Mapping[int, float]
    """Codes that pass by themselves, and after how many seconds (0: by our own rule)."""
    minded: Mapping[int, str]
    """Everything else is a refusal; these have a name of their own."""
    source: str
    """Where the platform tells them."""
    unverified: frozenset[int] = frozenset()
    """Those that a page of an interface mentions and the platform's list does not."""


OFFICIAL = Codes(
    expired=frozenset({40001, 40014, 42001}),
    signed_out=frozenset({40013, 40125, 40164, 40243, 42007, 48001, 48004, 50002, 61004}),
    later={-1: 0.0, 45009: 3600.0, 45011: 60.0, 45033: 5.0, 45028: 3600.0, 45066: 60.0},
    minded={
        40003: "recipient_unknown",
        40029: "login_code_unknown",
        40163: "login_code_unknown",
        43004: "recipient_gone",
        43019: "recipient_gone",
        43101: "recipient_refuses",
        45015: "reply_window_closed",
        45047: "reply_window_used_up",
        40169: "scene_not_taken",
        45157: "platform_tag_name_taken",
        45158: "platform_tag_name_long",
        45056: "platform_tags_full",
        46004: "recipient_unknown",
        45067: "platform_refused",
        48002: "recipient_refuses",
    },
    source="developers.weixin.qq.com, 全局返回码 and the pages of each interface",
    unverified=frozenset({40243, 45066, 45067}),
)


class Wire:
    """The calls of one account."""

    codes: ClassVar[Codes] = OFFICIAL

    def __init__(
        self,
        http: Http,
        tokens: Tokens,
        gate: RateGate,
        *,
        account: str,
        appid: str,
        secret: Secret,
        host: str = HOST,
        per_minute: float = 600,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._gate = gate
        self._account = account
        self._appid = appid
        self._secret = secret
        self._host = host.rstrip("/")
        self._per_minute = per_minute

    @property
    def shows(self) -> str:
        """The host that draws codes for people."""
        return _PICTURES if self._host == HOST else self._host

    def ask(
        self, path: str, /, *, harmless: Collection[int] = (), **payload: Any
    ) -> dict[str, Any]:
        """POST JSON; what answers is told apart by `Busy`, `Refused` and `SignedOut`."""
        return self._call("POST", path, {}, orjson.dumps(payload), _JSON, harmless)

    def do(self, path: str, /, *, harmless: Collection[int] = (), **payload: Any) -> dict[str, Any]:
        """`ask` for something that must not be done twice: a lost answer is `Unanswered`."""
        body = orjson.dumps(payload)
        return self._call("POST", path, {}, body, _JSON, harmless, repeatable=False)

    def look(self, path: str, **query: str) -> dict[str, Any]:
        """GET."""
        return self._call("GET", path, query, b"", {}, ())

    def look_at(self, path: str, *, harmless: Collection[int], **query: str) -> dict[str, Any]:
        """GET, where some codes are answers like any other."""
        return self._call("GET", path, query, b"", {}, harmless)

    def ask_plainly(self, path: str, **query: str) -> dict[str, Any]:
        """GET without a token: the secret itself signs it in."""
        return self._judged(path, self._send("GET", path, query, b"", {}, repeatable=False), ())

    def upload(self, path: str, asset: Asset, **query: str) -> dict[str, Any]:
        """POST one file."""
        body, headers = multipart(asset)
        return self._call("POST", path, query, body, headers, ())

    def draw(self, path: str, /, **payload: Any) -> bytes:
        """POST JSON where a picture answers; what is JSON after all says why not."""
        token, body = "", orjson.dumps(payload)
        for _ in range(2):
            token = self._tokens.one(self._account, self._fetch, not_this=token)
            answer = self._raw("POST", path, {"access_token": token}, body, _JSON, repeatable=True)
            if not answer.body.lstrip().startswith(b"{"):
                return answer.body
            told = self._parsed(answer, path, repeatable=True)
            if _code(told) not in self.codes.expired:
                self._judged(path, told, ())
                raise Busy("platform_answer_unreadable", down=True, path=path)
        raise SignedOut("platform_signed_us_out", path=path)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        harmless: Collection[int],
        *,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """One call, signed in; a token that died early is replaced once."""
        token = ""
        for _ in range(2):
            token = self._tokens.one(self._account, self._fetch, not_this=token)
            crash_point(TOKEN)
            told = self._send(
                method, path, {**query, "access_token": token}, body, headers,
                repeatable=repeatable,
            )  # fmt: skip
            if _code(told) not in self.codes.expired:
                return self._judged(path, told, harmless)
        raise SignedOut("platform_signed_us_out", path=path, errcode=_code(told))

    def _fetch(self, force: bool) -> tuple[str, float]:  # the port's argument
        asked = {
            "grant_type": "client_credential", "appid": self._appid,
            "secret": self._secret.reveal(), "force_refresh": force,
        }  # fmt: skip
        path = "/cgi-bin/stable_token"
        sent = self._send("POST", path, {}, orjson.dumps(asked), _JSON, repeatable=True)
        return self._token(path, sent)

    def _token(self, path: str, sent: dict[str, Any]) -> tuple[str, float]:
        """A token and its life out of an answer."""
        if _code(sent) in self.codes.expired:  # here it means: the secret is wrong
            raise SignedOut("platform_signed_us_out", path=path, errcode=_code(sent))
        told = self._judged(path, sent, ())
        token, seconds = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not str(seconds).isdecimal():
            raise Busy("platform_answer_unreadable", down=True, path=path)
        return token, float(str(seconds))

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> dict[str, Any]:
        answer = self._raw(method, path, query, body, headers, repeatable=repeatable)
        return self._parsed(answer, path, repeatable=repeatable)

    @staticmethod
    def _parsed(answer: Answer, path: str, *, repeatable: bool) -> dict[str, Any]:
        try:
            told = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
            if not isinstance(told, dict):
                raise orjson.JSONDecodeError("not an object", "", 0)
        except orjson.JSONDecodeError as strange:  # a gateway's HTML, or half an answer
            if not repeatable:
                raise Unanswered("platform_answer_unreadable", path=path) from strange
            raise Busy("platform_answer_unreadable", down=True, path=path) from strange
        return told

    def _raw(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> Answer:
        self._gate.enter(f"{self._account}", self._per_minute)
        url = f"{self._host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            return self._http.request(method, url, body=body, headers=headers)
        except Unanswered as lost:
            if not repeatable:
                raise
            raise Busy(lost.reason, down=True, **lost.facts) from lost
        except Busy as later:
            if repeatable or later.facts.get("status") not in _LOST_BEHIND_A_GATEWAY:
                raise
            raise Unanswered("platform_did_not_answer", host=self._host) from later

    def _judged(self, path: str, told: dict[str, Any], harmless: Collection[int]) -> dict[str, Any]:
        """The answer, or our name for what the platform minds."""
        code = _code(told)
        if code == 0 or code in harmless:
            return told
        facts = {"path": path, "errcode": code, "errmsg": str(told.get("errmsg") or "")[:200]}
        if code in self.codes.signed_out:
            raise SignedOut("platform_signed_us_out", **facts)
        if code in self.codes.later:
            wait = self.codes.later[code]
            raise Busy("platform_said_later", seconds=wait, down=code == -1, **facts)
        raise Refused(self.codes.minded.get(code, "platform_refused"), **facts)


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def _code(told: Mapping[str, Any]) -> int:
    try:
        return int(told.get("errcode") or 0)
    except (TypeError, ValueError):
        return -1


def multipart(asset: Asset) -> tuple[bytes, dict[str, str]]:
    """One file in the field ``media``, as every upload of the platform wants it."""
    boundary = uuid.uuid4().hex
    kind = asset.content_type
    name = f"picture.{kind.rpartition('/')[2].replace('jpeg', 'jpg')}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + asset.data + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def text(told: Mapping[str, Any], name: str) -> str:
    """A field that the platform owes us."""
    value = told.get(name)
    if not isinstance(value, str | int) or value == "":
        raise Busy("platform_answer_unreadable", path=name)
    return str(value)
