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

from channels.base import Asset, Busy, SignedOut
from channels.codes import Codes
from channels.outbound import Answer, Http, Question, RateGate, asked, fields
from channels.wechat.tokens import Tokens
from kernel.crash import crash_point, declare
from kernel.secret import Secret

TOKEN = declare("wechat.token", "a token is at hand, perhaps a new one")
HOST = "https://api.weixin.qq.com"
_PICTURES = "https://mp.weixin.qq.com"
"""Where codes are drawn; a host of one's own draws them itself."""

UNKNOWN_MEDIA = frozenset({40007, 40008})

OFFICIAL = Codes(
    expired=frozenset({40001, 40014, 42001}),
    signed_out=frozenset({40013, 40125, 40164, 40243, 42007, 48001, 48004, 50002, 61004}),
    later={-1: 0.0, 45009: 3600.0, 45011: 60.0, 45033: 5.0, 45028: 3600.0, 45066: 60.0},
    down=frozenset({-1}),
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
        return self._call(Question.of_json(path, payload), harmless)

    def do(self, path: str, /, *, harmless: Collection[int] = (), **payload: Any) -> dict[str, Any]:
        """`ask` for something that must not be done twice: a lost answer is `Unanswered`."""
        return self._call(Question.of_json(path, payload, repeatable=False), harmless)

    def look(self, path: str, **query: str) -> dict[str, Any]:
        """GET."""
        return self._call(Question(path=path, query=query))

    def look_at(self, path: str, *, harmless: Collection[int], **query: str) -> dict[str, Any]:
        """GET, where some codes are answers like any other."""
        return self._call(Question(path=path, query=query), harmless)

    def ask_plainly(self, path: str, **query: str) -> dict[str, Any]:
        """GET without a token: the secret itself signs it in."""
        return self._judged(path, self._told(Question(path=path, query=query, repeatable=False)))

    def upload(self, path: str, asset: Asset, **query: str) -> dict[str, Any]:
        """POST one file."""
        body, headers = multipart(asset)
        return self._call(
            Question(method="POST", path=path, query=query, body=body, headers=headers)
        )

    def draw(self, path: str, /, **payload: Any) -> bytes:
        """POST JSON where a picture answers; what is JSON after all says why not."""
        question, token = Question.of_json(path, payload), ""
        for _ in range(2):
            token = self._tokens.one(self._account, self._fetch, not_this=token)
            answer = self._answer(question.signed({"access_token": token}))
            if not answer.body.lstrip().startswith(b"{"):
                return answer.body
            told = fields(answer, question)
            if _code(told) not in self.codes.expired:
                self._judged(path, told)
                raise Busy("platform_answer_unreadable", down=True, path=path)
        raise SignedOut("platform_signed_us_out", path=path)

    def _call(self, question: Question, harmless: Collection[int] = ()) -> dict[str, Any]:
        """One call, signed in; a token that died early is replaced once."""
        token = ""
        for _ in range(2):
            token = self._tokens.one(self._account, self._fetch, not_this=token)
            crash_point(TOKEN)
            told = self._told(question.signed({"access_token": token}))
            if _code(told) not in self.codes.expired:
                return self._judged(question.path, told, harmless)
        raise SignedOut("platform_signed_us_out", path=question.path, errcode=_code(told))

    def _fetch(self, force: bool) -> tuple[str, float]:  # the port's argument
        payload = {
            "grant_type": "client_credential", "appid": self._appid,
            "secret": self._secret.reveal(), "force_refresh": force,
        }  # fmt: skip
        return self._token(Question.of_json("/cgi-bin/stable_token", payload))

    def _token(self, question: Question) -> tuple[str, float]:
        """A token and its life, asked for."""
        path, sent = question.path, self._told(question)
        if _code(sent) in self.codes.expired:  # here it means: the secret is wrong
            raise SignedOut("platform_signed_us_out", path=path, errcode=_code(sent))
        told = self._judged(path, sent)
        token, seconds = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not str(seconds).isdecimal():
            raise Busy("platform_answer_unreadable", down=True, path=path)
        return token, float(str(seconds))

    def _told(self, question: Question) -> dict[str, Any]:
        return fields(self._answer(question), question)

    def _answer(self, question: Question) -> Answer:
        self._gate.enter(self._account, self._per_minute)
        return asked(self._http, self._host, question)

    def _judged(
        self, path: str, told: dict[str, Any], harmless: Collection[int] = ()
    ) -> dict[str, Any]:
        """The answer, or our name for what the platform minds."""
        code = _code(told)
        if code == 0 or code in harmless:
            return told
        errmsg = str(told.get("errmsg") or "")[:200]
        raise self.codes.trouble(code, {"path": path, "errmsg": errmsg})


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
