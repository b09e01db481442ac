"""Webhooks in (订单与线索回传): a shop's or a CRM's own system tells of orders and leads, signed.

The envelope is Standard Webhooks (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``).
Receives only. An order is one event for each thing that happened to it, a lead is one event, so a
delivery that comes again adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import orjson

from channels.base import Callback, Idempotency, Received, Refused, Unread
from channels.capabilities import Capabilities, Limits
from channels.listening import OnlyListens
from channels.orders import impersonal
from data_hub.identities import email, phone, somebodys
from kernel.clock import Clock, since_1970
from kernel.events import Ecosystem, Event, Handle
from kernel.secret import Secret
from kernel.webhooks import genuine

TYPES: Mapping[str, str] = {
    "order.created": "ordered",
    "order.paid": "bought",
    "order.redeemed": "redeemed",
    "order.refunded": "refunded",
    "order.cancelled": "cancelled_order",
    "lead.created": "left_contact",
    "lead.updated": "left_contact",
}
_FIRST_YEAR = 1990
_ANSWER = b'{"success":true}'
_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError)
_KEPT = 65_536
"""So much of one thing that could not be read is kept to be read again."""
_HANDLES = ("user_id", "openid", "external_userid", "buyer_id", "lead_id")
_PERSONAL = {"phone", "mobile", "email", "unionid", *_HANDLES}
_TRAITS = ("name", "city", "gender", "birthday")

Told = dict[str, Any]


class Webhook(OnlyListens):
    """One system that tells us of orders and leads."""

    key: ClassVar[str] = "webhook"
    idempotency: ClassVar[Idempotency] = "none"
    pulled: ClassVar[bool] = True
    writes_to: ClassVar[str] = ""
    capabilities: ClassVar[Capabilities] = Capabilities(
        (Limits(since=date(2026, 1, 1), source="orders and leads come in", shows=frozenset()),)
    )
    longest_review = timedelta()

    def __init__(
        self, clock: Clock, *, account: str, secret: Secret, ecosystem: str = Ecosystem.COMMERCE
    ) -> None:
        self._clock = clock
        self._account = account
        self._secret = secret
        self._ecosystem = ecosystem

    def receive(self, callback: Callback) -> Received:
        """What can be read is taken, whatever else stands beside it in the body."""
        id_ = self._checked(callback)
        try:
            told = orjson.loads(callback.body)
        except orjson.JSONDecodeError:
            return Received(unreadable=callback.body or b" ", answer=_ANSWER)
        events, unread = [], []
        for n, item in enumerate(told if isinstance(told, list) else [told]):
            delivery = f"{id_}:{n}"
            try:
                events.append(self._event(item, delivery))
            except _UNREADABLE:
                again = orjson.dumps({"item": item, "delivery": delivery}).decode()
                kept = again if len(again) <= _KEPT else ""
                unread.append(Unread(orjson.dumps(item), kept))
        return Received(events=tuple(events), unread=tuple(unread), answer=_ANSWER)

    def read_again(self, again: str) -> Event | None:
        """What was unread, by today's rules; None if it still is."""
        try:
            told = orjson.loads(again)
            return self._event(told["item"], told["delivery"])
        except _UNREADABLE:
            return None

    def _checked(self, callback: Callback) -> str:
        """The delivery's id. Raises `Refused` for what the owner of the secret did not send now."""
        if not genuine(self._secret.reveal(), callback.headers, callback.body, self._clock()):
            raise Refused("callback_not_genuine", account=self._account)
        return callback.headers["webhook-id"]

    def _event(self, item: Told, delivery: str) -> Event:
        """One event for what happened; a type that nobody wrote down is kept, too."""
        type_, data = str(item["type"]), item["data"]
        if not isinstance(data, dict):
            raise TypeError("what happened has fields")
        kind = TYPES.get(type_, f"webhook.{type_}"[:80])
        known = self._known(data)
        if type_ == "lead.created" and not any(handle.kind != "lead" for handle in known):
            raise ValueError("nobody could turn to her")
        return Event(
            id=self._id(type_, kind, data, delivery),
            kind=kind,
            at=self._moment(item.get("timestamp") or data.get("at")),
            account=self._account,
            handle=known[0] if known else None,
            links=tuple(known[1:]),
            ecosystem=self._ecosystem,
            material=_text(data.get("material")),
            rep=_text(data.get("rep")),
            detail=_detail(type_, data),
        )

    def _id(self, type_: str, kind: str, data: Told, delivery: str) -> str:
        """By order and what happened to it, or by lead and its version; else by the delivery."""
        if type_.startswith("order."):
            whole = f"order:{_needed(data, 'order_id')}:{kind}"
            part = _part(data) if type_ == "order.refunded" else ""
            return f"{whole}:{part}"[:240] if part else whole[:240]
        if type_ == "lead.created":
            return f"lead:{_needed(data, 'lead_id')}"[:240]
        return f"webhook:{delivery}"[:240]

    def _known(self, data: Told) -> list[Handle]:
        """By what she is recognised: the sender's own id first."""
        found = [
            Handle("user" if name == "user_id" else name.removesuffix("_id"), self._account, value)
            for name in _HANDLES
            if (value := somebodys(_text(data.get(name))))
        ]
        if unionid := somebodys(_text(data.get("unionid"))):
            found.append(Handle("unionid", "", unionid))
        number = phone(_text(data.get("phone") or data.get("mobile")))
        address = email(_text(data.get("email")))
        return [*found, *(handle for handle in (number, address) if handle is not None)]

    def _moment(self, told: Any) -> datetime:
        """ISO 8601, seconds or milliseconds. Without one it is now; never in our future. Raises
        ValueError for years before any shop's, as systems write for none at all."""
        now = self._clock()
        if told in (None, ""):
            return now
        number = isinstance(told, int | float)
        at = since_1970(told) if number else datetime.fromisoformat(str(told))
        if at.year < _FIRST_YEAR:
            raise ValueError("of no time")
        return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)


def _detail(type_: str, data: Told) -> Told:
    """What was told, without the handles; what it says of a person stands under her traits."""
    kept = {name: value for name, value in data.items() if name not in {*_PERSONAL, *_TRAITS}}
    if traits := {name: data[name] for name in _TRAITS if data.get(name)}:
        kept["traits"] = traits
    if type_.startswith("order."):
        kept = impersonal(kept)
        kept["amount"] = _amount(data.get("amount"))
    return kept


def _part(data: Told) -> str:
    """Which of several refunds of one order this is: by its own id, else by how much it is."""
    amount = _amount(data.get("amount"))
    return _text(data.get("refund_id")) or ("" if amount is None else f"{amount:.2f}")


def _amount(told: Any) -> float | None:
    """In yuan, spelled as people do: ``¥1,000.00``. Raises `ValueError` for what is none."""
    if told in (None, ""):
        return None
    amount = float(str(told).strip().lstrip("¥￥").replace(",", ""))
    if not math.isfinite(amount):
        raise ValueError("no amount")
    return amount


def _needed(data: Told, name: str) -> str:
    if not (value := _text(data.get(name))):
        raise KeyError(name)
    return value


def _text(value: Any) -> str:
    return str(value).strip()[:200] if type(value) in (str, int) else ""
