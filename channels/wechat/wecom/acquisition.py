"""Customer-acquisition links (获客链接): a way to a rep for where no code can be scanned.

Habits of the platform: every customer who comes by one costs a quota that the company bought; what
stands behind ``customer_channel`` of its address comes back with her as her state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from channels.live_codes import Code
from channels.wechat.wecom.wire import WeComWire
from channels.wechat.wire import text

_ROOM = "/cgi-bin/externalcontact/customer_acquisition"
_NO_SUCH_LINK = frozenset({40058, 84060})
_NAME = 30


def made(
    wire: WeComWire, state: str, userids: Sequence[str], *, remark: str, confirm: bool
) -> Code:
    """Its name ends in the state, so that it is found again after a lost answer."""
    told = wire.ask(
        f"{_ROOM}/create_link", link_name=f"{remark[: _NAME - len(state) - 1]} {state}".strip(),
        range={"user_list": list(userids)}, skip_verify=not confirm,
    )  # fmt: skip
    link = told.get("link")
    return _read(link if isinstance(link, Mapping) else {}, state)


def found(wire: WeComWire, state: str) -> Code | None:
    """The one whose name ends in the state; links can be listed, however old."""
    cursor, seen = "", set[str]()
    while cursor not in seen:
        seen.add(cursor)
        told = wire.ask(f"{_ROOM}/list_link", limit=100, cursor=cursor)
        listed = told.get("link_id_list")
        for number in listed if isinstance(listed, list) else []:
            link = wire.ask(f"{_ROOM}/get", link_id=str(number)).get("link")
            if isinstance(link, Mapping) and str(link.get("link_name", "")).endswith(state):
                return _read(link, state)
        cursor = str(told.get("next_cursor") or "")
    return None


def dropped(wire: WeComWire, ref: str) -> None:
    wire.ask(f"{_ROOM}/delete_link", harmless=_NO_SUCH_LINK, link_id=ref)


def left(wire: WeComWire) -> int | None:
    """How many more customers may come by links; None if the platform does not say."""
    told = str(wire.look("/cgi-bin/externalcontact/customer_acquisition_quota").get("balance", ""))
    return int(told) if told.isdecimal() else None


def _read(link: Mapping[str, object], state: str) -> Code:
    address = text(link, "url")
    mark = "&" if "?" in address else "?"
    ref = text(link, "link_id")
    return Code(ref, "", address=f"{address}{mark}{urlencode({'customer_channel': state})}")
