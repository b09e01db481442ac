"""Menus of an official account (公众号自定义菜单): made, read and dropped at the platform.

Habits of the platform: three entries, five below each; a menu that is made takes the place of the
one before; people see it only when they enter the chat again, or after a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.menus import Entry
from channels.wechat.messages import rows
from channels.wechat.wire import Wire

_NO_MENU = frozenset({46003})


def put(wire: Wire, entries: Sequence[Entry]) -> None:
    """In the place of whatever stood there. Putting it twice does no harm."""
    wire.ask("/cgi-bin/menu/create", button=[_button(each) for each in entries])


def drop(wire: Wire) -> None:
    """No menu any more. Dropping twice does no harm."""
    wire.look_at("/cgi-bin/menu/delete", harmless=_NO_MENU)


def shown(wire: Wire) -> list[Entry]:
    """What stands there now, whoever made it."""
    told = wire.look_at("/cgi-bin/menu/get", harmless=_NO_MENU).get("menu")
    listed = rows(told, "button") if isinstance(told, Mapping) else []
    return [_entry(each) for each in listed if isinstance(each, Mapping)]


def _button(entry: Entry) -> dict[str, Any]:
    if entry.below:
        return {"name": entry.name, "sub_button": [_button(each) for each in entry.below]}
    if entry.address:
        return {"type": "view", "name": entry.name, "url": entry.address}
    return {"type": "click", "name": entry.name, "key": entry.key}


def _entry(told: Mapping[str, Any]) -> Entry:
    below = [_entry(each) for each in rows(told, "sub_button") if isinstance(each, Mapping)]
    return Entry(
        name=str(told.get("name") or ""), key=str(told.get("key") or ""),
        address=str(told.get("url") or ""), below=tuple(below),
    )  # fmt: skip
