"""Previews (渠道预览): a material as an article, a message, a video post and a card of the app.

Drawn from the material itself, with what the account's channel minds beside it. Sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint

from channels.accounts import Account
from content_hub import richtext
from content_hub.materials import Material
from juzhen.console.desk import allowed, seen
from juzhen.web import pages
from kernel.errors import Flaw, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LOOKS = ("article", "message", "post", "card")
_BY_KIND = {
    "wechat_oa": "article", "wecom": "message", "sms": "message", "douyin": "post",
    "hand_off": "post", "app": "card", "mini_program": "card", "commerce": "card",
}  # fmt: skip
_BY_WORLD = {"wechat": "article", "video": "post", "commerce": "card", "own_app": "card"}


class Preview(NamedTuple):
    """How one account would show it, what it would not take, and what it may punish."""

    account: Account
    look: str
    flaws: list[Flaw]
    warnings: list[Flaw]


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/previews")
    def previews(key: str) -> str:
        """All four, whatever accounts there are."""
        found = seen(allowed("read_library"), platform, key)
        return pages.render(
            "console/previews.html", material=found, kind=platform.types.one(found.type),
            looks=LOOKS, shown=drawn(platform, found),
        )  # fmt: skip


def look_of(account: Account) -> str:
    """Which of the four an account's posts look like."""
    return _BY_KIND.get(account.kind) or _BY_WORLD[account.ecosystem]


def of_accounts(platform: Platform, material: Material) -> list[Preview]:
    """Every account's, in the order of the accounts."""
    return [
        Preview(account, look_of(account), *_minded(platform, material, account))
        for account in platform.accounts.all()
    ]


def _minded(
    platform: Platform, material: Material, account: Account
) -> tuple[list[Flaw], list[Flaw]]:
    """What its platform minds; nothing is known of a channel that is not installed."""
    publishing = platform.publishing
    try:
        return publishing.flaws_of(material.id, account), publishing.warnings_of(
            material.id, account
        )
    except Problem:
        return [], []


def drawn(platform: Platform, material: Material) -> dict[str, Any]:
    """What the four are drawn from."""
    kind = platform.types.one(material.type)
    text = material.body if kind.body == "text" else richtext.words(material.body)
    return {
        "title": material.title, "summary": material.summary, "cover": material.cover,
        "text": text[:400],
        "account": platform.settings.company_name, "video": material.fields.get("video", ""),
    }  # fmt: skip
