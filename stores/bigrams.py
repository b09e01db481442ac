"""Bigrams (二元切分): how Chinese and English text becomes words to look up. Keeps no index.

Chinese has no spaces, and dictionaries miss words (no 车 in 车险). So a run of Chinese, Japanese or
Korean characters becomes its overlapping pairs and its last character: every character begins a
token, a longer word is a phrase of pairs, a single character a prefix. Letters and digits are words
as they stand. NFKC and lower case first, on both sides: ＶＩＰ, VIP and vip are one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_CJK = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"([{_CJK}]+)|((?:(?![{_CJK}])[^\\W_])+)")
_LONGEST_QUESTION = 300


class Phrase(NamedTuple):
    """Tokens that must follow one another; of the last one, the beginning is enough if ``open``."""

    tokens: list[str]
    open: bool


class Run(NamedTuple):
    """A stretch of characters of one kind."""

    text: str
    chinese: bool
    """Chinese, Japanese or Korean: no spaces between its words."""


def tokens(text: str) -> list[str]:
    """What a document's text is found by, in order."""
    found: list[str] = []
    for chinese, word in _RUN.findall(_folded(text)):
        found += [*_pairs(chinese), chinese[-1]] if chinese else [word]
    return found


def phrases(question: str) -> list[Phrase]:
    """What a question asks for: a phrase a run, all of them wanted."""
    return [
        Phrase(_pairs(text) or [text], len(text) == 1) if chinese else Phrase([text], False)
        for text, chinese in asked(question)
    ]


def asked(question: str) -> list[Run]:
    """The runs of a question, each once. The end of a very long question (over 300 characters)
    is not asked for."""
    return list(dict.fromkeys(runs(question[:_LONGEST_QUESTION])))


def runs(text: str) -> list[Run]:
    """The folded text without what nobody looks for, for an engine that makes tokens itself."""
    return [Run(chinese or word, bool(chinese)) for chinese, word in _RUN.findall(_folded(text))]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]
