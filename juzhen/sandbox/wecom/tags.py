"""Corporate tags (企业标签): this part of WeCom's interface, and who wears which.

What an administrator made there, an application may read and put on, never rename or delete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import Asked, Told, call, text_of
from juzhen.sandbox.world import World


@call("externalcontact/get_corp_tag_list")
def _tags(world: World, corp: Corp, _: Asked) -> Told:
    groups: dict[str, Told] = {}
    for row in world.friends.tags(corp):
        group = groups.setdefault(
            row["grp"],
            {
                "group_id": row["grp"],
                "group_name": row["grp_name"],
                "create_time": int(row["made"]),
                "order": len(groups),
                "deleted": False,
                "tag": [],
            },
        )
        if not row["deleted"]:
            made = int(row["made"])
            one = {"id": row["id"], "name": row["name"], "create_time": made, "order": 0}
            group["tag"].append(one | {"deleted": False})
    return {"tag_group": list(groups.values())}


@call("externalcontact/add_corp_tag")
def _add_tag(world: World, corp: Corp, asked: Asked) -> Told:
    name, wanted = str(asked.get("group_name") or ""), asked.get("tag")
    if not isinstance(wanted, list) or not wanted:
        raise Said(40058, "tag")
    rows = world.friends.tags(corp)
    group = str(asked.get("group_id") or "")
    known = next((row for row in rows if row["grp"] == group or row["grp_name"] == name), None)
    group, name = (known["grp"], known["grp_name"]) if known else (f"eg{len(rows)}", name)
    taken = {row["name"] for row in rows if row["grp"] == group and not row["deleted"]}
    made = []
    for one in wanted:
        label = text_of(one, "name") if isinstance(one, Mapping) else ""
        if not 1 <= len(label) <= limits.CORP_TAG_CHARACTERS:
            raise Said(40058, "name")
        if label in taken:
            raise Said(40071)
        made.append({"id": world.friends.tag(corp, group, name, label, ours=True), "name": label})
    return {"tag_group": {"group_id": group, "group_name": name, "tag": made}}


@call("externalcontact/mark_tag")
def _mark(world: World, corp: Corp, asked: Asked) -> Told:
    userid, external = text_of(asked, "userid"), text_of(asked, "external_userid")
    add, remove = asked.get("add_tag") or [], asked.get("remove_tag") or []
    world.friends.mark(corp, userid, external, add, remove)
    return {}


@call("externalcontact/edit_corp_tag")
def _edit_tag(world: World, corp: Corp, asked: Asked) -> Told:
    row = _own(world, corp, text_of(asked, "id"))
    label = str(asked.get("name") or row["name"])
    if not 1 <= len(label) <= limits.CORP_TAG_CHARACTERS:
        raise Said(40058, "name")
    _change(world, row["id"], "name", label)
    return {}


@call("externalcontact/del_corp_tag")
def _drop_tags(world: World, corp: Corp, asked: Asked) -> Told:
    wanted = asked.get("tag_id")
    if not isinstance(wanted, list) or not wanted:
        raise Said(40058, "tag_id")
    for number in wanted:
        _change(world, _own(world, corp, str(number))["id"], "deleted", 1)
    return {}


def _own(world: World, corp: Corp, number: str) -> Any:
    """Says 40068 for a tag that there is not, 81011 for one that the application did not make."""
    for row in world.friends.tags(corp):
        if row["id"] == number and not row["deleted"]:
            if not row["ours"]:
                raise Said(81011)
            return row
    raise Said(40068)


def _change(world: World, number: str, column: str, value: object) -> None:
    with world.ledger.turn() as db:
        db.execute(f"update wc_tags set {column} = ? where id = ?", (value, number))  # noqa: S608  # our own names
