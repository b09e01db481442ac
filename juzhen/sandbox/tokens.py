"""Tokens (令牌): access tokens as the platform hands them out, with quotas on asking.

Two doors: ``token`` gives a new one each time and lets the former live five more minutes;
``stable_token`` gives the same until shortly before its end. Neither kills the other's.
"""

from __future__ import annotations

import secrets
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Accounts, Corp, OfficialAccount
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said


class Tokens:
    """Access tokens, alive and dead."""

    def __init__(self, ledger: Ledger, clock: MovableClock, accounts: Accounts) -> None:
        self._ledger, self._clock, self._accounts = ledger, clock, accounts

    def known(self, appid: str, secret: str, grant: str) -> OfficialAccount:
        """Who asks for a token, if the secret is right."""
        if grant != "client_credential":
            raise Said(40002)
        account = self._accounts.official(appid)
        if account is None:
            raise Said(40013)
        if not secrets.compare_digest(account.secret.encode(), secret.encode()):
            raise Said(40125)
        return account

    def fresh(self, account: OfficialAccount) -> dict[str, Any]:
        """``/token``: a new one; the former ones die when the overlap is over."""
        ends = self._clock.seconds() + limits.OVERLAP_SECONDS
        with self._ledger.turn() as db:
            db.execute(
                "update tokens set expires = min(expires, ?) where appid = ? and door = 'token'",
                (ends, account.appid),
            )
        return self._make(account, "token")

    def stable(self, account: OfficialAccount, *, force: bool) -> dict[str, Any]:
        """``/stable_token``: the same one, unless its end is near or a new one is forced."""
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            row = db.execute(
                "select token, made, expires from tokens where appid = ? and door = 'stable'"
                " and dead is null and expires > ? order by made desc limit 1",
                (account.appid, now + (0 if force else limits.OVERLAP_SECONDS)),
            ).fetchone()
            if row and (not force or now - row["made"] < limits.FORCED_APART_SECONDS):
                return {"access_token": row["token"], "expires_in": int(row["expires"] - now)}
            if force:
                self._kill("appid = ? and door = 'stable'", account.appid)
            return self._make(account, "stable")

    def _make(self, account: OfficialAccount | Corp, door: str) -> dict[str, Any]:
        token, now = f"sandbox_{secrets.token_urlsafe(90)}", self._clock.seconds()
        with self._ledger.turn() as db:
            db.execute(
                "insert into tokens values (?, ?, ?, ?, ?, null)",
                (token, account.appid, door, now, now + limits.TOKEN_SECONDS),
            )
            db.execute("delete from tokens where expires < ?", (now - 86_400,))
        return {"access_token": token, "expires_in": limits.TOKEN_SECONDS}

    def owner(self, token: str) -> OfficialAccount:
        """Whose token it is. Says 41001, 40001 or 42001 if it is nobody's, or no longer."""
        account = self._accounts.official(self._owned(token, 40001))
        if account is None:
            raise Said(40001)
        return account

    def corp(self, corpid: str, secret: str) -> dict[str, Any]:
        """``gettoken`` of WeCom: the same token while it lives."""
        corp = self._accounts.corp(corpid)
        if corp is None:
            raise Said(40013)
        if not secrets.compare_digest(corp.secret.encode(), secret.encode()):
            raise Said(40001)
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            row = db.execute(
                "select token, expires from tokens where appid = ? and door = 'wecom'"
                " and dead is null and expires > ? order by made desc limit 1",
                (corp.appid, now),
            ).fetchone()
        if row:
            return {"access_token": row["token"], "expires_in": int(row["expires"] - now)}
        return self._make(corp, "wecom")

    def corp_of(self, token: str) -> Corp:
        """Whose token it is. Says 41001, 40014 or 42001."""
        corp = self._accounts.corp(self._owned(token, 40014))
        if corp is None:
            raise Said(40014)
        return corp

    def _owned(self, token: str, unknown: int) -> str:
        if not token:
            raise Said(41001)
        with self._ledger.turn() as db:
            row = db.execute("select * from tokens where token = ?", (token,)).fetchone()
        if row is None:
            raise Said(unknown)
        if row["dead"] is not None or row["expires"] <= self._clock.seconds():
            raise Said(42001)
        return str(row["appid"])

    def die(self) -> None:
        """All tokens of today die before their time."""
        self._kill("dead is null and ? = ''", "")

    def _kill(self, which: str, fact: str) -> None:
        with self._ledger.turn() as db:
            db.execute(
                f"update tokens set dead = ? where {which}",  # noqa: S608  # our own two texts
                (self._clock.seconds(), fact),
            )
