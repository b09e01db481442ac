"""Nearby (附近的客户): which of a rep's customers are near to where she stands, and worth a visit.

Only of customers who said that their place may be looked at, only as long as it is fresh, and only
of the rep's own. Who stands in a square around her is looked up (`data_hub.geohash`), and only they
are measured. Where the rep is, is kept nowhere: the page that asks again tells where it asked
last. Distances are over the ground, in WGS-84; Chinese maps shift by some hundred metres (GCJ-02),
so a place says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from data_hub.consents import LOCATION, Consents
from data_hub.customers import Customer, Customers
from data_hub.geohash import touched
from data_hub.places import SYSTEMS, Place, from_gcj
from data_hub.profiles import Profile, Profiles
from data_hub.segments.nearness import metres_between
from kernel.actors import Actor, require
from kernel.clock import Clock
from kernel.errors import Forbidden, Invalid
from kernel.values import dataclass
from matching.needs import sessions

_LATELY = timedelta(days=30)
_MUCH = 10.0
"""So much done lately counts fully."""
_BOUGHT = 5.0
"""A purchase counts as so many readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vicinity:
    """What counts as near; every number is a setting."""

    metres: float = 3_000.0
    hours: float = 24.0
    """For so long a place that was told is one where she may be met."""
    moved: float = 500.0
    """Metres after which a rep's list is another…"""
    minutes: float = 15.0
    """…if so much time has passed, too."""


USUAL = Vicinity()


def place_of(latitude: float, longitude: float, system: str = "wgs84") -> Place:
    """A point as a phone or a map told it. Raises `Invalid`."""
    if system not in SYSTEMS:
        raise Invalid("system", "not_a_choice", choices=[*SYSTEMS])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # what is no number is neither
        raise Invalid("latitude", "no_such_place")
    there = Place(latitude, longitude)
    return from_gcj(there) if system == "gcj02" else there


class Before(NamedTuple):
    """Where and when the list was made that a rep looks at."""

    place: Place
    at: datetime


def worth_another(
    before: Before | None, here: Place, now: datetime, vicinity: Vicinity = USUAL
) -> bool:
    """Has she moved so far, and did so much time pass, that her list is to be made anew?"""
    if before is None or before.at > now:
        return True
    waited = now - before.at >= timedelta(minutes=vicinity.minutes)
    return waited and metres_between(before.place, here) > vicinity.moved


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A customer who is near."""

    customer: Customer
    metres: float
    reads: int
    """What she read within thirty days…"""
    bought: int
    """…and what she bought."""
    at: datetime
    """When she was there."""
    score: float
    there: Place

    @property
    def way(self) -> str:
        """A link that leads there, for the maps that phones in China have."""
        return (
            "https://uri.amap.com/navigation?mode=walk&coordinate=wgs84"
            f"&to={self.there.longitude:.6f},{self.there.latitude:.6f}"
        )


class Nearby:
    """Who of a rep's customers is near."""

    def __init__(
        self,
        customers: Customers,
        profiles: Profiles,
        consents: Consents,
        clock: Clock,
        vicinity: Vicinity = USUAL,
    ) -> None:
        self.vicinity = vicinity
        self._customers = customers
        self._profiles = profiles
        self._consents = consents
        self._clock = clock

    def of(self, actor: Actor, here: Place, *, metres: float | None = None) -> list[Neighbour]:
        """Her customers within so many metres, those first who are near and active. Raises
        `Forbidden` for who is no rep."""
        metres = self.vicinity.metres if metres is None else metres
        require(actor, "recommend")
        if not actor.staff:
            raise Forbidden("workbench_is_for_people")
        now = self._clock()
        profiles = self._near(actor.staff, here, metres, now)
        seen = self._customers.seen_by(actor).many(profiles)
        allowed = self._allowed(seen)
        found = [
            _neighbour(each, profiles[key], here, metres, now)
            for key, each in seen.items()
            if allowed.get(key)
        ]
        return sorted(found, key=lambda each: (-each.score, each.metres, each.customer.id))

    def _near(self, staff: str, here: Place, metres: float, now: datetime) -> Mapping[str, Profile]:
        ids: Collection[str] = self._customers.of_staff([staff])
        since = now - timedelta(hours=self.vicinity.hours)
        cells = touched(*here, metres)
        if cells is not None:  # whoever lies outside of the squares around need not be measured
            ids = self._profiles.lately_in(cells, since).intersection(ids)
        return {
            key: profile
            for key, profile in self._profiles.many(ids).items()
            if profile.place
            and since.timestamp() <= profile.place[2] <= now.timestamp()
            and metres_between(here, (profile.place[0], profile.place[1])) <= metres
        }

    def _allowed(self, seen: Mapping[str, Customer]) -> Mapping[str, bool]:
        asked = {key: (tuple(map(str, each.handles)), LOCATION, "") for key, each in seen.items()}
        return self._consents.among(asked) if asked else {}


def _neighbour(
    customer: Customer, profile: Profile, here: Place, metres: float, now: datetime
) -> Neighbour:
    there = Place(profile.place[0], profile.place[1])
    distance = metres_between(here, there)
    since = (now - _LATELY).timestamp()
    reads = sum(each.at.timestamp() >= since for each in sessions(profile.recent()))
    bought = sum(at >= since for at, *_ in profile.kept())
    done = min(1.0, (reads + _BOUGHT * bought) / _MUCH)
    return Neighbour(
        customer, distance, reads, bought,
        datetime.fromtimestamp(profile.place[2], now.tzinfo),
        0.5 * (1 - distance / metres) + 0.5 * done, there,
    )  # fmt: skip
