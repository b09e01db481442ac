"""Scoring (打分与理由): how well each candidate fits this rep, this customer, this moment, and why.

The score is a plain sum, so its reasons are exact: what `Scores.reasons` answers for a candidate
adds up to its score. Pure: reads no store and no clock, and chooses nothing; which of the scored
are shown is `matching.assembly`'s business, and what may be shown at all the shelf's.

The blend is counters served linearly: neighbours of what she read, shrunk by how little that is,
plus her tags, plus decayed popularity, plus the rep and the occasion. Every part is bounded by its
weight, so that no part can drown the others by its scale.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from kernel.wording import LANGUAGES, say
from matching.arrays import Slice, key_of

Floats = npt.NDArray[np.float64]
_STALE = 10
"""Half-lives after which nothing is fresh any more."""
HARDLY_KNOWN = 2
"""A customer who has read no more than this is seen through people like her, too."""
Name = Mapping[str, str]
"""What something is called, by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each part may add. Each part lies between nothing and its weight."""

    live: float = 1.0
    """Neighbours of what she read, once she has read much."""
    night: float = 0.4
    """The nightly list's share in that, for contents it knows; the rest is the live list's."""
    tags: float = 0.3
    popular: float = 0.2
    persona: float = 0.4
    ability: float = 0.2
    occasion: float = 0.5
    resistance: float = 0.2
    """What lowers her main resistance."""
    book: float = 0.1
    """What this rep's own customers read, for customers we hardly know."""
    fresh: float = 0.1
    seen: float = 0.6
    """Taken away from what she has just read."""
    shrink: float = 0.5
    """kappa: one content read counts 1/(1 + kappa), many count fully."""
    recency: float = 0.85
    """Each older content counts that much less as a starting point for neighbours."""
    floor: float = 0.05
    """Neighbours weaker than this are hardly believed, however few others there are."""
    book_shrink: float = 8_000
    """Pseudo-events of the whole company in a rep's book: measured, less than that misleads."""
    fresh_days: float = 3
    seen_days: float = 14

    @property
    def lead(self) -> float:
        """What a leading persona adds: more than all else together, whatever the tuning."""
        both_ways = self.book + self.seen
        parts = (self.live, self.tags, self.popular, self.persona, self.ability, self.occasion)
        return sum(parts) + self.resistance + self.fresh + 2 * both_ways

    @property
    def policy(self) -> str:
        """Names this very blend in every offer, so that offers can be compared later."""
        return "blend-1:" + hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:8]


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

    def text(self, language: str = "zh") -> str:
        """The sentence for people."""
        spoken = language if language in LANGUAGES else "zh"
        facts = {
            name: fact.get(spoken) or fact.get("zh", "") if isinstance(fact, Mapping) else fact
            for name, fact in self.facts.items()
        }
        return say(self.key, spoken, **facts)

    def kept(self) -> dict[str, Any]:
        """As an offer keeps it."""
        return {
            "kind": self.kind, "key": self.key, "facts": dict(self.facts),
            "weight": self.weight, "evidence": dict(self.evidence),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pull:
    """What one tag adds to every candidate that carries it."""

    tag: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Read:
    """A content the customer has read; the newest comes first."""

    material: str
    at: datetime
    neighbours: Floats = field(default_factory=lambda: np.empty(0))
    """How near each of ``keys`` lies."""
    keys: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    nightly: Floats = field(default_factory=lambda: np.empty(0))
    """The same, of the list that was worked out last night…"""
    nightly_keys: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Lift:
    """By how much more some group reads each content than all do, as shrunk logs."""

    kind: str
    """``book``: her rep's customers; ``segment``: people like her."""
    keys: npt.NDArray[np.uint64]
    values: Floats
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that a score depends on, besides the candidates."""

    now: datetime
    reads: Sequence[Read] = ()
    pulls: Sequence[Pull] = ()
    lifts: Sequence[Lift] = ()
    """What people like her read more than others; only for customers we hardly know."""


class Scores:
    """The score of every candidate of a slice, and the reasons of any one of them."""

    def __init__(self, question: Question, candidates: Slice, weights: Weights) -> None:
        self.question = question
        self.candidates = candidates
        self.weights = weights
        self._by_column: dict[int, list[Pull]] = {}
        for pull in question.pulls:
            column = candidates.columns.get(pull.tag)
            if column is not None:
                self._by_column.setdefault(column, []).append(pull)
        self._lifts = [self._lift(each) for each in question.lifts]
        self._seen = self._read_here()

    def _lift(self, lift: Lift) -> tuple[Lift, npt.NDArray[np.int64], Floats]:
        """Which candidates it moves, and by how much."""
        found, places = self.candidates.places(lift.keys)
        return lift, places, self.weights.book * np.clip(lift.values[found], -1.0, 1.0)

    def _read_here(self) -> dict[int, Read]:
        """Where what she read stands, the newest reading of each; scripts are not used up."""
        reads = list(reversed(self.question.reads))
        keys = np.array([key_of(read.material) for read in reads], np.uint64)
        found, where = self.candidates.places(keys)
        return {
            place: reads[at]
            for at, place in zip(found.tolist(), where.tolist(), strict=True)
            if not self.candidates.repeatable[place]
        }

    @cached_property
    def total(self) -> Floats:
        """One score a candidate, on the shelf or not."""
        total = self.tag_part + self.basic
        reached, strengths = self._near
        total[reached] += strengths
        for _, places, more in self._lifts:
            total[places] += more
        for place, less in self._stale():
            total[place] += less
        return total

    def parts(self) -> dict[str, Floats]:
        """What every candidate gets from each part, the neighbours as if fully trusted."""
        reads = self.question.reads
        lists = {
            "live": self._list([(each.keys, each.neighbours) for each in reads]),
            "night": self._list([(each.nightly_keys, each.nightly) for each in reads]),
        }
        found: dict[str, Floats] = {
            name: _summed(places, worth, len(self.candidates))
            for name, (places, worth, _) in lists.items()
        }
        lift = np.zeros(len(self.candidates))
        for _, places, more in self._lifts:
            lift[places] += more
        popular = self.weights.popular * self.candidates.popular
        nightly = self.candidates.nightly.astype(np.float64)
        return found | {
            "tags": self.tag_part, "popular": popular, "lift": lift, "nightly": nightly,
        }  # fmt: skip

    @cached_property
    def basic(self) -> Floats:
        """What every candidate is worth, whoever asks."""
        fresh = self.weights.fresh * self._freshness(self.candidates.opened)
        return self.weights.popular * self.candidates.popular + fresh

    def additions(self) -> Iterator[tuple[int, float]]:
        """(place, how much) of what only some candidates get, apart from their tags."""
        reached, strengths = self._near
        yield from zip(reached.tolist(), strengths.tolist(), strict=True)
        for _, places, more in self._lifts:
            yield from zip(places.tolist(), more.tolist(), strict=True)
        yield from self._stale()

    def _stale(self) -> Iterator[tuple[int, float]]:
        for place, read in self._seen.items():
            yield place, -self._staleness(read)

    def leading(self) -> npt.NDArray[np.bool_]:
        """The candidates that a persona puts above everything else."""
        columns = [
            column
            for column, pulls in self._by_column.items()
            if any(each.reason.weight >= self.weights.lead for each in pulls)
        ]
        leads = np.zeros(len(self.candidates), bool)
        if columns:
            at = np.flatnonzero(np.isin(self.candidates.indices, columns))
            leads[np.searchsorted(self.candidates.starts, at, side="right") - 1] = True
        return leads

    @cached_property
    def tag_part(self) -> Floats:
        """What every candidate gets for its tags."""
        pull = np.zeros(len(self.candidates.columns) + 1)
        for column, pulls in self._by_column.items():
            pull[column] = math.fsum(each.reason.weight for each in pulls)
        if not len(self.candidates):
            return np.zeros(0)
        gathered = pull[self.candidates.indices]
        return np.add.reduceat(gathered, self.candidates.starts[:-1])

    @cached_property
    def _links(self) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]:
        """(place, what it adds, which read it comes from) of every neighbour that is here."""
        known = len(self.question.reads)
        trust = self.weights.live * known / (known + self.weights.shrink)
        live = self._list([(each.keys, each.neighbours) for each in self.question.reads])
        night = self._list([(each.nightly_keys, each.nightly) for each in self.question.reads])
        share = self.weights.night if len(night[0]) else 0.0
        living = 1 - share * self.candidates.nightly[live[0]]
        return (
            np.concatenate((live[0], night[0])),
            np.concatenate((live[1] * trust * living, night[1] * trust * share)),
            np.concatenate((live[2], night[2])),
        )

    def _list(
        self, near: Sequence[tuple[npt.NDArray[np.uint64], Floats]]
    ) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]:
        """One kind of list, scaled so that the candidate it brings nearest gets nearly 1."""
        nothing = np.empty(0, np.int64)
        if not any(len(keys) for keys, _ in near):
            return nothing, np.empty(0), nothing
        ranks = np.repeat(np.arange(len(near)), [len(keys) for keys, _ in near])
        found, places = self.candidates.places(np.concatenate([keys for keys, _ in near]))
        if not len(found):
            return nothing, np.empty(0), nothing
        sources = ranks[found]
        faded = self.weights.recency ** np.arange(len(near))
        strengths = np.concatenate([each for _, each in near])[found] * faded[sources]
        top = np.bincount(places, weights=strengths).max()
        return places, strengths / (top + self.weights.floor), sources

    @cached_property
    def _near(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """The neighbour part: which candidates it reaches, and by how much."""
        places, strengths, _ = self._links
        if not len(places):
            return places, strengths
        summed = _summed(places, strengths, 0)
        reached = np.flatnonzero(summed)
        return reached, summed[reached]

    def _freshness(self, opened: Floats) -> Floats:
        """From 1 at the opening down to nothing; what is long open is not fresh at all."""
        age = (self.question.now.timestamp() - opened) / (86_400 * self.weights.fresh_days)
        fresh = np.zeros(len(age))
        young = np.flatnonzero((age >= 0) & (age < _STALE))
        fresh[young] = np.exp2(-age[young])
        return fresh

    def _staleness(self, read: Read) -> float:
        days = max(0.0, (self.question.now - read.at).total_seconds() / 86_400)
        return self.weights.seen * 2 ** (-days / self.weights.seen_days)

    def nearest_read(self, place: int) -> Read | None:
        """Which of her readings brought this candidate nearest, if any did."""
        places, strengths, sources = self._links
        own = np.flatnonzero(places == place)
        if not len(own):
            return None
        return self.question.reads[int(sources[own[np.argmax(strengths[own])]])]

    def reasons(self, place: int, titles: Mapping[str, str] = MappingProxyType({})) -> list[Reason]:
        """Why this candidate scores what it scores, the weightiest first; they sum to it.

        ``titles`` of what `nearest_read` names make the sentences readable.
        """
        found = [each.reason for pulls in self._pulls_at(place) for each in pulls]
        found += self._near_reasons(place, titles)
        found += self._own_reasons(place)
        found += self._lift_reasons(place)
        if read := self._seen.get(place):
            evidence = {"material": read.material, "at": read.at.isoformat()}
            found.append(Reason("seen", "reason_seen", {}, -self._staleness(read), evidence))
        return sorted(found, key=lambda reason: (-abs(reason.weight), reason.kind))

    def _pulls_at(self, place: int) -> list[list[Pull]]:
        begins, ends = self.candidates.starts[place : place + 2]
        columns = self.candidates.indices[begins:ends]
        return [self._by_column[int(each)] for each in columns if int(each) in self._by_column]

    def _near_reasons(self, place: int, titles: Mapping[str, str]) -> list[Reason]:
        nearest = self.nearest_read(place)
        if nearest is None:
            return []
        reached, weights = self._near
        weight = float(weights[np.searchsorted(reached, place)])
        facts = {"title": titles.get(nearest.material, nearest.material)}
        evidence = {"material": nearest.material, "at": nearest.at.isoformat()}
        return [Reason("neighbour", "reason_neighbour", facts, weight, evidence)]

    def _lift_reasons(self, place: int) -> list[Reason]:
        found = []
        for lift, places, more in self._lifts:
            found += [
                Reason(lift.kind, f"reason_{lift.kind}", lift.facts, weight)
                for weight in more[places == place].tolist()
            ]
        return found

    def _own_reasons(self, place: int) -> list[Reason]:
        found = []
        if popular := self.weights.popular * float(self.candidates.popular[place]):
            readers = int(self.candidates.readers[place])
            evidence = {"readers": readers}
            found.append(Reason("popular", "reason_popular", evidence, popular, evidence))
        fresh = self._freshness(self.candidates.opened[place : place + 1])
        if weight := self.weights.fresh * float(fresh[0]):
            opened = datetime.fromtimestamp(float(self.candidates.opened[place]), UTC)
            evidence_of = {"opened": opened.isoformat()}
            found.append(Reason("fresh", "reason_fresh", {}, weight, evidence_of))
        return found


def _summed(places: npt.NDArray[np.int64], worth: Floats, size: int) -> Floats:
    """What every place gets in all."""
    summed: Floats = np.bincount(places, weights=worth, minlength=size).astype(np.float64)
    return summed


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
