"""Nearness (附近): the condition about where she was last, and the distance between two places."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from data_hub.segments.subject import NEVER, Subject
from data_hub.segments.tree import Leaf, plain
from kernel.errors import Invalid
from kernel.values import dataclass

_EARTH = 6_371_008.8
"""Mean radius in metres."""


@dataclass(frozen=True, slots=True)
class Near(Leaf):
    """She was last within so many metres of a point (WGS-84), no longer than so many hours ago."""

    word: ClassVar[str] = "near"
    latitude: float
    longitude: float
    metres: float = 3_000.0
    hours: float = 24.0

    def check(self) -> None:
        there = -90 <= self.latitude <= 90 and -180 <= self.longitude <= 180
        if not there or not 0 < self.metres <= 2e7 or not 0 < self.hours <= 720:
            raise Invalid("rule", "rule_is_odd", what=self.text()[:60])

    def distance(self, s: Subject) -> float:
        """Metres along the surface; infinite for who has not told where she is."""
        place = s.profile.place
        if not place or s.present - place[2] > self.hours * 3_600:
            return math.inf
        return metres_between((self.latitude, self.longitude), (place[0], place[1]))

    def holds(self, s: Subject) -> bool:
        return self.distance(s) <= self.metres

    def until(self, s: Subject) -> float:
        place = s.profile.place
        at = place[2] + self.hours * 3_600 + 1 if place else 0.0
        return at if at > s.present else NEVER

    def text(self) -> str:
        return (
            f"near {plain(self.latitude)}, {plain(self.longitude)} within {plain(self.metres)}m"
            f" in {plain(self.hours)}h"
        )

    def facts(self, s: Subject) -> dict[str, Any]:
        distance = self.distance(s)
        return {"n": "–" if math.isinf(distance) else f"{distance / 1000:.1f}"}


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance between two points in degrees (haversine)."""
    (lat, lon), (lat2, lon2) = ((math.radians(x), math.radians(y)) for x, y in (one, other))
    half = math.sin((lat2 - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(min(half, 1.0)))
