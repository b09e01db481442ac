"""Variants (渠道与语言版本): what a material says for one account, in one language, or both.

Only what differs is kept, name by name, in the material's own row; the rest falls back: a language
on its account, the language anywhere, the account in any language, then what everybody reads. Does
not know what a platform takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kernel.errors import Invalid

Variants = Mapping[str, Mapping[str, Any]]
"""By place (``<account>/<language>``, either may be empty), then by name (``title``,
``fields.slogan``…)."""

TEXTS = ("title", "summary", "body", "cover")
MOST = 60
"""So many variants one material may have."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_OWN = {"", "zh", "zh-CN"}
"""What everybody reads is written in these, so asking for one of them asks for no variant."""


class Said(NamedTuple):
    """What a material says to one reader."""

    title: str
    summary: str
    body: str
    cover: str
    fields: Mapping[str, Any]


class Varied:
    """A material as one reader is told it: everything else is the material's own."""

    def __init__(self, material: Any, account: str, language: str) -> None:
        self._material = material
        told = said(material, account, language)
        self.title, self.summary, self.body, self.cover, self.fields = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._material, name)


def place(account: str, language: str) -> str:
    """Where a variant is kept. Raises `Invalid` for neither, and for what is no language."""
    if not account and language in _OWN:
        raise Invalid("channel", "variant_of_what")
    return f"{account}/{spelled(language)}"


def spelled(language: str) -> str:
    """A language as it is kept: the company's own is empty. Raises `Invalid`."""
    if language in _OWN:
        return ""
    if not _LANGUAGE.fullmatch(language):
        raise Invalid("language", "not_a_language", language=language[:20])
    return language


def said(material: Any, account: str = "", language: str = "") -> Said:
    """Name by name, the most particular first."""
    own = {name: getattr(material, name) for name in TEXTS}
    return Said(**own, fields=material.fields)._replace(
        **told(own | {"fields": material.fields}, material.variants, account, language)
    )


def told(
    own: Mapping[str, Any], variants: Variants | None, account: str, language: str
) -> dict[str, Any]:
    """What differs of ``own`` there; ``fields`` is whole if any of them does."""
    differs: dict[str, Any] = {}
    for where in reversed(_places(account, language)) if variants else ():
        differs |= (variants or {}).get(where, {})
    fields = {
        name.removeprefix("fields."): differs.pop(name)
        for name in list(differs) if name.startswith("fields.")
    }  # fmt: skip
    return {**differs, "fields": {**own["fields"], **fields}} if fields else differs


def _places(account: str, language: str) -> list[str]:
    """Where to look, in this order: British English is English where it has no word of its own."""
    tongues = (
        []
        if language in _OWN
        else list(dict.fromkeys([language, language.split("-", maxsplit=1)[0]]))
    )
    pairs = [(each, tongue) for tongue in tongues for each in (account, "")]
    pairs.append((account, ""))
    return list(dict.fromkeys(f"{each}/{tongue}" for each, tongue in pairs if each or tongue))


def merged(kept: Variants, changed: Variants) -> dict[str, dict[str, Any]]:
    """The same with other words in some places; None or an empty one takes a word away."""
    after = laid(kept, changed)
    if len(after) > MOST:
        raise Invalid("variants", "too_many_at_once", limit=MOST)
    return after


def laid(kept: Variants, changed: Variants) -> dict[str, dict[str, Any]]:
    """The same, however many that makes."""
    after = {where: dict(words) for where, words in kept.items()}
    for where, words in changed.items():
        own = after.setdefault(where, {}) | dict(words)
        after[where] = {name: word for name, word in own.items() if word not in (None, "", [])}
    return {where: words for where, words in after.items() if words}


def flat(variants: Variants | None) -> Iterator[tuple[str, Any]]:
    """Every word by a name of its own: ``variants.<place>.<name>``."""
    for where, words in (variants or {}).items():
        for name, word in words.items():
            yield f"variants.{where}.{name}", word


def apart(flat: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same the other way round; what is no variant's is left out."""
    told: dict[str, dict[str, Any]] = {}
    for name, word in flat.items():
        if name.startswith("variants."):
            where, _, own = name.removeprefix("variants.").partition(".")
            told.setdefault(where, {})[own] = word
    return told


def unbodied(variants: Variants) -> dict[str, dict[str, Any]]:
    """What answers about the shelf tell of them: no bodies."""
    told = {
        where: {name: word for name, word in words.items() if name != "body"}
        for where, words in variants.items()
    }
    return {where: words for where, words in told.items() if words}
