"""The library (演示素材库): 600 materials in Chinese, tagged, placed with windows, 12 campaigns.

The words stand in ``texts/``; here they are put together. Decides nothing about who reads what.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from juzhen.demo.campaigns import campaign_about
from kernel.calendar import days

_TEXTS = Path(__file__).with_name("texts")
DAYS = 90
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One material to be made, and where and when it is to be shown."""

    code: str
    type: str
    title: str
    topic: str
    summary: str = ""
    body: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    motif: str = ""
    palette: int = 0
    made: int = DAYS
    """Days before today."""
    shown: tuple[float, float] | None = None
    """Opens and closes, in days from today; None is only in the library."""
    official: bool = False
    """On the official account too."""
    document: str = ""
    video: int = -1
    branch: int = -1
    campaign: str = ""


@cache
def texts(name: str) -> Any:
    """One file of words."""
    return tomllib.loads((_TEXTS / f"{name}.toml").read_text("utf-8"))


def topics() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = texts("topics")["topics"]
    return found


@cache
def topic(code: str) -> dict[str, Any]:
    return next(each for each in topics() if each["code"] == code)


def pieces(today: date, dice: random.Random) -> list[Piece]:
    """All of them, the oldest first."""
    made = [
        *_openings(), *_objections(), *_scenes(), *_notes(), *_papers(today, dice),
        *_articles(dice), *_posters(dice), *_videos(dice),
        *_tools(), *_proposals(), *_stories(dice), *_lives(dice),
    ]  # fmt: skip
    return sorted(made, key=lambda piece: (-piece.made, piece.code))


def _tags(code: str, *more: str) -> tuple[str, ...]:
    return (f"topic.{code}", f"audience.{topic(code)['audience']}", *more)


def _openings() -> Iterator[Piece]:
    tones = ("tone.warm", "tone.professional", "tone.relaxed")
    for each in topics():
        for number, hook in enumerate(each["hooks"]):
            yield Piece(
                code=f"opening-{each['code']}-{number + 1}", type="script", topic=each["code"],
                title=f"开场白 · {each['name']}（{'一二三'[number]}）", body=hook,
                summary=f"和客户聊{each['name']}时的第一句话",
                fields={
                    "scene": "首次联系或久未联系时",
                    "tips": "先问候，再给一个对方能马上得到的小帮助；不要连发两条。",
                },
                tags=_tags(each["code"], "stage.connect", "purpose.chat_topic", tones[number]),
                made=DAYS - number, shown=(-DAYS + number, 120),
            )  # fmt: skip


def _objections() -> Iterator[Piece]:
    for number, each in enumerate(texts("objections")["objections"], 1):
        for form, where in (("short", "微信回复"), ("long", "面谈讲解")):
            yield Piece(
                code=f"objection-{number:02}-{form}", type="script", topic=each["topic"],
                title=f"客户说“{each['says']}” · {where}", body=each[form],
                summary=f"化解异议：{each['says']}",
                fields={"scene": f"客户表示“{each['says']}”", "tips": "先认同感受，再问清原因。"},
                tags=_tags(
                    each["topic"], "purpose.objection", "stage.facilitate",
                    "resistance.trust" if number % 2 else "resistance.motivation",
                ),
                made=80 - number, shown=(-80 + number, 150),
            )  # fmt: skip


def _scenes() -> Iterator[Piece]:
    for each in texts("scenes")["scenes"]:
        for number, line in enumerate(each["lines"], 1):
            yield Piece(
                code=f"scene-{each['code']}-{number}", type="script", topic=each["topic"],
                title=f"{each['name']} · 说法{number}", body=line, summary=f"{each['name']}时使用",
                fields={"scene": each["name"], "tips": "按客户的称呼和近况改一两个字，再发出。"},
                tags=_tags(each["topic"], f"stage.{each['stage']}", "tone.warm"),
                made=75 - number, shown=(-75 + number, 150),
            )  # fmt: skip


_ASPECTS = (
    ("产品说明", "一页看懂它管什么、不管什么"),
    ("适合谁", "三句话判断适不适合您"),
    ("常见问题", "客户问得最多的问题，逐条回答"),
    ("投保前须知", "签字之前，请先看完这一页"),
)


def _notes() -> Iterator[Piece]:
    for product in texts("products")["products"]:
        about = topic(product["topic"])
        for number, (aspect, summary) in enumerate(_ASPECTS):
            yield Piece(
                code=f"note-{product['code'].lower()}-{number + 1}", type="product_note",
                topic=product["topic"], title=f"{product['name']} · {aspect}", summary=summary,
                body=_note(product, about, number), document=product["code"],
                fields={
                    "product_code": product["code"], "risk_level": product["risk"],
                    "benefit": product["features"][0], "next_step": "预约客户经理讲解",
                },
                tags=_tags(
                    product["topic"], "purpose.education", "resistance.understanding",
                    "tone.professional",
                ),
                motif=about["picture"], palette=number, made=70 - number,
                shown=(-70 + number, 180),
            )  # fmt: skip


def _note(product: dict[str, Any], about: dict[str, Any], aspect: int) -> str:
    if aspect == 0:
        parts = [_listed("产品亮点", product["features"]), _listed("请您留意", product["cautions"])]
    elif aspect == 1:
        parts = [f"<p>适合：{product['who']}。</p>", _listed("配置时看四点", about["points"])]
    elif aspect == 2:
        parts = [
            f"<h2>问：{about['question']}</h2><p>{about['answer']}</p>",
            f"<h2>问：{about['myth'].rstrip('。')}，是这样吗？</h2><p>{about['truth']}</p>",
        ]
    else:
        parts = [
            _listed("签字前逐项确认", product["cautions"]),
            f"<p>顾问提示：{about['tip']}</p>",
            "<p>本页为摘要，保险责任、责任免除与产品风险以合同和说明书为准。</p>",
        ]
    return "".join(parts)


def _listed(title: str, lines: list[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _papers(today: date, dice: random.Random) -> Iterator[Piece]:
    desks = texts("papers")
    for number, day in enumerate(days(today - timedelta(days=DAYS - 1), today)):
        news = [desks[desk][(number + dice.randrange(15)) % 15] for desk in _DESKS]
        ago = DAYS - 1 - number
        yield Piece(
            code=f"paper-{day:%Y%m%d}", type="image_text", topic="policy_news",
            title=f"禾嘉早报 · {day.month}月{day.day}日 星期{_WEEKDAYS[day.weekday()]}",
            summary="理财、健康、保险各一条，一分钟读完",
            body="".join(f"<p>{line}</p>" for line in (*news, dice.choice(desks["closing"]))),
            fields={"author": "禾嘉内容中心"}, motif="sunrise", palette=number,
            tags=_tags("policy_news", "purpose.chat_topic", "tone.relaxed"),
            made=ago, shown=(-ago, -ago + 2), official=ago < 3,
        )  # fmt: skip


_DESKS = ("money", "health", "insurance")
_ANGLES = (
    ("{name}，先看这四点", "purpose.education"),
    ("关于{name}，一个常见的误会", "resistance.understanding"),
    ("一问一答：{question}", "resistance.action_cost"),
    ("{name}小清单：今天就能做的一件事", "purpose.persona"),
)


def _articles(dice: random.Random) -> Iterator[Piece]:
    for place, each in enumerate(topics()):
        for number, (title, tag) in enumerate(_ANGLES):
            opens = -dice.randrange(20, 85)
            soon = place % 7 == 3 and number == 0
            yield Piece(
                code=f"article-{each['code']}-{number + 1}", type="image_text", topic=each["code"],
                title=title.format(**each)[:32], summary=each["points"][number][:60],
                body=_article(each, number), motif=each["picture"], palette=place + number,
                fields={
                    "author": "禾嘉内容中心", "next_step": "约客户经理聊十分钟",
                    "benefit": each["slogans"][number],
                },
                tags=_tags(each["code"], tag, "tone.professional" if number < 2 else "tone.warm"),
                made=-opens, shown=(0.4, 30) if soon else (opens, dice.choice((12, 45, 90))),
                official=place % 4 == 0 and number == 1, branch=place % 3 if number == 3 else -1,
            )  # fmt: skip


def _article(each: dict[str, Any], angle: int) -> str:
    points = each["points"]
    if angle == 0:
        return (
            _listed(each["slogans"][0], points) + f"<p><strong>小提示：</strong>{each['tip']}</p>"
        )
    if angle == 1:
        return (
            f"<p>很多人这样说：“{each['myth']}”</p><h2>其实是这样</h2><p>{each['truth']}</p>"
            f"<p>{points[0]}</p><p>{points[2]}</p>"
        )
    if angle == 2:
        return (
            f"<h2>{each['question']}</h2><p>{each['answer']}</p>"
            f"<h2>还可以多想一步</h2><p>{points[1]}</p><p>{points[3]}</p>"
        )
    return (
        f"<p>今天的一件小事：{each['tip']}</p><h2>为什么值得做</h2><p>{points[3]}</p>"
        f"<p>{each['truth']}</p><p>{each['slogans'][3]}。</p>"
    )


def _posters(dice: random.Random) -> Iterator[Piece]:
    for place, each in enumerate(topics()):
        for number, slogan in enumerate(each["slogans"]):
            opens, closes = -dice.randrange(10, 80), dice.choice((20, 60, 120))
            campaign = campaign_about(each["code"]) if number >= 2 else None
            if campaign is not None:
                opens, closes = campaign.opens, campaign.closes
            yield Piece(
                code=f"poster-{each['code']}-{number + 1}", type="poster", topic=each["code"],
                title=slogan, summary=f"{each['name']}海报，底部留有名片位",
                body=f"<p>{each['points'][number]}</p>",
                fields={
                    "slogan": slogan, "rep_card": True, "benefit": each["points"][number][:80],
                    "next_step": "长按识别名片，和我聊聊",
                },
                tags=_tags(each["code"], "purpose.persona", "tone.warm"), motif=each["picture"],
                palette=place + number, made=max(-opens, 1), shown=(opens, closes),
                campaign=campaign.code if campaign else "",
            )  # fmt: skip


_CLIPS = ("60秒讲清{name}", "{name}：一个真实的小故事", "主管教你聊{name}")


def _videos(dice: random.Random) -> Iterator[Piece]:
    titles = [(each, clip) for clip in _CLIPS for each in topics()][:50]
    for number, (each, clip) in enumerate(titles):
        opens = -dice.randrange(5, 70)
        outline = "\n".join(
            [f"开头：{each['slogans'][number % 4]}", f"要点：{each['points'][number % 4]}",
             f"结尾：{each['tip']}"]
        )  # fmt: skip
        yield Piece(
            code=f"video-{number + 1:02}", type="short_video", topic=each["code"],
            title=clip.format(**each), summary=each["points"][(number + 1) % 4][:60],
            body=f"<p>{each['truth']}</p>", video=number % 6,
            fields={"seconds": 6, "outline": outline, "next_step": "点头像，私信我要清单"},
            tags=_tags(each["code"], "purpose.education", "tone.relaxed"), motif=each["picture"],
            palette=number, made=-opens, shown=(opens, dice.choice((15, 50, 100))),
        )  # fmt: skip


_TOOLS = (
    ("养老金缺口计算器", "pension_annuity", "填三个数，看退休后每月差多少"),
    ("退休年龄查询", "policy_news", "输入出生年月，查法定退休年龄与弹性范围"),
    ("个人养老金省税测算", "personal_pension", "按年收入估算今年可以少缴的税"),
    ("教育金月存测算", "education_fund", "选学段和年限，倒推每月要存的金额"),
    ("家庭保额计算器", "term_life", "房贷、开支、赡养一起算，得出建议保额"),
    ("重疾保额建议", "critical_illness", "按家庭开支和负债给出区间"),
    ("定投成本演示", "regular_investing", "看看跌的时候多买了多少"),
    ("家庭资产体检", "allocation", "四笔钱填一填，看比例是否合适"),
    ("社区费用对比", "retirement_community", "居家、请护工、住社区，三种方式的月开支"),
    ("体检项目推荐", "wellness", "按年龄和家族史列出值得做的项目"),
)


def _tools() -> Iterator[Piece]:
    for number, (title, code, summary) in enumerate(_TOOLS):
        each = topic(code)
        yield Piece(
            code=f"tool-{code.replace('_', '-')}", type="mini_program_tool", topic=code,
            title=title, summary=summary,
            body=f"<p>{summary}。</p>{_listed('填之前先准备', each['points'][:3])}"
            f"<p>{each['tip']}</p>",
            fields={
                "app_id": "wx2f6d8b0c4e1a3957", "path": f"pages/tools/{code}",
                "benefit": summary, "next_step": "把结果发给客户经理",
            },
            tags=_tags(code, "purpose.education", "resistance.action_cost"),
            motif=each["picture"], palette=number, made=60, shown=(-60, 200),
        )  # fmt: skip


def _proposals() -> Iterator[Piece]:
    products = [p for p in texts("products")["products"] if p["category"] != "fund"]
    plans = [(age, p) for age in (30, 38, 45, 52) for p in products][:30]
    for number, (age, product) in enumerate(plans, 1):
        premium = 6_000 + (number * 3_700) % 48_000
        years = (3, 5, 10, 20)[number % 4]
        about = topic(product["topic"])
        yield Piece(
            code=f"proposal-{number:02}", type="proposal", topic=product["topic"],
            title=f"{product['name']}计划书 · {age}岁", document=product["code"],
            summary=f"年交{premium:,}元，交{years}年；为{age}岁客户准备的示例方案",
            body=f"<p>示例：{age}岁客户，年交保费{premium:,}元，交{years}年。</p>"
            + _listed("方案能解决", product["features"]) + _listed("请留意", product["cautions"]),
            fields={
                "premium": premium, "term_years": years, "product_code": product["code"],
                "risk_level": product["risk"], "benefit": product["features"][0],
                "price": f"每年{premium:,}元", "next_step": "按我的情况重算",
            },
            tags=_tags(product["topic"], "stage.facilitate", "tone.professional"),
            motif=about["picture"], palette=number, made=55 - number, shown=(-55 + number, 150),
        )  # fmt: skip


_TELLERS = (
    ("王女士", "四十二岁，会计"),
    ("老周", "五十六岁，退休教师"),
    ("小林", "三十三岁，工程师"),
)


def _stories(dice: random.Random) -> Iterator[Piece]:
    for number, each in enumerate(texts("stories")["stories"], 1):
        about = topic(each["topic"])
        for form, (teller, who) in enumerate(_TELLERS):
            opens = -dice.randrange(15, 80)
            title = (f"{teller}的故事：{each['event']}", f"理赔手记 · {each['event']}",
                     f"{each['event']}之后，{teller}说")[form]  # fmt: skip
            point = about["points"][(number + form) % 4]
            yield Piece(
                code=f"story-{number:02}-{form + 1}", type="customer_story", topic=each["topic"],
                title=title, summary=each["lesson"],
                body=f"<p>{teller}，{who}，我们的老客户。</p><p>{each['story']}</p>"
                f"<h2>{each['lesson']}</h2><p>{point}</p>"
                f"<p>涉及保障：{each['product']}。经客户同意讲述，已隐去个人信息。</p>",
                fields={"told_by": teller, "may_publish": True, "next_step": "看看我的保障缺什么"},
                tags=_tags(each["topic"], "trust_device.cases", "resistance.trust"),
                motif=about["picture"], palette=number + form, made=-opens,
                shown=(opens, dice.choice((30, 90))), official=form == 0 and number % 3 == 0,
            )  # fmt: skip


def _lives(dice: random.Random) -> Iterator[Piece]:
    speakers = (
        "方主任 · 心血管内科",
        "陈老师 · 投研总监",
        "周律师 · 家族财富",
        "许院长 · 康养社区",
    )
    for number, each in enumerate(topics()[::2][:6] + topics()[1::2][:6]):
        ago = 75 - number * 7
        yield Piece(
            code=f"live-{number + 1:02}", type="livestream", topic=each["code"],
            title=f"直播 · {each['slogans'][number % 4]}",
            summary=f"{each['name']}专场，可提前留言提问",
            body=_listed("这一场会讲到", each["points"]),
            fields={
                "starts": f"{'本周' if ago < 7 else '往期'}四 20:00",
                "speaker": speakers[number % 4], "next_step": "预约开播提醒",
            },
            tags=_tags(each["code"], "purpose.education", "trust_device.expert_identity"),
            motif=each["picture"], palette=number, made=max(ago, 1),
            shown=(-max(ago, 1), 20 + dice.randrange(40)),
        )  # fmt: skip
