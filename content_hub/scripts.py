"""Scripts (话术): filling in who is spoken to, and words that may not be said. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_GAP = re.compile(r"\{([^{}\n]{1,20})\}")

FORBIDDEN = (
    "保本保息", "保本", "稳赚不赔", "稳赚", "零风险", "无风险", "刚性兑付", "最高收益", "收益最高",
    "绝对安全", "国家级", "百分百赔付", "一定理赔", "内部消息", "最后一天停售",
)  # fmt: skip
"""Words that advertising and suitability rules keep out of insurance and wealth content."""


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


def forbidden(text: str, words: Iterable[str] = FORBIDDEN) -> list[str]:
    """The forbidden words in a text, in order; of two that overlap, the longer."""
    longest_first = sorted(words, key=len, reverse=True)
    found = re.finditer("|".join(map(re.escape, longest_first)), text)
    return list(dict.fromkeys(match[0] for match in found))
