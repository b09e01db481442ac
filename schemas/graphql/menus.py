"""Menus of accounts (账号菜单) as GraphQL tells them: decided here, shown by the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.menus import AccountMenu as MenuRecord
from channels.menus import Entry, entry_of
from kernel.actors import require
from kernel.wording import say
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Moment, key, verb
from schemas.graphql.types import ObjectType


class MenuEntryBelow(ObjectType):
    """An entry of the second level."""

    name = graphene.String(required=True)
    key = graphene.String(required=True, description="What the event says when it is chosen.")
    address = graphene.String(required=True)
    material = graphene.ID(resolver=lambda entry, ask: entry.material or None)


class MenuEntry(ObjectType):
    """An entry of the first level."""

    name = graphene.String(required=True)
    key = graphene.String(required=True, description="What the event says when it is chosen.")
    address = graphene.String(required=True)
    material = graphene.ID(resolver=lambda entry, ask: entry.material or None)
    below = graphene.List(graphene.NonNull(MenuEntryBelow), required=True)


class AccountMenu(ObjectType):
    """The menu that an account is to have (自定义菜单)."""

    channel = graphene.ID(required=True, source="account")
    entries = graphene.List(
        graphene.NonNull(MenuEntry), required=True, resolver=lambda menu, ask: menu.read()
    )
    at = Moment(required=True)
    shown = Moment(description="When the platform took it; null until it has.")
    reason = graphene.String(
        required=True,
        resolver=lambda menu, ask: say(menu.reason, ask.context.language) if menu.reason else "",
        description="Why it has not yet.",
    )


class MenuEntryBelowInput(graphene.InputObjectType):
    """An entry of the second level: an address, a material or a key."""

    name = graphene.String(required=True)
    key = graphene.String()
    address = graphene.String()
    material = graphene.ID()


class MenuEntryInput(graphene.InputObjectType):
    """An entry of the first level: entries below it, an address, a material or a key."""

    name = graphene.String(required=True)
    key = graphene.String()
    address = graphene.String()
    material = graphene.ID()
    below = graphene.List(graphene.NonNull(MenuEntryBelowInput))


def _menu(source: None, ask: Ask, channel: str) -> MenuRecord | None:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    return context.menus.of(context.account(channel))


def decide_menu(ask: Ask, sent: Mapping[str, Any]) -> MenuRecord:
    """Let an account have this menu, in the place of the one before; no entries is none."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    entries = [_read(context, each) for each in sent["entries"]]
    return context.menus.decide(context.account(sent["channel"]), entries, by=context.actor.id)


def _read(context: Context, sent: Mapping[str, Any]) -> Entry:
    """With the ids of materials where their codes were sent."""
    told = dict(sent)
    if told.get("material"):
        told["material"] = context.materials.one(told["material"]).id
    told["below"] = [
        dict(each) | {"material": context.materials.one(each["material"]).id}
        if each.get("material")
        else each
        for each in told.get("below") or ()
    ]
    return entry_of(told)


QUESTIONS = {
    "account_menu": graphene.Field(
        AccountMenu, channel=key(), resolver=_menu, description="Null if nobody decided one."
    )
}
VERBS = {
    "decide_menu": verb(
        "decideMenu", "menu", AccountMenu, decide_menu, channel=key(),
        entries=graphene.List(graphene.NonNull(MenuEntryInput), required=True),
    )
}  # fmt: skip

SIZES = {("AccountMenu", "entries"): 3, ("MenuEntry", "below"): 5}
