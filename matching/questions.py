"""Questions (提问): all that a score depends on besides the candidates, asked of the keepers.

What she read and what lies near it, what she leans to, what today is for her, what the rep stands
for and is good at, and, of somebody hardly known, what the rep's other customers read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from matching.affinities import Affinities, occasion_pulls, persona_pulls, vocabulary_of
from matching.arrays import Places, Slice, keys_of
from matching.book_lifts import BookLifts
from matching.counters import Counters
from matching.exclusivity import Exclusivity
from matching.needs import (
    WINDOWS,
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
from matching.scoring import HARDLY_KNOWN, Lift, Pull, Question, Weights
from matching.sequels import Sequels, sequel_pulls
from matching.stages import stage_pulls

_OPENED = 3
"""Topics of a content just opened that are spoken for."""


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
        looked = partial(self._looked, sessions(recent), now, candidates)
        loud = weights.tags_of(len({each.material for each in recent}))
        pulls = interest_pulls(profile, looked, vocabulary, now, loud)
        today = self._today(profile, now, candidates)
        pulls += occasion_pulls(today, rules, vocabulary, weights)
        pulls += resistance_pulls(profile, vocabulary.tree, weights)
        pulls += stage_pulls(profile, vocabulary.tree, now, weights, self._zone)
        if self._exclusivity:
            pulls += self._exclusivity.pulls(profile, vocabulary.tree, candidates)
        pulls += sequel_pulls(profile, self._sequels.pairs(), weights)
        if rep is not None:
            pulls += persona_pulls(tuple(rep.persona), rules, vocabulary, weights)
            pulls += ability_pulls(self._abilities.of(rep.id), weights)
        return pulls

    def _looked(
        self, looked: Sequence[Seen], now: datetime, candidates: Slice, tags: Collection[str]
    ) -> dict[str, list[int]]:
        """How many sessions were about each tag or what lies under it, by window. What is on the
        shelf is known there."""
        fell = np.array(windows(looked, now), np.int64)
        found, places = candidates.places(keys_of(each.material for each in looked))
        counts = candidates.bearing(tags, places, fell[found], len(WINDOWS))
        if len(found) < len(looked):
            elsewhere = np.setdiff1d(np.arange(len(looked)), found).tolist()
            about = self._materials.topics({looked[at].material for at in elsewhere})
            tree = self._taxonomy.now()
            for at in elsewhere:
                for tag in tree.above(about.get(looked[at].material, ())) & counts.keys():
                    counts[tag][fell[at]] += 1
        return counts

    def _lifts(self, rep: Staff | None, now: datetime, shrink: float) -> list[Lift]:
        return [self._books.lift(rep.id, now, shrink)] if rep else []
