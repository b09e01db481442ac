"""Wording (措辞): every sentence that a person may read, in zh-CN and English.

One TOML file a room under ``kernel/words/``: a key, then ``zh`` and ``en`` with the same facts in
braces, each sentence on a line of its own, so that what nobody says is never parsed. English says
one otherwise than many: ``{n} {n:day|days}``. What stands in brackets is left out where its facts
are not told. A fact may be a list, told with the commas of the
language, or a word by language. Does not choose the language; whoever answers a person knows hers.
Run as a module it names what is missing, which is how ``make lint`` checks that the catalogue is
complete.
"""

from __future__ import annotations

import re
import string
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
_COMMAS = {"zh": "、", "en": ", "}
_WORDS = Path(__file__).with_name("words")
_SENTENCE = re.compile(r"^(\w+) = .*$", re.MULTILINE)
_IN_BRACKETS = re.compile(r" ?[（(][^（(）)]*[）)]")
_ONE_OR_MANY = re.compile(r"\{(\w+):((?:[^{}|]|\{\w+\})*)\|((?:[^{}|]|\{\w+\})*)\}")


def say(key: str, language: str = "zh", /, **facts: Any) -> str:
    """The sentence behind the key. A key that nobody wrote down is answered as it is."""
    language = language if language in LANGUAGES else "zh"
    sentence = _sentence(key, language)
    return key if sentence is None else _spoken(sentence, language, facts)


@lru_cache(maxsize=4_096)
def _sentence(key: str, language: str) -> str | None:
    line = _lines().get(key)
    if line is None:
        return None
    return str(_parsed(line)[key][language])


def _spoken(sentence: str, language: str, facts: dict[str, Any]) -> str:
    if "{" not in sentence:
        return sentence
    for name, fact in facts.items():
        if isinstance(fact, _MANY):
            facts[name] = _told(fact, language)
    if "|" in sentence:
        sentence = _ONE_OR_MANY.sub(
            lambda found: found[2] if str(facts.get(found[1])) == "1" else found[3], sentence
        )
    try:
        return sentence.format_map(facts)
    except KeyError:
        return _untold(sentence, facts).format_map(_Facts(facts))


def _untold(sentence: str, facts: Mapping[str, Any]) -> str:
    """Without what stands in brackets, where that tells something that was not given: a reason
    that is counted for many has no figures of one."""
    return _IN_BRACKETS.sub(
        lambda found: found[0] if _names(found[0]) <= facts.keys() else "", sentence
    )


_MANY = (list, tuple, dict)


def _told(fact: Any, language: str) -> str:
    if isinstance(fact, Mapping):
        return str(fact.get(language) or fact.get("zh", ""))
    if isinstance(fact, list | tuple):
        return joined((_told(each, language) for each in fact), language)
    return str(fact)


def joined(words: Iterable[str], language: str) -> str:
    """Words in a row, with the commas of the language."""
    return _COMMAS.get(language, _COMMAS["zh"]).join(words)


class _Facts(dict[str, Any]):
    """A fact that was not given shows as a gap, so that an error page never fails itself."""

    def __missing__(self, name: str) -> str:
        return "…"


_parsed = cache(tomllib.loads)


@cache
def _lines() -> dict[str, str]:
    files = (file.read_text("utf-8") for file in sorted(_WORDS.glob("*.toml")))
    return {found[1]: found[0] for text in files for found in _SENTENCE.finditer(text)}


def known(key: str) -> bool:
    """Did somebody write this sentence down?"""
    return key in _lines()


def catalogue() -> dict[str, dict[str, str]]:
    """Every sentence by its key."""
    return {key: tomllib.loads(line)[key] for key, line in _lines().items()}


def gaps(words: Path = _WORDS) -> Iterator[str]:
    """What is wrong with the catalogue: missing languages, facts that differ, keys told twice."""
    told: dict[str, str] = {}
    for file in sorted(words.glob("*.toml")):
        text = file.read_text("utf-8")
        lines = {found[1] for found in _SENTENCE.finditer(text)}
        for key, sentence in tomllib.loads(text).items():
            if key not in lines:
                yield f"{key}: stands on more than a line, or with a name in quotes"
            if key in told:
                yield f"{key}: told in {told[key]} and in {file.name}"
            told[key] = file.name
            if sorted(sentence) != sorted(LANGUAGES) or not all(sentence.values()):
                yield f"{key}: needs exactly {' and '.join(LANGUAGES)}"
            elif len({_names(text) for text in sentence.values()}) > 1:
                yield f"{key}: the two languages tell different facts"


def _names(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


if __name__ == "__main__":
    sys.exit("\n".join(gaps()) or None)
