"""What is kept of an order (订单明细): what was bought, for how much and when.

To whom and where it is brought is not: nobody here delivers it, and what serves no purpose is not
kept (个人信息最少必要). By whom it was bought is a handle of the event's, erased as all others are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from kernel.events import Event

_WHOSE = (
    "recipient", "receiver", "receive", "recv", "consignee", "contact", "buyer", "customer",
    "user", "delivery", "shipping", "payer",
)  # fmt: skip
_WHAT = (
    "name", "nick", "address", "addr", "detail", "mobile", "phone", "phones", "tel", "telephone",
    "mail", "email", "idcard", "remark", "message", "info",
)  # fmt: skip
_ALWAYS = frozenset(
    ("address", "addr", "detailaddress", "mobile", "phone", "phones", "tel", "telephone", "mail",
     "email", "idcard", "realname", "fullname", "nickname", "username", "consignee", "recipient",
     "receiver", "caution", "remark", "longitude", "latitude", "姓名", "收货人", "收件人", "电话",
     "手机", "手机号", "地址", "收货地址", "详细地址", "备注")
)  # fmt: skip
_REGIONS = ("province", "city")


def as_kept(event: Event) -> Event:
    """An order's event as it is kept today: earlier ones kept whom the order was brought to."""
    if not event.id.startswith("order:"):
        return event
    return replace(event, detail=impersonal(event.detail), raw=_raw(event.raw))


def _raw(raw: bytes) -> bytes:
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return b""
    bare = impersonal(told)
    return raw if bare == told else orjson.dumps(bare)


def part(refund: object, amount: object) -> str:
    """Which of several refunds of one order this is: by its own id, else by how much it is."""
    named = str(refund).strip()[:200] if type(refund) in (str, int) else ""
    return named or (f"{amount:.2f}" if isinstance(amount, float) else "")


def impersonal(told: Any) -> Any:
    """The same without names, numbers, addresses and messages of persons, however deep they lie."""
    if isinstance(told, dict):
        return {name: impersonal(value) for name, value in told.items() if not _personal(name)}
    if isinstance(told, list):
        return [impersonal(each) for each in told]
    return told


def _personal(name: str) -> bool:
    """Is this the name of a field about a person? Her province and city may be kept."""
    bare = name.replace("_", "").replace("-", "").lower()
    if bare in _ALWAYS:
        return True
    return bare.startswith(_WHOSE) and bare.endswith(_WHAT) and not any(r in bare for r in _REGIONS)
