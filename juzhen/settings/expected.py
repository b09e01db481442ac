"""What a setting may be (设置取值): the words and bounds of each kind, and what is expected else.

Knows no setting by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from kernel.calendar import Hours

_PURPOSES = re.compile(
    r"|(service|marketing|personalisation)(,(service|marketing|personalisation))*"
)
STEPS = ("viewed", "dwelled", "asked", "tried")
"""The steps of desire, as `data_hub.profiles` counts them; a test compares the two."""
OCCASIONS = (
    "month_end", "payday", "birthday", "maturity", "next_purchase", "anniversary", "dormant",
)  # fmt: skip
"""Spelled out here: whoever reads settings need not load what they set."""
MODULES = ("mass_send", "auto_add")
"""What a company may have and has not by default: sincerity works, large spreads do not (R149)."""
PERIODS = ("location", "conversations", "browsing", "advice", "refused", "everything")
"""What is kept for so many days, as `data_hub.retention` has it; a test compares the two."""
_PERIODS = re.compile(rf"((^|,)({'|'.join(PERIODS)})=[1-9]\d{{0,3}})*")

_REWARD = re.compile(r"|[1-9]\d{0,4}(\.\d\d?)?|([1-9]\d?|0)(\.\d\d?)?%")
_EXCLUSIVE = re.compile(r"((^|,)(wechat|video|commerce|own_app)=0(\.[0-4]\d*|\.50*)?)*")
WEEK, PAYDAYS = "week", "paydays"
_HABITS: Mapping[str, tuple[int, int]] = {
    "months": (1, 24), "month_ends": (1, 24), "last_days": (1, 15), "ahead": (0, 27),
    "birthday": (0, 30), "maturity": (0, 365), "dormant": (1, 1_000), PAYDAYS: (1, 31),
    "payday_days": (1, 15), "next_purchase": (0, 60), "anniversary": (0, 30), "festival": (0, 30),
    "opened": (0, 30),
}  # fmt: skip
"""The least and the most of each number that occasions go by."""
_VICINITY: Mapping[str, tuple[int, int]] = {
    "metres": (100, 50_000), "hours": (1, 720), "moved": (50, 50_000), "minutes": (1, 1_440),
}  # fmt: skip

_GRADES: Mapping[str, tuple[int, int]] = {
    "at_once": (1, 720), "talks": (1, 100), "silent": (1, 365),
}  # fmt: skip
_CHOICE: Mapping[str, tuple[int, int]] = {"days": (7, 3_650), "enter": (1, 99), "leave": (1, 99)}
_GROUPS: Mapping[str, tuple[int, int]] = {"days": (1, 30), "ads": (1, 99)}
_STAGES = re.compile(r"[^,=+/]+=[1-9]\d{0,3}(/[1-9]\d{0,3}){2}(\+rhythm)?")


def numbers(told: str) -> dict[str, str]:
    """``months=6,month_ends=3``, by name."""
    parts = [each.partition("=") for each in told.replace(" ", "").split(",") if each]
    return {name: value for name, _, value in parts}


def _within(told: str, bounds: Mapping[str, tuple[int, int]]) -> bool:
    """Is each of these a name that is known, and its number one that makes sense?"""

    def fits(name: str, value: str) -> bool:
        if (name, value) == ("birthday", WEEK):
            return True
        parts = value.split("/") if name == PAYDAYS else [value]
        low, high = bounds.get(name, (1, 0))
        return all(each.isdecimal() and low <= int(each) <= high for each in parts)

    return all(fits(*each) for each in numbers(told).items())


def _are_stages(told: str) -> bool:
    """Is each category named once, with later stages after more days?"""
    parts = told.replace(" ", "").split(",")
    if not all(_STAGES.fullmatch(each) for each in parts) or len(numbers(told)) < len(parts):
        return False
    limits = (each.removesuffix("+rhythm").split("/") for each in numbers(told).values())
    return all(int(silent) < int(sleeping) < int(churned) for silent, sleeping, churned in limits)


def _chooses(told: str) -> bool:
    """Does who is in stay at least as long as who enters?"""
    named = {"enter": "20", "leave": "25"} | numbers(told)
    return _within(told, _CHOICE) and int(named["enter"]) <= int(named["leave"])


_PROXY = re.compile(r"|http://([^/@\s]+@)?([^/@\s:\[\]]+|\[[0-9a-fA-F:]+\])(:[1-9]\d{0,4})?/?")


def flaw(value: Any, expected: str) -> str:
    """What was expected instead, or nothing."""
    if "|" in expected:
        return "" if value in expected.split("|") else expected.replace("|", " or ")
    fits: dict[str, Callable[[], bool]] = {
        "zone": lambda: value in available_timezones() and bool(ZoneInfo(value)),
        "share": lambda: 0 <= value <= 0.5,
        "port": lambda: 0 < value < 65_536,
        "port or 0": lambda: 0 <= value < 65_536,
        "count": lambda: 0 < value <= 64,
        "purposes": lambda: bool(_PURPOSES.fullmatch(value.replace(" ", ""))),
        "occasions": lambda: {*value.replace(" ", "").split(",")} <= {"", *OCCASIONS},
        "steps of desire": lambda: {*value.replace(" ", "").split(",")} <= {"", *STEPS},
        "ecosystem=weight": lambda: bool(_EXCLUSIVE.fullmatch(value.replace(" ", ""))),
        "occasion=number": lambda: _within(value, _HABITS),
        "name=number": lambda: _within(value, _VICINITY),
        "category=days/days/days": lambda: _are_stages(value),
        "grade=number": lambda: _within(value, _GRADES),
        "enter=% up to leave=%": lambda: _chooses(value),
        "group=number": lambda: _within(value, _GROUPS),
        "purpose=days": lambda: bool(_PERIODS.fullmatch(value.replace(" ", ""))),
        "reward": lambda: bool(_REWARD.fullmatch(value)),
        "days and hours": lambda: _are_hours(value),
        "modules": lambda: {*value.replace(" ", "").split(",")} <= {"", *MODULES},
        "yuan": lambda: 0 <= value <= 10_000,
        "minutes": lambda: 0 < value <= 1_440,
        "seconds": lambda: 0 < value <= 3_600,
        "http://host:port": lambda: bool(_PROXY.fullmatch(value.reveal())),
    }
    return "" if expected not in fits or fits[expected]() else f"a {expected}"


def _are_hours(text: str) -> bool:
    try:
        return bool(Hours.read(text))
    except ValueError:
        return False
