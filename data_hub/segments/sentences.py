"""Rules in words (规则的说法): what a rule says, for who does not read the language of rules.

Nothing about any customer; `Book.because` tells that. Whoever asks knows what people call a tag, an
account or a content, which this room does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from data_hub.catalogue import kind_of
from data_hub.segments.behaviour import Did
from data_hub.segments.tree import AllOf, AnyOf, Leaf, Not, Rule, plain
from kernel.wording import known, say

Named = Callable[[str, str], str]
"""What people call a ``tag``, ``account``, ``channel``, ``segment``, or what something was done
``of``: by which of these it is, and how the rule names it. Empty for what nobody knows."""

_OPS = {">=": "ge", "<=": "le", ">": "gt", "<": "lt", "=": "eq", "!=": "ne"}
_NAMED = {"tag": "tag", "account": "account", "on": "account", "channel": "channel", "of": "of",
          "segment": "segment"}  # fmt: skip
"""The values of conditions that others have names for."""
_TRAITS = frozenset(("exists", "in", "contains", "=", "!="))
"""What is asked of a trait in words of its own; anything else compares numbers."""


def sentence(rule: Rule, language: str, named: Named) -> str:
    """The whole rule as one sentence without its full stop."""
    return _told(rule, language, named, alone=True)


def _told(rule: Rule, language: str, named: Named, *, alone: bool = False) -> str:
    match rule:
        case AllOf(()):
            return say("rule_says_everyone", language)
        case AnyOf(()) | Not(AllOf(())):
            return say("rule_says_nobody", language)
        case AllOf(parts) | AnyOf(parts) if len(parts) == 1:
            return _told(parts[0], language, named, alone=alone)
        case AllOf(parts) | AnyOf(parts):
            join = say("rule_says_and" if isinstance(rule, AllOf) else "rule_says_or", language)
            told = join.join(_told(part, language, named) for part in parts)
            return told if alone else say("rule_says_together", language, told=told)
        case Not(Did() as part) if _once(part):
            return _said("did_not", part, language, named)
        case Not(part):
            return say("rule_says_not", language, told=_told(part, language, named, alone=True))
        case Did() if _once(rule):
            return _said("did_once", rule, language, named)
        case _:
            return _said(rule.word, rule, language, named)


def _once(leaf: Did) -> bool:
    return (leaf.op, leaf.times) == (">=", 1)


def _said(word: str, leaf: Leaf, language: str, named: Named) -> str:
    """One condition; a part of it that may be left out has words of its own."""
    values = {each.name: getattr(leaf, each.name) for each in fields(leaf)}
    key = f"rule_says_{word}"
    if word == "trait" and (op := values["op"]) in _TRAITS:
        key += f"_{_OPS.get(op, op)}"
    facts = {name: _value(name, value, values, language, named) for name, value in values.items()}
    days = values.get("days")
    window = say("rule_within" if days else "rule_says_ever", language, days=days)
    return say(key, language, window=window, **facts)


def _value(name: str, value: Any, values: Mapping[str, Any], language: str, named: Named) -> Any:
    """A value of a condition in words for people."""
    if name in _NAMED:
        called = named(_NAMED[name], value) or value if value else ""
        return _part(name, called, language) if name in {"of", "on", "channel"} else called
    if name in {"kind", "kinds"}:
        kinds = [kind_of(each).label(language) for each in ([value] if name == "kind" else value)]
        return " → ".join(kinds)
    if name == "op":
        return say(f"rule_op_{_OPS[value]}", language) if value in _OPS else value
    if name == "within":
        return say("rule_hours", language, hours=plain(value)) if value else ""
    if name == "due":
        return say("rule_says_due", language, days=value) if value else ""
    if name in {"name", "purpose", "what"}:
        return _word({"name": "trait", "what": "condition"}.get(name, name), value, language)
    if name == "among":
        return [_word(values["what"], each, language) for each in value]
    if name == "chance":
        return f"{value:.0%}"
    if name == "metres":
        return plain(value / 1_000)
    return _plain(value, language)


def _part(name: str, called: str, language: str) -> str:
    return say(f"rule_says_{name}", language, called=called) if called else ""


def _word(sort: str, value: str, language: str) -> str:
    key = f"{sort}_{value}"
    return say(key, language) if known(key) else value


def _plain(value: Any, language: str) -> Any:
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if isinstance(value, int | float):
        return plain(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(each, language) for each in value]
    return value
