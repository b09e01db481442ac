"""Stop words (退订词): does a message say that she wants no more of it? Cancels nothing itself."""

from __future__ import annotations

import re

STOP_WORDS = frozenset({"退订", "td", "t", "停", "拒收", "stop", "unsubscribe"})
"""What a message must be, without its spaces and marks, to stop marketing."""
_MARKS = re.compile(r"[\s。．.!！,，、'\"“”]+")


def is_stop(text: str) -> bool:
    """The whole message must be one of the words: "不退订" is none."""
    return _MARKS.sub("", text).lower() in STOP_WORDS
