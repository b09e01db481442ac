"""Scripts (话术): openings, answers to objections, words for a scene."""

from __future__ import annotations

from collections.abc import Iterator

from juzhen.demo.library.piece import DAYS, Piece, tagged, texts, topics


def openings() -> Iterator[Piece]:
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
                tags=tagged(each["code"], "stage.connect", "purpose.chat_topic", tones[number]),
                made=DAYS - number, shown=(-DAYS + number, 120),
            )  # fmt: skip


def objections() -> Iterator[Piece]:
    for number, each in enumerate(texts("objections")["objections"], 1):
        for form, where in (("short", "微信回复"), ("long", "面谈讲解")):
            yield Piece(
                code=f"objection-{number:02}-{form}", type="script", topic=each["topic"],
                title=f"客户说“{each['says']}” · {where}", body=each[form],
                summary=f"化解异议：{each['says']}",
                fields={"scene": f"客户表示“{each['says']}”", "tips": "先认同感受，再问清原因。"},
                tags=tagged(
                    each["topic"], "purpose.objection", "stage.facilitate",
                    "resistance.trust" if number % 2 else "resistance.motivation",
                ),
                made=80 - number, shown=(-80 + number, 150),
            )  # fmt: skip


def scenes() -> Iterator[Piece]:
    for each in texts("scenes")["scenes"]:
        for number, line in enumerate(each["lines"], 1):
            yield Piece(
                code=f"scene-{each['code']}-{number}", type="script", topic=each["topic"],
                title=f"{each['name']} · 说法{number}", body=line, summary=f"{each['name']}时使用",
                fields={"scene": each["name"], "tips": "按客户的称呼和近况改一两个字，再发出。"},
                tags=tagged(each["topic"], f"stage.{each['stage']}", "tone.warm"),
                made=75 - number, shown=(-75 + number, 150),
            )  # fmt: skip
