"""The SMS gateway's twin (短信网关分身): takes texts, reports what arrived, lets a person reply.

As strict as a gateway: an unknown signature, template or number is refused, so is marketing that
does not say how to stop it. A phone that replied 退订 gets no more marketing: it is reported so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import urllib3
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Accounts, SmsGateway, known
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger
from kernel.calendar import Zone

_SCHEMA = """
create table if not exists sms_texts (
    id integer primary key autoincrement, code text not null, phone text not null,
    ours integer not null, words text not null, template text not null, out_id text not null,
    at real not null, tries integer not null default 0, told real);
create index if not exists sms_texts_of on sms_texts (code, phone, at);
"""
_ZONE = Zone("Asia/Shanghai")
_TRIES = 3
_A_DAY = 10
_LONGEST = 500
_STOPS = ("回复T", "回T", "退订", "拒收请")


class NotTaken(Exception):
    """The gateway will not, and says so by its own code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Texts:
    """Every text that came and went."""

    def __init__(self, ledger: Ledger, clock: MovableClock, accounts: Accounts, hub: str) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._accounts, self._hub = ledger, clock, accounts, hub
        self._http = urllib3.PoolManager(retries=False, timeout=5.0)

    def take(self, gateway: SmsGateway, told: Mapping[str, Any]) -> int:
        """Keep a text for its phone. Raises `NotTaken`."""
        phone, template = str(told.get("phone") or ""), str(told.get("template") or "")
        words = str(told.get("text") or "")
        if not (len(phone) == 11 and phone.isdecimal() and phone[0] == "1"):
            raise NotTaken("isv.MOBILE_NUMBER_ILLEGAL")
        if told.get("sign_name") != gateway.sign_name:
            raise NotTaken("isv.SMS_SIGNATURE_ILLEGAL")
        if template not in (gateway.template, gateway.service_template):
            raise NotTaken("isv.SMS_TEMPLATE_ILLEGAL")
        if not words.startswith(f"【{gateway.sign_name}】") or not 1 <= len(words) <= _LONGEST:
            raise NotTaken("isv.SMS_CONTENT_ILLEGAL")
        if template == gateway.template and not any(stop in words for stop in _STOPS):
            raise NotTaken("isv.BLACK_KEY_CONTROL_LIMIT")
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            today = db.execute(
                "select count(*) from sms_texts where code = ? and phone = ? and ours = 1"
                " and at > ?", (gateway.code, phone, now - 86_400),
            ).fetchone()[0]  # fmt: skip
            if today >= _A_DAY:
                raise NotTaken("isv.BUSINESS_LIMIT_CONTROL")
            return self._kept(gateway.code, phone, True, words, template, str(told.get("out_id")))

    def reply(self, gateway: SmsGateway, phone: str, words: str) -> int:
        """Her owner writes back."""
        return self._kept(gateway.code, phone, False, words, "", "")

    def _kept(
        self, code: str, phone: str, ours: bool, words: str, template: str, out_id: str
    ) -> int:
        with self._ledger.turn() as db:
            return (
                db.execute(
                    "insert into sms_texts (code, phone, ours, words, template, out_id, at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    (code, phone, ours, words, template, out_id, self._clock.seconds()),
                ).lastrowid
                or 0
            )

    def settle(self) -> int:
        """Tell the company of every text that it was not told of; how many were tried."""
        with self._ledger.turn() as db:
            due = db.execute(
                "select * from sms_texts where told is null and tries < ? order by id limit 50",
                (_TRIES,),
            ).fetchall()
        gateways = {one.code: one for one in self._accounts.gateways()}
        for row in due:
            heard = row["code"] in gateways and self._tell(gateways[row["code"]], row)
            with self._ledger.turn() as db:
                db.execute(
                    "update sms_texts set tries = tries + 1, told = ? where id = ?",
                    (self._clock.seconds() if heard else None, row["id"]),
                )
        return len(due)

    def _tell(self, gateway: SmsGateway, row: Any) -> bool:
        """A report for ours, an uplink for hers."""
        stamp = f"{datetime.fromtimestamp(row['at'], _ZONE.info):%Y-%m-%d %H:%M:%S}"
        told: dict[str, Any] = {"phone_number": row["phone"], "send_time": stamp}
        if row["ours"]:
            refused = row["template"] == gateway.template and self._stopped(row)
            told |= {"out_id": row["out_id"], "biz_id": f"biz{row['id']}",
                     "success": not refused, "err_code": "MK:BLACKLIST" if refused else "DELIVERED",
                     "report_time": stamp}  # fmt: skip
        else:
            told |= {"content": row["words"], "sign_name": gateway.sign_name,
                     "sequence_id": f"up{row['id']}"}  # fmt: skip
        body = orjson.dumps([told])
        headers = _signed(gateway.sign_key, f"sms{row['id']}", self._clock.machine(), body)
        try:
            answer = self._http.request(
                "POST", f"{self._hub}/callbacks/{gateway.code}", body=body,
                headers={"Content-Type": "application/json", **headers},
            )  # fmt: skip
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200

    def _stopped(self, row: Any) -> bool:
        with self._ledger.turn() as db:
            said = db.execute(
                "select 1 from sms_texts where code = ? and phone = ? and ours = 0 and at < ?"
                " and trim(words) in ('退订', 'T', 't', 'TD')",
                (row["code"], row["phone"], row["at"]),
            ).fetchone()
        return said is not None

    def all(self, code: str) -> list[dict[str, Any]]:
        """Oldest first."""
        with self._ledger.turn() as db:
            rows = db.execute("select * from sms_texts where code = ? order by id", (code,))
            return [dict(row) for row in rows]


def _signed(key: str, id_: str, stamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks, by the sandbox's own code."""
    whole = f"{id_}.{stamp}.".encode() + body
    mac = base64.b64encode(hmac.new(key.encode(), whole, hashlib.sha256).digest()).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{mac}"}


def blueprint(texts: Texts, accounts: Accounts) -> Blueprint:
    """The gateway's one call, the phones, and the door for tests."""
    door = Blueprint("sms", __name__)

    def gateway(code: str) -> SmsGateway:
        return known(accounts.gateways(), code)

    @door.post("/sms-gateway/<code>")
    def send(code: str) -> Response:
        return jsonify(**_answered(texts, gateway(code)))

    @door.get("/sms/<code>")
    def phones(code: str) -> str:
        told: dict[str, list[dict[str, Any]]] = {}
        for row in texts.all(code):
            told.setdefault(row["phone"], []).append(row)
        return render_template("sms.html", gateway=gateway(code), phones=told)

    @door.post("/sms/<code>/<phone>")
    def reply(code: str, phone: str) -> Answer:
        if words := request.form.get("words", "").strip():
            texts.reply(gateway(code), phone, words)
        return redirect(url_for("sms.phones", code=code), 303)

    @door.get("/sandbox/sms/<code>")
    def told(code: str) -> Response:
        return jsonify(texts=texts.all(gateway(code).code))

    @door.post("/sandbox/sms/<code>")
    def said(code: str) -> Response:
        asked = request.get_json(force=True)
        return jsonify(id=texts.reply(gateway(code), str(asked["phone"]), str(asked["words"])))

    return door


def _answered(texts: Texts, gateway: SmsGateway) -> dict[str, str]:
    """What the gateway's one call says."""
    head, body = request.headers, request.get_data()
    stamp = head.get("webhook-timestamp", "")
    ours = _signed(gateway.sign_key, head.get("webhook-id", ""), _whole(stamp), body)
    if ours["webhook-signature"] not in head.get("webhook-signature", "").split():
        return {"code": "SignatureDoesNotMatch", "message": "signature"}
    try:
        asked = json.loads(body)
        number = texts.take(gateway, asked if isinstance(asked, dict) else {})
    except json.JSONDecodeError:
        return {"code": "InvalidParameter", "message": "not JSON"}
    except NotTaken as no:
        return {"code": no.code, "message": no.code}
    return {"code": "OK", "message": "OK", "biz_id": f"biz{number}"}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
