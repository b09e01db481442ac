"""How WeCom's calls are written (企业微信接口登记): by path, with what they are asked and tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.world import World

Asked = Mapping[str, Any]
Told = dict[str, Any]
Answer = Callable[[World, Corp, Asked], Told]
GET: dict[str, Answer] = {}
POST: dict[str, Answer] = {}


def call(path: str, table: dict[str, Answer] = POST) -> Callable[[Answer], Answer]:
    """Answers this path, asked by POST unless another table is named."""

    def note(answer: Answer) -> Answer:
        table[path] = answer
        return answer

    return note


def text_of(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise Said(40058, name)
    return value


def whole(asked: Asked, name: str) -> int:
    """A number; nothing is none."""
    value = asked.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise Said(40058, name)
    return value


def stretch(rows: list[Told], asked: Asked, most: int) -> tuple[list[Told], str]:
    """A page and the cursor of the next; says 40058 for a page too long."""
    limit = asked.get("limit") or most
    if not isinstance(limit, int) or not 1 <= limit <= most:
        raise Said(40058, "limit")
    cursor = str(asked.get("cursor") or 0)
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 9:
        raise Said(40058, "cursor")
    begin = int(cursor)
    onward = str(begin + limit) if begin + limit < len(rows) else ""
    return rows[begin : begin + limit], onward
