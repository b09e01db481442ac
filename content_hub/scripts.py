"""Scripts (话术): filling in who is spoken to, and words that may not be said. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_GAP = re.compile(r"\{([^{}\n]{1,20})\}")

FORBIDDEN = (
    "保本保息", "保本", "稳赚不赔", "稳赚", "零风险", "无风险", "刚性兑付", "最高收益", "收益最高",
    "绝对安全", "国家级", "百分百赔付", "一定理赔", "内部消息", "最后一天停售",
)  # fmt: skip
"""Words that advertising and suitability rules keep out of insurance and wealth content."""
HARMLESS = {
    "保本": (
        "不保本", "非保本", "投保本", "确保本", "承保本", "参保本", "退保本", "续保本", "担保本",
        "社保本", "医保本", "环保本", "保本人", "保本次", "保本产品说明",
    ),
    "零风险": ("非零风险", "没有零风险", "不存在零风险"),
    "无风险": ("非无风险", "不是无风险", "无风险利率", "无风险收益率"),
    "国家级": ("国家级贫困", "国家级新区", "国家级非物质"),
}  # fmt: skip
"""Longer phrases in which such a word says something else, or denies it."""
JARGON = (
    "O2O", "新零售", "乡村振兴", "赋能", "抓手", "颗粒度", "底层逻辑", "组合拳", "打法", "心智",
    "私域", "裂变", "久期", "夏普比率", "阿尔法收益", "现金价值折现", "趸交", "IRR",
)  # fmt: skip
"""Words of ours that customers do not speak: somebody has to answer for each."""


class Filled(NamedTuple):
    """A script with its gaps filled, and the names of those that nobody could fill."""

    text: str
    missing: tuple[str, ...]


def gaps(script: str) -> list[str]:
    """What the script wants to know, once each: ``{客户称呼}`` asks for 客户称呼."""
    return list(dict.fromkeys(_GAP.findall(script)))


def fill(script: str, facts: Mapping[str, str]) -> Filled:
    """The script as it is said. Facts are put in as they are; what stands in them fills nothing.

    A gap that cannot be filled shows as ＿＿, so that nobody sends it by mistake.
    """
    missing = tuple(name for name in gaps(script) if not facts.get(name))
    return Filled(_GAP.sub(lambda gap: facts.get(gap[1]) or "＿＿", script), missing)
