"""What sells (产品说明, 小程序工具, 计划书): notes on products, tools, proposals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from juzhen.demo.library.piece import Piece, listed, tagged, texts, topic

_ASPECTS = (
    ("产品说明", "一页看懂它管什么、不管什么"),
    ("适合谁", "三句话判断适不适合您"),
    ("常见问题", "客户问得最多的问题，逐条回答"),
    ("投保前须知", "签字之前，请先看完这一页"),
)


def notes() -> Iterator[Piece]:
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
                tags=tagged(
                    product["topic"], "purpose.education", "resistance.understanding",
                    "tone.professional", "stage.deliver" if number == 3 else "stage.facilitate",
                ),
                motif=about["picture"], palette=number, made=70 - number,
                shown=(-70 + number, 180),
            )  # fmt: skip


def _note(product: dict[str, Any], about: dict[str, Any], aspect: int) -> str:
    if aspect == 0:
        parts = [listed("产品亮点", product["features"]), listed("请您留意", product["cautions"])]
    elif aspect == 1:
        parts = [f"<p>适合：{product['who']}。</p>", listed("配置时看四点", about["points"])]
    elif aspect == 2:
        parts = [
            f"<h2>问：{about['question']}</h2><p>{about['answer']}</p>",
            f"<h2>问：{about['myth'].rstrip('。')}，是这样吗？</h2><p>{about['truth']}</p>",
        ]
    else:
        parts = [
            listed("签字前逐项确认", product["cautions"]),
            f"<p>顾问提示：{about['tip']}</p>",
            "<p>本页为摘要，保险责任、责任免除与产品风险以合同和说明书为准。</p>",
        ]
    return "".join(parts)


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


def tools() -> Iterator[Piece]:
    for number, (title, code, summary) in enumerate(_TOOLS):
        each = topic(code)
        yield Piece(
            code=f"tool-{code.replace('_', '-')}", type="mini_program_tool", topic=code,
            title=title, summary=summary,
            body=f"<p>{summary}。</p>{listed('填之前先准备', each['points'][:3])}"
            f"<p>{each['tip']}</p>",
            fields={
                "app_id": "wx2f6d8b0c4e1a3957", "path": f"pages/tools/{code}",
                "benefit": summary, "next_step": "把结果发给客户经理",
            },
            tags=tagged(
                code, "purpose.education", "resistance.action_cost", "stage.facilitate",
                "trust_device.proof_by_action",
            ),
            motif=each["picture"], palette=number, made=60, shown=(-60, 200),
        )  # fmt: skip


def proposals() -> Iterator[Piece]:
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
            + listed("方案能解决", product["features"]) + listed("请留意", product["cautions"]),
            fields={
                "premium": premium, "term_years": years, "product_code": product["code"],
                "risk_level": product["risk"], "benefit": product["features"][0],
                "price": f"每年{premium:,}元", "next_step": "按我的情况重算",
            },
            tags=tagged(
                product["topic"], "stage.facilitate", "resistance.motivation", "tone.professional"
            ),
            motif=about["picture"], palette=number, made=55 - number, shown=(-55 + number, 150),
        )  # fmt: skip
