"""Corporate tags (企业标签): groups, and the tags in each; ids become codes in small letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from channels.vocabularies import Word
from channels.wechat.wecom.wire import WeComWire


def vocabulary(wire: WeComWire) -> list[Word]:
    """Every group, and behind it its tags; what is deleted is left out."""
    return [word for group in _groups(wire) for word in _group(group)]


def labels(wire: WeComWire) -> dict[str, str]:
    """What every tag is called, by its id there."""
    return {
        str(row.get("id") or ""): str(row.get("name") or "")
        for group in _groups(wire)
        for row in _rows(group)
    }


def _groups(wire: WeComWire) -> list[Mapping[str, Any]]:
    told = wire.ask("/cgi-bin/externalcontact/get_corp_tag_list").get("tag_group")
    listed = told if isinstance(told, list) else []
    return [each for each in listed if isinstance(each, Mapping) and not each.get("deleted")]


def _rows(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = group.get("tag")
    listed = told if isinstance(told, list) else []
    return [each for each in listed if isinstance(each, Mapping) and not each.get("deleted")]


def _group(group: Mapping[str, Any]) -> Iterator[Word]:
    code = _code(group.get("group_id"))
    yield Word(code, str(group.get("group_name") or ""), "")
    for row in _rows(group):
        yield Word(_code(row.get("id")), str(row.get("name") or ""), code)


def _code(told: Any) -> str:
    return f"wecom.{str(told or '').lower()}"[:80]
