"""The shop's twin (电商分身): a person places an order, pays, uses it or gives it back.

Meituan-like and Xiaohongshu ark. Every change of an order is pushed to the company, signed as that
platform signs, at least once; an answer that is not its ok is as good as none. Nothing can be said
or shown to buyers here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Accounts, Shop, coded, known
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.pushes import Pushes

_SCHEMA = """
create table if not exists shop_orders (
    id integer primary key autoincrement, code text not null, buyer text not null,
    phone text not null, product text not null, cents integer not null, state text not null,
    placed real not null, changed real not null);
"""
GOODS = (("康养体验房一晚", 68_000), ("家庭体检套餐", 39_900), ("居家适老急救包", 12_800))
BUYERS = (("b_sun", "孙阿姨", "13900000001"), ("b_zhou", "老周", "13900000002"))
_NEXT = {
    "placed": ("paid", "cancelled"), "paid": ("used", "refunded"), "used": ("refunded",),
    "cancelled": (), "refunded": (),
}  # fmt: skip
"""What may become of an order, by how it stands."""
_STATES = {
    "meituan": {"placed": "1", "paid": "2", "used": "8", "cancelled": "9", "refunded": "refunded"},
    "ark": {"placed": "1", "paid": "2", "used": "7", "cancelled": "9", "refunded": "10"},
}
DIALECTS = tuple(_STATES)


class NotNow(Exception):
    """That cannot become of an order which stands as it does."""


class Till:
    """Every order, and what the company is still to be told of it."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, accounts: Accounts, hub: str
    ) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock = ledger, clock
        self._accounts, self._hub = accounts, hub
        self._pushes = Pushes(ledger, clock, knobs, "shop")

    def place(self, shop: Shop, buyer: str, product: str) -> int:
        """She orders one of the goods. Raises `NotNow` for a stranger, or what is not sold."""
        price = dict(GOODS).get(product)
        phone = next((phone for name, _, phone in BUYERS if name == buyer), "")
        if price is None or not phone:
            raise NotNow
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            made = db.execute(
                "insert into shop_orders (code, buyer, phone, product, cents, state, placed,"
                " changed) values (?, ?, ?, ?, ?, 'placed', ?, ?)",
                (shop.code, buyer, phone, product, price, now, now),
            ).lastrowid or 0  # fmt: skip
        self._push(shop, made)
        return made

    def change(self, shop: Shop, order: int, state: str) -> None:
        """She pays it, uses it, calls it off or gives it back. Raises `NotNow`."""
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            row = db.execute(
                "select state from shop_orders where id = ? and code = ?", (order, shop.code)
            ).fetchone()
            if row is None or state not in _NEXT[row["state"]]:
                raise NotNow
            db.execute(
                "update shop_orders set state = ?, changed = ? where id = ?", (state, now, order)
            )
        self._push(shop, order)

    def orders(self, code: str) -> list[dict[str, Any]]:
        """The newest first, each with what may become of it."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from shop_orders where code = ? order by id desc", (code,)
            ).fetchall()
        return [dict(row) | {"next": _NEXT[row["state"]]} for row in rows]

    def pushes(self, code: str) -> list[dict[str, Any]]:
        return self._pushes.of(code)

    def _push(self, shop: Shop, order: int) -> None:
        with self._ledger.turn() as db:
            row = db.execute("select * from shop_orders where id = ?", (order,)).fetchone()
        self._pushes.queue(shop.code, json.dumps(_told(shop.dialect, row), ensure_ascii=False))

    def settle(self) -> int:
        """Push everything that is due; how many were tried."""
        return self._pushes.settle(self._post)

    def _post(self, http: urllib3.PoolManager, row: Mapping[str, Any]) -> bool:
        shop = coded(self._accounts.shops(), row["code"])
        if shop is None:
            return False
        query, body, kind = _signed(shop, row["body"], self._clock.machine())
        answer = http.request(
            "POST", f"{self._hub}/callbacks/{shop.code}{query}", body=body,
            headers={"Content-Type": kind},
        )  # fmt: skip
        try:
            said = orjson.loads(answer.data)
        except orjson.JSONDecodeError:
            return False
        return answer.status == 200 and _is_ok(shop.dialect, said)


def _told(dialect: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """An order as that platform tells of it."""
    state = _STATES[dialect][row["state"]]
    if dialect == "meituan":
        return {
            "orderId": f"9000{row['id']:06}", "status": state, "openUid": row["buyer"],
            "recipientPhone": row["phone"], "total": f"{row['cents'] / 100:.2f}",
            "ctime": int(row["placed"]), "utime": int(row["changed"]), "dealTitle": row["product"],
        }  # fmt: skip
    return {
        "orderId": f"P7{row['id']:08}", "orderStatus": int(state), "userId": row["buyer"],
        "receiverPhone": row["phone"], "totalPayAmount": row["cents"], "skuName": row["product"],
        "createdTime": int(row["placed"] * 1000), "updateTime": int(row["changed"] * 1000),
    }  # fmt: skip


def _signed(shop: Shop, told: str, stamp: int) -> tuple[str, bytes, str]:
    """The query, the body and its kind, as that platform signs what it pushes."""
    if shop.dialect == "meituan":
        form = {
            "developerId": "100001", "businessId": "2", "timestamp": str(stamp),
            "charset": "utf-8", "version": "2", "biz": told,
        }  # fmt: skip
        pairs = "".join(f"{name}{form[name]}" for name in sorted(form))
        form["sign"] = hashlib.sha1(
            f"{shop.sign_key}{pairs}".encode(), usedforsecurity=False
        ).hexdigest()
        return "", urlencode(form).encode(), "application/x-www-form-urlencoded"
    named = {"appId": "ark-app", "timestamp": str(stamp), "version": "2.0"}
    text = "order.push?" + "&".join(f"{name}={value}" for name, value in named.items())
    sign = hashlib.md5(f"{text}{shop.sign_key}".encode(), usedforsecurity=False).hexdigest()
    query = urlencode({"method": "order.push", **named, "sign": sign})
    return f"?{query}", told.encode(), "application/json"


def _is_ok(dialect: str, said: Any) -> bool:
    """Does the company say that it heard, in that platform's words?"""
    if not isinstance(said, dict):
        return False
    return said.get("data") == "ok" if dialect == "meituan" else said.get("success") is True


def blueprint(till: Till, accounts: Accounts) -> Blueprint:
    """The shop as its customers see it, and the door for tests."""
    door = Blueprint("shop", __name__)

    def one(code: str) -> Shop:
        return known(accounts.shops(), code)

    @door.errorhandler(NotNow)
    def not_now(_: NotNow) -> tuple[str, int]:
        return "that cannot be done with this order", 409

    @door.get("/shop/<code>")
    def counter(code: str) -> str:
        return render_template(
            "shop.html", shop=one(code), goods=GOODS, buyers=BUYERS, orders=till.orders(code)
        )

    @door.post("/shop/<code>/orders")
    def order(code: str) -> Answer:
        till.place(one(code), request.form.get("buyer", ""), request.form.get("product", ""))
        return redirect(url_for("shop.counter", code=code), 303)

    @door.post("/shop/<code>/orders/<int:number>")
    def go_on(code: str, number: int) -> Answer:
        till.change(one(code), number, request.form.get("state", ""))
        return redirect(url_for("shop.counter", code=code), 303)

    @door.get("/sandbox/shop/<code>")
    def told(code: str) -> Response:
        return jsonify(orders=till.orders(one(code).code), pushes=till.pushes(code))

    @door.post("/sandbox/shop/<code>/<act>")
    def do(code: str, act: str) -> Response:
        shop, asked = one(code), request.get_json(force=True)
        if act == "order":
            return jsonify(told=till.place(shop, str(asked["buyer"]), str(asked["product"])))
        till.change(shop, int(asked["order"]), act)
        return jsonify(told="ok")

    return door
