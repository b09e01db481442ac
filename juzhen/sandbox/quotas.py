"""Quotas (调用额度): how often an account has called what, and when the platform has had enough."""

from __future__ import annotations

from juzhen.sandbox import limits
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said


class Quotas:
    """Calls by account, path and stretch of time."""

    def __init__(self, ledger: Ledger, clock: MovableClock, knobs: Knobs) -> None:
        self._ledger, self._clock, self._knobs = ledger, clock, knobs

    def count(self, appid: str, path: str) -> None:
        """Count one call. Says 45011 over the minute's limit and 45009 over the day's."""
        minute = f"{self._clock():%Y-%m-%dT%H:%M}"
        with self._ledger.turn():
            self._one(appid, path, minute, limits.A_MINUTE | self._knobs["a_minute"], 45011)
            self._one(appid, path, self._clock.day(), limits.A_DAY | self._knobs["a_day"], 45009)

    def _one(self, appid: str, path: str, stretch: str, allowed: dict[str, int], no: int) -> None:
        limit = allowed.get(path, allowed.get("*"))
        if limit is None:
            return
        if self.used(appid, path, stretch) >= limit:
            raise Said(no)
        with self._ledger.turn() as db:
            db.execute(
                "insert into used values (?, ?, ?, 1)"
                " on conflict do update set number = number + 1",
                (appid, path, stretch),
            )

    def used(self, appid: str, path: str, stretch: str) -> int:
        with self._ledger.turn() as db:
            row = db.execute(
                "select number from used where appid = ? and path = ? and stretch = ?",
                (appid, path, stretch),
            ).fetchone()
        return row["number"] if row else 0

    def forced(self, appid: str) -> None:
        """A stable token may be forced twenty times a day."""
        allowed = {"stable_token!": limits.FORCED_A_DAY}
        self._one(appid, "stable_token!", self._clock.day(), allowed, 45009)

    def clear(self, appid: str) -> None:
        """``clear_quota``: today's counts begin anew, ten times a month."""
        month = f"{self._clock():%Y-%m}"
        with self._ledger.turn() as db:
            self._one(appid, "clear_quota", month, {"clear_quota": limits.CLEARS_A_MONTH}, 48006)
            db.execute("delete from used where appid = ? and path != 'clear_quota'", (appid,))
