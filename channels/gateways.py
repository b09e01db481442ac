"""SMS (短信): one gateway of a provider; short texts out, reports and replies in.

Habits of gateways to know before changing anything here:

* A text begins with the signature (签名) that is registered, and what is marketing ends with the
  unsubscribe word: carriers block what lacks either.
* Providers want a template (模板) with named parts; what is not registered is refused.
* "Taken" is not "arrived": the report comes by callback, minutes later, with our own number.
* A reply comes in as an uplink; 退订, T or TD means: no more marketing by SMS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import orjson

from channels.base import (
    Callback,
    Idempotency,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Refused,
    Stop,
)
from channels.capabilities import Capabilities, Limits
from channels.codes import Codes
from channels.outbound import Http, Question, RateGate, asked, fields
from channels.stopping import is_stop
from data_hub.consents import MARKETING
from data_hub.identities import phone
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Ecosystem, Event, Handle
from kernel.secret import Secret
from kernel.webhooks import genuine, signed

LEAVING = declare("sms.leaving", "composed and signed; about to leave")
TAKEN = declare("sms.taken", "the gateway has it; nobody here knows")

SMS = Codes(
    signed_out=frozenset({
        "isv.AMOUNT_NOT_ENOUGH", "isv.ACCOUNT_ABNORMAL", "isv.OUT_OF_SERVICE",
        "SignatureDoesNotMatch",
    }),
    later={
        "isv.BUSINESS_LIMIT_CONTROL": 60.0,
        "isv.DAY_LIMIT_CONTROL": 3_600.0,
        "isp.SYSTEM_ERROR": 0.0,
    },
    minded={
        "isv.MOBILE_NUMBER_ILLEGAL": "recipient_unknown",
        "isv.BLACK_KEY_CONTROL_LIMIT": "sms_words_not_allowed",
        "isv.SMS_SIGNATURE_ILLEGAL": "sms_signature_unknown",
        "isv.SMS_TEMPLATE_ILLEGAL": "sms_template_unknown",
        "isv.TEMPLATE_MISSING_PARAMETERS": "sms_template_unknown",
    },
    source="help.aliyun.com, dysms: 错误码",
)  # fmt: skip
_LONGEST = 500
"""Characters of a message, signature and link among them (source: see `Sms.capabilities`)."""
_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError)


class Sms:
    """One signature at one gateway."""

    key: ClassVar[str] = "sms"
    writes_to: ClassVar[str] = "phone"
    idempotency: ClassVar[Idempotency] = "none"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="help.aliyun.com, dysms: 500 characters, billed by 67",
                shows=frozenset(),
                person_day=1,
                person_month=15,
            ),
        )
    )
    longest_review = timedelta()

    def __init__(
        self,
        http: Http,
        gate: RateGate,
        clock: Clock,
        zone: Zone,
        *,
        account: str,
        url: str,
        secret: Secret,
        sign_name: str,
        template: str,
        service_template: str = "",
        unsubscribe: str = "拒收请回复T",
        per_minute: float = 3_000,
    ) -> None:
        """``template`` is for marketing and has the parts ``text`` and ``link``;
        ``service_template`` stands in for what is no marketing."""
        self._http = http
        self._gate = gate
        self._clock = clock
        self._zone = zone
        self._account = account
        self._url = url
        self._secret = secret
        self._sign_name = sign_name
        self._templates = {True: template, False: service_template or template}
        self._unsubscribe = unsubscribe
        self._per_minute = per_minute

    # saying

    def send(self, message: Message, *, key: str) -> Receipt:
        marketing = message.purpose == MARKETING
        parts = {"text": _plain(message.text or message.title), "link": message.link}
        whole = self.words(message)
        if len(whole) > _LONGEST:
            raise Refused("channel_text_too_long", field="words", size=len(whole), limit=_LONGEST)
        told = {
            "phone": message.handle.value, "sign_name": self._sign_name, "out_id": key,
            "template": self._templates[marketing], "params": parts, "text": whole,
        }  # fmt: skip
        self._judge(self._asked(told, key))
        crash_point(TAKEN)
        return Receipt(ref=key, progress=Progress.SUBMITTED)

    def words(self, message: Message) -> str:
        """The text as it arrives: signature, words, link, and how to stop it."""
        said = "".join(filter(None, (_plain(message.text or message.title), message.link)))
        ends = self._unsubscribe if message.purpose == MARKETING else ""
        return f"【{self._sign_name}】{said}{' ' if ends and message.link else ''}{ends}"

    def _asked(self, told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        self._gate.enter(self._account, self._per_minute)
        question = Question.of_json("", told, repeatable=False)
        question = question.signed(
            headers=signed([self._secret.reveal()], key, self._clock(), question.body)
        )
        crash_point(LEAVING)
        return fields(asked(self._http, self._url, question), question)

    def _judge(self, told: Mapping[str, Any]) -> None:
        code = str(told.get("code") or "")[:60]
        if code != "OK":
            errmsg = str(told.get("message") or "")[:200]
            raise SMS.trouble(code, {"path": "sms", "errmsg": errmsg})

    # hearing

    def receive(self, callback: Callback) -> Received:
        """Reports of what arrived, and what people replied: one or a list of either."""
        if not genuine(self._secret.reveal(), callback.headers, callback.body, self._clock()):
            raise Refused("callback_not_genuine", account=self._account)
        try:
            told = orjson.loads(callback.body)
            rows = told if isinstance(told, list) else [told]
            reports = tuple(self._report(row) for row in rows if "success" in row)
            replies = [self._reply(row) for row in rows if "content" in row]
        except _UNREADABLE:
            return Received(unreadable=callback.body or b" ", answer=_ANSWER)
        stops = tuple(
            Stop(handle=event.handle, purpose=MARKETING, channel=self.key)
            for event in replies
            if event.handle is not None and is_stop(str(event.detail["Content"]))
        )
        if not (reports or replies):
            return Received(unreadable=callback.body or b" ", answer=_ANSWER)
        return Received(events=tuple(replies), outcomes=reports, stops=stops, answer=_ANSWER)

    def _report(self, row: Mapping[str, Any]) -> Receipt:
        ref = str(row["out_id"])
        if row["success"] is True or str(row["success"]).lower() == "true":
            return Receipt(ref=ref, progress=Progress.SHOWN)
        code = str(row.get("err_code") or "")[:60]
        reason = "recipient_refuses" if "BLACK" in code.upper() else "sms_not_delivered"
        return Receipt(ref=ref, progress=Progress.REFUSED, reason=reason, facts={"errcode": code})

    def _reply(self, row: Mapping[str, Any]) -> Event:
        handle = phone(str(row["phone_number"]))
        if handle is None:
            raise ValueError("nobody wrote it")
        content = str(row["content"])[:500]
        at = self._moment(str(row.get("send_time") or ""))
        number = str(row.get("sequence_id") or f"{handle.value}@{at.timestamp():.0f}:{content}")
        return Event(
            id=f"sms:{number}"[:240], kind="messaged", account=self._account, handle=handle,
            ecosystem=Ecosystem.OWN_APP, at=at, detail={"Content": content, "MsgType": "text"},
        )  # fmt: skip

    def _moment(self, told: str) -> datetime:
        """``2026-03-02 10:00:00`` in the company's zone; never in our future."""
        now = self._clock()
        if not told:
            return now
        at = datetime.fromisoformat(told)
        return min(at if at.tzinfo else at.replace(tzinfo=self._zone.info), now)

    # what cannot be done there

    def publish(self, post: Post, *, key: str) -> Receipt:
        raise Refused("channel_shows_nothing", account=self._account)

    def outcome(self, ref: str) -> Receipt:
        """Only the report tells, by callback."""
        return Receipt(ref=ref, progress=Progress.SUBMITTED)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        return None

    def withdraw(self, ref: str) -> None:
        """What was sent cannot be called back."""

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None


_ANSWER = b'{"code":0,"msg":"ok"}'


def _plain(text: str) -> str:
    return " ".join(text.split())
