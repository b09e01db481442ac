"""The words of a score (打分用语): the weights of the blend, what moves a score, and a reason.

Plain values: what they come to is `matching.scoring.scores`' business.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from kernel.wording import LANGUAGES, known, say

Floats = npt.NDArray[np.float64]
MOST_EXCLUSIVE = 0.5
"""What being for few may add at the most, in any ecosystem."""
HARDLY_KNOWN = 2
"""A customer who has read no more than this is seen through people like her, too."""
_FAINT, _MOST_READ = 0.05, 50
"""A reading that counts less than a twentieth of the latest leads to nothing, nor does one behind
so many others."""
Name = Mapping[str, str]
"""What something is called, by language."""
_PLAIN = {str, int, float}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each part may add. Each part lies between nothing and its weight."""

    live: float = 1.0
    """Neighbours of what she read, once she has read much."""
    night: float = 0.35
    """The nightly list's share in that, for contents it knows; the rest is the live list's."""
    tags: float = 0.3
    """What her tags tell, once she has met much…"""
    tag_shrink: float = 6.0
    """…and the fewer contents her tags come from, the less: one counts 1/(1 + this). Measured:
    how loud tags may be is searched on those who have read for long, and misleads of others."""
    popular: float = 0.15
    """What everybody reads: over the weeks for those we hardly know, these days for others."""
    persona: float = 0.4
    ability: float = 0.2
    occasion: float = 0.5
    sequel: float = 0.5
    """What follows from what she has bought."""
    resistance: float = 0.2
    """What lowers her main resistance."""
    stage: float = 0.1
    """What is for the stage of the transaction that she is in."""
    hour: float = 0.1
    """What she turns to at this time of day rather than at others."""
    book: float = 0.05
    """What this rep's own customers read, for customers we hardly know."""
    fresh: float = 0.1
    seen: float = 0.6
    """Taken away from what she has just read."""
    tired: float = 0.3
    """Taken away from what was recommended for her again and again, and nothing came of it."""
    tired_days: float = 3
    """So many days of that take half of it away…"""
    tired_half: float = 14
    """…and after so many more, half as much."""
    shrink: float = 0.5
    """kappa: one content read counts 1/(1 + kappa), many count fully."""
    recency: float = 0.8
    """Each older content counts that much less as a starting point for its live neighbours…"""
    night_recency: float = 0.95
    """…and for its nightly ones: they tell lasting interests, best of long trails."""
    floor: float = 0.05
    """Neighbours weaker than this are hardly believed, however few others there are."""
    book_shrink: float = 8_000
    """Pseudo-events of the whole company in a rep's book: measured, less than that misleads."""
    fresh_days: float = 3
    seen_days: float = 14

    @property
    def lead(self) -> float:
        """What a leading persona adds: more than all else together, whatever the tuning."""
        both_ways = self.book + self.seen + self.tired
        parts = (self.live, self.tags, self.popular, self.persona, self.ability, self.occasion)
        others = (
            self.sequel + self.resistance + self.stage + self.hour + self.fresh + MOST_EXCLUSIVE
        )
        return sum(parts) + others + 2 * both_ways

    def tags_of(self, met: int) -> float:
        """How much her tags may add who has met so many contents."""
        met = min(met, _MOST_READ)
        return self.tags * met / (met + self.tag_shrink) if met else 0.0

    @property
    def reach(self) -> int:
        """How many of her latest readings lead to live neighbours: older are hardly believed."""
        return _reach(self.recency)

    @property
    def night_reach(self) -> int:
        """How many lead to nightly ones."""
        return _reach(self.night_recency)

    @property
    def policy(self) -> str:
        """Names this very blend in every offer, so that offers can be compared later."""
        return _named(self)


def _reach(recency: float) -> int:
    if not 0 < recency < 1:
        return _MOST_READ
    return min(_MOST_READ, 1 + int(math.log(_FAINT) / math.log(recency)))


@lru_cache(maxsize=8)
def _named(weights: Weights) -> str:
    return "blend-1:" + hashlib.sha256(repr(astuple(weights)).encode()).hexdigest()[:8]


def said_of(key: str, language: str, rep: str, facts: Mapping[str, Any]) -> str:
    """The sentence for the rep whose list it is; given her name, for somebody else who reads it."""
    spoken = {
        name: fact if type(fact) in _PLAIN or not isinstance(fact, Mapping)
        else fact.get(language) or fact.get("zh", "")
        for name, fact in facts.items()
    }  # fmt: skip
    of_her = f"of_her_{key}"
    if rep and known(of_her):
        return say(of_her, language, **spoken, rep=rep)
    return say(key, language, **spoken)


@dataclass(frozen=True, slots=True)
class Reason:
    """One contribution to a score, and what a person can check it against."""

    kind: str
    key: str
    """Of `kernel.wording`."""
    facts: Mapping[str, Any]
    """Completes the sentence; a value that is a mapping is a name by language."""
    weight: float
    evidence: Mapping[str, Any] = field(default_factory=dict)
    _said: dict[tuple[str, str], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By language and rep: what several contents of a list share is put into words once."""

    def text(self, language: str = "zh", rep: str = "") -> str:
        """The sentence for people; see `said_of`."""
        said = self._said.get((language, rep))
        if said is None:
            spoken = language if language in LANGUAGES else "zh"
            said = self._said[language, rep] = said_of(self.key, spoken, rep, self.facts)
        return said

    def kept(self) -> dict[str, Any]:
        """As an offer keeps it, to be written down and not to be changed."""
        return {
            "kind": self.kind, "key": self.key, "facts": self.facts,
            "weight": self.weight, "evidence": self.evidence,
        }  # fmt: skip


class Pull(NamedTuple):
    """What one tag adds to every candidate that carries it."""

    tag: str
    weight: float
    told: Callable[[], Reason]
    """Why: worked out for what is shown, not for everything that is scored."""
    leads: bool = False
    """The best that carry it stand at the top of the list, whatever else they score."""

    @classmethod
    def because(cls, tag: str, reason: Reason, *, leads: bool = False) -> Pull:
        """A pull whose reason is there already."""
        return cls(tag, reason.weight, lambda: reason, leads)

    @property
    def reason(self) -> Reason:
        return self.told()


_NOBODY, _NOTHING = np.empty(0, np.uint64), np.empty(0)


class Read(NamedTuple):
    """A content the customer has read; the newest comes first."""

    material: str
    at: datetime
    neighbours: Floats = _NOTHING
    """How near each of ``keys`` lies."""
    keys: npt.NDArray[np.uint64] = _NOBODY
    nightly: Floats = _NOTHING
    """The same, of the list that was worked out last night…"""
    nightly_keys: npt.NDArray[np.uint64] = _NOBODY


class Shown(NamedTuple):
    """What was recommended for her before today, and she has not acted on."""

    material: str
    ago: tuple[int, ...]
    """How many days ago, each day once."""
    least: bool = False
    """So often at the least: no more days, or contents, are kept of what was recommended."""


@dataclass(frozen=True, slots=True)
class Lift:
    """By how much more some group reads each content than all do, as shrunk logs."""

    kind: str
    """``book``: her rep's customers; ``segment``: people like her."""
    keys: npt.NDArray[np.uint64]
    values: Floats
    facts: Mapping[str, Any] = field(default_factory=dict)
    rest: float = 0.0
    """The same of everything else that anybody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that a score depends on, besides the candidates."""

    now: datetime
    reads: Sequence[Read] = ()
    pulls: Sequence[Pull] = ()
    lifts: Sequence[Lift] = ()
    """What people like her read more than others; only for customers we hardly know."""
    shown: Sequence[Shown] = ()


def weightiest_first(reasons: Iterable[Reason]) -> list[Reason]:
    """In the order in which people read them."""
    return sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.kind))


def total_of(reasons: Sequence[Reason]) -> float:
    """The score that the reasons make."""
    return math.fsum(reason.weight for reason in reasons)


def lifts(group: Floats, company: Floats, shrink: float, total: float | None = None) -> Floats:
    """How much more a group reads each content than the company does, as a shrunk log.

    Both are decayed counts of the same contents; ``total`` is the company's count over all
    contents, if these are not all. What nobody reads is lifted by nothing.
    """
    own = float(group.sum())
    whole = float(company.sum()) if total is None else total
    lifted = np.zeros(len(group))
    if not (own > 0 and whole > 0):
        return lifted
    known = company > 0
    usual = company[known] / whole
    lifted[known] = np.log((group[known] + shrink * usual) / (own + shrink) / usual)
    return lifted


def unlifted(group: Floats, shrink: float) -> float:
    """The same of what the group does not read, and others do."""
    own = float(group.sum())
    return math.log(shrink / (own + shrink)) if own > 0 and shrink > 0 else 0.0
