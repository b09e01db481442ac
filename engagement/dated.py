"""Dated tasks (日期任务): of which occasions somebody is reminded, and until when. Pure.

What holds for everybody alike, like a festival, or was told already, like a content just opened,
would only drown her. Makes no reminder itself: that is `engagement.triggers`.
"""

from __future__ import annotations

from datetime import date, timedelta

from engagement.vip_care import GIFT, GIFTS
from matching.occasions import Occasion

DATED = (
    "month_end", "payday", "birthday", "maturity", "next_purchase", "anniversary", "dormant",
)  # fmt: skip
_WEEKEND = timedelta(days=4)
"""A worker may stand still for so long, and nobody who fell silent meanwhile is forgotten."""
_LASTING = frozenset({"maturity", "dormant"})
"""What is still to be done when its date has passed: money that is free, somebody who is silent."""

_DENIED = frozenset({"dormant", "next_purchase"})
"""What is said of the last that is known of her."""


def reminds(occasion: Occasion, today: date) -> bool:
    """Is somebody reminded of it? Silence has no end of its own: who slept when we began is no
    news."""
    young = occasion.kind != "dormant" or today - occasion.due <= _WEEKEND
    return occasion.kind in DATED and young


def stands(occasion: Occasion) -> bool:
    """Does it hold, whatever else of her past comes to be known?"""
    return occasion.kind not in _DENIED


def once(occasion: Occasion) -> list[tuple[str, str]]:
    """What is the same task, a kind and a cycle each: the reminder of it, or a VIP's gift."""
    kind, cycle = occasion.kind, occasion.cycle
    return [(kind, cycle), *([(GIFT, f"{kind}:{cycle}")] if kind in GIFTS else [])]


def over(occasion: Occasion) -> date:
    """The first day on which nobody is written to about it any more."""
    last = occasion.due + _WEEKEND if occasion.kind == "dormant" else occasion.ends
    return last + timedelta(days=1)


def lasts(occasion: Occasion) -> bool:
    """Is it to be done until somebody has done it, whatever day it is?"""
    return occasion.kind in _LASTING
