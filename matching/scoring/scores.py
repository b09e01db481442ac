"""The scores of a slice (各候选得分): a sum for every candidate, and any one's reasons, exactly.

Everything that all customers share is worked out once a slice; a question costs one pass over the
candidates' tags and a few thousand neighbours. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from matching.arrays import Places, Sight, Slice, keys_of
from matching.scoring.words import (
    HARDLY_KNOWN,
    Floats,
    Lift,
    Pull,
    Question,
    Read,
    Reason,
    Shown,
    Weights,
    weightiest_first,
)

Links = tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]
"""(place, how near, which of the readings it is near to) of neighbours."""
_ALL = Sight()
_STEP = 300.0
"""Seconds in which nothing wilts: less than a thousandth of what is fresh."""


class Scores:
    """The score of every candidate of a slice, and the reasons of any one of them."""

    def __init__(
        self, question: Question, candidates: Slice, weights: Weights, sight: Sight = _ALL
    ) -> None:
        self.sight = sight
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
        self._shown = self._shown_here()
        self._brought_to: dict[int, tuple[Read | None, float]] = {}
        self._told: dict[int, list[Reason]] = {}

    def _lift(self, lift: Lift) -> tuple[Lift, Floats]:
        """By how much it moves each candidate; what nobody reads by nothing."""
        found, places = self.candidates.places(lift.keys)
        book = self.weights.book
        moved = self.candidates.read * (book * float(np.clip(lift.rest, -1.0, 1.0)))
        moved[places] = book * np.clip(lift.values[found], -1.0, 1.0)
        return lift, moved

    def _read_here(self) -> dict[int, Read]:
        """Where what she read stands, the newest reading of each; scripts are not used up."""
        reads = list(reversed(self.question.reads))
        found, where = self.candidates.places(keys_of(read.material for read in reads))
        once = ~self.candidates.repeatable[where]
        own = zip(where[once].tolist(), found[once].tolist(), strict=True)
        return {place: reads[at] for place, at in own}

    def _shown_here(self) -> dict[int, Shown]:
        """Where what was recommended in vain stands."""
        shown = self.question.shown
        found, where = self.candidates.places(keys_of(each.material for each in shown))
        return {place: shown[at] for at, place in zip(found.tolist(), where.tolist(), strict=True)}

    @property
    def used(self) -> Places:
        """Where what she has read already stands."""
        return np.fromiter(self._seen, np.int64, len(self._seen))

    @cached_property
    def total(self) -> Floats:
        """One score a candidate, on the shelf or not."""
        total = self.tag_part + self.basic
        reached, strengths, _ = self._links
        np.add.at(total, reached, strengths)
        for _, more in self._lifts:
            total += more
        for places, less in self._stale():
            total[places] -= less
        return total

    def parts(self) -> dict[str, Floats]:
        """What every candidate gets from each part, the neighbours as if fully trusted."""
        reads = self.question.reads
        lists = {
            "live": self._live(reads),
            "night": self._night(reads),
        }
        found: dict[str, Floats] = {
            name: _summed(places, worth, len(self.candidates))
            for name, (places, worth, _) in lists.items()
        }
        lift = np.zeros(len(self.candidates))
        for _, more in self._lifts:
            lift += more
        nightly = self.candidates.nightly.astype(np.float64)
        return found | {
            "tags": self.tag_part, "lift": lift, "nightly": nightly,
            "popular": self.weights.popular * self._popular,
        }  # fmt: skip

    @property
    def basic(self) -> Floats:
        """What every candidate is worth, whoever asks."""
        weights = self.weights
        fresh = weights.fresh * self._wilted if weights.fresh else 0.0
        known = self._is_known
        return self.candidates.worth(weights.popular, fresh, weights.fresh_days, known)

    @property
    def _is_known(self) -> bool:
        return len(self.question.reads) > HARDLY_KNOWN

    @property
    def _popular(self) -> Floats:
        """What is read these days says most of whom we know; of a newcomer, the weeks do."""
        return self.candidates.lately if self._is_known else self.candidates.popular

    def _stale(self) -> Iterator[tuple[Places, Floats]]:
        """Where what she has read stands, then what was shown in vain, and what opened for others
        before: and how much less each gets."""
        if self._seen:
            yield self.used, np.array([self._staleness(read) for read in self._seen.values()])
        if self._shown:
            places = np.fromiter(self._shown, np.int64, len(self._shown))
            yield places, np.array([self._tiredness(shown) for shown in self._shown.values()])
        if len(self.sight.later) and self.weights.fresh:
            weight, later = self.weights.fresh * self._wilted, self.sight.later
            yield later, weight * (self._young[later] - self._young_for_her)

    @cached_property
    def leading(self) -> Places:
        """The candidates of which a persona puts some above everything else."""
        pulls = self.question.pulls
        return self.sight.of(self.candidates.wearing([each.tag for each in pulls if each.leads]))

    @cached_property
    def tag_part(self) -> Floats:
        """What every candidate gets for its tags."""
        pull = np.zeros(len(self.candidates.columns) + 1)
        for column, pulls in self._by_column.items():
            pull[column] = math.fsum([each.weight for each in pulls])
        return self.candidates.pulled(pull)

    @cached_property
    def _links(self) -> Links:
        """(place, what it adds, which read it comes from) of every neighbour that is here."""
        known = len(self.question.reads)
        trust = self.weights.live * known / (known + self.weights.shrink)
        live, night = self._live(self.question.reads), self._night(self.question.reads)
        if not len(night[0]):
            return live[0], live[1] * trust, live[2]
        share = self.weights.night
        living = 1 - share * self.candidates.nightly[live[0]]
        return (
            np.concatenate((live[0], night[0])),
            np.concatenate((live[1] * trust * living, night[1] * trust * share)),
            np.concatenate((live[2], night[2])),
        )

    def _live(self, reads: Sequence[Read]) -> Links:
        near = [(each.keys, each.neighbours) for each in reads[: self.weights.reach]]
        return self._list(near, self.weights.recency)

    def _night(self, reads: Sequence[Read]) -> Links:
        near = [(each.nightly_keys, each.nightly) for each in reads[: self.weights.night_reach]]
        return self._list(near, self.weights.night_recency)

    def _list(self, near: Sequence[tuple[npt.NDArray[np.uint64], Floats]], recency: float) -> Links:
        """One kind of list, scaled so that the candidate it brings nearest gets nearly 1."""
        nothing = np.empty(0, np.int64)
        if not any(len(keys) for keys, _ in near):
            return nothing, np.empty(0), nothing
        ranks = np.repeat(np.arange(len(near)), [len(keys) for keys, _ in near])
        found, places = self.candidates.places(np.concatenate([keys for keys, _ in near]))
        if not len(found):
            return nothing, np.empty(0), nothing
        sources = ranks[found]
        faded = recency ** np.arange(len(near))
        strengths = np.concatenate([each for _, each in near])[found] * faded[sources]
        top = np.bincount(places, weights=strengths).max()
        return places, strengths / (top + self.weights.floor), sources

    @property
    def _young(self) -> Floats:
        """How fresh each candidate was when its slice was made."""
        return self.candidates.fresh(self.weights.fresh_days)

    @property
    def _young_for_her(self) -> Floats:
        """The same of what opened for others before."""
        return self.candidates.freshness(self.sight.opened, self.weights.fresh_days)

    def _opening(self, place: int) -> tuple[float, float]:
        """(when a candidate opened for her, how fresh it was when the slice was made)."""
        if place in self._opened_later:
            return self._opened_later[place]
        return float(self.candidates.opened[place]), float(self._young[place])

    @cached_property
    def _opened_later(self) -> dict[int, tuple[float, float]]:
        """The same of those that opened for others before."""
        own = zip(self.sight.opened.tolist(), self._young_for_her.tolist(), strict=True)
        return dict(zip(self.sight.later.tolist(), own, strict=True))

    @cached_property
    def _wilted(self) -> float:
        """By how much less anything is fresh now; the same for some minutes, so that it is not
        worked out for everything at every question."""
        since = max(0.0, self.question.now.timestamp() - self.candidates.since)
        steps = since // _STEP  # a question that waited for its slice is a little older than that
        days = steps * _STEP / 86_400
        return float(2.0 ** (-days / self.weights.fresh_days))

    def _staleness(self, read: Read) -> float:
        days = max(0.0, (self.question.now - read.at).total_seconds() / 86_400)
        return self.weights.seen * 2 ** (-days / self.weights.seen_days)

    def _tiredness(self, shown: Shown) -> float:
        """Of a score that was in vain so often, half is left after some days, and it recovers."""
        weights = self.weights
        days = math.fsum(2 ** (-ago / weights.tired_half) for ago in shown.ago)
        return weights.tired * (1 - 2 ** (-days / weights.tired_days))

    def nearest_reads(self, places: Collection[int]) -> dict[int, Read]:
        """Which of her readings brought each of these candidates nearest, if any did."""
        self._bring(places)
        brought = ((place, self._brought_to[place][0]) for place in places)
        return {place: read for place, read in brought if read is not None}

    def _bring(self, places: Collection[int]) -> None:
        """Find for these what brings them near: the reading that does most, and what all do."""
        asked = np.zeros(len(self.candidates), bool)
        asked[list(places)] = True
        reached, strengths, sources = self._links
        own = np.flatnonzero(asked[reached])
        near: dict[int, list[tuple[float, int]]] = {place: [] for place in places}
        told = (each[own].tolist() for each in (reached, strengths, sources))
        for place, strength, source in zip(*told, strict=True):
            near[place].append((strength, source))
        for place, links in near.items():
            most = max(links, key=itemgetter(0), default=None)
            read = None if most is None else self.question.reads[most[1]]
            self._brought_to[place] = read, math.fsum([strength for strength, _ in links])

    def reasons(
        self,
        place: int,
        titles: Mapping[str, str] = MappingProxyType({}),
        *,
        leads: bool = False,
    ) -> list[Reason]:
        """Why this candidate scores what it scores, the weightiest first; they sum to it.

        ``titles`` of what `nearest_read` names make the sentences readable. What ``leads`` has the
        weight of leading in its persona's reason.
        """
        pulled = [
            each for each in self.candidates.tags_at(place).tolist() if each in self._by_column
        ]
        found = [reason for column in pulled for reason in self._reasons_of(column)]
        if leads:
            pulls = (pull for column in pulled for pull in self._by_column[column])
            at = next(at for at, pull in enumerate(pulls) if pull.leads)
            found[at] = replace(found[at], weight=found[at].weight + self.weights.lead)
        found += self._near_reasons(place, titles)
        found += self._own_reasons(place)
        found += self._lift_reasons(place)
        if read := self._seen.get(place):
            evidence = {"material": read.material, "at": read.at.isoformat()}
            found.append(Reason("seen", "reason_seen", {}, -self._staleness(read), evidence))
        if shown := self._shown.get(place):
            told = {"days": len(shown.ago), "last": min(shown.ago)}
            key = "reason_tired" + "_least" * shown.least
            found.append(Reason("tired", key, told, -self._tiredness(shown), told))
        return weightiest_first(found)

    def _reasons_of(self, column: int) -> list[Reason]:
        """Why those that wear this tag are pulled; several of a list do."""
        if column not in self._told:
            self._told[column] = [pull.reason for pull in self._by_column[column]]
        return self._told[column]

    def _near_reasons(self, place: int, titles: Mapping[str, str]) -> list[Reason]:
        if place not in self._brought_to:
            self._bring([place])
        nearest, weight = self._brought_to[place]
        if nearest is None:
            return []
        facts = {"title": titles.get(nearest.material, nearest.material)}
        evidence = {"material": nearest.material, "at": nearest.at.isoformat()}
        return [Reason("neighbour", "reason_neighbour", facts, weight, evidence)]

    def _lift_reasons(self, place: int) -> list[Reason]:
        moved = ((lift, float(more[place])) for lift, more in self._lifts)
        return [
            Reason(lift.kind, f"reason_{lift.kind}" + "_less" * (weight < 0), lift.facts, weight)
            for lift, weight in moved
            if weight
        ]

    def _own_reasons(self, place: int) -> list[Reason]:
        found = []
        if popular := self.weights.popular * float(self._popular[place]):
            readers = int(self.candidates.readers[place])
            evidence = {"readers": readers}
            found.append(Reason("popular", "reason_popular", evidence, popular, evidence))
        opening, young = self._opening(place)
        if weight := self.weights.fresh * self._wilted * young:
            opened = datetime.fromtimestamp(opening, UTC)
            days = max(0, (self.question.now - opened).days)
            key = "reason_fresh_days" if days else "reason_fresh"
            evidence_of = {"opened": opened.isoformat()}
            found.append(Reason("fresh", key, {"days": days}, weight, evidence_of))
        return found


def _summed(places: npt.NDArray[np.int64], worth: Floats, size: int) -> Floats:
    """What every place gets in all."""
    summed = np.bincount(places, weights=worth, minlength=size)
    return summed.astype(np.float64, copy=False)  # of nothing there are whole numbers of nothing
