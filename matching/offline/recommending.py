"""The offline recommender (离线推荐): `fit`, `recommend`, `update` over a log of plain tuples."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np

from data_hub.profiles.folding import KEPT_MATERIALS
from kernel.calendar import Zone
from matching.arrays import Floats, Keys, Row, Slice, Whole, Window, key_of
from matching.assembly import best
from matching.counters import HALF_LIFE, LATELY, shown_as
from matching.hours import FEWEST, days, hour_pulls, reason, turned_to
from matching.needs import shares
from matching.offline.counting import Memory, Numbers
from matching.offline.logs import Event, Log, moment, segments_of, tags_of, told
from matching.offline.moments import Moment, by_acquaintance, held_out, moments_of
from matching.offline.popularity import Readings
from matching.scoring import (
    HARDLY_KNOWN,
    Lift,
    Pull,
    Question,
    Read,
    Reason,
    Scores,
    Weights,
    lifts,
)
from matching.trails import LENGTH
from matching.training import (
    RECENCIES,
    Example,
    Trial,
    better,
    ease,
    listed,
    together,
    tuned,
)

_ALWAYS = (Window("", "", -1e18, 1e18),)
_NEVER = datetime.fromtimestamp(0, UTC)
_DATED = 6e10
"""Seconds from 1970 within which a moment has an hour: beyond there is no calendar."""
_NOTHING = np.empty(0, np.int64), np.empty(0)
_TWICE = 2_500
"""Contents up to which the nightly list is worked out again with the held-out part."""
_SECONDS = 15.0
_CELLS = 2_500_000
_EXAMPLES = 600
_JUDGED = 100
"""Moments that are judged at once: each takes a number a part and content."""
_SHRINKS = (100.0, 1_000.0, 8_000.0)
_KNOWN, _HARDLY = ("night", "tags", "popular"), ("book", "shrink")
"""Which weights are searched on whom: of one who has read nothing popularity is all there is, so
that its weight among other things is told by those who have read."""
_SOME = 200
_FEWEST = 40
"""Examples below which nothing is searched."""


def recommender(
    items: Iterable[Mapping[str, Any]], users: Iterable[Mapping[str, Any]] | None = None
) -> Offline:
    """One for these contents (``{"id", "tags"}``) and people (``{"id", "attrs"}``)."""
    return Offline(items, users)


class Offline:
    """Learns from a log, recommends by history, learns on."""

    def __init__(
        self,
        items: Iterable[Mapping[str, Any]],
        users: Iterable[Mapping[str, Any]] | None = None,
        *,
        weights: Weights | None = None,
        nightly: bool = True,
        tune: bool = True,
        zone: Zone | None = None,
    ) -> None:
        """``zone`` is the one whose hours these people live by; the company's zone if not told."""
        self._tags = {each["id"]: tags_of(each) for each in items}
        self._scopes = {each["id"]: segments_of(each) for each in users or ()}
        self.weights = weights or Weights()
        self._nightly, self._tune = nightly, tune
        self._zone = zone or Zone()
        self._night: dict[int, tuple[Numbers, Floats]] = {}
        self._now = 0.0
        self._lay_out()
        self._memory = Memory(len(self._ids))
        self._readings = Readings((), self._index)

    def _lay_out(self) -> None:
        """The contents as columns, in the order in which a slice has them: what wears most tags
        first, of equals as they were named, so that a content named later comes last."""
        self._ids = sorted(self._tags, key=lambda each: -max(1, len(self._tags[each])))
        self._index = {id_: at for at, id_ in enumerate(self._ids)}
        rows = [Row(str(id_), "content", tags, _ALWAYS) for id_, tags in self._tags.items()]
        self._slice = Whole.of(rows).slice("", datetime.fromtimestamp(0, UTC))
        self._keys = self._slice.keys
        self._asked: tuple[object, Numbers] = None, np.empty(0, np.int64)

    # The three verbs

    def fit(self, events: Iterable[Event]) -> Offline:
        """Count a whole log anew. The weights are searched on its last part, then it counts too."""
        log = sorted(told(events), key=lambda event: event[2])
        self.learn(log)
        small = len(self._ids) <= _TWICE or not self._tune
        self._learn(log, nightly=self._nightly and small)
        return self

    def learn(self, log: Log) -> None:
        """Count the first part of a log, the oldest first, and search the weights on its last."""
        for _, item, _, _ in log:
            self._tags.setdefault(item, ())
        if len(self._tags) > len(self._ids):
            self._lay_out()
        if not self._tune:
            return
        before, after = held_out(log)
        self._learn(before, nightly=self._nightly)
        if moments := self.moments(before, after):
            self._search(moments)

    def update(self, user: Any, item: Any, ts: Any, weight: float = 1.0) -> None:
        """Count one event more."""
        at = moment(ts)
        self._now = max(self._now, at)
        if not weight > 0:
            return
        if item not in self._index:
            self._tags[item] = ()
            self._lay_out()
            self._memory.grow(len(self._ids))
        self._memory.take(user, self._index[item], at, self._scopes.get(user, ()))

    def recommend(
        self,
        history: Sequence[tuple[Any, Any, float]],
        candidates: Iterable[Any],
        k: int,
        *,
        now: Any = None,
        user: Any = None,
    ) -> list[Any]:
        """The ``k`` best of the candidates, the best first; what she has read is not offered."""
        known = [(item, moment(ts), weight) for item, ts, weight in history]
        at = moment(now) if now is not None else max([self._now, *(ts for _, ts, _ in known)])
        taken = {item for item, _, weight in known if weight > 0}
        places = self._places(candidates)
        read = [self._index[item] for item in taken if item in self._index]
        places = places[~np.isin(places, read)] if read else places
        if not len(places) or k < 1:
            return []
        scores = Scores(
            self._question(known, at, user, self.weights), self._counted(at), self.weights
        )
        seed = key_of(str(user))
        return [
            self._ids[place] for place in best(scores.total, self._slice, k, seed, among=places)
        ]

    def _places(self, candidates: Iterable[Any]) -> Numbers:
        """Where they stand; of the same ones as before it is known."""
        asked, places = self._asked
        if asked is not candidates:
            here = (self._index[each] for each in candidates if each in self._index)
            places = np.unique(np.fromiter(here, np.int64))  # named twice is named once
            if type(candidates) is tuple:  # nobody changes it
                self._asked = candidates, places
        return places

    # How it is answered

    def _counted(self, at: float) -> Slice:
        return self._slice.fared(
            popular=shown_as(self._memory.popular(at)), lately=shown_as(self._memory.lately(at))
        )

    def _question(
        self, history: Sequence[tuple[Any, float, float]], at: float, user: Any, weights: Weights
    ) -> Question:
        latest: dict[int, float] = {}
        for item, ts, weight in sorted(history, key=itemgetter(1))[::-1]:  # of equals the last
            if weight > 0 and item in self._index:
                latest.setdefault(self._index[item], ts)
        reads = [self._read(content) for content in list(latest)[:LENGTH]]
        return Question(
            now=_NEVER, reads=reads, pulls=self._pulls(history, at, weights),
            lifts=self._lifts(user, at, weights.book_shrink) if len(reads) <= HARDLY_KNOWN else (),
        )  # fmt: skip

    def _read(self, content: int) -> Read:
        others, near = self._memory.neighbours(content)
        nightly, strengths = self._night.get(content, _NOTHING)
        return Read(
            str(self._ids[content]),
            _NEVER,
            near,
            self._keys[others],
            strengths,
            self._keys[nightly],
        )

    def _pulls(
        self, history: Sequence[tuple[Any, float, float]], at: float, weights: Weights
    ) -> list[Pull]:
        felt: dict[str, float] = {}
        met = set()
        for item, ts, weight in history:
            if math.isfinite(weight):
                met.add(item)
                worth = weight * 2.0 ** (-max(0.0, at - ts) / HALF_LIFE)
                for tag in self._tags.get(item, ()):
                    felt[tag] = felt.get(tag, 0.0) + worth
        loud = weights.tags_of(len(met))
        pulls = [
            Pull.because(tag, Reason("tag", "reason_interest", {}, loud * share))
            for tag, share in shares(felt)
        ]
        return pulls + self._of_this_hour(history, at, weights)

    def _of_this_hour(
        self, history: Sequence[tuple[Any, float, float]], at: float, weights: Weights
    ) -> list[Pull]:
        """What she turns to at this time of day, of what a profile remembers."""
        latest = sorted(history, key=itemgetter(1))[-KEPT_MATERIALS:]
        liked = [(item, ts) for item, ts, weight in latest if weight > 0 and abs(ts) < _DATED]
        if not abs(at) < _DATED:
            return []
        when = (datetime.fromtimestamp(ts, UTC) for _, ts in liked)
        hers = days(when, datetime.fromtimestamp(at, UTC), self._zone)
        if not weights.hour or hers.all[0] < FEWEST:
            return []
        known = [at for at, (item, _) in enumerate(liked) if item in self._index]
        places = np.array([self._index[liked[each][0]] for each in known], np.int64)
        turned = turned_to([hers.of[each] for each in known], places, self._slice)
        return hour_pulls(
            hers, turned, self._slice, self._slice.columns, weights,
            lambda tag, weight: reason(hers, tag, weight, (), {}),
        )  # fmt: skip

    def _lifts(self, user: Any, at: float, shrink: float) -> list[Lift]:
        company = self._memory.popular(at)
        found = []
        for scope in self._scopes.get(user, ()):
            group = self._memory.scoped(scope, at)
            if group is not None:
                found.append(Lift("segment", self._keys, lifts(group, company, shrink)))
        return found

    # How it learns

    def judged(self, moments: Sequence[Moment], weights: Weights) -> Floats:
        """NDCG@10 of a blend on each of these moments."""
        some = (moments[at : at + _JUDGED] for at in range(0, len(moments), _JUDGED))
        judged = [self._trial(each, weights).judged(weights) for each in some]
        return np.concatenate(judged) if judged else np.empty(0)

    def contents(self) -> list[str]:
        """Everything that is known by now."""
        return [str(each) for each in self._ids]

    def nightly_lists(self) -> dict[str, tuple[Keys, Floats]]:
        """The nightly list, by the keys of contents."""
        return {
            str(self._ids[content]): (self._keys[others], near)
            for content, (others, near) in self._night.items()
        }

    def take_lists(self, lists: Mapping[str, tuple[Keys, Floats]]) -> None:
        """Use another nightly list than its own."""
        self._night = {}
        nightly = np.zeros(len(self._ids), bool)
        for id_, (keys, near) in lists.items():
            found, places = self._slice.places(keys)
            at = self._index[id_]
            nightly[at] = True
            self._night[at] = places, near[found]
        self._slice = replace(self._slice, nightly=nightly)

    def _learn(self, log: Log, *, nightly: bool) -> None:
        touches = [(user, self._index[item], at) for user, item, at, weight in log if weight > 0]
        self._memory = Memory(len(self._ids))
        if nightly:  # before there are pairs: the matrix is the largest thing of a night
            self._work_out(touches)
        self._memory.count(touches, self._scopes)
        self._now = log[-1][2] if log else 0.0

    def _work_out(self, touches: Sequence[tuple[Any, int, float]]) -> None:
        """The nightly list, of the contents that are read."""
        trails: dict[Any, list[int]] = {}
        for user, content, _ in touches:
            trails.setdefault(user, []).append(content)
        readers = Counter(content for trail in trails.values() for content in set(trail))
        active = listed(np.array([readers[content] for content in range(len(self._ids))]))
        place = np.full(len(self._ids), -1, np.int64)
        place[active] = np.arange(len(active))
        walked = [own[own >= 0] for trail in trails.values() if len(own := place[trail])]
        lists = ease(together(walked, len(active)))
        self._slice = replace(self._slice, nightly=place >= 0)
        self._night = {
            int(content): (active[others], near)
            for content, (others, near) in zip(active, lists, strict=True)
        }

    def moments(self, before: Log, after: Log) -> list[Moment]:
        """What is judged on, in the held-out part; none if it is too little to tell."""
        found = moments_of(before, after, min(_EXAMPLES, _CELLS // max(1, len(self._ids))))
        self._readings = Readings([*before, *after], self._index)
        return found if len(found) >= _FEWEST else []

    def _search(self, moments: Sequence[Moment]) -> None:
        """Recency first, by what it alone moves; then the blend; at last what those we hardly
        know are seen through."""
        weights = self.weights
        hardly, known = by_acquaintance(moments)
        if len(known) >= _FEWEST:
            weights = self._blending(known, self._recent(known, weights))
        if len(hardly) >= _FEWEST:
            weights = self._lifting(hardly, weights)
        self.weights = weights

    def _recent(self, moments: Sequence[Moment], weights: Weights) -> Weights:
        """How fast what she read fades as a starting point, for each kind of list."""
        some = moments[:: max(1, len(moments) // _SOME)]
        best = self._trial(some, weights).judged(weights)
        for name, values in RECENCIES.items():
            for value in values:
                other = replace(weights, **{name: value})
                if other == weights:
                    continue
                judged = self._trial(some, other).judged(other)
                if better(best, judged):
                    weights, best = other, judged
        return weights

    def _blending(self, moments: Sequence[Moment], weights: Weights) -> Weights:
        """How much each part tells of one who is known."""
        until = time.thread_time() + _SECONDS
        trial = self._trial(moments, weights)
        return tuned(trial, weights, only=_KNOWN, go_on=lambda: time.thread_time() < until)

    def _lifting(self, moments: Sequence[Moment], weights: Weights) -> Weights:
        """How far people like her, or popularity, tell what one likes who is hardly known."""
        best: tuple[float, Weights] | None = None
        for shrink in _SHRINKS if self._scopes else (weights.book_shrink,):
            other = replace(weights, book_shrink=shrink)
            trial = self._trial(moments, other)
            searched = tuned(trial, other, only=_HARDLY)
            judged = float(trial.judged(searched).mean())
            if best is None or judged >= best[0]:
                best = judged, searched
        return best[1] if best else weights

    def _trial(self, moments: Sequence[Moment], weights: Weights) -> Trial:
        unit = replace(
            weights, live=1.0, night=0.0, tags=1.0, popular=1.0, book=1.0, shrink=0.0, hour=0.0
        )
        whens, size = np.array([each.at for each in moments]), len(self._ids)
        paces = [self._readings.popular(whens, size, pace) for pace in (HALF_LIFE, LATELY)]
        examples = (
            self._example(each, self._slice.fared(popular=popular, lately=lately), unit)
            for each, popular, lately in zip(moments, *paces, strict=True)
        )
        return Trial(examples, len(moments))

    def _example(self, moment: Moment, then: Slice, unit: Weights) -> Example:
        """One moment, told how everything had fared by then."""
        question = self._question(moment.history, moment.at, moment.user, unit)
        return Example(
            Scores(question, then, unit).parts(), len(question.reads),
            np.array([self._index[item] for item in moment.targets], np.int64),
            np.array([self._index[item] for item, _, _ in moment.history], np.int64),
        )  # fmt: skip
