"""The request journal (请求日志): what was asked of the platform, in order, for tests to assert on.

Secrets and tokens are left out. Does not keep answers; what came of a call is in the world itself.
"""

from __future__ import annotations

from typing import Any

from juzhen.sandbox.clock import MovableClock, moment
from juzhen.sandbox.ledger import Ledger

_KEPT = 50_000


class Journal:
    """Calls by number."""

    def __init__(self, ledger: Ledger, clock: MovableClock) -> None:
        self._ledger, self._clock = ledger, clock

    def begin(self, method: str, path: str, asked: str) -> int:
        """Write down that a call came, before anything is done about it."""
        with self._ledger.turn() as db:
            number = db.execute(
                "insert into journal (at, method, path, appid, asked) values (?, ?, ?, '', ?)",
                (self._clock.seconds(), method, path, asked),
            ).lastrowid
            db.execute("delete from journal where id <= ?", ((number or 0) - _KEPT,))
        return number or 0

    def end(self, number: int, appid: str, status: int, errcode: int, fault: str) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "update journal set appid = ?, status = ?, errcode = ?, fault = ? where id = ?",
                (appid, status, errcode, fault, number),
            )

    def page(self, *, after: int = 0, path: str = "", limit: int = 500) -> list[dict[str, Any]]:
        """Calls with a greater number whose path holds the text, oldest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from journal where id > ? and instr(path, ?) order by id limit ?",
                (after, path, limit),
            ).fetchall()
        return [dict(row) | {"at": moment(row["at"])} for row in rows]

    def counts(self) -> dict[str, int]:
        """How often each path was called."""
        with self._ledger.turn() as db:
            rows = db.execute("select path, count(*) n from journal group by path order by path")
            return {row["path"]: row["n"] for row in rows}
