"""Bringing in a vocabulary (标签导入): a list of tags out of a sheet, or of a platform's own tags.

A row is known by its code, or else by its label within its facet: one that is there is renamed and
moved, another made. What would hang in a circle is refused by line. What a list did is one act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from typing import NamedTuple

from content_hub.sheets import Row, check_columns
from content_hub.tags import FACETS, Tag, Taxonomy
from content_hub.tags.taxonomy import check_words
from kernel.errors import Flaw, Invalid, Problem
from kernel.values import dataclass

_COLUMNS = {"code", "facet", "zh", "en", "synonyms", "parent"}
MOST = 20_000
_FACET_NAMES = {name: each.code for each in FACETS.values() for name in (each.zh, each.en)}


class _Word(NamedTuple):
    """One row as it was read."""

    line: int
    code: str
    facet: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    parent: str

    def names(self) -> tuple[str, ...]:
        return (self.code, self.zh) if self.code else (self.zh,)


@dataclass(slots=True)
class BroughtTags:
    """How it went; ``act`` undoes all of it."""

    act: str = ""
    made: int = 0
    edited: int = 0
    refused: int = 0
    flaws: list[tuple[int, Flaw]] = field(default_factory=list)


class BringingTags:
    """Lists of tags."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy

    def bring(
        self,
        told: Iterable[Row],
        *,
        by: str,
        facet: str = "topic",
        dry_run: bool = False,
        tell: Callable[[int], object] = lambda _: None,
    ) -> BroughtTags:
        """Make and edit what the rows say; a row without a facet is of ``facet``. Lines that are
        refused are told and left out, with whatever hangs under them. Repeating is harmless."""
        result = BroughtTags()
        words = self._read(told, facet, result)
        acts: list[str] = []
        for word in self._ordered(words, result):
            known = self._known(word)
            try:
                if not dry_run:
                    with self._taxonomy.whole():
                        acts += self._put(word, known, by)
            except Problem as refused:
                _note(result, word.line, refused)
                continue
            result.made += known is None
            result.edited += known is not None
            tell(result.made + result.edited)
        if acts:
            result.act = self._taxonomy.acts.bundle(acts, by=by).id
        return result

    @staticmethod
    def _read(told: Iterable[Row], facet: str, result: BroughtTags) -> list[_Word]:
        words: list[_Word] = []
        for line, row in told:
            if len(words) == MOST:
                raise Invalid("file", "too_long", limit=MOST, length=MOST + 1)
            try:
                words.append(_word(line, row, facet))
            except Invalid as refused:
                _note(result, line, refused)
        return words

    def _known(self, word: _Word) -> Tag | None:
        tree = self._taxonomy.now()
        if word.code:
            return tree.find(word.code)
        alike = (tag for tag in tree.by_id.values() if tag.merged_into is None)
        return next((tag for tag in alike if (tag.facet, tag.zh) == (word.facet, word.zh)), None)

    def _ordered(self, words: Sequence[_Word], result: BroughtTags) -> list[_Word]:
        """Parents before children. What cannot hang anywhere is noted and left out."""
        named = {(word.facet, name): word for word in words for name in word.names()}
        waiting = {word.line: word for word in words}
        above = {
            word.line: named.get((word.facet, word.parent)) for word in words if word.parent
        }  # fmt: skip
        ready: list[_Word] = []
        while waiting:
            free = [
                word for word in waiting.values()
                if (up := above.get(word.line)) is None or up.line not in waiting
            ]  # fmt: skip
            if not free:
                for line in sorted(waiting):
                    _note(result, line, Invalid("parent", "tag_under_itself"))
                break
            for word in free:
                del waiting[word.line]
                if above.get(word.line) is None and not self._hangs(word, result):
                    continue
                ready.append(word)
        return ready

    def _hangs(self, word: _Word, result: BroughtTags) -> bool:
        try:
            self._parent(word)
        except Invalid as unknown:
            _note(result, word.line, unknown)
            return False
        return True

    def _put(self, word: _Word, known: Tag | None, by: str) -> list[str]:
        above = self._parent(word)
        before = {act.id for act in self._taxonomy.acts.latest(3)}
        if known is None:
            made = self._taxonomy.create(
                word.zh, word.facet, en=word.en, code=word.code, synonyms=word.synonyms,
                parent=above, by=by,
            )  # fmt: skip
            return [act.id for act in self._taxonomy.acts.latest(1, tag=made.id)]
        self._taxonomy.rename(
            known.id, zh=word.zh, en=word.en or None,
            synonyms=list(dict.fromkeys([*known.synonyms, *word.synonyms])), by=by,
        )  # fmt: skip
        if word.parent and known.parent != above:
            self._taxonomy.move(known.id, above, by=by)
        acts = self._taxonomy.acts.latest(2, tag=known.id)
        return [act.id for act in reversed(acts) if act.id not in before]

    def _parent(self, word: _Word) -> str | None:
        parent = word.parent
        if not parent:
            return None
        tree = self._taxonomy.now()
        by_code = tree.find(parent)
        if by_code is not None and by_code.facet == word.facet:
            return by_code.id
        for tag in tree.by_id.values():
            if tag.merged_into is None and (tag.facet, tag.zh) == (word.facet, parent):
                return tag.id
        raise Invalid("parent", "unknown_tag", tag=parent[:60])


def _word(line: int, row: dict[str, object], facet: str) -> _Word:
    told = {name: str(value).strip() for name, value in row.items() if value is not None}
    check_columns(told, _COLUMNS)
    named = told.get("facet", "") or facet
    synonyms = told.get("synonyms", "").replace("；", ";").replace("、", ";").split(";")
    word = _Word(
        line, told.get("code", ""), _FACET_NAMES.get(named, named), told.get("zh", ""),
        told.get("en", ""), tuple(each.strip() for each in synonyms if each.strip()),
        told.get("parent", ""),
    )  # fmt: skip
    check_words(word.facet, {"zh": word.zh, "en": word.en}, word.synonyms, word.code)
    return word


def _note(result: BroughtTags, line: int, refused: Problem) -> None:
    result.refused += 1
    if isinstance(refused, Invalid):
        result.flaws += [(line, flaw) for flaw in refused.flaws]
    else:
        result.flaws.append((line, Flaw("", refused.reason, refused.facts)))
