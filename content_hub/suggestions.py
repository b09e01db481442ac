"""Suggestions (推荐标签): tags proposed from what a material says, answered in bulk, learned from.

A tag is proposed for its labels, its synonyms and the cues of shipped tags. Every answer is kept
with the word that proposed it; a word that is mostly refused for a tag proposes it no more. Never
puts a tag on by itself, and nothing waits for an answer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import richtext
from content_hub.cues import CUES
from content_hub.materials import BATCH, Material, Materials
from content_hub.tags import Tag, TagTree, Taxonomy
from content_hub.tags.taxonomy import folded
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, Problem
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Record, Records, upsert
from stores.remembered import Remembered

_READ = 4_000
"""So many letters of a body are read."""
_TITLE, _SUMMARY, _BODY = 3.0, 2.0, 1.0
_EACH, _LEAST = 6, 0.5
MOST = 500
"""Answers at once."""


class TagAnswer(Record, kw_only=True):
    """What somebody said to one proposal."""

    __tablename__ = "tag_answers"

    material: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str]
    """What proposed it."""
    accepted: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]
    batch: Mapped[str] = mapped_column(index=True)


class Proposal(NamedTuple):
    """A tag that a material may want."""

    tag: Tag
    score: float
    words: tuple[str, ...]
    """Why: the strongest first."""


class Answer(NamedTuple):
    """Yes or no to one proposal."""

    material: str
    tag: str
    accept: bool


class Answered(NamedTuple):
    """What came of many answers; ``batch`` takes them back."""

    batch: str
    accepted: int
    refused: int
    failed: int
    """Accepted, but the tag could not be put on."""


class _Lexicon:
    """Every word that may propose a tag, found in one pass over a text."""

    def __init__(self, tree: TagTree, trust: Mapping[tuple[str, str], float]) -> None:
        self._by_start: dict[str, list[str]] = defaultdict(list)
        self._tags: dict[str, list[tuple[Tag, float]]] = defaultdict(list)
        for tag in tree.by_id.values():
            if tag.merged_into is None and tag.retired is None:
                for word in {folded(each) for each in _names(tag)}:
                    weight = trust.get((tag.id, word), 0.5) * 2
                    if len(word) > 1 and weight >= _LEAST:
                        self._tags[word].append((tag, weight))
        for word in self._tags:
            self._by_start[word[:2]].append(word)

    def found(self, text: str) -> Iterator[str]:
        for at in range(len(text) - 1):
            for word in self._by_start.get(text[at : at + 2], ()):
                if text.startswith(word, at) and _whole(text, at, word):
                    yield word

    def tags(self, word: str) -> Sequence[tuple[Tag, float]]:
        return self._tags[word]


class Suggestions:
    """Proposals, and what was said to them."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        materials: Materials,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._materials = materials
        self._taxonomy = taxonomy
        self._clock = clock
        self._trust = Remembered(records, changes, "tag_answers", _trusted)
        self._kept: tuple[object, object, _Lexicon] | None = None

    def of(self, materials: Collection[Material]) -> dict[str, list[Proposal]]:
        """What each may want and neither wears nor was refused, the likeliest first."""
        lexicon, ids = self._lexicon(), [each.id for each in materials]
        worn = self._materials.topics(ids)
        said = self._said(ids)
        return {
            each.id: _proposals(lexicon, each, {*worn[each.id], *said.get(each.id, ())})
            for each in materials
        }

    def answer(self, answers: Sequence[Answer], *, by: str) -> Answered:
        """Put the accepted tags on and remember what was refused, a material at a time. Raises
        `Invalid` for none, too many, or a tag that there is not."""
        if not 0 < len(answers) <= MOST:
            raise Invalid("answers", "too_many_at_once", limit=MOST)
        tree, batch = self._taxonomy.now(), new_id("tan")
        tree.usable([each.tag for each in answers], "answers")
        by_wish: dict[tuple[str, ...], list[str]] = defaultdict(list)
        wanted: dict[str, list[str]] = defaultdict(list)
        for each in answers:
            wanted[each.material] += tree.resolve([each.tag]) if each.accept else []
        for material, tags in wanted.items():
            by_wish[tuple(tags)].append(material)
        failed = self._put_on(by_wish, by)
        found = self._materials.many(wanted)
        lost = {each for each in failed if each in found} | (wanted.keys() - found.keys())
        self._write([each for each in answers if each.material not in lost], found, by, batch)
        accepted = sum(each.accept for each in answers if each.material not in lost)
        failures = sum(each.material in lost for each in answers)
        return Answered(batch, accepted, len(answers) - accepted - failures, failures)

    def _put_on(self, by_wish: Mapping[tuple[str, ...], list[str]], by: str) -> set[str]:
        failed: set[str] = set()
        for tags, materials in by_wish.items():
            for begin in range(0, len(materials) if tags else 0, BATCH // 2):
                failed |= self._tag(materials[begin : begin + BATCH // 2], tags, by)
        return failed

    def _tag(self, materials: list[str], tags: Collection[str], by: str) -> set[str]:
        """Those that could not be tagged."""
        try:
            self._materials.tag(materials, tags, by=by)
        except Problem:
            if len(materials) == 1:
                return set(materials)
            return {each for one in materials for each in self._tag([one], tags, by)}
        return set()

    def _write(
        self, answers: Sequence[Answer], found: Mapping[str, Material], by: str, batch: str
    ) -> None:
        lexicon, now, tree = self._lexicon(), self._clock(), self._taxonomy.now()
        rows = []
        for each in answers:
            (tag,) = tree.resolve([each.tag])
            weighed = _weighed(lexicon, *_texts(found[each.material]), set(), every=True)
            words = next((told.words for told in weighed if told.tag.id == tag), ("",))
            rows.append(
                {
                    "material": each.material, "tag": tag, "word": words[0], "at": now,
                    "accepted": each.accept, "by": by, "batch": batch,
                }
            )  # fmt: skip
        with self._records.write() as session:
            upsert(session, TagAnswer, rows)
            self._changes.count_up("tag_answers")
            self._changes.note("answered_suggestions", "tag_answers", batch, by=by, n=len(rows))

    def given_by(self, batch: str) -> str:
        """Who gave them. Raises `Conflict` if there are none."""
        with self._records.read() as session:
            by = session.scalar(select(TagAnswer.by).where(TagAnswer.batch == batch).limit(1))
        if by is None:
            raise Conflict("answers_are_taken_back")
        return by

    def take_back(self, batch: str, *, by: str) -> int:
        """As if those answers had not been given. Raises `Conflict` if there are none."""
        wanted = select(TagAnswer).where(TagAnswer.batch == batch)
        with self._records.read() as session:
            answers = list(session.scalars(wanted.order_by(TagAnswer.material)))
        if not answers:
            raise Conflict("answers_are_taken_back")
        by_tag: dict[str, list[str]] = defaultdict(list)
        for each in answers:
            if each.accepted:
                by_tag[each.tag].append(each.material)
        for tag, materials in by_tag.items():
            for begin in range(0, len(materials), BATCH // 2):
                some = materials[begin : begin + BATCH // 2]
                self._materials.untag(some, [tag], by=by)
        with self._records.write() as session:
            session.execute(delete(TagAnswer).where(TagAnswer.batch == batch))
            self._changes.count_up("tag_answers")
            self._changes.note("took_answers_back", "tag_answers", batch, by=by)
        return len(answers)

    def _said(self, ids: Collection[str]) -> dict[str, set[str]]:
        refused = select(TagAnswer.material, TagAnswer.tag).where(
            TagAnswer.material.in_(ids), TagAnswer.accepted.is_(False)
        )
        said: dict[str, set[str]] = defaultdict(set)
        with self._records.read() as session:
            for material, tag in session.execute(refused):
                said[material].add(tag)
        return said

    def _lexicon(self) -> _Lexicon:
        tree, trust = self._taxonomy.now(), self._trust.now()
        kept = self._kept
        if kept is None or kept[0] is not tree or kept[1] is not trust:
            kept = self._kept = (tree, trust, _Lexicon(tree, trust))
        return kept[2]


def _trusted(session: Session) -> dict[tuple[str, str], float]:
    """How often each word was right about each tag, with one yes and one no to begin from."""
    yes = func.sum(case((TagAnswer.accepted, 1), else_=0))
    counted = select(TagAnswer.tag, TagAnswer.word, yes, func.count()).where(TagAnswer.word != "")
    rows = session.execute(counted.group_by(TagAnswer.tag, TagAnswer.word))
    return {(tag, word): (good + 1) / (all_ + 2) for tag, word, good, all_ in rows}


def _names(tag: Tag) -> tuple[str, ...]:
    return (tag.zh, tag.en, *tag.synonyms, *CUES.get(tag.code, ()))


def _whole(text: str, at: int, word: str) -> bool:
    """A word in letters is one only between others; characters stand wherever they stand."""
    if not word.isascii():
        return True
    before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def _texts(material: Material) -> tuple[str, str, str]:
    return material.title, material.summary, material.body


def _proposals(lexicon: _Lexicon, material: Material, known: set[str]) -> list[Proposal]:
    return _weighed(lexicon, *_texts(material), known)


def _weighed(
    lexicon: _Lexicon, title: str, summary: str, body: str, known: set[str], *, every: bool = False
) -> list[Proposal]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    tags: dict[str, Tag] = {}
    plain = richtext.words(body[: 4 * _READ])[:_READ]
    for weight, text in ((_TITLE, title), (_SUMMARY, summary), (_BODY, plain)):
        for word in set(lexicon.found(folded(text))):
            for tag, trust in lexicon.tags(word):
                tags[tag.id] = tag
                words = found[tag.id]
                words[word] = max(words.get(word, 0.0), weight * trust)
    told = [
        Proposal(
            tags[id_], round(sum(words.values()), 3),
            tuple(sorted(words, key=lambda each: (-words[each], each))[:10]),
        )
        for id_, words in found.items()
        if id_ not in known
    ]  # fmt: skip
    told.sort(key=lambda each: (-each.score, each.tag.id))
    return told if every else told[:_EACH]
