"""Masking (脱敏): an address as the journal of calls may tell it. Calls nobody.

Tokens, keys and whom it is about stand in queries, and in paths of receivers that sign nothing; so
of a query only the names are told, and of a path nothing that could be a token.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

MASK = "***"
_WORD = re.compile(r"[a-z_-]{1,30}|v?\d{1,3}|\*\*\*")
"""What a path is made of where it says what is called: a token has capitals or many digits."""


def masked(path: str) -> str:
    """``/cgi-bin/draft/add?access_token=***``."""
    parts = urlsplit(path)
    steps = (step if not step or _WORD.fullmatch(step) else MASK for step in parts.path.split("/"))
    names = (name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{name if _WORD.fullmatch(name) else MASK}={MASK}" for name in names)
    return "/".join(steps) + (f"?{query}" if query else "")
