"""Readers (阅读): members of the cast open the hub's links and use its pages, over real HTTP.

Each keeps a cookie of her own, as a phone would; the hub sees ordinary customers. Only the hub's
own address is ever opened. That the hub is away is shrugged off.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import urllib3

from juzhen.sandbox.accounts import App, AppCustomer, Corp, OfficialAccount
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger

_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50"
VISITOR = "jz_c"
"""The hub's first-party cookie: the one that says who reads."""
_PAGE_BYTES = 400_000
_READINGS = 100
"""So many pages are kept as they were seen."""
_REDIRECTS = 4

_SHELF = """
query Shelf($channel: ID!, $first: Int = 20) {
  shelf(channel: $channel, first: $first) {
    nodes { id type title summary cover { url } tags { id label } opens closes trackedUrl }
  }
}
"""

_INBOX = "{ me { inbox(first: 10) { nodes { id title text link at } } } }"


class Readers:
    """The hands of the cast: links, GraphQL as the app, behaviour in Segment's format."""

    def __init__(self, ledger: Ledger, clock: MovableClock, hub: str) -> None:
        self._ledger, self._clock, self._hub = ledger, clock, hub.rstrip("/")
        self._http = urllib3.PoolManager(retries=False, timeout=5, maxsize=8)

    @property
    def hub(self) -> str:
        return self._hub

    def ours(self, url: str) -> bool:
        """Does the address belong to the hub?"""
        wanted, hub = urlsplit(url), urlsplit(self._hub)
        return (wanted.scheme, wanted.netloc) == (hub.scheme, hub.netloc)

    def open(self, person: Any, account: OfficialAccount, url: str) -> int:
        """A follower opens a link; the number of the reading, with the page as she saw it."""
        status, page, cookie = self._walk(url, person["cookie"])
        with self._ledger.turn() as db:
            db.execute("update people set cookie = ? where openid = ?", (cookie, person["openid"]))
        visitor = _pairs(cookie).get(VISITOR, "")
        if visitor != _pairs(person["cookie"]).get(VISITOR, "") and account.write_key:
            ids = {"openid": person["openid"], "unionid": person["unionid"]}
            self._introduce(ids, account.write_key, visitor)
        return self._keep(person["openid"], url, status, page)

    def open_external(self, corp: Corp, person: Any, url: str) -> int:
        """A rep's customer opens a link inside WeChat, where the page learns her unionid."""
        before = self._ledger.fact(f"cookie:{person['external']}", "")
        status, page, cookie = self._walk(url, before)
        self._ledger.keep(f"cookie:{person['external']}", cookie)
        visitor = _pairs(cookie).get(VISITOR, "")
        if visitor != _pairs(before).get(VISITOR, "") and corp.write_key:
            ids = {"external_userid": person["external"], "unionid": person["unionid"]}
            self._introduce(ids, corp.write_key, visitor)
        return self._keep(person["external"], url, status, page)

    def open_in_app(self, app: App, customer: AppCustomer, url: str) -> int:
        """The same inside the app, whose pages know who is logged in."""
        who = reader_of(app, customer)
        before = self._ledger.fact(f"cookie:{who}", "")
        status, page, cookie = self._walk(url, before)
        self._ledger.keep(f"cookie:{who}", cookie)
        visitor = _pairs(cookie).get(VISITOR, "")
        if visitor != _pairs(before).get(VISITOR, ""):
            self.identify(app, customer, cookie=visitor)
        return self._keep(who, url, status, page)

    def _keep(self, reader: str, url: str, status: int, page: str) -> int:
        with self._ledger.turn() as db:
            number = db.execute(
                "insert into readings (openid, url, status, page, at) values (?, ?, ?, ?, ?)",
                (reader, url, status, page, self._clock.seconds()),
            ).lastrowid
            db.execute("delete from readings where id <= ?", ((number or 0) - _READINGS,))
        return number or 0

    def _walk(self, url: str, cookie: str) -> tuple[int, str, str]:
        """Follow redirects within the hub, with her cookie."""
        status, page = 0, ""
        for _ in range(_REDIRECTS):
            if not self.ours(url):
                break
            headers = {"User-Agent": _AGENT, "Accept-Language": "zh-CN,zh;q=0.9"}
            if cookie:
                headers["Cookie"] = cookie
            try:
                answer = self._http.request("GET", url.partition("#")[0], headers=headers)
            except urllib3.exceptions.HTTPError:
                return 0, "", cookie
            cookie = _merged(cookie, answer.headers.getlist("Set-Cookie"))
            status = answer.status
            page = answer.data[:_PAGE_BYTES].decode(errors="replace")
            where = answer.headers.get("Location")
            if not where:
                break
            url = urljoin(url, where)
        return status, page, cookie

    def _introduce(self, ids: Mapping[str, str], write_key: str, cookie: str) -> None:
        """The company's page knows who reads inside WeChat: her ids meet the cookie."""
        known = [
            {"type": kind, "id": value, "collection": "users"}
            for kind, value in (*ids.items(), ("cookie", cookie))
        ]
        told = {"type": "identify", "anonymousId": cookie, "traits": {}}
        self.tell(write_key, told | {"context": {"externalIds": known}})

    def reading(self, number: int) -> Any:
        with self._ledger.turn() as db:
            return db.execute("select * from readings where id = ?", (number,)).fetchone()

    def tell(self, write_key: str, *messages: Mapping[str, Any]) -> bool:
        """Post behaviour to ``/v1/batch`` as the front end would."""
        now = self._clock().isoformat()
        batch = [{"messageId": str(uuid.uuid4()), "timestamp": now} | dict(m) for m in messages]
        headers = urllib3.make_headers(basic_auth=f"{write_key}:")
        headers["Content-Type"] = "application/json"
        body = orjson.dumps({"batch": batch, "sentAt": now})
        try:
            url = f"{self._hub}/v1/batch"
            answer = self._http.request("POST", url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status < 300

    def identify(self, app: App, customer: AppCustomer, *, cookie: str = "") -> bool:
        """A customer logs in to the app, perhaps in a browser that the hub knows already."""
        outside = (("unionid", customer.unionid), ("cookie", cookie))
        known = [{"type": kind, "id": id_, "collection": "users"} for kind, id_ in outside if id_]
        told = {
            "type": "identify",
            "userId": customer.user_id,
            "traits": {"phone": customer.phone} if customer.phone else {},
            "context": {"externalIds": known} if known else {},
        }
        return self.tell(app.write_key, told)

    def track(self, app: App, user_id: str, event: str, properties: Mapping[str, Any]) -> bool:
        told = {"type": "track", "userId": user_id, "event": event, "properties": dict(properties)}
        return self.tell(app.write_key, told)

    def shelf(self, app: App, first: int = 20) -> list[dict[str, Any]] | None:
        """What the app shows now, asked of the hub this moment; None if it does not answer."""
        told = self._post(
            "/graphql",
            app.token,
            {"query": _SHELF, "variables": {"channel": app.code, "first": first}},
        )
        return _nodes(told, "shelf")

    def inbox(self, app: App, customer: AppCustomer) -> list[dict[str, Any]]:
        """What was said to her, asked with a token of her own."""
        exchanged = self._post("/auth/exchange", app.token, {"user_id": customer.user_id})
        token = exchanged.get("token") if isinstance(exchanged, dict) else None
        if not token:
            return []
        return _nodes(self._post("/graphql", token, {"query": _INBOX}), "me", "inbox") or []

    def _post(self, path: str, token: str, told: Mapping[str, Any]) -> Any:
        """JSON to the hub; whatever JSON it answers, or None."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        try:
            answer = self._http.request(
                "POST", f"{self._hub}{path}", body=orjson.dumps(told), headers=headers
            )
            return json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, ValueError):
            return None

    def close(self) -> None:
        self._http.clear()


def _merged(cookie: str, told: list[str]) -> str:
    """The cookies she has, and those that the answer set."""
    jar = _pairs(cookie) | dict(
        one.split(";", 1)[0].split("=", 1) for one in told if "=" in one.split(";", 1)[0]
    )
    return "; ".join(f"{name}={value}" for name, value in jar.items() if value)


def _pairs(cookie: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in cookie.split("; ") if "=" in pair)


def reader_of(app: App, customer: AppCustomer) -> str:
    """Under which name an app's user has her cookie and her readings."""
    return f"{app.appid}:{customer.user_id}"


def _nodes(told: Any, *path: str) -> list[dict[str, Any]] | None:
    """The nodes of a list in a GraphQL answer; None for anything else."""
    for name in ("data", *path, "nodes"):
        if not isinstance(told, Mapping):
            return None
        told = told.get(name)
    return told if isinstance(told, list) else None
