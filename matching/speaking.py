"""Speaking (说法): who fills the gaps of a script, in the script's own language.

A script is said to the customer, so it is filled in the language it is written in, whichever the
asker reads her pages in. A gap may be named in either language. Chooses no script.
"""

from __future__ import annotations

import re
from functools import cache

from content_hub.scripts import fill
from kernel.wording import LANGUAGES, say

_GAP = re.compile(r"\{[^{}\n]*\}")
_HAN = re.compile("[\u4e00-\u9fff]")


def language_of(script: str) -> str:
    """The language around the gaps; one of nothing but gaps is Chinese."""
    around = _GAP.sub("", script)
    return "en" if re.search("[A-Za-z]", around) and not _HAN.search(around) else "zh"


def spoken(script: str, **told: str) -> str:
    """The script as it is said. ``told`` answers the gaps that `kernel.wording` names
    (``gap_salutation``, ``gap_customer``, ``gap_rep``)."""
    facts = {name: value for key, value in told.items() for name in names(key)}
    return fill(script, facts).text


@cache
def names(key: str) -> list[str]:
    """What a gap may be called, in every language. Not to be changed."""
    called = [say(f"gap_{key}", language) for language in LANGUAGES]
    return [name.strip() for names in called for name in names.split(",")]
