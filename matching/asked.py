"""One question (一次提问): who asked about whom, and everything it was answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from data_hub.customers import Customer
from data_hub.profiles import Profile
from data_hub.staff import Staff
from matching.arrays import Floats, Places, Sight, Slice
from matching.assembly import Chosen
from matching.scoring import Reason, Scores, weightiest_first
from matching.steering import Ruling, Steering

EXCLUDED = "why_excluded"


class Asked(NamedTuple):
    """One question and everything it was answered from."""

    customer: Customer
    rep: Staff | None
    candidates: Slice
    scores: Scores
    chance: float
    seed: int
    barriers: Mapping[str, Places]
    """By the reason: what must not be offered, whatever it scores."""
    policy: str = ""
    """Names the blend, the night, and whether she is held out, wants no list made for her, or the
    counts lag."""
    profile: Profile = Profile()
    """Hers, whether or not the score may look at it."""
    steering: Steering = Steering()
    account: str = ""
    """On whose shelf it must stand; empty is anyone's."""
    version: int = 0
    """Of what stands on the shelf, as it was looked at."""

    @property
    def sight(self) -> Sight:
        """What of the candidates the asker sees at all."""
        return self.scores.sight

    @property
    def withheld(self) -> dict[str, int]:
        """How many of those that she sees each reason keeps off the list."""
        counted = {key: len(self.sight.of(places)) for key, places in self.barriers.items()}
        return {key: count for key, count in counted.items() if count}

    @property
    def total(self) -> Floats:
        """The score of every candidate, with what the company's rules add."""
        return self.steering.raised(self.scores.total)

    def steered(self, rulings: Sequence[Ruling]) -> Asked:
        """The same question under these rules."""
        steering = Steering.of(rulings, self.scores.total, self.candidates)
        barriers = {key: mask for key, mask in self.barriers.items() if key != EXCLUDED}
        if steering.excluded:
            barriers[EXCLUDED] = np.unique(np.concatenate(steering.excluded))
        return self._replace(barriers=barriers, steering=steering)

    def reasons(
        self,
        place: int,
        titles: Mapping[str, str] = MappingProxyType({}),
        *,
        leads: bool = False,
    ) -> list[Reason]:
        """Why this candidate scores what it scores under the rules, the weightiest first."""
        why = self.scores.reasons(place, titles, leads=leads)
        boosted = self.steering.reasons(place)
        return weightiest_first([*why, *boosted]) if boosted else why


class Listed(NamedTuple):
    """A list, and which rule placed what on it."""

    chosen: list[Chosen]
    by_rule: dict[int, Ruling]
    total: Floats
    """What everything scores; minus infinity for what must not be shown."""
    led: frozenset[int] = frozenset()
    """What stands at the top for the rep's persona alone."""
    stages: Sequence[frozenset[int]] = ()
    """What was on it by score and variety; then as the company's rules have it; then with what a
    rep needs in her hands."""
