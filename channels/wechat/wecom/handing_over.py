"""Handing customers over (客户接替): from one rep to another, also from one who left.

Habits of the platform: every customer is answered for alone; who may be handed over is so after a
day unless she says no, which only the list of results tells; twice in ninety days at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.base import Progress, Receipt
from channels.wechat.wecom.wire import WeComWire

_ROOM = "/cgi-bin/externalcontact"
_RESULTS = {
    1: (Progress.SHOWN, ""),
    2: (Progress.SUBMITTED, ""),
    3: (Progress.REFUSED, "customer_refused_transfer"),
    4: (Progress.REFUSED, "rep_has_too_many"),
}


def ask(
    wire: WeComWire, giver: str, taker: str, externals: Sequence[str], words: str, *, resigned: bool
) -> dict[str, Receipt]:
    """By customer, whether the platform will; ``resigned`` is for a giver who left."""
    said: dict[str, Any] = {"transfer_success_msg": words[:200]} if words else {}
    told = wire.ask(
        f"{_path(resigned)}transfer_customer", handover_userid=giver, takeover_userid=taker,
        external_userid=list(externals), **said,
    )  # fmt: skip
    rows = told.get("customer")
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return {str(row.get("external_userid")): _asked(wire, row) for row in listed}


def results(wire: WeComWire, giver: str, taker: str, *, resigned: bool) -> dict[str, Receipt]:
    """By customer, what became of it: all that was ever asked between these two."""
    rows = wire.page(
        f"{_path(resigned)}transfer_result",
        "customer",
        handover_userid=giver,
        takeover_userid=taker,
    )
    found = {}
    for row in rows:
        status = str(row.get("status"))
        progress, reason = _RESULTS.get(
            int(status) if status.isdecimal() else 0, (Progress.REFUSED, "platform_refused")
        )
        external = str(row.get("external_userid") or "")
        found[external] = Receipt(ref=external, progress=progress, reason=reason)
    return found


def _path(resigned: bool) -> str:
    return f"{_ROOM}/resigned/" if resigned else f"{_ROOM}/"


def _asked(wire: WeComWire, row: Mapping[str, Any]) -> Receipt:
    external, code = str(row.get("external_userid")), str(row.get("errcode") or 0)
    number = int(code) if code.lstrip("-").isdecimal() else -1
    if number == 0:
        return Receipt(ref=external, progress=Progress.SUBMITTED)
    reason = wire.codes.minded.get(number, "platform_refused")
    return Receipt(ref=external, progress=Progress.REFUSED, reason=reason)
