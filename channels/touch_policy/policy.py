"""The settings of a light touch (轻骚扰参数): every number a company may choose. Decides nothing.

Windows are local days: ``day`` is today, ``week`` today and the six days before, ``month`` today
and the 29 before, so that no Sunday night makes room for a burst.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import fields
from datetime import time
from typing import Any

from kernel.errors import Flaw, Invalid
from kernel.values import dataclass

WINDOWS = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Caps:
    """How much may go to one person within a day, a week and a month; None is no cap."""

    day: float | None = None
    week: float | None = None
    month: float | None = None

    def least(self, other: Caps) -> Caps:
        """The stricter of the two, window by window."""
        return Caps(
            *(
                min((cap for cap in pair if cap is not None), default=None)
                for pair in zip(self.windows(), other.windows(), strict=True)
            )
        )

    def windows(self) -> tuple[float | None, float | None, float | None]:
        return self.day, self.week, self.month


def _number(default: float, zh: str, en: str, top: float = 1_000) -> Any:
    return dataclasses.field(default=default, metadata={"zh": zh, "en": en, "top": top})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What this company takes for a light touch."""

    quiet_from: time = dataclasses.field(
        default=time(21), metadata={"zh": "勿扰开始", "en": "Quiet hours begin"}
    )
    quiet_until: time = dataclasses.field(
        default=time(9), metadata={"zh": "勿扰结束", "en": "Quiet hours end"}
    )
    day: float = _number(1, "每人每天营销触达上限", "Marketing to one person a day")
    week: float = _number(3, "每人每周营销触达上限", "Marketing to one person a week")
    month: float = _number(8, "每人每月营销触达上限", "Marketing to one person a month")
    channel_day: float = _number(1, "单渠道每天上限", "The same on one channel, a day")
    channel_week: float = _number(3, "单渠道每周上限", "The same on one channel, a week")
    channel_month: float = _number(8, "单渠道每月上限", "The same on one channel, a month")
    all_day: float = _number(6, "每天全部触达（含服务）", "All touches with service, a day")
    all_week: float = _number(20, "每周全部触达（含服务）", "All touches with service, a week")
    all_month: float = _number(60, "每月全部触达（含服务）", "All touches with service, a month")
    group_weight: float = _number(0.2, "群消息权重", "What a group message weighs", 1)
    tired_days: float = _number(30, "同一内容间隔天数", "Days before the same content again", 365)
    promo_share: float = _number(0.3, "促销占比上限", "Share of promotion, at most", 1)
    promo_days: float = _number(30, "促销占比统计天数", "Days that share is taken over", 30)
    promo_base: float = _number(4, "促销占比最小基数", "Touches that share is taken of, at least")
    active_promos: float = _number(0, "活跃期促销条数", "Promotions to an active customer")
    silent_week: float = _number(2, "沉默期每周上限", "To a silent customer, a week")
    silent_month: float = _number(4, "沉默期每月上限", "To a silent customer, a month")
    silent_promo_days: float = _number(14, "沉默期促销间隔天数", "Days between promotions", 30)
    sleeping_week: float = _number(1, "沉睡期每周上限", "To a sleeping customer, a week")
    sleeping_month: float = _number(2, "沉睡期每月上限", "To a sleeping customer, a month")
    churned_week: float = _number(1, "流失期每周上限", "To a churned customer, a week")
    churned_month: float = _number(1, "流失期每月上限", "To a churned customer, a month")
    answer_hours: float = _number(24, "回复窗口小时数", "Hours in which a rep answers freely", 720)
    overrides: float = _number(1, "每客户每天可坚持发送次数", "Overrides a customer and day", 20)
    hold_days: float = _number(14, "情绪保护天数", "Days that a mood hold lasts", 365)
    block_rate: float = _number(0.005, "内容流失率阈值", "Share that may leave over a content", 1)
    block_least: float = _number(200, "流失率最小触达数", "Reached fewer, none is taken", 10_000)
    block_days: float = _number(7, "流失归因天数", "Days in which a touch is to blame", 30)

    @property
    def overall(self) -> Caps:
        return Caps(self.day, self.week, self.month)

    @property
    def channel(self) -> Caps:
        return Caps(self.channel_day, self.channel_week, self.channel_month)

    @property
    def all(self) -> Caps:
        return Caps(self.all_day, self.all_week, self.all_month)

    def budget(self, lifecycle: str) -> Caps:
        """What a customer at this point of her life is left in peace by, beside the usual caps."""
        week = getattr(self, f"{lifecycle}_week", None)
        return Caps(None, week, getattr(self, f"{lifecycle}_month", None))


def tuned(policy: Policy, changed: Mapping[str, Any]) -> Policy:
    """The policy with some settings changed. Raises one `Invalid` that lists every flaw."""
    known = {field.name: field for field in fields(Policy)}
    read: dict[str, Any] = {}
    flaws = []
    for name, value in changed.items():
        if name not in known:
            flaws.append(Flaw(name, "unknown_touch_setting", {"setting": name}))
            continue
        try:
            read[name] = _read(known[name], value)
        except (ValueError, TypeError):
            flaws.append(Flaw(name, "bad_touch_setting", {"top": known[name].metadata.get("top")}))
    if flaws:
        raise Invalid.because(flaws)
    return dataclasses.replace(policy, **read)


def described(language: str) -> list[tuple[str, str]]:
    """Every setting and what it is called, in the order in which they are shown."""
    tongue = "zh" if language.startswith("zh") else "en"
    return [(each.name, each.metadata[tongue]) for each in fields(Policy)]


def spelled(policy: Policy) -> dict[str, Any]:
    """As it is kept and shown: numbers, and hours as ``21:00``."""
    return {
        name: f"{value:%H:%M}" if isinstance(value, time) else value
        for name, value in dataclasses.asdict(policy).items()
    }


def _read(field: dataclasses.Field[Any], value: Any) -> Any:
    if isinstance(field.default, time):
        return value if isinstance(value, time) else time.fromisoformat(str(value))
    number = float(value)
    if not 0 <= number <= field.metadata["top"]:
        raise ValueError(value)
    return number
