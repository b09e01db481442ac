"""Naming (点名): whether something that came in, as it came, names one of these people.

What was refused has no handle by which it could be found: its text is looked through. An id that is
short is looked for where ids stand, for elsewhere it is a count or a part of a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection

import orjson

from kernel.events import Handle

_SHORT, _LONG = 6, 16
"""An id of fewer characters stands anywhere by chance; one of so many stands nowhere by chance, not
within a longer word either."""
_BEGINS = r"(?:(?<![0-9A-Za-z])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
_ENDS = r"(?![0-9A-Za-z])"
_BETWEEN = r"(?:[\s\-().·+]|%20)*"
"""What people put between the figures of a phone number."""
_DIALLED = rf"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{{2}}))(?:\+|00)?(?:86)?{_BETWEEN}"
_CALLED = (
    r"(?i:id|user|login|member|customer|buyer|handle|card|name|phone|mobile|mail|"
    r"编号|卡号|会员|客户|用户|手机|邮箱|账号)"
)
_FIELD = rf'"[^"\\]*{_CALLED}[^"\\]*\\*"\s*:\s*'
"""A field by whose name an id could stand in it; its quotes are escaped where a text holds JSON."""


def naming(handles: Collection[Handle]) -> Callable[[str], bool]:
    """Says of a text whether one of these stands in it."""
    told = re.compile("|".join(sorted({_pattern(each) for each in handles})) or r"(?!)")
    return lambda text: told.search(text) is not None


def _pattern(handle: Handle) -> str:
    value = handle.value
    if handle.kind == "phone":
        return f"{_DIALLED}{_BETWEEN.join(value.lstrip('+'))}(?![0-9])"
    spelled = {value, orjson.dumps(value).decode()[1:-1], json.dumps(value)[1:-1]}
    either = "|".join(sorted(map(re.escape, spelled)))
    if len(value) < _SHORT:
        return rf'{_FIELD}(?:\\*"(?:{either})\\*"|(?:{either})(?=[\s,}}\]]|$))'
    address = handle.kind == "email"
    either = f"(?i:{either})" if address or len(spelled) > 1 else f"(?:{either})"
    return either if len(value) >= _LONG and not address else f"{_BEGINS}{either}{_ENDS}"
