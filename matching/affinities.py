"""Affinities (适配规则): which topics suit a persona or an occasion. Data, not code.

A rule names words that must all be there (persona tags by any of their names, or an occasion such
as ``occasion:birthday``) and the topic they speak for. Some ship; the company adds its own. Does
not score: `matching.scoring` is told what the rules that apply come to.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.tags import Tag, TagTree
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.wording import LANGUAGES, joined, say
from matching.occasions import Occasion
from matching.scoring import Name, Pull, Reason, Weights
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered


class Rule(NamedTuple):
    """All of these words speak for that topic."""

    words: tuple[str, ...]
    topic: str
    """Any name of a tag: label, synonym or code."""
    leads: bool = False
    """It outweighs everything else: the top of the list is about this topic."""
    id: str = ""
    """Empty for a rule that ships."""


SHIPPED = (
    Rule(("老阿姨", "理财"), "养老社区", leads=True),
    Rule(("老阿姨",), "养老社区"),
    Rule(("老阿姨",), "健康"),
    Rule(("理财",), "理财"),
    Rule(("宝妈",), "子女教育"),
    Rule(("健康顾问",), "健康"),
    Rule(("退役军人",), "安全"),
    Rule(("occasion:month_end",), "明星题材"),
    Rule(("occasion:month_end",), "基金经理"),
    Rule(("occasion:birthday",), "生日"),
    Rule(("occasion:birthday",), "客户关怀"),
    Rule(("occasion:maturity",), "资产配置"),
    Rule(("occasion:maturity",), "养老"),
    Rule(("occasion:dormant",), "热点"),
    Rule(("occasion:dormant",), "健康"),
    Rule(("occasion:payday",), "理财"),
    Rule(("occasion:festival",), "节日"),
    Rule(("occasion:festival",), "客户关怀"),
    Rule(("occasion:festival:double_ninth",), "养老"),
    Rule(("occasion:festival:childrens_day",), "子女教育"),
    Rule(("occasion:next_purchase",), "资产配置"),
    Rule(("occasion:anniversary",), "客户关怀"),
)


class Affinity(Record, kw_only=True):
    """A rule of the company's own."""

    __tablename__ = "affinities"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("afn"))
    words: Mapped[list[str]]
    topic: Mapped[str]
    leads: Mapped[bool] = mapped_column(default=False)
    by: Mapped[str]


class Affinities:
    """Every rule there is."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes
        self._rules: Remembered[tuple[Rule, ...]] = Remembered(
            records, changes, "affinities", _load
        )

    def all(self) -> tuple[Rule, ...]:
        """Those that ship and the company's own."""
        return self._rules.now()

    def add(self, words: Collection[str], topic: str, *, by: str, leads: bool = False) -> Affinity:
        """A rule more. Raises `Conflict` for one that is there."""
        kept, topic = sorted({word.strip() for word in words} - {""}), topic.strip()
        if not kept or not topic:
            raise Invalid("words", "affinity_needs_words")
        with self._records.write("affinities") as session:
            same = {frozenset(rule.words) for rule in _load(session) if rule.topic == topic}
            if frozenset(kept) in same:
                raise Conflict("affinity_exists", topic=topic)
            rule = Affinity(words=kept, topic=topic, leads=leads, by=by)
            session.add(rule)
            self._changed("added_affinity", rule.id, by)
        return rule

    def remove(self, rule: str, *, by: str) -> None:
        with self._records.write("affinities") as session:
            found = session.get(Affinity, rule)
            if found is None:
                raise NotFound("affinity", rule[:60])
            session.delete(found)
            self._changed("removed_affinity", rule, by)

    def _changed(self, act: str, rule: str, by: str) -> None:
        self._changes.count_up("affinities")
        self._changes.note(act, "affinity", rule, by=by)


def _load(session: Session) -> tuple[Rule, ...]:
    own = session.scalars(select(Affinity).order_by(Affinity.id))
    return (*SHIPPED, *(Rule(tuple(each.words), each.topic, each.leads, each.id) for each in own))


class Vocabulary:
    """Every tag by any of its names, as of one taxonomy."""

    def __init__(self, tree: TagTree) -> None:
        self.tree = tree
        self._by_name: dict[str, list[Tag]] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._labels: dict[str, Name] = {}
        for tag in tree.by_id.values():
            stays = tree.find(tag.id)
            if stays is not None:
                for name in names(tag):
                    self._by_name.setdefault(name, []).append(stays)

    def names(self, tag: Tag) -> frozenset[str]:
        """What a tag may be called."""
        if tag.id not in self._names:
            self._names[tag.id] = frozenset(names(tag))
        return self._names[tag.id]

    def label(self, tag: str) -> Name:
        """What a tag is called, by language."""
        if tag not in self._labels:
            self._labels[tag] = labels(self.tree.tags([tag]))
        return self._labels[tag]

    def topics(self, name: str) -> list[Tag]:
        """The tags of that name, once each; those of facet ``topic`` alone if there are any."""
        found = list({tag.id: tag for tag in self._by_name.get(folded(name), ())}.values())
        return [tag for tag in found if tag.facet == "topic"] or found


@lru_cache(maxsize=2)
def vocabulary_of(tree: TagTree) -> Vocabulary:
    """The same taxonomy is spelled out once."""
    return Vocabulary(tree)


def names(tag: Tag) -> set[str]:
    return {folded(name) for name in (tag.zh, tag.en, tag.code, *tag.synonyms)}


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def labels(tags: Iterable[Tag]) -> Name:
    """What tags are called together, by language."""
    kept = list(tags)
    return {each: joined((tag.label(each) for tag in kept), each) for each in LANGUAGES}


@lru_cache(maxsize=1_024)
def persona_pulls(
    persona: tuple[str, ...], rules: tuple[Rule, ...], vocabulary: Vocabulary, weights: Weights
) -> tuple[Pull, ...]:
    """What a rep's persona speaks for: her tags themselves, and the rules about them."""
    worn = list({tag.id: tag for key in persona if (tag := vocabulary.tree.find(key))}.values())
    wearing = {name: tag for tag in worn for name in vocabulary.names(tag)}
    spoken: dict[str, list[Tag]] = {tag.id: [tag] for tag in worn}
    leading: dict[str, list[Tag]] = {}
    for rule in rules:
        worn_words = [wearing[name] for word in rule.words if (name := folded(word)) in wearing]
        if len(worn_words) == len(rule.words):
            for topic in vocabulary.topics(rule.topic):
                kept = leading if rule.leads else spoken
                kept.setdefault(topic.id, []).extend(worn_words)
    share = weights.persona / len(spoken) if spoken else 0.0
    return tuple(
        _persona_pull(vocabulary.tree, topic, by, share, leads=kept is leading)
        for kept in (leading, spoken)
        for topic, by in kept.items()
    )


def _persona_pull(
    tree: TagTree, topic: str, by: Iterable[Tag], weight: float, *, leads: bool
) -> Pull:
    worn = list({tag.id: tag for tag in by}.values())
    facts = {"persona": labels(worn), "topic": labels(tree.tags([topic]))}
    evidence = {"persona": [tag.id for tag in worn], "tag": topic}
    reason = Reason("persona", "reason_persona", facts, weight, evidence)
    return Pull.because(topic, reason, leads=leads)


def occasion_pulls(
    occasions: Sequence[Occasion], rules: Sequence[Rule], vocabulary: Vocabulary, weights: Weights
) -> list[Pull]:
    """What today's occasions speak for."""
    spoken: list[tuple[Occasion, Tag]] = [
        (occasion, topic)
        for occasion in occasions
        for topic in _topics_of(occasion, rules, vocabulary)
    ]
    pulls = []
    for occasion, topic in spoken:
        facts: Mapping[str, object] = {**spelled(occasion.facts), "topic": labels([topic])}
        evidence = {"occasion": occasion.kind, "cycle": occasion.cycle, **occasion.facts}
        weight = weights.occasion / len(spoken)
        key = f"reason_{occasion.kind}"
        reason = Reason("occasion", key, facts, weight, evidence)
        pulls.append(Pull.because(topic.id, reason))
    return pulls


def _topics_of(occasion: Occasion, rules: Sequence[Rule], vocabulary: Vocabulary) -> Iterable[Tag]:
    named = occasion.names()
    found = [
        topic
        for rule in rules
        if len(rule.words) == 1 and rule.words[0] in named
        for topic in vocabulary.topics(rule.topic)
    ]
    found += vocabulary.tree.tags(occasion.topics)
    return {topic.id: topic for topic in found}.values()


def spelled(facts: Mapping[str, object]) -> dict[str, object]:
    """An occasion's facts with the name of a festival in every language."""
    which = facts.get("which")
    named = {language: say(f"festival_{which}", language) for language in LANGUAGES}
    return {**facts, **({"festival": named} if which else {})}
