"""The language of rules (规则语言): a rule as people write it, read into its tree.

    did bought >= 2 in 90d and not did opened_link in 30d
    did read_material on "acc_8f2k" >= 5 in 180d
    did viewed_product then asked_quote then bought within 72h in 30d
    trait city in ("上海", "北京") or tag "pension" >= 2
    stage in (silent, sleeping) and grade in (B, C) and consent marketing on wechat_oa
    near 31.23, 121.47 within 3km in 24h and not in "blacklist"

``and`` binds closer than ``or``; 且、或、非 may be written for them. Printing a tree and reading it
again gives the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from data_hub.catalogue import kind_of
from data_hub.segments.behaviour import Did, Fresh, SeenOn, Silent, Spent, Then
from data_hub.segments.being import (
    CHOICES,
    TRAIT_OPS,
    Allows,
    Birthday,
    Buys,
    Held,
    Holds,
    In,
    Leans,
    Stands,
    TraitIs,
    Vip,
)
from data_hub.segments.nearness import Near
from data_hub.segments.tree import OPS, AllOf, AnyOf, Leaf, Not, Rule, fits
from kernel.errors import Invalid

KINDS: Mapping[str, type[Leaf]] = {
    kind.word: kind
    for kind in (
        Did, Then, Silent, Fresh, SeenOn, Spent, TraitIs, Leans, Stands, Vip, Held, Allows, Near,
        Holds, Birthday, Buys, In,
    )
}  # fmt: skip
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)(?P<unit>[A-Za-z%天周小时公里米]*)'
    r"|(?P<op>>=|<=|!=|=|>|<|[(),，（）])|(?P<word>[\w.:\-]+))"
)
_MEANT = {
    "且": "and", "并且": "and", "或": "or", "或者": "or", "非": "not", "不": "not", "没": "not",
    "没有": "not", "做过": "did", "属于": "in", "标签": "tag", "阶段": "stage", "等级": "grade",
    "特征": "trait", "沉默": "silent", "新客": "new", "消费": "spent", "持有": "holds",
    "生日": "birthday", "所有人": "everyone", "，": ",", "（": "(", "）": ")", "节点": "node",
    "然后": "then", "同意": "consent", "附近": "near",
}  # fmt: skip
_LONGEST = 8_192
_MOST_DIGITS = 25
_DEEPEST = 40
_HOURS = {"h": 1.0, "小时": 1.0, "d": 24.0, "天": 24.0, "w": 168.0, "周": 168.0}
_METRES = {"m": 1.0, "米": 1.0, "km": 1_000.0, "公里": 1_000.0}


class _Token(NamedTuple):
    sort: str
    value: Any
    unit: str
    at: int


def read(text: str) -> Rule:
    """The tree of a rule. Raises `Invalid` with the place where it stops making sense."""
    if len(text) > _LONGEST:
        raise Invalid("rule", "value_too_long", limit=_LONGEST)
    reading = _Reading(_tokens(text), len(text))
    rule = reading.alternatives()
    if reading.ahead():
        raise reading.odd()
    return fits(rule)


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise Invalid("rule", "rule_stops", at=at + 1, what=text[at : at + 20].strip())
        begins, at = match.start(match.lastgroup or 0), match.end()
        if match["text"] is not None:
            value: Any = re.sub(r"\\(.)", r"\1", match["text"][1:-1])
            found.append(_Token("text", value, "", begins))
        elif match["number"] is not None:
            if len(match["number"]) > _MOST_DIGITS:
                place = match.start("number")
                raise Invalid("rule", "rule_stops", at=place + 1, what=match["number"][:20])
            value = float(match["number"]) if "." in match["number"] else int(match["number"])
            found.append(_Token("number", value, match["unit"], match.start("number")))
        else:
            value = match["op"] or match["word"]
            value = _MEANT.get(value, value)
            sort = "op" if value in OPS or value in "()," else "word"
            found.append(_Token(sort, value, "", begins))
    return found


class _Reading:
    """Tokens, and how far they were read."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = end
        self._deep = 0

    def ahead(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def odd(self) -> Invalid:
        token = self.ahead()
        at, what = (token.at + 1, str(token.value)) if token else (self._end + 1, "…")
        return Invalid("rule", "rule_stops", at=at, what=what[:40])

    def take(self, *values: str) -> str | None:
        """The next token if it is one of these."""
        token = self.ahead()
        if token is None or token.sort == "text" or token.value not in values:
            return None
        self._next += 1
        return str(token.value)

    def want(self, *values: str) -> str:
        taken = self.take(*values)
        if taken is None:
            raise self.odd()
        return taken

    def sort(self, *sorts: str) -> _Token:
        token = self.ahead()
        if token is None or token.sort not in sorts:
            raise self.odd()
        self._next += 1
        return token

    def name(self) -> str:
        return str(self.sort("word", "text", "number").value)

    def number(self, units: Mapping[str, float] | None = None, usual: str = "") -> float:
        token = self.sort("number")
        unit = token.unit or usual
        if units is None:
            if token.unit not in {"", "%"}:
                self._next -= 1
                raise self.odd()
            return float(token.value) / 100 if token.unit else _whole(token.value)
        if unit not in units:
            self._next -= 1
            raise self.odd()
        return float(token.value) * units[unit]

    def days(self, word: str = "in") -> int:
        """An optional window; 0 if there is none."""
        if self.take(word) is None:
            return 0
        return int(self.number({"d": 1, "天": 1, "w": 7, "周": 7}, "d"))

    def compared(self, usual: tuple[str, Any]) -> tuple[str, Any]:
        op = self.take(*OPS)
        return (op, self.number()) if op else usual

    def _deeper(self) -> None:
        self._deep += 1
        if self._deep > _DEEPEST:
            raise Invalid("rule", "rule_too_large", most=200, deep=12)

    def alternatives(self) -> Rule:
        self._deeper()
        parts = [self._together()]
        while self.take("or"):
            parts.append(self._together())
        self._deep -= 1
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _together(self) -> Rule:
        parts = [self._one()]
        while self.take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Rule:
        if self.take("not"):
            self._deeper()
            negated = Not(self._one())
            self._deep -= 1
            return negated
        if self.take("("):
            rule = self.alternatives()
            self.want(")")
            return rule
        if self.take("everyone"):
            return AllOf(())
        begun = self._next
        word = self.sort("word").value
        reader = _READERS.get(word)
        if reader is None:
            self._next = begun
            raise self.odd()
        leaf = reader(self, word)
        leaf.check()
        return leaf


def _whole(value: Any) -> int | float:
    return value if isinstance(value, int) else float(value)


def _did(reading: _Reading, _: str) -> Leaf:
    if reading.take("not"):
        raise reading.odd()
    kinds = [kind_of(reading.name()).name]
    while reading.take("then"):
        kinds.append(kind_of(reading.name()).name)
    if len(kinds) > 1:
        hours = reading.number(_HOURS, "h") if reading.take("within") else 0.0
        return Then(tuple(kinds), hours, reading.days())
    of = reading.name() if reading.take("of") else ""
    on = reading.name() if reading.take("on") else ""
    op, times = reading.compared((">=", 1))
    return Did(kinds[0], op, times, reading.days(), of, on)


def _trait(reading: _Reading, _: str) -> Leaf:
    name = reading.name()
    if reading.take("exists"):
        return TraitIs(name)
    op = reading.want(*(each for each in TRAIT_OPS if each != "exists"))
    if op == "in":
        return TraitIs(name, op, tuple(_list(reading, _value)))
    return TraitIs(name, op, _value(reading))


def _value(reading: _Reading) -> Any:
    token = reading.sort("text", "number", "word")
    if token.sort == "number":
        return f"{token.value}{token.unit}" if token.unit else token.value
    if token.sort == "word" and token.value in {"yes", "no"}:
        return token.value == "yes"
    return token.value


def _list(reading: _Reading, each: Callable[[_Reading], Any]) -> list[Any]:
    reading.want("(")
    found = [each(reading)]
    while reading.take(","):
        found.append(each(reading))
    reading.want(")")
    return found


def _stands(reading: _Reading, what: str) -> Leaf:
    if reading.want("=", "in") == "in":
        return Stands(what, tuple(map(str, _list(reading, _Reading.name))))
    return Stands(what, (reading.name(),))


def _near(reading: _Reading, _: str) -> Leaf:
    latitude = reading.number()
    reading.want(",")
    longitude = reading.number()
    metres = reading.number(_METRES, "m") if reading.take("within") else 3_000.0
    hours = reading.number(_HOURS, "h") if reading.take("in") else 24.0
    return Near(latitude, longitude, metres, hours)


def _seen(reading: _Reading, _: str) -> Leaf:
    reading.want("on")
    return SeenOn(reading.name(), reading.days())


def _spent(reading: _Reading, _: str) -> Leaf:
    op, amount = reading.want(*OPS), reading.number()
    return Spent(op, amount, reading.days())


def _holds(reading: _Reading, _: str) -> Leaf:
    token = reading.ahead()
    of = reading.name() if token and token.sort == "text" else ""
    return Holds(of, reading.days() if reading.take("due") else 0)


def _buys(reading: _Reading, _: str) -> Leaf:
    reading.want("in")
    weeks = int(reading.number({"w": 1, "周": 1}, "w"))
    op, chance = reading.compared((">=", 0.5))
    return Buys(weeks, op, float(chance))


def _silent(reading: _Reading, _: str) -> Leaf:
    return Silent(reading.days("for"))


def _allows(reading: _Reading, _: str) -> Leaf:
    return Allows(reading.name(), reading.name() if reading.take("on") else "")


def _leans(reading: _Reading, _: str) -> Leaf:
    tag = reading.name()
    return Leans(tag, float(reading.number()) if reading.take(">=") else 1.0)


_READERS: Mapping[str, Callable[[_Reading, str], Leaf]] = {
    "did": _did, "trait": _trait, "tag": _leans, "near": _near, "seen": _seen, "spent": _spent,
    "holds": _holds, "buys": _buys, "silent": _silent, "consent": _allows,
    "new": lambda reading, _: Fresh(reading.days()),
    "birthday": lambda reading, _: Birthday(reading.days()),
    "in": lambda reading, _: In(reading.name()),
    "vip": lambda *_: Vip(), "held": lambda *_: Held(),
} | dict.fromkeys(CHOICES, _stands)  # fmt: skip
