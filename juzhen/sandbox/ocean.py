"""Ocean Engine's twin (巨量引擎分身): people leave what they can be reached by.

The company asks for it and tells what it was worth.

As strict as the platform: a page of more than a hundred, advertisers that are not hers, a state
that there is not are refused by a code in an answer of 200. Tokens live a day; a refresh gives a
new pair and ends the old one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Accounts, AdAccount, known
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger
from kernel.calendar import Zone

_SCHEMA = """
create table if not exists oe_tokens (
    token text primary key, code text not null, kind text not null, expires real not null);
create table if not exists oe_clues (
    id integer primary key autoincrement, code text not null, told text not null,
    left real not null, state integer not null default 0, judged real);
"""
_ZONE = Zone("Asia/Shanghai")
ACCESS, REFRESH, CODE = 86_400, 30 * 86_400, 600
PAGE = 100
STATES = frozenset({194, 195, 196, 527, 285, 10000})
"""Confirmed, befriended, promising, visited, paid, invalid."""
_LATE = 600
"""Seconds after which an app's name and a state are told."""
_FIRST = 7_300_000_000_000_000_000


class Minded(Exception):
    """The platform will not, and says so by its own code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Clues:
    """Tokens and leads of every account."""

    def __init__(self, ledger: Ledger, clock: MovableClock) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock = ledger, clock

    def token(self, code: str, kind: str, seconds: float) -> str:
        token = secrets.token_hex(20)
        with self._ledger.turn() as db:
            db.execute(
                "insert into oe_tokens values (?, ?, ?, ?)",
                (token, code, kind, self._clock.seconds() + seconds),
            )
        return token

    def given(self, account: AdAccount, tokens: Mapping[str, str]) -> None:
        """She said yes before this world began; what she has granted since counts for more."""
        with self._ledger.turn() as db:
            if db.execute("select 1 from oe_tokens where code = ?", (account.code,)).fetchone():
                return
            for kind, seconds in (("access", ACCESS), ("refresh", REFRESH)):
                db.execute(
                    "insert into oe_tokens values (?, ?, ?, ?)",
                    (tokens[kind], account.code, kind, self._clock.seconds() + seconds),
                )

    def spend(self, token: str, kind: str, minded: int) -> str:
        """Whose it is; it is good no more."""
        code = self.owner(token, kind, minded)
        with self._ledger.turn() as db:
            db.execute("delete from oe_tokens where token = ?", (token,))
        return code

    def owner(self, token: str, kind: str, minded: int) -> str:
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from oe_tokens where token = ? and kind = ?", (token, kind)
            ).fetchone()
        if row is None or row["expires"] <= self._clock.seconds():
            raise Minded(minded, f"{kind} is no longer good")
        return str(row["code"])

    def granted(self, code: str) -> dict[str, Any]:
        """A new pair; whatever there was is good no more."""
        with self._ledger.turn() as db:
            db.execute("delete from oe_tokens where code = ?", (code,))
        return {
            "access_token": self.token(code, "access", ACCESS), "expires_in": ACCESS,
            "refresh_token": self.token(code, "refresh", REFRESH),
            "refresh_token_expires_in": REFRESH,
        }  # fmt: skip

    def leave(self, account: AdAccount, told: Mapping[str, Any]) -> str:
        """A person fills in the form behind an ad."""
        given = {name: str(value)[:200] for name, value in told.items() if value}
        with self._ledger.turn() as db:
            number = db.execute(
                "insert into oe_clues (code, told, left) values (?, ?, ?)",
                (account.code, json.dumps(given, ensure_ascii=False), self._clock.seconds()),
            ).lastrowid
        return str(_FIRST + (number or 0))

    def all(self, code: str) -> list[dict[str, Any]]:
        """Newest first, as the platform lists them."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from oe_clues where code = ? order by left desc, id desc", (code,)
            ).fetchall()
        return [dict(row) | {"told": json.loads(row["told"])} for row in rows]

    def judge(self, code: str, clue: str, state: int) -> None:
        number = int(clue) - _FIRST if clue.isdecimal() else 0
        with self._ledger.turn() as db:
            found = db.execute(
                "update oe_clues set state = ?, judged = ? where id = ? and code = ?",
                (state, self._clock.seconds(), number, code),
            ).rowcount
        if not found:
            raise Minded(40001, "clue_id")

    def shown(self, account: AdAccount, row: Mapping[str, Any]) -> dict[str, Any]:
        """A lead as the interface tells it; some of it comes late."""
        told = row["told"]
        late = self._clock.seconds() - row["left"] >= _LATE
        return {
            "clue_id": str(_FIRST + row["id"]), "advertiser_id": account.advertiser,
            "promotion_id": told.get("ad", "1790000000000001"), "creative_id": 1790000000000002,
            "site_id": "7300000000000000009", "module_id": "1", "module_name": "预约表单",
            "clue_type": 0, "clue_source": 0, "gender": 0, "age": 0, "address": "",
            "create_time_detail": f"{datetime.fromtimestamp(row['left'], _ZONE.info):%F %T}",
            "name": told.get("name", ""), "telephone": told.get("telephone", ""),
            "weixin": told.get("weixin", ""), "province_name": told.get("province", ""),
            "city_name": told.get("city", ""), "remark_dict": {}, "req_id": f"req{row['id']}",
            "clue_state": 1 if late else 0, "app_name": "抖音" if late else "",
        }  # fmt: skip


def blueprint(clues: Clues, accounts: Accounts) -> Blueprint:
    """The interface, the page, and the door for tests."""
    door = Blueprint("ocean", __name__)
    _consent(door, clues, accounts)
    _signing_in(door, clues, accounts)
    _interface(door, clues, accounts)
    _page(door, clues, accounts)

    @door.errorhandler(Minded)
    def minded(no: Minded) -> Response:
        g.errcode = no.code
        return jsonify(code=no.code, message=no.message, data={}, request_id="r")

    return door


def _answer(**data: Any) -> Response:
    return jsonify(code=0, message="OK", data=data, request_id="r")


def _told() -> Mapping[str, Any]:
    told = request.get_json(force=True, silent=True)
    if not isinstance(told, dict):
        raise Minded(40000, "not JSON")
    return told


def _consent(door: Blueprint, clues: Clues, accounts: Accounts) -> None:
    @door.get("/ocean/audit/oauth.html")
    def consent() -> str:
        app = request.args.get("app_id", "")
        found = next((each for each in accounts.advertisers() if each.app_id == app), None)
        if found is None:
            abort(404)
        return render_template("ocean_consent.html", account=found, asked=request.args)

    @door.post("/ocean/audit/<code>")
    def consented(code: str) -> Answer:
        account = _one(accounts, code)
        back = request.form.get("redirect_uri", "")
        query = {"state": request.form.get("state", "")}
        query |= {"auth_code": clues.token(account.code, "code", CODE)}
        return redirect(f"{back}?{urlencode(query)}", 303)


def _signing_in(door: Blueprint, clues: Clues, accounts: Accounts) -> None:
    def known(told: Mapping[str, Any]) -> AdAccount:
        app, secret = str(told.get("app_id")), told.get("secret")
        for each in accounts.advertisers():
            if each.app_id == app and each.secret == secret:
                return each
        raise Minded(40101, "app_id, secret")

    def tokens(account: AdAccount) -> Response:
        named = {"advertiser_ids": [account.advertiser]}
        return _answer(**clues.granted(account.code), **named)

    @door.post("/ocean/open_api/oauth2/access_token/")
    def access_token() -> Response:
        told = _told()
        account = known(told)
        if clues.spend(str(told.get("auth_code")), "code", 40106) != account.code:
            raise Minded(40106, "auth_code")
        return tokens(account)

    @door.post("/ocean/open_api/oauth2/refresh_token/")
    def refresh_token() -> Response:
        told = _told()
        account = known(told)
        clues.spend(str(told.get("refresh_token")), "refresh", 40103)
        return tokens(account)


def _interface(door: Blueprint, clues: Clues, accounts: Accounts) -> None:
    def caller(named: Any) -> AdAccount:
        code = clues.owner(request.headers.get("Access-Token", ""), "access", 40102)
        account = _one(accounts, code)
        g.appid = account.appid
        if named != [account.advertiser]:
            raise Minded(40002, "advertiser_ids")
        return account

    @door.get("/ocean/open_api/2/tools/clue/get/")
    def get() -> Response:
        asked = request.args
        try:
            account = caller(json.loads(asked.get("advertiser_ids", "")))
            page, size = int(asked.get("page", 1)), int(asked.get("page_size", 10))
            begin, end = (
                datetime.fromisoformat(asked[name]).replace(tzinfo=_ZONE.info).timestamp()
                for name in ("start_time", "end_time")
            )
        except (ValueError, KeyError) as odd:
            raise Minded(40001, str(odd)) from odd
        if not 1 <= size <= PAGE or page < 1 or begin > end:
            raise Minded(40001, "page, page_size, start_time, end_time")
        rows = [row for row in clues.all(account.code) if begin <= int(row["left"]) <= end]
        some = rows[(page - 1) * size : page * size]
        info = {"page": page, "page_size": size, "total_number": len(rows)}
        info |= {"total_page": -(-len(rows) // size)}
        return _answer(page_info=info, list=[clues.shown(account, row) for row in some])

    @door.post("/ocean/open_api/2/tools/clue/callback/")
    def callback() -> Response:
        told = _told()
        account = caller(told.get("advertiser_ids"))
        state = told.get("clue_convert_state")
        if told.get("source") != 1 or state not in STATES:
            raise Minded(40001, "source, clue_convert_state")
        clues.judge(account.code, str(told.get("clue_id")), state)
        return _answer()


def _page(door: Blueprint, clues: Clues, accounts: Accounts) -> None:
    @door.get("/ocean/<code>")
    def advertiser(code: str) -> str:
        account = _one(accounts, code)
        rows = clues.all(account.code)
        return render_template("ocean.html", account=account, rows=rows)

    @door.post("/ocean/<code>/leads")
    def leave(code: str) -> Answer:
        clues.leave(_one(accounts, code), request.form.to_dict())
        return redirect(url_for("ocean.advertiser", code=code), 303)

    @door.get("/sandbox/ocean/<code>")
    def seen(code: str) -> Response:
        return jsonify(leads=clues.all(_one(accounts, code).code))

    @door.post("/sandbox/ocean/<code>/<act>")
    def act(code: str, act: str) -> Response:
        account = _one(accounts, code)
        if act == "consent":
            return jsonify(told=clues.token(account.code, "code", CODE))
        return jsonify(told=clues.leave(account, request.get_json(force=True)))


def _one(accounts: Accounts, code: str) -> AdAccount:
    return known(accounts.advertisers(), code)
