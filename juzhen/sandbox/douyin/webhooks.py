"""Webhooks (抖音事件推送): what happens to a creator is told to the company, signed and numbered.

At least once, three tries of five seconds, then lost; a number that comes again is the same event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import urllib3

from juzhen.sandbox.accounts import Accounts, Creator, coded
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.pushes import Pushes


class Webhooks:
    """What the company is still to be told."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, accounts: Accounts, hub: str
    ) -> None:
        self._clock, self._accounts, self._hub = clock, accounts, hub
        self._pushes = Pushes(ledger, clock, knobs, "douyin")

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
        self._pushes.queue(creator.code, orjson.dumps(told).decode())

    def settle(self) -> int:
        """Try everything that is due; how many were tried."""
        return self._pushes.settle(self._post)

    def _post(self, http: urllib3.PoolManager, row: Mapping[str, Any]) -> bool:
        creator = coded(self._accounts.creators(), row["code"])
        if creator is None:
            return False
        body = row["body"].encode()
        signed = hashlib.sha1(
            creator.client_secret.encode() + body, usedforsecurity=False
        ).hexdigest()
        answer = http.request(
            "POST", creator.callback_url or f"{self._hub}/callbacks/{creator.code}", body=body,
            headers={
                "Content-Type": "application/json", "X-Douyin-Signature": signed,
                "Msg-Id": f"dy{row['number']}",
            },
        )  # fmt: skip
        return answer.status == 200
