"""Sounds (读音): found by pinyin what is written in characters, by a homophone what was meant.

A text sounds by its pairs of neighbours, ``yang·lao`` and ``y·l``, as words of their own that
nobody types; so any search engine finds them as it finds every other word. Ranks nothing: it is
asked for only when the words themselves find nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from content_hub.tags.spelling import syllables
from stores.bigrams import asked, runs

_TYPED = re.compile(r"[a-z]{2,40}")
_INITIALS = 8
"""More letters than that are not meant as first letters."""


def marks(text: str) -> list[str]:
    """The words that a text is found by because of how it sounds, each once."""
    found: dict[str, None] = {}
    for run in runs(text):
        if run.chinese:
            for first, second in pairwise(syllables(run.text)):
                found[_whole(first, second)] = None
                found[_short(first[0], second[0])] = None
    return list(found)


def meant(question: str) -> Iterator[str]:
    """Questions by sound, the likeliest first, for one whose words found nothing."""
    told_runs = asked(question)
    for choose in (_spelled, _initials):
        parts = [
            _same(run.text) if run.chinese else choose(run.text) or [run.text] for run in told_runs
        ]
        told = " ".join(mark for part in parts for mark in part)
        if told != " ".join(run.text for run in told_runs):
            yield told


def _same(text: str) -> list[str]:
    """Whatever sounds like these characters; a single one stays as it is."""
    return [_whole(*pair) for pair in pairwise(syllables(text))] or [text]


def _spelled(letters: str) -> list[str]:
    """Letters read as whole syllables; nothing if they are none, or only one."""
    if not _TYPED.fullmatch(letters):
        return []
    return [_whole(*pair) for pair in pairwise(_cut(letters) or ())]


def _initials(letters: str) -> list[str]:
    if not _TYPED.fullmatch(letters) or len(letters) > _INITIALS:
        return []
    return [_short(*pair) for pair in pairwise(letters)]


def _cut(letters: str) -> list[str] | None:
    """The fewest syllables that spell these letters; of those, the longer first."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(letters) + 1):
        found: list[str] | None = None
        for begin in range(max(0, end - 6), end):
            before, last = best[begin], letters[begin:end]
            if before is not None and last in _known():
                cut = [*before, last]
                if found is None or len(cut) < len(found):
                    found = cut
        best.append(found)
    return best[-1]


@cache
def _known() -> frozenset[str]:
    """Every syllable there is."""
    return frozenset(syllables("".join(map(chr, range(0x4E00, 0x9FA6)))))


def _whole(first: str, second: str) -> str:
    return f"py1{first}1{second}"


def _short(first: str, second: str) -> str:
    return f"py2{first}{second}"
