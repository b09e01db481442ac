"""Quotas (调用额度): how often an account has called what, and when the platform has had enough."""

from __future__ import annotations

from collections.abc import Iterator

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

    def corp(self, appid: str, path: str) -> None:
        """Count one call of a corporation. Says 45009 over the limit of any stretch of time, and
        from then on to whoever knocks before the penalty for it is over."""
        now, key = self._clock.seconds(), f"shut:{appid}:{path}"
        with self._ledger.turn():
            if now < self._ledger.fact(key, 0.0):
                raise Said(45009)
        for stretch, allowed, penalty in self._stretches():
            try:
                self._one(appid, path, stretch, allowed, 45009)
            except Said:
                self._ledger.keep(key, now + penalty)
                raise

    def _stretches(self) -> Iterator[tuple[str, dict[str, int], float]]:
        """Each stretch of time, what it allows, and how long the call is shut beyond that."""
        at, knobs = self._clock(), self._knobs
        minute, hour, month = limits.CORP_PENALTIES
        yield f"{at:%Y-%m-%dT%H:%M}", limits.CORP_A_MINUTE | knobs["a_minute"], minute
        yield f"{at:%Y-%m-%dT%H}", limits.CORP_AN_HOUR | knobs["an_hour"], hour
        yield self._clock.day(), knobs["a_day"], self._clock.left_today()
        yield f"{at:%Y-%m}", knobs["a_month"], month

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
