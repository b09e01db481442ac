"""What is sent to all (群发任务): kept, confirmed, counted by quota, shown to followers.

A message waits for its administrator where the account has one who confirms, half an hour at most;
it goes out once the review time is over, whoever looks first. A follower takes four a month.
"""

from __future__ import annotations

import json
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Accounts, OfficialAccount
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.followers import Followers, follows
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said
from juzhen.sandbox.press import Press, nobody


class Masses:
    """Mass messages of the official accounts, each with its number."""

    def __init__(
        self,
        ledger: Ledger,
        clock: MovableClock,
        knobs: Knobs,
        accounts: Accounts,
        press: Press,
        followers: Followers,
        callbacks: Callbacks,
    ) -> None:
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self._accounts, self._press = accounts, press
        self._followers, self._callbacks = followers, callbacks

    def known(self, account: OfficialAccount, client: str) -> int:
        """The number of what came under this ``clientmsgid`` before; 0 is none."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select msg_id from masses where appid = ? and client = ?", (account.appid, client)
            ).fetchone()
        return row["msg_id"] if row else 0

    def begin(self, account: OfficialAccount, client: str, told: dict[str, Any]) -> int:
        """Take it on; its number. Says 45028 once the day's quota is used up."""
        quota = f"mass:{account.appid}:{self._clock.day()}"
        with self._ledger.turn() as db:
            used = self._ledger.fact(quota, 0)
            if used >= self._knobs["masses_a_day"]:
                raise Said(45028)
            self._ledger.keep(quota, used + 1)
            waits = account.admin_confirms or self._knobs["admin_confirms"]
            status = "WAITING" if waits else "SENDING"
            kept = json.dumps(told, ensure_ascii=False)
            number = db.execute(
                "insert into masses (appid, client, told, made, status) values (?, ?, ?, ?, ?)",
                (account.appid, client, kept, self._clock.seconds(), status),
            ).lastrowid
        return number or 0

    def one(self, account: OfficialAccount, number: int) -> Any:
        """A message of this account, as it stands now. Says 40059 if there is none."""
        self.settle()
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from masses where msg_id = ? and appid = ?", (number, account.appid)
            ).fetchone()
        if row is None:
            raise Said(40059)
        return row

    def take_back(self, account: OfficialAccount, number: int, article: int) -> None:
        """Only a page of articles can be taken back; again does no harm."""
        row = self.one(account, number)
        if row["status"] not in ("SEND_SUCCESS", "DELETE") or not row["article_id"]:
            raise Said(40059)
        if row["status"] == "SEND_SUCCESS":
            self._press.delete(account, row["article_id"], article)
            with self._ledger.turn() as db:
                db.execute("update masses set status = 'DELETE' where msg_id = ?", (number,))

    def confirm(self, account: OfficialAccount, number: int) -> None:
        """The account's administrator says yes on her phone."""
        with self._ledger.turn() as db:
            db.execute(
                "update masses set status = 'SENDING' where msg_id = ? and appid = ?"
                " and status = 'WAITING'", (number, account.appid),
            )  # fmt: skip
        self.settle()

    def waiting(self, account: OfficialAccount) -> list[Any]:
        """What waits for the administrator."""
        self.settle()
        with self._ledger.turn() as db:
            return db.execute(
                "select * from masses where appid = ? and status = 'WAITING' order by msg_id",
                (account.appid,),
            ).fetchall()

    def settle(self) -> None:
        """Send what nobody has to confirm; end what nobody confirmed in half an hour."""
        with self._ledger.turn() as db:
            now = self._clock.seconds()
            ready = db.execute(
                "select * from masses where (status = 'SENDING' and made <= ?)"
                " or (status = 'WAITING' and made <= ?)",
                (now - self._knobs["review_seconds"], now - limits.CONFIRM_SECONDS),
            ).fetchall()
            for row in ready:
                account = self._accounts.official(row["appid"])
                if account is None:
                    continue
                if row["status"] == "WAITING":
                    self._end(account, row, "SEND_FAIL", "send fail")
                else:
                    self._send(account, row)

    def _send(self, account: OfficialAccount, row: Any) -> None:
        told = json.loads(row["told"])
        if verdict := self._press.verdict_on(told.get("articles", told.get("text", ""))):
            code = {2: 30001, 4: 10001}.get(verdict, 21000)
            self._end(account, row, "SEND_FAIL", f"err({code})")
            return
        article = ""
        if "articles" in told:
            article = self._press.show(account.appid, told["articles"], told["media_id"])
        total, had = self._spread(account, row["msg_id"], told)
        with self._ledger.turn() as db:
            db.execute(
                "update masses set total = ?, filtered = ?, article_id = ? where msg_id = ?",
                (total, had, article or None, row["msg_id"]),
            )
        self._end(account, row, "SEND_SUCCESS", "send success", total=total, filtered=had)

    def _spread(
        self, account: OfficialAccount, number: int, told: dict[str, Any]
    ) -> tuple[int, int]:
        """Give it to whom it is for: how many these are, and how many had enough this month."""
        month, total, had = f"{self._clock():%Y-%m}", 0, 0
        with self._ledger.turn() as db:
            for person in self._followers.of(account, following=True):
                openid = person["openid"]
                if told["tag"] and told["tag"] not in self._followers.tags(account, openid):
                    continue
                total += 1
                (count,) = db.execute(
                    "select count(*) from mass_had where openid = ? and month = ?", (openid, month)
                ).fetchone()
                if count >= limits.MASSES_A_MONTH:
                    had += 1
                    continue
                db.execute("insert into mass_had values (?, ?, ?)", (openid, number, month))
                if "text" in told and follows(person):
                    self._followers.get(openid, "text", {"content": told["text"]})
        return total, had

    def _end(
        self, account: OfficialAccount, row: Any, status: str, said: str, *, total: int = 0,
        filtered: int = 0,
    ) -> None:  # fmt: skip
        with self._ledger.turn() as db:
            db.execute("update masses set status = ? where msg_id = ?", (status, row["msg_id"]))
            sent = total - filtered if status == "SEND_SUCCESS" else 0
            event = {
                "MsgType": "event", "Event": "MASSSENDJOBFINISH", "MsgID": row["msg_id"],
                "Status": said, "TotalCount": total, "FilterCount": sent, "SentCount": sent,
                "ErrorCount": 0,
            }  # fmt: skip
            self._callbacks.queue(account, nobody(account), event)
