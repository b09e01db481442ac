"""Webhooks in (订单与线索回传): a shop's or a CRM's own system tells of orders and leads, signed.

The envelope is Standard Webhooks (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``).
Receives only. An order is one event for each thing that happened to it, a lead is one event, so a
delivery that comes again adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import orjson

from channels.base import Callback, Idempotency, Received, Refused
from channels.capabilities import Capabilities, Limits
from channels.listening import OnlyListens
from channels.orders import impersonal, part
from channels.unread import fields_of, unread
from data_hub.details import yuan
from data_hub.identities import email, phone, somebodys
from kernel.clock import Clock, since_1970
from kernel.errors import Flaw, Invalid
from kernel.events import Ecosystem, Event, Handle
from kernel.reading import DAMAGED, parsed
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
        tongue = "en" if callback.headers.get("accept-language", "").startswith("en") else "zh"
        try:
            told = parsed(callback.body)
        except Invalid as wrong:
            answer = _answer(0, [(0, wrong.flaws[0])], tongue)
            return Received(unreadable=callback.body or b" ", answer=answer)
        events, left, why, now = [], [], [], self._clock()
        for n, item in enumerate(told if isinstance(told, list) else [told]):
            delivery = f"{id_}:{n}"
            try:
                events.append(self._event(item, delivery, now))
            except Invalid as wrong:
                left.append(unread(wrong, item, {"item": item, "delivery": delivery}))
                why.append((n, wrong.flaws[0]))
        answer = _answer(len(events), why, tongue)
        return Received(events=tuple(events), unread=tuple(left), answer=answer)

    def read_again(self, again: str, at: datetime) -> Event | None:
        try:
            told = orjson.loads(again)
            return self._event(told["item"], told["delivery"], at)
        except (KeyError, TypeError, ValueError, Invalid):  # or what it was kept as is none
            return None

    def _checked(self, callback: Callback) -> str:
        """The delivery's id. Raises `Refused` for what the owner of the secret did not send now."""
        if not genuine(self._secret.reveal(), callback.headers, callback.body, self._clock()):
            raise Refused("callback_not_genuine", account=self._account)
        return callback.headers["webhook-id"]

    def _event(self, item: Any, delivery: str, now: datetime) -> Event:
        """One event for what happened; a type that nobody wrote down is kept, too. Raises
        `Invalid`."""
        item = fields_of(item)
        type_, data = _needed(item, "type"), item.get("data")
        if not isinstance(data, dict):
            raise Invalid("data", "not_an_object")
        kind = TYPES.get(type_, f"webhook.{type_}"[:80])
        known = self._known(data)
        if type_ == "lead.created" and not any(handle.kind != "lead" for handle in known):
            raise Invalid("data.phone", "nobody_can_turn_to_her")
        return Event(
            id=self._id(type_, kind, data, delivery),
            kind=kind,
            at=_moment(item.get("timestamp") or data.get("at"), now),
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
            whole = f"order:{_needed(data, 'order_id', 'data.')}:{kind}"
            told = _part(data) if type_ == "order.refunded" else ""
            return f"{whole}:{told}"[:240] if told else whole[:240]
        if type_ == "lead.created":
            return f"lead:{_needed(data, 'lead_id', 'data.')}"[:240]
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


def _moment(told: Any, now: datetime) -> datetime:
    """ISO 8601, seconds or milliseconds. Without one it is now; never in our future. Raises
    `Invalid`, for years before any shop's, too, as systems write for none at all."""
    if told in (None, ""):
        return now
    number = isinstance(told, int | float)
    try:
        at = since_1970(told) if number else datetime.fromisoformat(str(told))
    except ValueError as wrong:
        raise Invalid("timestamp", "time_out_of_range" if number else "not_a_time") from wrong
    if at.year < _FIRST_YEAR:
        raise Invalid("timestamp", "time_out_of_range")
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
    """Which of several refunds of one order this is."""
    return part(_text(data.get("refund_id")), _amount(data.get("amount")))


def _amount(told: Any) -> float | None:
    """Raises `Invalid` for what is none."""
    try:
        return yuan(told)
    except ValueError as wrong:
        raise Invalid("data.amount", "not_a_number") from wrong


def _needed(told: Told, name: str, where: str = "") -> str:
    if told.get(name) in (None, ""):
        raise Invalid(f"{where}{name}", "field_is_missing")
    if not (value := _text(told[name])):
        raise Invalid(f"{where}{name}", "not_an_id")
    return value


def _text(value: Any) -> str:
    """Of text that was damaged on its way two may have become one: it is nobody's."""
    text = str(value).strip()[:200] if type(value) in (str, int) else ""
    return text if text.isprintable() and DAMAGED not in text else ""


def _answer(accepted: int, rejected: Sequence[tuple[int, Flaw]], tongue: str) -> bytes:
    """The body is kept, whatever is in it; its sender's people can read here what to mend."""
    if not rejected:
        return _ANSWER
    told = [
        {
            "index": index,
            "code": flaw.reason,
            "field": flaw.field,
            "message": flaw.message(tongue),
        }
        for index, flaw in rejected
    ]
    return orjson.dumps({"success": True, "accepted": accepted, "rejected": told})
