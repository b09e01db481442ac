"""The cast (角色): invented people who follow, write and read. The same seed, the same people."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from kernel.values import dataclass

_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = [
    "秀英", "桂兰", "建国", "志强", "晓燕", "海燕", "淑珍", "德明", "文静", "雨桐",
    "子轩", "梓涵", "国华", "玉梅", "振华", "丽娟", "思远", "雅琴", "永康", "美玲",
    "佳怡", "俊杰", "春生", "凤霞", "家豪", "明月", "立新", "小满", "若兰", "长河",
]  # fmt: skip
_LINES = (
    "您好，想了解一下养老社区怎么申请入住？",
    "我家孩子明年上小学，教育金现在存还来得及吗？",
    "重疾险等待期是多久？",
    "这个产品的收益是保证的吗？",
    "上次发我的计划书能再发一份吗？",
    "保单到期了，下一步怎么办？",
    "家里老人七十了还能买医疗险吗？",
    "月底前有什么合适的理财吗？",
    "理赔需要准备哪些材料？",
    "谢谢，我晚上有空再看。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One member of the cast, in one official account."""

    openid: str
    unionid: str
    name: str
    follows: bool = False
    wrote: bool = False
    """She has just written, so the account may answer her."""
    allows: tuple[str, ...] = ()
    """Templates of which she has allowed one message; the company knows already."""
    traits: dict[str, str] = field(default_factory=dict)


def openid_of(appid: str, person: str) -> str:
    """An openid means something in one account only."""
    return f"o{_digest(f'{appid}:{person}', 27)}"


def unionid_of(person: str) -> str:
    """The same person in every account of the company."""
    return f"u{_digest(f'union:{person}', 27)}"


def cast(appid: str, *, seed: int, number: int = 24) -> list[Person]:
    """So many people; two of three follow already."""
    dice = random.Random(f"cast:{seed}")  # noqa: S311  # no secret
    names = [f"{dice.choice(_FAMILY)}{given}" for given in dice.sample(_GIVEN, len(_GIVEN))]
    return [
        Person(
            openid=openid_of(appid, f"{seed}:{index}"),
            unionid=unionid_of(f"{seed}:{index}"),
            name=names[index % len(names)],
            follows=index % 3 < 2,
        )
        for index in range(number)
    ]


def people_of(appid: str, told: Mapping[str, Any], *, seed: int) -> list[Person]:
    """The people that a description names (``cast``), or as many as it asks for."""
    if not isinstance(told.get("cast"), list):
        return cast(appid, seed=seed, number=int(told.get("followers", 24)))
    return [
        Person(
            openid=str(one["openid"]),
            unionid=str(one.get("unionid", "")),
            name=str(one.get("name", one["openid"])),
            follows=bool(one.get("follows", True)),
            wrote=bool(one.get("wrote", False)),
            allows=tuple(map(str, one.get("allows") or ())),
        )
        for one in told["cast"]
    ]


def line(dice: random.Random) -> str:
    """Something that a customer might write."""
    return dice.choice(_LINES)


def _digest(text: str, length: int) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().replace("-", "x").replace("_", "y")[:length]
