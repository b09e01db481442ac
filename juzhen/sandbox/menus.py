"""The account's menu (自定义菜单): this part of the official account's interface.

Strict as the platform is: three entries with names of four characters, five below each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.limits import Said
from juzhen.sandbox.official import OK, Asked, Told, call
from juzhen.sandbox.world import World

_NEEDS = {"click": ("key", 40019), "view": ("url", 40020), "miniprogram": ("pagepath", 40035)}
_LONG = {"key": limits.MENU_KEY_BYTES, "url": limits.LINK_BYTES, "pagepath": limits.LINK_BYTES}


def menu_of(world: World, account: OfficialAccount) -> list[dict[str, Any]]:
    """What stands below her talk with the account; empty for none."""
    kept: list[dict[str, Any]] = world.ledger.fact(f"menu:{account.appid}", [])
    return kept


@call("menu/create")
def _create(world: World, account: OfficialAccount, asked: Asked) -> Told:
    buttons = asked.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits.MENU_ENTRIES:
        raise Said(40016)
    made = [_entry(each, limits.MENU_NAME_BYTES, top=True) for each in buttons]
    world.ledger.keep(f"menu:{account.appid}", json.loads(json.dumps(made)))
    return OK


def _entry(told: Any, name_bytes: int, *, top: bool) -> dict[str, Any]:
    """One entry as it was sent. Says what of it the platform will not have."""
    if not isinstance(told, Mapping):
        raise Said(40017)
    name = told.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
        raise Said(40018 if top else 40025)
    below = told.get("sub_button")
    if below:
        if not top or not isinstance(below, list) or len(below) > limits.MENU_ENTRIES_BELOW:
            raise Said(40023)
        inner = [_entry(each, limits.MENU_NAME_BELOW_BYTES, top=False) for each in below]
        return {"name": name, "sub_button": inner}
    kind = str(told.get("type") or "")
    if kind not in _NEEDS:
        raise Said(40017 if top else 40024)
    field, code = _NEEDS[kind]
    value = told.get(field)
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= _LONG[field]:
        raise Said(code)
    return {"type": kind, "name": name, field: value, "sub_button": []}


@call("menu/get", method="GET")
def _get(world: World, account: OfficialAccount, _: Asked) -> Told:
    if not (made := menu_of(world, account)):
        raise Said(46003)
    return {"menu": {"button": made}}


@call("menu/delete", method="GET")
def _delete(world: World, account: OfficialAccount, _: Asked) -> Told:
    world.ledger.keep(f"menu:{account.appid}", [])
    return OK
