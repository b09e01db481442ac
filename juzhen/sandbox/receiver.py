"""The receiver's twin (出站 Webhook 接收端): a push gateway of the company, or its own system.

It does as Standard Webhooks tell a receiver to: the signature over the bytes as they came, a stamp
of five minutes at most, the id kept against repeats. What it answers is a person's choice. What is
not genuine is answered 401 and reaches no phone; it is kept all the same, to be looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Accounts, Receiver, known
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger

_SCHEMA = """
create table if not exists hooks (
    id integer primary key autoincrement, code text not null, key text not null,
    kind text not null, told text not null, at real not null, verdict text not null,
    answered integer not null, again integer not null);
create index if not exists hooks_of on hooks (code, key);
"""
FRESH = 300
"""Seconds that a stamp may be off."""
SLOW = 20.0
"""Seconds that a slow answer takes: longer than anybody waits."""
ANSWERS = {"yes": 200, "gone": 410, "down": 500, "slow": 200}
_SHOWN = 60


class Hooks:
    """Everything that came, and what is answered."""

    def __init__(self, ledger: Ledger, clock: MovableClock) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock = ledger, clock

    def hear(self, receiver: Receiver, headers: Headers, body: bytes) -> tuple[int, float]:
        """Judge it and keep it; the status, and after how many seconds it is answered."""
        key, how = headers.get("webhook-id", ""), self.answer(receiver.code)
        verdict, told = self._verdict(receiver, headers, body), _object(body)
        status, wait = ANSWERS[how["answer"]], how["seconds"] if how["answer"] == "slow" else 0.0
        if verdict != "good":
            status, wait = 401, 0.0
        elif told is None:
            status, wait = 400, 0.0
        with self._ledger.turn() as db:
            again = db.execute(
                "select count(*) from hooks where code = ? and key = ? and verdict = 'good'",
                (receiver.code, key),
            ).fetchone()[0]
            db.execute(
                "insert into hooks (code, key, kind, told, at, verdict, answered, again)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    receiver.code, key, str((told or {}).get("type", "")),
                    json.dumps(told, ensure_ascii=False), self._clock.seconds(), verdict, status,
                    again if verdict == "good" else 0,
                ),
            )  # fmt: skip
        return status, wait

    def _verdict(self, receiver: Receiver, headers: Headers, body: bytes) -> str:
        key, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "").split()
        ours = [
            signature(each, key, stamp, body)
            for each in (receiver.secret, *self.secrets(receiver.code))
        ]
        if not key or not any(hmac.compare_digest(a, b) for a in ours for b in given):
            return "forged"
        fresh = stamp.isascii() and stamp.isdecimal() and len(stamp) < 12
        return "good" if fresh and abs(self._clock.machine() - int(stamp)) <= FRESH else "stale"

    def answer(self, code: str) -> dict[str, Any]:
        """What is answered to what is genuine."""
        told: dict[str, Any] = self._ledger.fact(
            f"hooks:{code}", {"answer": "yes", "seconds": SLOW}
        )
        return told

    def decide(self, code: str, answer: str, seconds: float = SLOW) -> None:
        """Answer so from now on. Raises `KeyError` for what is no answer."""
        ANSWERS[answer]
        self._ledger.keep(f"hooks:{code}", {"answer": answer, "seconds": seconds})

    def secrets(self, code: str) -> list[str]:
        """What else signs: the secret of a webhook that was made in the console."""
        told: list[str] = self._ledger.fact(f"hooks:{code}:secrets", [])
        return told

    def know(self, code: str, secret: str) -> bool:
        """Believe this secret, too; False if it is none."""
        if _key(secret) is None:
            return False
        self._ledger.keep(f"hooks:{code}:secrets", [*self.secrets(code), secret][-5:])
        return True

    def all(self, code: str) -> list[dict[str, Any]]:
        """The newest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from hooks where code = ? order by id desc", (code,)
            ).fetchall()
        return [dict(row) | {"told": json.loads(row["told"])} for row in rows]

    def taken(self, code: str) -> list[dict[str, Any]]:
        """What it said yes to, each once however often it came; the newest first."""
        firsts: dict[str, dict[str, Any]] = {}
        for row in reversed(self.all(code)):
            if row["verdict"] == "good" and row["answered"] == 200:
                firsts.setdefault(row["key"], row)
        return list(reversed(firsts.values()))


def _object(body: bytes) -> dict[str, Any] | None:
    """What was told; None if it is no object with a type and data."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    right = isinstance(told, dict) and isinstance(told.get("data"), dict) and told.get("type")
    return told if right else None


def _key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True) or None
    except binascii.Error:
        return None


def signature(secret: str, key: str, stamp: str, body: bytes) -> str:
    """By the sandbox's own code."""
    whole = f"{key}.{stamp}.".encode() + body
    mac = hmac.new(_key(secret) or b"", whole, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def blueprint(hooks: Hooks, accounts: Accounts) -> Blueprint:
    """The address that is told, the page, and the door for tests."""
    door = Blueprint("receiver", __name__)

    def one(code: str) -> Receiver:
        return known(accounts.receivers(), code)

    @door.post("/push-gateway/<code>")
    def hear(code: str) -> tuple[str, int]:
        status, wait = hooks.hear(one(code), request.headers, request.get_data())
        time.sleep(wait)
        return "", status

    @door.get("/push/<code>")
    def page(code: str) -> str:
        return render_template("push.html", **_seen(hooks, accounts, one(code)))

    @door.post("/push/<code>/<any(answer, secret):what>")
    def turn(code: str, what: str) -> Answer:
        told = request.form.get(what, "").strip()
        if what == "answer":
            if told not in ANSWERS:
                abort(400)
            hooks.decide(one(code).code, told)
        elif not hooks.know(one(code).code, told):
            abort(400)
        return redirect(url_for("receiver.page", code=code), 303)

    _for_tests(door, hooks, one)
    return door


def _for_tests(door: Blueprint, hooks: Hooks, one: Callable[[str], Receiver]) -> None:
    @door.get("/sandbox/push/<code>")
    def came(code: str) -> Response:
        return jsonify(came=hooks.all(one(code).code), taken=hooks.taken(code))

    @door.post("/sandbox/push/<code>")
    def decide(code: str) -> Response:
        told = request.get_json(force=True)
        if told.get("answer") not in ANSWERS:
            abort(400)
        hooks.decide(one(code).code, told["answer"], float(told.get("seconds", SLOW)))
        return jsonify(ok=True)


def _seen(hooks: Hooks, accounts: Accounts, receiver: Receiver) -> dict[str, Any]:
    """The page: phones of those who were told, what stands there, and the wire."""
    names = {each.user_id: (each.name, app.code) for app in accounts.apps()
             for each in app.customers}  # fmt: skip
    taken = hooks.taken(receiver.code)
    gone = {row["told"]["data"].get("id") for row in taken if row["kind"] == "post.withdrawn"}
    phones: dict[str, list[dict[str, Any]]] = {}
    for row in reversed(taken):
        if row["kind"] == "message.sent":
            phones.setdefault(str(row["told"]["data"].get("user", "")), []).append(row)
    return {
        "receiver": receiver,
        "names": names,
        "phones": phones,
        "stands": [row for row in taken if row["kind"] == "post.placed" and row["key"] not in gone],
        "came": hooks.all(receiver.code)[:_SHOWN],
        "answers": ANSWERS,
        "answer": hooks.answer(receiver.code)["answer"],
    }
