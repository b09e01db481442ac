"""The company (演示公司): units, staff with personas, two accounts, words for its topics.

Everything here is invented, and nothing here is content or behaviour.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import field
from typing import TYPE_CHECKING

from juzhen.demo.library import texts
from kernel.actors import Role
from kernel.events import Ecosystem
from kernel.values import dataclass

if TYPE_CHECKING:
    from channels.accounts import Account
    from data_hub.staff import Staff
    from juzhen.wiring import Platform

BY = "demo"
APP, OFFICIAL = "channel_app", "account_official"
APPID = "wx7a3c5e1d9b2f4860"


@dataclass(slots=True)
class Company:
    """What the rest of the demo needs to know of it."""

    app: Account
    official: Account
    sandbox: dict[str, str]
    """The secrets that the official account shares with the sandbox."""
    staff: dict[str, Staff]
    """By code."""
    reps: list[Staff]
    branches: list[str]
    """Ids of the three branches."""
    tags: dict[str, str]
    """Code → id."""
    cities: dict[str, str] = field(default_factory=dict)
    """Branch id → its city."""


_BRANCHES = (("suzhou", "苏州"), ("chengdu", "成都"), ("qingdao", "青岛"))
_OFFICE = (
    ("admin", "罗致远", Role.ADMIN, "系统管理员"),
    ("editor", "沈一诺", Role.EDITOR, "内容编辑"),
    ("publisher", "陆行舟", Role.PUBLISHER, "渠道运营"),
    ("analyst", "顾南乔", Role.ANALYST, "数据分析师"),
)
_PERSONAS = (
    ("aunty", "finance"), ("mother",), ("health", "aunty"), ("finance",), ("veteran",),
    ("tax",), ("neighbour", "aunty"), ("young",), ("health",), ("finance", "young"),
)  # fmt: skip
REPS = 40
STAR = "rep-01"
"""The rep whom the tour is about: an aunty who is good with money."""

_WORDS: tuple[tuple[str, str, str, str, str], ...] = (
    # code, facet, zh, parent, synonyms
    ("topic.retirement", "topic", "养老", "", "养老规划 退休"),
    (
        "topic.retirement_community",
        "topic",
        "养老社区",
        "topic.retirement",
        "康养社区 养老院 旅居养老",
    ),
    ("topic.pension_annuity", "topic", "养老年金", "topic.retirement", "年金险"),
    ("topic.personal_pension", "topic", "个人养老金", "topic.retirement", "税优养老"),
    ("topic.health", "topic", "健康", "", "养生"),
    ("topic.critical_illness", "topic", "重疾保障", "topic.health", "重疾险 大病"),
    ("topic.medical", "topic", "医疗险", "topic.health", "百万医疗 住院"),
    ("topic.wellness", "topic", "健康管理", "topic.health", "体检 家庭医生"),
    ("topic.wealth", "topic", "理财", "", "投资 财富管理"),
    ("topic.fund", "topic", "基金", "topic.wealth", "公募"),
    ("topic.fund_manager", "topic", "基金经理", "topic.fund", "投研"),
    ("topic.star_theme", "topic", "明星题材", "topic.fund", "热门题材 主题基金"),
    ("topic.regular_investing", "topic", "基金定投", "topic.fund", "定投"),
    ("topic.fixed_income", "topic", "稳健理财", "topic.wealth", "固收"),
    ("topic.allocation", "topic", "资产配置", "topic.wealth", "四笔钱"),
    ("topic.whole_life", "topic", "传承规划", "topic.wealth", "传承 终身寿"),
    ("topic.children", "topic", "子女教育", "", "亲子"),
    ("topic.education_fund", "topic", "教育金", "topic.children", "学费"),
    ("topic.child_care", "topic", "少儿保障", "topic.children", "学平险"),
    ("topic.safety", "topic", "安全", "", ""),
    ("topic.accident_safety", "topic", "安全出行", "topic.safety", "意外险"),
    ("topic.term_life", "topic", "定期寿险", "topic.safety", "定寿"),
    ("topic.service", "topic", "客户服务", "", "服务"),
    ("topic.claims", "topic", "理赔服务", "topic.service", "理赔"),
    ("topic.care", "topic", "客户关怀", "topic.service", "问候"),
    ("topic.birthday_care", "topic", "生日关怀", "topic.care", "生日"),
    ("topic.lifestyle", "topic", "生活聊天", "topic.care", "家常"),
    ("topic.policy_news", "topic", "热点解读", "", "热点 新规 时事"),
    ("persona.aunty", "persona", "老阿姨", "", "热心大姐"),
    ("persona.finance", "persona", "理财", "", "理财师"),
    ("persona.mother", "persona", "宝妈", "", ""),
    ("persona.health", "persona", "健康顾问", "", ""),
    ("persona.veteran", "persona", "退役军人", "", "老兵"),
    ("persona.tax", "persona", "财税顾问", "", ""),
    ("persona.neighbour", "persona", "社区达人", "", ""),
    ("persona.young", "persona", "青年管家", "", ""),
    ("audience.pre_retirement", "audience", "退休前后", "", ""),
    ("audience.family", "audience", "家庭支柱", "", ""),
    ("audience.parents", "audience", "有孩家庭", "", "家长"),
    ("audience.investor", "audience", "投资客户", "", ""),
    ("audience.wealthy", "audience", "高净值客户", "", "企业主"),
    ("audience.young", "audience", "年轻客户", "", ""),
    ("audience.all", "audience", "全部客户", "", ""),
)


_ENGLISH = {
    "topic.retirement": "Retirement", "topic.retirement_community": "Retirement communities",
    "topic.pension_annuity": "Pension annuities", "topic.personal_pension": "Personal pensions",
    "topic.health": "Health", "topic.critical_illness": "Critical illness",
    "topic.medical": "Medical insurance", "topic.wellness": "Wellness",
    "topic.wealth": "Wealth", "topic.fund": "Funds", "topic.fund_manager": "Fund managers",
    "topic.star_theme": "Star themes", "topic.regular_investing": "Regular investing",
    "topic.fixed_income": "Steady income", "topic.allocation": "Asset allocation",
    "topic.whole_life": "Inheritance", "topic.children": "Children's education",
    "topic.education_fund": "Education savings", "topic.child_care": "Cover for children",
    "topic.safety": "Safety", "topic.accident_safety": "Safe travels",
    "topic.term_life": "Term life", "topic.service": "Service", "topic.claims": "Claims",
    "topic.care": "Customer care", "topic.birthday_care": "Birthdays",
    "topic.lifestyle": "Everyday talk", "topic.policy_news": "News explained",
    "persona.aunty": "Kind aunty", "persona.finance": "Good with money",
    "persona.mother": "Mother", "persona.health": "Health adviser",
    "persona.veteran": "Veteran", "persona.tax": "Tax adviser",
    "persona.neighbour": "Neighbourhood insider", "persona.young": "Young steward",
    "audience.pre_retirement": "About to retire", "audience.family": "Breadwinners",
    "audience.parents": "Families with children", "audience.investor": "Investors",
    "audience.wealthy": "High net worth", "audience.young": "Young customers",
    "audience.all": "All customers",
}  # fmt: skip


TAGS = frozenset(code for code, *_ in _WORDS)
"""The codes of the company's own words."""


def found(platform: Platform, sandbox_url: str, dice: random.Random) -> Company:
    """Found the company: accounts, units, staff, words."""
    tags = _words(platform)
    secret = {
        "appid": APPID, "secret": secrets.token_hex(16), "token": secrets.token_hex(8),
        "aes_key": secrets.token_hex(32)[:43],
    }  # fmt: skip
    company = Company(
        app=platform.accounts.add(
            code=APP, name="禾嘉生活", kind="app", ecosystem=Ecosystem.OWN_APP,
            settings={"sensors_project": "default"}, by=BY,
        ),
        official=platform.accounts.add(
            code=OFFICIAL, name="禾嘉服务号", kind="wechat_oa", ecosystem=Ecosystem.WECHAT,
            settings={"app_id": APPID, "base_url": sandbox_url}, by=BY,
            secrets={
                "app_secret": secret["secret"], "token": secret["token"],
                "aes_key": secret["aes_key"],
            },
        ),
        sandbox=secret, staff={}, reps=[], branches=[], tags=tags,
    )  # fmt: skip
    for code, name, role, post in _OFFICE:
        company.staff[code] = platform.staff.add(code, name, role=role, post=post, by=BY)
    teams = [team for branch in _BRANCHES for team in _branch(platform, company, *branch, dice)]
    for number in range(1, REPS + 1):
        persona = _PERSONAS[(number - 1) % len(_PERSONAS)]
        rep = platform.staff.add(
            f"rep-{number:02}", name_of(dice, woman=dice.random() < 0.65), by=BY,
            unit=teams[(number - 1) % len(teams)],
            post="理财经理" if "finance" in persona else "保险顾问",
            persona=[tags[f"persona.{word}"] for word in persona],
            licences=["保险销售从业资格", *(["基金从业资格"] if "finance" in persona else [])],
        )  # fmt: skip
        rep = platform.staff.present(rep.id, licence_number=f"020032010080{number:05}", by=BY)
        company.staff[rep.code] = rep
        company.reps.append(rep)
    return company


def _branch(
    platform: Platform, company: Company, code: str, city: str, dice: random.Random
) -> list[str]:
    """A branch with two teams, each with a lead; the ids of the teams."""
    branch = platform.staff.add_unit(code, f"{city}分公司", by=BY)
    company.branches.append(branch.id)
    teams = []
    for number, word in enumerate(("一", "二"), 1):
        team = platform.staff.add_unit(
            f"{code}-{number}", f"{city}{word}部", parent=branch.id, kind="team", by=BY
        )
        lead = platform.staff.add(
            f"lead-{code}-{number}", name_of(dice, woman=number == 1), unit=team.id,
            role=Role.TEAM_LEAD, post="团队主管", by=BY,
        )  # fmt: skip
        company.staff[lead.code] = lead
        company.cities[team.id] = city
        teams.append(team.id)
    return teams


def _words(platform: Platform) -> dict[str, str]:
    taxonomy = platform.taxonomy
    taxonomy.ship(by=BY)
    for code, facet, zh, parent, synonyms in _WORDS:
        taxonomy.create(
            zh, facet, code=code, en=_ENGLISH[code], parent=parent or None,
            synonyms=synonyms.split(), by=BY,
        )  # fmt: skip
    return {tag.code: tag.id for tag in taxonomy.now().by_id.values()}


def name_of(dice: random.Random, *, woman: bool) -> str:
    """An invented name."""
    names = texts("names")
    return str(
        dice.choice(names["family"]) + dice.choice(names["women" if woman else "men"].split())
    )
