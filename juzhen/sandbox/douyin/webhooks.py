"""Webhooks (抖音事件推送): what happens to a creator is told to the company, signed and numbered.

At least once, three tries of five seconds, then lost; a number that comes again is the same event.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import urllib3

from juzhen.sandbox.accounts import Accounts, Creator
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger

_SCHEMA = """
create table if not exists dy_webhooks (
    id integer primary key autoincrement, creator text not null, number text not null,
    body blob not null, due real not null, tries integer not null default 0, ended real);
"""
_TRIES = 3


class Webhooks:
    """What the company is still to be told."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, accounts: Accounts, hub: str
    ) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self._accounts, self._hub = accounts, hub
        self._http = urllib3.PoolManager(retries=False, timeout=5.0)

    def queue(
        self, creator: Creator, event: str, content: dict[str, Any], *, fan: str = "",
        folded: bool = False,
    ) -> None:  # fmt: skip
        """Tell the company. ``folded``: the content is JSON in a text, as in some events."""
        told: dict[str, Any] = {
            "event": event, "client_key": creator.client_key, "from_user_id": fan,
            "to_user_id": creator.open_id,
            "content": orjson.dumps(content).decode() if folded else content,
            "log_id": f"log{int(self._clock.seconds() * 1000)}",
        }  # fmt: skip
        manner = self._knobs["callbacks"]
        wait = float(self._knobs["callback_seconds"]) if manner == "late" else 0.0
        with self._ledger.turn() as db:
            (number,) = db.execute("select count(*) + 1 from dy_webhooks").fetchone()
            for _ in range({"never": 0, "twice": 2}.get(manner, 1)):
                db.execute(
                    "insert into dy_webhooks (creator, number, body, due) values (?, ?, ?, ?)",
                    (creator.code, f"dy{number}", orjson.dumps(told), self._clock.seconds() + wait),
                )

    def settle(self) -> int:
        """Try everything that is due; how many were tried."""
        with self._ledger.turn() as db:
            due = db.execute(
                "select * from dy_webhooks where ended is null and due <= ? order by id limit 50",
                (self._clock.seconds(),),
            ).fetchall()
        creators = {each.code: each for each in self._accounts.creators()}
        for row in due:
            heard = row["creator"] in creators and self._post(creators[row["creator"]], row)
            over = heard or row["tries"] + 1 >= _TRIES
            now = self._clock.seconds()
            with self._ledger.turn() as db:
                db.execute(
                    "update dy_webhooks set tries = tries + 1, ended = ?, due = ? where id = ?",
                    (now if over else None, now + self._knobs["retry_seconds"], row["id"]),
                )
        return len(due)

    def _post(self, creator: Creator, row: Any) -> bool:
        signed = hashlib.sha1(
            creator.client_secret.encode() + row["body"], usedforsecurity=False
        ).hexdigest()
        try:
            answer = self._http.request(
                "POST", creator.callback_url or f"{self._hub}/callbacks/{creator.code}",
                body=row["body"],
                headers={
                    "Content-Type": "application/json", "X-Douyin-Signature": signed,
                    "Msg-Id": row["number"],
                },
            )  # fmt: skip
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200
