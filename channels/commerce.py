"""Commerce (电商与本地生活): orders come in from Meituan-like shops and Xiaohongshu ark.

Receives only: nothing can be published or said there. An order is told again with every change and
for every retry; the id of its event is the order and what happened to it, so it counts once. Field
names and states of a platform stand in its `Dialect`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson

from channels.base import Callback, Idempotency, Received, Refused
from channels.capabilities import Capabilities, Limits
from channels.listening import OnlyListens
from channels.orders import impersonal
from channels.unread import Unread, fields_of, unread, written
from data_hub.details import yuan
from data_hub.identities import phone, somebodys
from kernel.clock import Clock, since_1970
from kernel.errors import Invalid
from kernel.events import Ecosystem, Event, Handle
from kernel.reading import DAMAGED, parsed
from kernel.secret import Secret
from kernel.values import dataclass

BUYER = "buyer"
UNREADABLE = (KeyError, ValueError)

Told = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one platform tells of an order. Mended here when it differs."""

    signed: Callable[[Mapping[str, str], bytes, str], bool]
    """Is the query, the body and the secret's owner one and the same?"""
    opened: Callable[[bytes], list[Any]]
    """The orders in a body; raises `Invalid` or one of `UNREADABLE`."""
    order: tuple[str, ...]
    state: tuple[str, ...]
    buyer: tuple[str, ...]
    phone: tuple[str, ...]
    amount: tuple[str, ...]
    at: tuple[str, ...]
    product: tuple[str, ...]
    states: Mapping[str, str]
    """The platform's state → our kind of event."""
    cents: bool = False
    """Amounts are told in hundredths."""
    answer: bytes = b'{"data":"ok"}'


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))


def _meituan_signed(_: Mapping[str, str], body: bytes, secret: str) -> bool:
    """SHA-1 over the secret and the sorted pairs, whatever the platform sends along."""
    try:
        told = _form(body)
    except UNREADABLE:
        return False
    pairs = "".join(f"{name}{told[name]}" for name in sorted(told) if name != "sign")
    ours = hashlib.sha1(f"{secret}{pairs}".encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(ours.encode(), told.get("sign", "").lower().encode())


def _ark_signed(query: Mapping[str, str], _: bytes, secret: str) -> bool:
    """MD5 over method, application, moment and version, behind which the secret stands."""
    named = "&".join(f"{name}={query.get(name, '')}" for name in ("appId", "timestamp", "version"))
    text = f"{query.get('method', '')}?{named}{secret}"
    ours = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(ours.encode(), query.get("sign", "").lower().encode())


def _orders(told: Any) -> list[Any]:
    found = told if isinstance(told, list) else [told]
    if not any(isinstance(each, dict) for each in found):
        raise Invalid("", "not_an_object")
    return found


MEITUAN = Dialect(
    signed=_meituan_signed,
    opened=lambda body: _orders(parsed(_form(body)["biz"].encode())),
    order=("orderId", "orderIdView"),
    state=("status", "orderStatus"),
    buyer=("userId", "openUid"),
    phone=("recipientPhone", "phone"),
    amount=("total", "payAmount"),
    at=("utime", "payTime", "ctime"),
    product=("dealTitle", "productName"),
    states={
        "1": "ordered", "2": "bought", "4": "bought", "8": "redeemed", "9": "cancelled_order",
        "paid": "bought", "refunded": "refunded", "verified": "redeemed",
    },
)  # fmt: skip
ARK = Dialect(
    signed=_ark_signed,
    opened=lambda body: _orders(parsed(body)),
    order=("orderId", "order_id"),
    state=("orderStatus", "status"),
    buyer=("userId", "openId"),
    phone=("receiverPhone",),
    amount=("totalPayAmount", "payAmount"),
    at=("updateTime", "paidTime", "createdTime"),
    product=("skuName", "itemName"),
    states={
        "1": "ordered", "2": "bought", "4": "bought", "6": "bought", "7": "bought",
        "9": "cancelled_order", "10": "refunded",
    },
    cents=True,
    answer=b'{"success":true,"error_code":0}',
)  # fmt: skip
DIALECTS: Mapping[str, Dialect] = {"meituan": MEITUAN, "ark": ARK}


class Commerce(OnlyListens):
    """One shop on a platform of commerce or local service."""

    key: ClassVar[str] = "commerce"
    writes_to: ClassVar[str] = ""
    idempotency: ClassVar[Idempotency] = "none"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (Limits(since=date(2026, 1, 1), source="orders come in", shows=frozenset()),)
    )
    longest_review = timedelta()

    def __init__(self, clock: Clock, *, account: str, dialect: Dialect, secret: Secret) -> None:
        self._clock = clock
        self._account = account
        self._dialect = dialect
        self._secret = secret

    def receive(self, callback: Callback) -> Received:
        dialect = self._dialect
        if not dialect.signed(callback.query, callback.body, self._secret.reveal()):
            raise Refused("callback_not_genuine", account=self._account)
        try:
            orders = dialect.opened(callback.body)
        except (*UNREADABLE, Invalid):
            return Received(unreadable=callback.body, answer=dialect.answer)
        events, left, now = [], [], self._clock()
        for order in orders:
            try:
                events.append(self._event(order, now))
            except Invalid as wrong:
                left.append(self._unread(order, wrong))
        return Received(events=tuple(events), unread=tuple(left), answer=dialect.answer)

    def read_again(self, again: str, at: datetime) -> Event | None:
        try:
            return self._event(orjson.loads(again)["item"], at)
        except (*UNREADABLE, TypeError, Invalid):  # or what it was kept as is none
            return None

    def _unread(self, order: Any, wrong: Invalid) -> Unread:
        """Nothing of a person is kept of it but the number that her handle would be read from."""
        item = bare = impersonal(order) if written(order) else None
        if isinstance(bare, dict):
            item = bare | {name: order[name] for name in self._dialect.phone if name in order}
        return unread(wrong, bare, {"item": item})

    def _event(self, order: Any, now: datetime) -> Event:
        """One event for what happened to the order; a state that we do not know is kept, too.
        Raises `Invalid`."""
        order = fields_of(order)
        dialect = self._dialect
        number, state = _text(order, dialect.order), _text(order, dialect.state)
        if not number:
            raise Invalid(dialect.order[0], "field_is_missing")
        kind = dialect.states.get(state)
        buyer = somebodys(_text(order, dialect.buyer))
        told = phone(_text(order, dialect.phone))
        handle = Handle(BUYER, self._account, buyer) if buyer else told
        links = (told,) if told is not None and buyer else ()
        return Event(
            id=f"order:{number}:{kind or state}"[:240],
            kind=kind or f"commerce.{state or 'order'}"[:80],
            account=self._account,
            handle=handle,
            links=links,
            ecosystem=Ecosystem.COMMERCE,
            at=self._moment(order, now),
            detail=self._detail(order, number),
            raw=b"" if kind else orjson.dumps(impersonal(order)),
        )

    def _detail(self, order: Told, number: str) -> Told:
        """The order as it was told, without whom it is brought to; her phone is a handle."""
        kept: Told = impersonal(order)
        kept |= {"order_id": number, "product": _text(order, self._dialect.product)}
        try:
            amount = yuan(_text(order, self._dialect.amount))
        except ValueError:
            amount = None
        kept["amount"] = amount and amount / (100 if self._dialect.cents else 1)
        return kept

    def _moment(self, order: Told, now: datetime) -> datetime:
        stamp = _text(order, self._dialect.at)
        if not stamp.isdecimal():
            return now
        try:
            return since_1970(int(stamp))
        except ValueError as wrong:
            raise Invalid(self._dialect.at[0], "time_out_of_range") from wrong


def _text(order: Told, names: tuple[str, ...]) -> str:
    """The first of these fields that is there and whole, as a text."""
    for name in names:
        value = order.get(name)
        if value in (None, "") or isinstance(value, dict | list):
            continue
        if (text := str(value).strip()).isprintable() and DAMAGED not in text:
            return text
    return ""
