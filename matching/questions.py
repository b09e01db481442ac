"""Questions (提问): all that a score depends on besides the candidates, asked of the keepers.

What she read and what lies near it, what she leans to, what today is for her, what the rep stands
for and is good at, and, of somebody hardly known, what the rep's other customers read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np

from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from data_hub.prediction import Predictions
from data_hub.profiles import Profile, Seen
from data_hub.staff import Staff
from kernel.calendar import Zone
from matching.abilities import Abilities, ability_pulls
from matching.affinities import (
    Affinities,
    Vocabulary,
    occasion_pulls,
    persona_pulls,
    vocabulary_of,
)
from matching.arrays import Places, Slice, keys_of
from matching.book_lifts import BookLifts
from matching.counters import Counters
from matching.exclusivity import Exclusivity
from matching.hours import FEWEST, days, hour_pulls, reason, turned_to
from matching.needs import (
    WINDOWS,
    Began,
    dates,
    interest_pulls,
    reads,
    sessions,
    shown,
    windows,
    with_neighbours,
)
from matching.nightly import Nightly
from matching.occasions import Habits, Occasion, occasions
from matching.resistances import lacks_trust, repeats, resistance_pulls
from matching.scoring import HARDLY_KNOWN, Lift, Pull, Question, Reason, Weights
from matching.sequels import Sequels, sequel_pulls
from matching.stages import stage_pulls

_OPENED = 3
"""Topics of a content just opened that are spoken for."""


class _Recent:
    """What she had to do with, and where of it stands what is on the shelf."""

    def __init__(self, recent: Sequence[Seen], candidates: Slice) -> None:
        self.all, self.candidates = recent, candidates
        materials = list({each.material: None for each in recent})
        found, places = candidates.places(keys_of(materials))
        self.here = {
            materials[at]: place for at, place in zip(found.tolist(), places.tolist(), strict=True)
        }

    def places(self, some: Iterable[Seen]) -> Places:
        """Where those of some stand that do."""
        here = self.here
        return np.array([here[each.material] for each in some if each.material in here], np.int64)


class Questions:
    """Puts a rep, a customer and a moment into a `Question`."""

    def __init__(
        self,
        *,
        counters: Counters,
        books: BookLifts,
        nightly: Nightly,
        affinities: Affinities,
        abilities: Abilities,
        materials: Materials,
        taxonomy: Taxonomy,
        zone: Zone,
        habits: Habits,
        sequels: Sequels,
        predictions: Predictions | None = None,
        exclusivity: Exclusivity | None = None,
    ) -> None:
        self._exclusivity = exclusivity
        self._predictions = predictions
        self._sequels = sequels
        self._counters = counters
        self._books = books
        self._nightly = nightly
        self._affinities = affinities
        self._abilities = abilities
        self._materials = materials
        self._taxonomy = taxonomy
        self._zone = zone
        self._habits = habits

    def of(
        self,
        profile: Profile,
        rep: Staff | None,
        now: datetime,
        weights: Weights,
        candidates: Slice,
    ) -> Question:
        recent = profile.recent()
        read = reads(recent)
        materials = [material for material, _ in read]
        hardly = len(read) <= HARDLY_KNOWN
        return Question(
            now=now,
            reads=with_neighbours(
                read,
                self._counters.neighbours(materials[: weights.reach]),
                self._nightly.lists(materials[: weights.night_reach]),
            ),
            pulls=self._pulls(profile, recent, rep, now, weights, candidates),
            lifts=self._lifts(rep, now, weights.book_shrink) if hardly else (),
            shown=shown(profile, self._zone.day(now)),
        )

    def occasions(self, profile: Profile, now: datetime) -> list[Occasion]:
        """What makes today a good day to speak to her."""
        model = self._predictions.model() if self._predictions else None
        return occasions(dates(profile, self._zone, model), self._zone.day(now), self._habits)

    def _today(self, profile: Profile, now: datetime, candidates: Slice) -> list[Occasion]:
        """The same; what she has just opened speaks for what it is about."""
        found, tree = self.occasions(profile, now), self._taxonomy.now()
        for at, each in enumerate(found):
            if each.kind == "opened" and profile.materials:
                place = candidates.place(each.cycle.partition(":")[0])
                worn = candidates.names_at(place) if place is not None else ()
                topics = [tag.id for tag in tree.tags(worn) if tag.facet == "topic"]
                found[at] = replace(each, topics=tuple(topics[:_OPENED]))
        return found

    def repeats(self, profile: Profile, told: Collection[str], candidates: Slice) -> Places | None:
        """Devices of trust that she was told of already, while she does not trust yet."""
        if not lacks_trust(profile):
            return None
        about = self._materials.topics(
            {*told, *(material for material, _ in reads(profile.recent()))}
        )
        return repeats(self._taxonomy.now(), about, candidates)

    def warm(self) -> None:
        """Look at what is remembered between requests: inside a snapshot nothing new is kept."""
        self._taxonomy.now()
        self._affinities.all()
        self._sequels.pairs()
        self._nightly.weights()
        if self._exclusivity:
            self._exclusivity.warm()
        if self._predictions:
            self._predictions.model()

    def _pulls(
        self,
        profile: Profile,
        recent: Sequence[Seen],
        rep: Staff | None,
        now: datetime,
        weights: Weights,
        candidates: Slice,
    ) -> list[Pull]:
        vocabulary, rules = vocabulary_of(self._taxonomy.now()), self._affinities.all()
        lately, began = _Recent(recent, candidates), Began.of(now, self._zone)
        looked = partial(self._looked, lately, sessions(recent), began)
        loud = weights.tags_of(len({each.material for each in recent}))
        pulls = interest_pulls(profile, looked, vocabulary, began, loud)
        today = self._today(profile, now, candidates)
        pulls += occasion_pulls(today, rules, vocabulary, weights)
        pulls += resistance_pulls(profile, vocabulary.tree, weights)
        pulls += stage_pulls(profile, vocabulary.tree, now, weights, self._zone)
        pulls += self._of_this_hour(lately, now, weights, vocabulary)
        if self._exclusivity:
            pulls += self._exclusivity.pulls(profile, vocabulary.tree, candidates)
        pulls += sequel_pulls(profile, self._sequels.pairs(), weights)
        if rep is not None:
            pulls += persona_pulls(tuple(rep.persona), rules, vocabulary, weights)
            pulls += ability_pulls(self._abilities.of(rep.id), weights)
        return pulls

    def _of_this_hour(
        self, recent: _Recent, now: datetime, weights: Weights, vocabulary: Vocabulary
    ) -> list[Pull]:
        """What she turns to at this time of day."""
        liked = [each for each in recent.all if each.weight > 0]
        hers = days([each.at for each in liked], now, self._zone)
        if not weights.hour or hers.all[0] < FEWEST:
            return []
        there = [at for at, each in enumerate(liked) if each.material in recent.here]
        turned = turned_to([hers.of[at] for at in there], recent.places(liked), recent.candidates)

        def told(tag: str, weight: float) -> Reason:
            halves = {half for column, half in turned if column == recent.candidates.columns[tag]}
            elsewhere = self._elsewhere(recent, liked)
            halves |= {hers.of[at] for at, tags in elsewhere if tag in tags}
            return reason(hers, tag, weight, halves, vocabulary.label(tag))

        topics = vocabulary.tree.by_id
        return hour_pulls(hers, turned, recent.candidates, topics, weights, told)

    def _looked(
        self, recent: _Recent, looked: Sequence[Seen], began: Began, tags: Collection[str]
    ) -> dict[str, list[int]]:
        """How many sessions were about each tag or what lies under it, by window. What is on the
        shelf is known there."""
        fell = windows(looked, began)
        there = [fell[at] for at, each in enumerate(looked) if each.material in recent.here]
        counts = recent.candidates.bearing(
            tags, recent.places(looked), np.array(there, np.int64), len(WINDOWS)
        )
        for at, about in self._elsewhere(recent, looked):
            for tag in about & counts.keys():
                counts[tag][fell[at]] += 1
        return counts

    def _elsewhere(
        self, recent: _Recent, looked: Sequence[Seen]
    ) -> Iterator[tuple[int, AbstractSet[str]]]:
        """Which of these were not found on the shelf, and what each was about, with what lies
        above it."""
        gone = {
            at: each.material for at, each in enumerate(looked) if each.material not in recent.here
        }
        if gone:
            about, tree = self._materials.topics(set(gone.values())), self._taxonomy.now()
            for at, material in gone.items():
                yield at, tree.above(about.get(material, ()))

    def _lifts(self, rep: Staff | None, now: datetime, shrink: float) -> list[Lift]:
        return [self._books.lift(rep.id, now, shrink)] if rep else []
