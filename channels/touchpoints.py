"""Touchpoints (触点): where a delivery meets the customer; worked out, and exactly one for each.

A chat, a group and moments are three places on one account; an article on an official account is a
fourth. An account where a person posts for us says itself what it is.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Touchpoint(StrEnum):
    """Everywhere a customer may meet us."""

    PRIVATE_CHAT = "private_chat"
    """加好友: a rep's own friend."""
    GROUP = "group"
    MOMENTS = "moments"
    OFFICIAL_ACCOUNT = "official_account"
    MINI_PROGRAM_SHOP = "mini_program_shop"
    MICRO_VIDEO = "micro_video"
    LIVESTREAM = "livestream"
    OWN_APP = "own_app"
    SHORT_MESSAGE = "short_message"
    SHOP = "shop"
    """A shop on somebody else's platform."""
    WEB = "web"


WECHAT = (
    Touchpoint.PRIVATE_CHAT,
    Touchpoint.GROUP,
    Touchpoint.MOMENTS,
    Touchpoint.MINI_PROGRAM_SHOP,
    Touchpoint.MICRO_VIDEO,
)
"""The five of WeChat (R55)."""
SETTING = "touchpoint"
"""The account's setting that says what it is, where its kind does not."""

_BY_KIND = MappingProxyType(
    {
        "wecom": Touchpoint.MOMENTS,
        "wechat_oa": Touchpoint.OFFICIAL_ACCOUNT,
        "mini_program": Touchpoint.MINI_PROGRAM_SHOP,
        "douyin": Touchpoint.MICRO_VIDEO,
        "hand_off": Touchpoint.MICRO_VIDEO,
        "app": Touchpoint.OWN_APP,
        "push": Touchpoint.OWN_APP,
        "sms": Touchpoint.SHORT_MESSAGE,
        "commerce": Touchpoint.SHOP,
    }
)
_BY_TARGET = MappingProxyType(
    {
        "external_userid": Touchpoint.PRIVATE_CHAT,
        "rep": Touchpoint.PRIVATE_CHAT,
        "wecom_group": Touchpoint.GROUP,
    }
)
_STREAMED = frozenset({Touchpoint.MICRO_VIDEO})


def touchpoint_of(
    kind: str, target: str = "", material_type: str = "", said: str = ""
) -> Touchpoint:
    """Where it meets her: by whom it is for (the handle of one person or group, or nobody), the
    kind of account, what is shown, and what the account says of itself."""
    if by_target := _BY_TARGET.get(target.partition(":")[0]):
        return by_target
    there = Touchpoint(said) if said in list(Touchpoint) else _BY_KIND.get(kind, Touchpoint.WEB)
    if material_type == "livestream" and there in _STREAMED:
        return Touchpoint.LIVESTREAM
    return there
