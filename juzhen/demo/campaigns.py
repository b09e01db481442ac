"""The demo's campaigns (演示活动): twelve, over and running and to come, and what each shows."""

from __future__ import annotations

from typing import NamedTuple


class Planned(NamedTuple):
    """One campaign. Days are counted from today."""

    code: str
    name: str
    kind: str
    opens: int
    closes: int
    topics: tuple[str, ...]
    """Two posters about each of these are shown in it, and nowhere else."""


_COVER = ("critical_illness", "term_life", "whole_life")
_SAVING = ("star_theme", "fixed_income", "allocation")
_PENSION = ("personal_pension", "pension_annuity")
CAMPAIGNS = (
    Planned("elders", "重阳敬老季", "promotion", -85, -55, ("lifestyle",)),
    Planned("checkup", "全民体检月", "service", -80, -20, ("wellness", "medical")),
    Planned("education", "开学教育金计划", "promotion", -75, -45, ("education_fund", "child_care")),
    Planned("manager", "基金经理面对面", "live", -60, -30, ("fund_manager", "regular_investing")),
    Planned("community", "康养社区开放日", "offline", -50, 40, ("retirement_community",)),
    Planned("renewal", "续期服务周", "service", -40, -25, ("claims",)),
    Planned("family", "家庭保障检视", "group", -30, 30, _COVER),
    Planned("theme", "月末明星题材精选", "promotion", -20, 12, _SAVING),
    Planned("pension", "个人养老金年度提醒", "new_product", -15, 45, _PENSION),
    Planned("birthday", "会员生日礼", "service", -90, 180, ("birthday_care",)),
    Planned("anniversary", "司庆大促", "mega_sale", 5, 19, ("accident_safety",)),
    Planned("newyear", "新年第一课", "live", 25, 50, ("policy_news",)),
)


SELLING = frozenset({"promotion", "mega_sale"})
"""What a campaign of these kinds shows is a promotion 促销."""


def campaign_about(topic: str) -> Planned:
    """The one that shows a topic: every topic of the library has one."""
    return next(each for each in CAMPAIGNS if topic in each.topics)
