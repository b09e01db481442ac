"""What people read and watch (图文, 海报, 短视频, 客户故事, 直播)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from juzhen.demo.campaigns import SELLING, campaign_about
from juzhen.demo.library.piece import DAYS, Piece, listed, tagged, texts, topic, topics
from kernel.calendar import days

_WEEKDAYS = "一二三四五六日"


def papers(today: date, dice: random.Random) -> Iterator[Piece]:
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
            tags=tagged("policy_news", "purpose.chat_topic", "stage.connect", "tone.relaxed"),
            made=ago, shown=(-ago, -ago + 2), official=ago < 3,
        )  # fmt: skip


_DESKS = ("money", "health", "insurance")
_ANGLES = (
    ("{name}，先看这四点", ("purpose.education", "stage.connect")),
    (
        "关于{name}，一个常见的误会",
        ("purpose.education", "resistance.understanding", "stage.connect"),
    ),
    ("一问一答：{question}", ("resistance.action_cost", "stage.facilitate")),
    ("{name}小清单：今天就能做的一件事", ("purpose.persona", "stage.after_sales")),
)


def articles(dice: random.Random) -> Iterator[Piece]:
    for place, each in enumerate(topics()):
        for number, (title, more) in enumerate(_ANGLES):
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
                tags=tagged(
                    each["code"], *more, "tone.professional" if number < 2 else "tone.warm"
                ),
                made=-opens, shown=(0.4, 30) if soon else (opens, dice.choice((12, 45, 90))),
                official=place % 4 == 0 and number == 1, branch=place % 3 if number == 3 else -1,
            )  # fmt: skip


def _article(each: dict[str, Any], angle: int) -> str:
    points = each["points"]
    if angle == 0:
        return listed(each["slogans"][0], points) + f"<p><strong>小提示：</strong>{each['tip']}</p>"
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


def posters(dice: random.Random) -> Iterator[Piece]:
    for place, each in enumerate(topics()):
        for number, slogan in enumerate(each["slogans"]):
            opens, closes = -dice.randrange(10, 80), dice.choice((20, 60, 120))
            campaign = campaign_about(each["code"]) if number >= 2 else None
            selling = campaign is not None and campaign.kind in SELLING
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
                tags=tagged(
                    each["code"], "tone.warm", "stage.connect",
                    "purpose.promotion" if selling else "purpose.persona",
                ),
                motif=each["picture"],
                palette=place + number, made=max(-opens, 1), shown=(opens, closes),
                campaign=campaign.code if campaign else "",
            )  # fmt: skip


_CLIPS = ("60秒讲清{name}", "{name}：一个真实的小故事", "主管教你聊{name}")


def videos(dice: random.Random) -> Iterator[Piece]:
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
            tags=tagged(each["code"], "purpose.education", "stage.connect", "tone.relaxed"),
            motif=each["picture"],
            palette=number, made=-opens, shown=(opens, dice.choice((15, 50, 100))),
        )  # fmt: skip


_TELLERS = (
    ("王女士", "四十二岁，会计"),
    ("老周", "五十六岁，退休教师"),
    ("小林", "三十三岁，工程师"),
)


def stories(dice: random.Random) -> Iterator[Piece]:
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
                tags=tagged(
                    each["topic"], "trust_device.cases", "resistance.trust",
                    "stage.after_sales" if form == 1 else "stage.facilitate",
                    "purpose.after_sales_tool" if form == 1 else "purpose.education",
                ),
                motif=about["picture"], palette=number + form, made=-opens,
                shown=(opens, dice.choice((30, 90))), official=form == 0 and number % 3 == 0,
            )  # fmt: skip


def lives(dice: random.Random) -> Iterator[Piece]:
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
            body=listed("这一场会讲到", each["points"]),
            fields={
                "starts": f"{'本周' if ago < 7 else '往期'}四 20:00",
                "speaker": speakers[number % 4], "next_step": "预约开播提醒",
            },
            tags=tagged(
                each["code"], "purpose.education", "stage.connect", "trust_device.expert_identity"
            ),
            motif=each["picture"], palette=number, made=max(ago, 1),
            shown=(-max(ago, 1), 20 + dice.randrange(40)),
        )  # fmt: skip
