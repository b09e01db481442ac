"""Pushes (推送队列): what platforms without a handshake tell the company: three tries, then lost.

At least once. What a push looks like, how it is signed and which answer counts is the platform's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urllib3

from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger

_SCHEMA = """
create table if not exists pushes (
    id integer primary key autoincrement, platform text not null, code text not null,
    number integer not null, body text not null, due real not null,
    tries integer not null default 0, ended real, heard integer);
create index if not exists pushes_due on pushes (platform, due) where ended is null;
"""
_TRIES = 3
Post = Callable[[urllib3.PoolManager, dict[str, Any]], bool]
"""Make the request that this row is; whether the company heard it."""


class Pushes:
    """What one platform is still to tell."""

    def __init__(self, ledger: Ledger, clock: MovableClock, knobs: Knobs, platform: str) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._knobs, self._platform = ledger, clock, knobs, platform
        self._http = urllib3.PoolManager(retries=False, timeout=5.0)

    def queue(self, code: str, body: str) -> None:
        """Tell the company of one account: late, twice or never, as the knobs say. A push that goes
        out twice has the same number."""
        manner = self._knobs["callbacks"]
        wait = float(self._knobs["callback_seconds"]) if manner == "late" else 0.0
        with self._ledger.turn() as db:
            (number,) = db.execute(
                "select coalesce(max(number), 0) + 1 from pushes where platform = ?",
                (self._platform,),
            ).fetchone()
            for _ in range({"never": 0, "twice": 2}.get(manner, 1)):
                db.execute(
                    "insert into pushes (platform, code, number, body, due) values (?, ?, ?, ?, ?)",
                    (self._platform, code, number, body, self._clock.seconds() + wait),
                )

    def of(self, code: str) -> list[dict[str, Any]]:
        """Every push of one account, the oldest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from pushes where platform = ? and code = ? order by id",
                (self._platform, code),
            )
            return [dict(row) for row in rows]

    def settle(self, post: Post) -> int:
        """Try everything that is due; how many were tried."""
        with self._ledger.turn() as db:
            due = db.execute(
                "select * from pushes where platform = ? and ended is null and due <= ?"
                " order by id limit 50",
                (self._platform, self._clock.seconds()),
            ).fetchall()
        for row in due:
            heard = self._posted(post, dict(row))
            now, over = self._clock.seconds(), heard or row["tries"] + 1 >= _TRIES
            with self._ledger.turn() as db:
                db.execute(
                    "update pushes set tries = tries + 1, ended = ?, heard = ?, due = ?"
                    " where id = ?",
                    (now if over else None, heard, now + self._knobs["retry_seconds"], row["id"]),
                )
        return len(due)

    def _posted(self, post: Post, row: dict[str, Any]) -> bool:
        try:
            return post(self._http, row)
        except urllib3.exceptions.HTTPError:
            return False
