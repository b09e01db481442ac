"""Corporate tags (企业标签): groups, and the tags in each; ids become codes in small letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from channels.vocabularies import Word
from channels.wechat.wecom.wire import WeComWire


def vocabulary(wire: WeComWire) -> list[Word]:
    """Every group, and behind it its tags; what is deleted is left out."""
    told = wire.ask("/cgi-bin/externalcontact/get_corp_tag_list").get("tag_group")
    groups = told if isinstance(told, list) else []
    return [word for group in groups for word in _group(group)]


def _group(group: Any) -> Iterator[Word]:
    if not isinstance(group, Mapping) or group.get("deleted"):
        return
    code = _code(group.get("group_id"))
    yield Word(code, str(group.get("group_name") or ""), "")
    rows = group.get("tag")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and not row.get("deleted"):
            yield Word(_code(row.get("id")), str(row.get("name") or ""), code)


def _code(told: Any) -> str:
    return f"wecom.{str(told or '').lower()}"[:80]
