"""Compliance (合规): what keeps a text or a regulated material from being shown.

Words that block, words that somebody has to answer for, a fixed risk wording, an approval number
with its validity. Judges texts and facts; who may judge stands with the actors, what a type needs
with its policy.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import bounds, richtext
from content_hub.policies import Policies, TypePolicy
from content_hub.richtext import as_read
from content_hub.scripts import FORBIDDEN, HARMLESS, JARGON
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered

_WORD, _HARMLESS = 40, 30


class Severity(StrEnum):
    """What a word does."""

    BLOCK = "block"
    """Nothing with it is shown."""
    ACKNOWLEDGE = "acknowledge"
    """Shown once somebody has answered for it."""
    WARN = "warn"
    OFF = "off"


class WordRule(Record, kw_only=True):
    """The company's own rule about one word, or its change to a shipped one."""

    __tablename__ = "word_rules"

    word: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``forbidden`` or ``jargon``."""
    severity: Mapped[str]
    harmless: Mapped[list[str]]
    """Longer phrases in which it does no harm: 不保本, 投保本产品."""


class Acknowledgement(Record, kw_only=True):
    """Somebody answers for a word in a material."""

    __tablename__ = "word_acknowledgements"

    material: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime]


class Approval(Record, kw_only=True):
    """An approval number and how long it is valid. The latest that was not withdrawn counts."""

    __tablename__ = "approvals"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("apv"))
    material: Mapped[str] = mapped_column(index=True)
    number: Mapped[str]
    opens: Mapped[datetime]
    closes: Mapped[datetime]
    noted_by: Mapped[str]
    noted_at: Mapped[datetime]
    withdrawn: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class Hit:
    """A word that was found."""

    field: str
    word: str
    kind: str
    severity: Severity


class Finding(NamedTuple):
    """How compliance looks at one material."""

    flaws: list[Flaw]
    """What keeps it from being shown."""
    hits: list[Hit]
    answered: Collection[str]
    approval: Approval | None
    policy: TypePolicy


class Compliance:
    """The company's word rules and approvals."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._policies = Policies(records, changes)
        self._rules = Remembered(records, changes, "word_rules", _rules)

    # Words

    def rules(self, kind: str = "") -> list[WordRule]:
        """Every rule in force or switched off, shipped ones among them."""
        return [rule for rule in self._rules.now().values() if kind in {"", rule.kind}]

    def set_rule(
        self, word: str, *, by: str, kind: str, severity: str, harmless: Collection[str] = ()
    ) -> WordRule:
        """Make or change the rule about a word."""
        flaws = list(richtext.text_flaws("word", word, _WORD, required=True))
        if kind not in {"forbidden", "jargon"}:
            flaws.append(Flaw("kind", "not_a_choice", {"choices": ["forbidden", "jargon"]}))
        if severity not in set(Severity):
            flaws.append(Flaw("severity", "not_a_choice", {"choices": [*Severity]}))
        for phrase in harmless:
            flaws += richtext.text_flaws("harmless", phrase, _HARMLESS, required=True)
        if flaws:
            raise Invalid.because(flaws)
        word = richtext.tidy(word)
        with self._records.write("word_rules") as session:
            rule = session.merge(
                WordRule(word=word, kind=kind, severity=severity, harmless=list(harmless))
            )
            self._changes.count_up("word_rules")
            self._changes.note("set_word_rule", "word", word, by=by, severity=severity)
        return rule

    def hits(self, texts: Mapping[str, str]) -> list[Hit]:
        """Every word that a rule is about, by field, once a field."""
        rules = self._rules.now()
        live = {word: rule for word, rule in rules.items() if rule.severity != Severity.OFF}
        if not live:
            return []
        pattern = _pattern(live)
        return [
            Hit(field, word, live[word].kind, Severity(live[word].severity))
            for field, text in texts.items()
            for word in dict.fromkeys(_found(pattern, text, live))
        ]

    def barred(self, text: str) -> list[str]:
        """The words in a text with which nothing is shown, in order and once each."""
        return [hit.word for hit in self.hits({"": text}) if hit.severity is Severity.BLOCK]

    def acknowledge(self, material: str, words: Collection[str], *, by: str) -> list[str]:
        """Answer for words in a material; repeating it is harmless."""
        known = self._rules.now()
        if unknown := [word for word in words if word not in known]:
            raise Invalid("words", "no_rule_about_that_word", word=unknown[0][:_WORD])
        with self._records.write(f"material:{material}") as session:
            for word in words:
                session.merge(
                    Acknowledgement(material=material, word=word, by=by, at=self._clock())
                )
            self._changes.note(
                "acknowledged_words", "material", material, by=by, words=sorted(words)
            )
        return sorted(words)

    # Approvals

    def approve_number(
        self, material: str, number: str, *, opens: datetime, closes: datetime, by: str
    ) -> Approval:
        """Note the approval number of a material; its windows are clipped to the validity."""
        flaws = list(richtext.text_flaws("number", number, 80, required=True))
        if closes <= opens:
            flaws.append(Flaw("closes", "window_ends_before_it_opens"))
        if flaws:
            raise Invalid.because(flaws)
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            approval = Approval(
                material=material, number=richtext.tidy(number), opens=opens, closes=closes,
                noted_by=by, noted_at=self._clock(),
            )  # fmt: skip
            session.add(approval)
            bounds.put(session, material, "approval", opens, closes)
            self._changes.note(
                "noted_approval", "material", material, by=by, content=True, number=number,
                opens=opens.isoformat(), closes=closes.isoformat(),
            )  # fmt: skip
        return approval

    def withdraw_approval(self, material: str, *, by: str) -> Approval:
        """The number is valid no more: at once the material stands nowhere."""
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            approval = _current(session, material)
            if approval is None:
                raise Conflict("no_approval_to_withdraw")
            approval.withdrawn = self._clock()
            bounds.bar(session, [material], "approval")
            self._changes.note("withdrew_approval", "material", material, by=by, content=True)
        return approval

    def approval(self, material: str) -> Approval | None:
        """The one that counts."""
        with self._records.read() as session:
            return _current(session, material)

    def flaws(
        self, session: Session, material: str, type_: str, texts: Mapping[str, str]
    ) -> Iterator[Flaw]:
        """What keeps a material from being shown, as far as compliance goes."""
        known = _known(session, [material])
        yield from self._judged(type_, texts, known.answered[material], known.numbers.get(material))

    def findings(
        self, materials: Mapping[str, tuple[str, Mapping[str, str]]]
    ) -> dict[str, Finding]:
        """The same for many, by id and out of type and texts; with every word that was found."""
        with self._records.read() as session:
            known = _known(session, materials)
        return {
            each: Finding(
                list(self._judged(type_, texts, known.answered[each], known.numbers.get(each))),
                self.hits(texts), known.answered[each], known.numbers.get(each),
                self._policies.of(type_),
            )
            for each, (type_, texts) in materials.items()
        }  # fmt: skip

    def _judged(
        self,
        type_: str,
        texts: Mapping[str, str],
        answered: Collection[str],
        approval: Approval | None,
    ) -> Iterator[Flaw]:
        for hit in self.hits(texts):
            if hit.severity is Severity.BLOCK:
                yield Flaw(hit.field, "word_is_forbidden", {"word": hit.word})
            elif hit.severity is Severity.ACKNOWLEDGE and hit.word not in answered:
                yield Flaw(hit.field, "word_needs_acknowledgement", {"word": hit.word})
        policy = self._policies.of(type_)
        wording = as_read(policy.risk_wording)
        for field, text in texts.items():
            if wording and field.rpartition(".")[2] == "body" and wording not in as_read(text):
                yield Flaw(field, "needs_risk_wording", {"wording": policy.risk_wording})
        if policy.regulated and approval is None:
            yield Flaw("approval", "needs_approval_number")
        elif policy.regulated and approval is not None and approval.closes <= self._clock():
            yield Flaw("approval", "approval_is_over", {"number": approval.number})


class _Known(NamedTuple):
    """What people said about some materials."""

    answered: dict[str, set[str]]
    """The words that somebody answers for."""
    numbers: dict[str, Approval]


def _known(session: Session, materials: Collection[str]) -> _Known:
    known = _Known({each: set() for each in materials}, {})
    said = select(Acknowledgement).where(Acknowledgement.material.in_(materials))
    for each in session.scalars(said):
        known.answered[each.material].add(each.word)
    valid = select(Approval).where(Approval.material.in_(materials), Approval.withdrawn.is_(None))
    for number in session.scalars(valid.order_by(Approval.noted_at, Approval.id)):
        known.numbers[number.material] = number
    return known


def _current(session: Session, material: str) -> Approval | None:
    return _known(session, [material]).numbers.get(material)


def _rules(session: Session) -> dict[str, WordRule]:
    rules = {
        word: WordRule(
            word=word, kind=kind, severity=severity, harmless=list(HARMLESS.get(word, ()))
        )
        for words, kind, severity in (
            (FORBIDDEN, "forbidden", Severity.BLOCK),
            (JARGON, "jargon", Severity.ACKNOWLEDGE),
        )
        for word in words
    }  # fmt: skip
    for rule in session.scalars(select(WordRule).order_by(WordRule.word)):
        rules[rule.word] = rule
    return rules


def _pattern(rules: Mapping[str, WordRule]) -> re.Pattern[str]:
    """All words and harmless phrases, the longest first, so that a phrase swallows its word."""
    phrases = {as_read(phrase) for rule in rules.values() for phrase in (rule.word, *rule.harmless)}
    longest: Sequence[str] = sorted(filter(None, phrases), key=lambda each: (-len(each), each))
    return re.compile("|".join(map(re.escape, longest)))


def _found(pattern: re.Pattern[str], text: str, rules: Mapping[str, WordRule]) -> Iterator[str]:
    bare_words = {as_read(word): word for word in rules}
    for match in pattern.finditer(as_read(text)):
        if match[0] in bare_words:
            yield bare_words[match[0]]
