"""Callbacks (回调): the platform posts what happened to the company, encrypted and signed.

At least once, in no order, three tries of five seconds, then lost. What is due is kept in the
ledger, so a sandbox that was killed goes on with it, perhaps telling something twice.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import urllib3

from juzhen.sandbox import crypto
from juzhen.sandbox.accounts import Accounts, Corp, OfficialAccount
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger

Caller = OfficialAccount | Corp
TIMEOUT_SECONDS = 5.0
TRIES = 3
_SHUFFLED_SECONDS = 2.0
_STALE_SECONDS = 3_600


class Callbacks:
    """What the company is still to be told, and what it was told."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, accounts: Accounts, hub: str
    ) -> None:
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self._accounts, self._hub = accounts, hub
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)
        self._hands = ThreadPoolExecutor(4, "callbacks")
        self._under_way: set[int] = set()

    def queue(self, account: Caller, openid: str, fields: Mapping[str, Any]) -> None:
        """Tell the company, in the way the knobs say."""
        head = {
            "ToUserName": account.original,
            "FromUserName": openid,
            "CreateTime": int(self._clock.seconds()),
        }
        body = f"<xml>{_xml(self._told(account, head | dict(fields)))}</xml>"
        manner = self._knobs["callbacks"]
        for _ in range({"never": 0, "twice": 2}.get(manner, 1)):
            self.post(account, openid, body, wait=self._wait(manner))

    def _told(self, account: Caller, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """In the envelope that the knob says, or with a field more."""
        oddity, told = self._knobs["callback_oddity"], dict(fields)
        if oddity == "suite" and isinstance(account, Corp) and "Event" in told:
            told["InfoType"], told["TimeStamp"] = told.pop("Event"), told.pop("CreateTime")
            return told | {"SuiteId": "ww_suite", "AuthCorpId": account.appid}
        if oddity == "unknown_field":
            return told | {"XUnknown": {"Inner": "1"}}
        if oddity == "twice_named":
            return told | {"MsgType": [told["MsgType"], told["MsgType"]]}
        return told

    def _wait(self, manner: str) -> float:
        if manner == "late":
            return float(self._knobs["callback_seconds"])
        if manner == "shuffled":
            return random.uniform(0, _SHUFFLED_SECONDS)  # noqa: S311  # no secret
        return 0.0

    def post(
        self,
        account: Caller,
        openid: str,
        body: str,
        *,
        wait: float = 0,
        forged: bool = False,
    ) -> int:
        """Keep a body to be posted after so many seconds."""
        with self._ledger.turn() as db:
            number = db.execute(
                "insert into callbacks (appid, openid, body, due, forged) values (?, ?, ?, ?, ?)",
                (account.appid, openid, body, self._clock.seconds() + wait, forged),
            ).lastrowid
        return number or 0

    def beat(self) -> None:
        """Set off everything that is due and not under way."""
        for number in self._claimed():
            self._hands.submit(self._try, number)

    def flush(self) -> int:
        """Deliver everything that is due, here and now; how many. Waits for what is under way."""
        others = frozenset(self._under_way)
        due = self._claimed()
        for number in due:
            self._try(number)
        while not others.isdisjoint(self._under_way):
            time.sleep(0.005)
        return len(due)

    def _claimed(self) -> list[int]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select id from callbacks where ended is null and due <= ? order by due, id"
                " limit 200",
                (self._clock.seconds(),),
            ).fetchall()
            due = [row["id"] for row in rows if row["id"] not in self._under_way]
            self._under_way.update(due)
        return due

    def _try(self, number: int) -> None:
        try:
            self._deliver(number)
        finally:
            self._under_way.discard(number)

    def _deliver(self, number: int) -> None:
        with self._ledger.turn() as db:
            row = db.execute("select * from callbacks where id = ?", (number,)).fetchone()
        account = self._accounts.caller(row["appid"])
        outcome = self._posted(account, row) if account else "no account"
        answered, tries = outcome.startswith("200"), row["tries"] + 1
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            db.execute(
                "update callbacks set tries = ?, outcome = ?, ended = ?, due = ? where id = ?",
                (
                    tries,
                    outcome,
                    now if answered or tries >= TRIES else None,
                    now + self._knobs["retry_seconds"],
                    number,
                ),
            )

    def _posted(self, account: Caller, row: Any) -> str:
        oddity = self._knobs["callback_oddity"]
        receiver = "wx_somebody_else" if oddity == "wrong_receiver" else account.appid
        sealed = crypto.encrypt(_spelled(row["body"], oddity), aes_key=account.aes_key,
                                receiver=receiver)  # fmt: skip
        ago = _STALE_SECONDS if oddity == "stale" else 0
        fields = self._signed(account, sealed, forged=bool(row["forged"]), ago=ago)
        fields |= {"openid": row["openid"], "encrypt_type": "aes"}
        body = _xml({"ToUserName": account.original, "Encrypt": sealed})
        try:
            answer = self._http.request(
                "POST",
                f"{self.address(account)}?{urlencode(fields)}",
                body=f"<xml>{body}</xml>".encode(),
                headers={"Content-Type": "text/xml; charset=utf-8"},
            )
        except urllib3.exceptions.HTTPError as lost:
            return type(lost).__name__
        return f"{answer.status} {answer.data[:80].decode(errors='replace')}".strip()

    def handshake(self, account: Caller) -> bool:
        """Ask the company to prove that the address is hers, as when it is first configured."""
        word = secrets.token_hex(8)
        fields = self._signed(account, "") | {"echostr": word}
        try:
            answer = self._http.request("GET", f"{self.address(account)}?{urlencode(fields)}")
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200 and answer.data == word.encode()

    def _signed(
        self, account: Caller, sealed: str, *, forged: bool = False, ago: int = 0
    ) -> dict[str, str]:
        token = "somebody else's" if forged else account.token
        stamp, nonce = str(int(self._clock.machine()) - ago), str(secrets.randbelow(10**9))
        fields = {"signature": crypto.signature(token, stamp, nonce)}
        if sealed:
            fields["msg_signature"] = crypto.signature(token, stamp, nonce, sealed)
        return fields | {"timestamp": stamp, "nonce": nonce}

    def address(self, account: Caller) -> str:
        return account.callback_url or f"{self._hub}/callbacks/{account.code}"

    def all(self, limit: int = 200) -> list[dict[str, Any]]:
        """The latest callbacks, newest first."""
        with self._ledger.turn() as db:
            rows = db.execute("select * from callbacks order by id desc limit ?", (limit,))
            return [dict(row) for row in rows]

    def close(self) -> None:
        self._hands.shutdown(wait=True, cancel_futures=True)
        self._http.clear()


def _spelled(body: str, oddity: str) -> bytes:
    if oddity == "gbk":
        return body.encode("gb18030")
    return b"\xef\xbb\xbf" + body.encode() if oddity == "bom" else body.encode()


def _xml(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    """Numbers stand bare, texts in CDATA; what is repeated is a list."""
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_xml(value)}</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"
