"""Corporate tags (企业标签): groups, and the tags in each; ids become codes in small letters.

Habits of the platform: a name is taken once in a group and has thirty characters at most; an
application renames and deletes only what it made itself (81011).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.base import Busy, Refused
from channels.vocabularies import Ours, Word
from channels.wechat.wecom.wire import WeComWire

_ROOM = "/cgi-bin/externalcontact"
_NAME, _AT_ONCE = 30, 100


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
    told = wire.ask(f"{_ROOM}/get_corp_tag_list").get("tag_group")
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
        ref = str(row.get("id") or "")
        yield Word(_code(ref), str(row.get("name") or ""), code, ref)


def _code(told: Any) -> str:
    return f"wecom.{str(told or '').lower()}"[:80]


def put(wire: WeComWire, group: str, wanted: Mapping[str, Ours]) -> dict[str, str]:
    """Have tags of ours in the group of this name, each found by its id or by its name before it
    is made. One that another application made cannot be renamed: a new one stands beside it."""
    _check(wanted)
    groups = _groups(wire)
    names = {str(row.get("id")): str(row.get("name")) for each in groups for row in _rows(each)}
    there = next((each for each in groups if each.get("group_name") == group), None)
    by_name = {str(row.get("name")): str(row.get("id")) for row in _rows(there or {})}
    found: dict[str, str] = {}
    for tag, (label, ref) in wanted.items():
        if label in by_name:
            found[tag] = by_name[label]
        elif ref in names and _renamed(wire, ref, label):
            found[tag] = ref
    missing = {tag: each.label for tag, each in wanted.items() if tag not in found}
    return found | (_add(wire, group, there, missing) if missing else {})


def _check(wanted: Mapping[str, Ours]) -> None:
    for label, _ in wanted.values():
        if len(label) > _NAME:
            raise Refused("corp_tag_name_long", tag=label[:60], limit=_NAME)


def _renamed(wire: WeComWire, ref: str, label: str) -> bool:
    try:
        wire.ask(f"{_ROOM}/edit_corp_tag", id=ref, name=label)
    except Refused as no:
        if no.reason != "corp_tag_not_ours":
            raise
        return False
    return True


def _add(
    wire: WeComWire, group: str, there: Mapping[str, Any] | None, missing: Mapping[str, str]
) -> dict[str, str]:
    where: dict[str, Any] = {"group_id": str(there["group_id"])} if there else {"group_name": group}
    names = list(dict.fromkeys(missing.values()))
    made: dict[str, str] = {}
    for begin in range(0, len(names), _AT_ONCE):
        some = [{"name": each} for each in names[begin : begin + _AT_ONCE]]
        told = wire.ask(f"{_ROOM}/add_corp_tag", tag=some, **where).get("tag_group")
        rows = _rows(told) if isinstance(told, Mapping) else []
        made |= {str(row.get("name")): str(row.get("id")) for row in rows}
        if isinstance(told, Mapping) and told.get("group_id"):
            where = {"group_id": str(told["group_id"])}
    if not set(names) <= made.keys():
        raise Busy("platform_answer_unreadable", path="add_corp_tag")
    return {tag: made[label] for tag, label in missing.items()}


def mark(wire: WeComWire, external: str, add: Sequence[str], remove: Sequence[str]) -> None:
    """On the customer, for each rep who has her. Marking twice does no harm."""
    told = wire.look(f"{_ROOM}/get", external_userid=external).get("follow_user")
    for row in told if isinstance(told, list) else []:
        if isinstance(row, Mapping) and row.get("userid"):
            wire.ask(
                f"{_ROOM}/mark_tag", userid=str(row["userid"]), external_userid=external,
                add_tag=list(add), remove_tag=list(remove),
            )  # fmt: skip
