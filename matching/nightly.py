"""The night run (夜间训练): once a night all is worked out anew, judged, and used if no worse.

From the trails of the people who read last: a list of neighbours for every content that is read
(EASE), and the weights of the blend. Both are judged on readings that they were not told of; they
ship only if NDCG@10 does not fall. The run before is kept and can be taken up again. A run that is
killed half way has changed nothing: what it wrote is not yet anybody's, and the next one drops it.
"""

import math
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import orjson
from sqlalchemy import LargeBinary, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from content_hub.materials import Materials
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Conflict
from matching.arrays import Floats, Keys, key_of
from matching.counters.records import Trail
from matching.offline.recommending import Offline
from matching.scoring import Weights
from matching.training import as_settings
from stores.changes import Changes
from stores.records import Folded, Records, upsert
from stores.spelling import marks

HOUR = time(3)
"""In the company's zone; a worker that slept over it runs when it wakes."""
PEOPLE = 10_000
"""So many of those who read last are learnt from: more add minutes, and hardly a hit."""
_HELD_OUT = 0.05
_FEWEST = 200
"""Readings below which a night has nothing to learn from."""
_GLANCE = 5.0
"""Seconds for which a process believes that the last night is still the last."""
_WROTE = declare("nightly.wrote", "the lists of a night are written, and not yet anybody's")


_LISTS = "SELECT material, keys, strengths FROM night_lists WHERE night = ? AND material IN ({})"


class NightList(Folded, kw_only=True):
    """The neighbours of one content, as one night found them."""

    __tablename__ = "night_lists"

    night: Mapped[int] = mapped_column(primary_key=True)
    material: Mapped[str] = mapped_column(primary_key=True)
    keys: Mapped[bytes] = mapped_column(LargeBinary)
    strengths: Mapped[bytes] = mapped_column(LargeBinary)


class Night(Folded, kw_only=True):
    """What one night came to, whether it is used or not."""

    __tablename__ = "nights"

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    seconds: Mapped[float]
    contents: Mapped[int]
    people: Mapped[int]
    judged: Mapped[int]
    """On so many moments that it had not been told of."""
    before: Mapped[float]
    """NDCG@10 on them of what was in use…"""
    after: Mapped[float]
    """…and of what this night found."""
    shipped: Mapped[bool]
    weights: Mapped[dict[str, Any]]


class _Used(NamedTuple):
    """The night that is in use."""

    number: int
    weights: dict[str, Any]
    known: Keys


_NONE = _Used(0, {}, np.empty(0, np.uint64))


class Nightly:
    """Works out the nights, and answers with the one in use."""

    def __init__(
        self,
        people: Records,
        changes: Changes,
        materials: Materials,
        clock: Clock,
        zone: Zone,
    ) -> None:
        self._people = people
        self._changes = changes
        self._materials = materials
        self._clock = clock
        self._zone = zone
        self._lock = threading.Lock()
        self._used = _NONE
        self._looked = -_GLANCE

    # Asking

    @property
    def number(self) -> int:
        """The night in use; 0 before the first."""
        return self._now().number

    def weights(self) -> Weights:
        """The blend in use."""
        return Weights(**self._now().weights)

    def searched(self) -> dict[str, float]:
        """Of the blend in use, what a night may move."""
        return as_settings(self.weights())

    def known(self) -> Keys:
        """The contents that the list in use knows."""
        return self._now().known

    def lists(self, materials: Collection[str]) -> dict[str, tuple[Keys, Floats]]:
        """The neighbours of these contents by the night in use."""
        if not (number := self._now().number):
            return {}
        wanted = _LISTS.format(marks(materials))
        return {
            material: (np.frombuffer(keys, np.uint64), np.frombuffer(strengths, np.float64))
            for material, keys, strengths in self._people.rows(wanted, [number, *materials])
        }

    def nights(self, limit: int = 60) -> list[Night]:
        """What the last nights came to, the latest first."""
        with self._people.read() as session:
            wanted = select(Night).order_by(Night.number.desc()).limit(limit)
            return list(session.scalars(wanted))

    def _now(self) -> _Used:
        if monotonic() - self._looked > _GLANCE:
            with self._lock:
                self._look()
        return self._used

    def _look(self) -> None:
        latest = select(Night.number, Night.weights).where(Night.shipped)
        with self._people.read() as session:
            found = session.execute(latest.order_by(Night.number.desc()).limit(1)).first()
            number = found.number if found else 0
            if number != self._used.number:
                own = select(NightList.material).where(NightList.night == number)
                keys = sorted(key_of(material) for material in session.scalars(own))
                known = np.array(keys, np.uint64)
                self._used = _Used(number, _sound(found.weights), known) if found else _NONE
        self._looked = monotonic()

    # The night

    def due(self) -> int:
        """Run if this night's has not been; 1 if it did."""
        now = self._clock()
        today = self._zone.day(now)
        begins = self._zone.at(today, HOUR)
        if now < begins:
            begins = self._zone.at(today - timedelta(days=1), HOUR)
        with self._people.read() as session:
            last = session.scalar(select(func.max(Night.at)).where(Night.at <= now))
        if last is not None and last >= begins:
            return 0
        return 0 if self.run() is None else 1

    def run(self, tell: Callable[[str], None] = lambda _: None) -> Night | None:
        """Work out a night now. None if there is too little to learn from."""
        begun = monotonic()
        log = self._log()
        if len(log) < _FEWEST:
            return None
        cut = int(len(log) * (1 - _HELD_OUT))
        topics = self._materials.topics({material for _, material, _, _ in log})
        items = [{"id": each, "tags": tags} for each, tags in topics.items()]
        made = Offline(items, None, weights=self.weights())
        tell("learning")
        made.learn(log[:cut])
        tell("judging")
        moments = made.moments(log[:cut], log[cut:])
        fresh = made.nightly_lists()
        after = made.judged(moments, made.weights)
        made.take_lists(self._kept_lists(made))
        before = made.judged(moments, self.weights())
        shipped = no_worse(before, after)
        number = self._next()
        if shipped:
            self._write(number, fresh)
        night = Night(
            number=number, at=self._clock(), seconds=round(monotonic() - begun, 2),
            contents=len(fresh), people=len({user for user, *_ in log}), judged=len(after),
            before=float(before.mean()) if len(before) else 0.0,
            after=float(after.mean()) if len(after) else 0.0,
            shipped=shipped, weights=as_settings(made.weights),
        )  # fmt: skip
        crash_point(_WROTE)
        with self._people.write("nightly") as session:
            session.add(night)
        self._looked = -_GLANCE
        return night

    def step_back(self, *, by: str) -> Night:
        """Take up the night before the one in use. Raises `Conflict` if none is left."""
        with self._people.write("nightly") as session:
            used = select(Night).where(Night.shipped).order_by(Night.number.desc()).limit(2)
            nights = session.scalars(used).all()
            if not nights:
                raise Conflict("no_night_to_leave")
            session.execute(
                update(Night).where(Night.number == nights[0].number).values(shipped=False)
            )
        self._changes.note("stepped_back", "night", str(nights[0].number), by=by)
        self._looked = -_GLANCE
        return nights[0]

    def _log(self) -> list[tuple[str, str, float, float]]:
        """What the people who read last have read, the oldest first."""
        names: dict[str, str] = {}  # one content is one string, not one a reading
        log = [
            (handle, names.setdefault(material, material), at, 1.0)
            for handle, steps in self._trails()
            for at, _, material, *_ in orjson.loads(steps)
        ]
        log.sort(key=lambda event: event[2])
        return log

    def _trails(self) -> list[tuple[str, bytes]]:
        latest = select(Trail.handle, Trail.steps).order_by(Trail.moved.desc(), Trail.handle)
        with self._people.read() as session:
            found = session.execute(latest.limit(PEOPLE))
            return [(handle, steps) for handle, steps in found]

    def _kept_lists(self, made: Offline) -> dict[str, tuple[Keys, Floats]]:
        return self.lists(made.contents()) if self._now().number else {}

    def _next(self) -> int:
        """A number above every night's, and above what a killed one has written."""
        with self._people.read() as session:
            last = session.scalar(select(func.max(Night.number))) or 0
        self._sweep(last)
        return last + 1

    def _sweep(self, last: int) -> None:
        """Drop what a killed night has left, and lists that nobody will step back to."""
        used = select(Night.number).where(Night.shipped).order_by(Night.number.desc()).limit(2)
        with self._people.read() as session:
            kept = set(session.scalars(used))
            every = set(session.scalars(select(NightList.night).distinct()))
        for gone in sorted(every - kept):
            while self._dropped(gone):
                pass

    def _dropped(self, night: int) -> int:
        some = select(NightList.material).where(NightList.night == night).limit(200)
        with self._people.write() as session:
            names = list(session.scalars(some))
            session.execute(
                delete(NightList).where(NightList.night == night, NightList.material.in_(names))
            )
        return len(names)

    def _write(self, number: int, lists: dict[str, tuple[Keys, Floats]]) -> None:
        rows = [
            {
                "night": number, "material": material,
                "keys": keys.astype(np.uint64).tobytes(), "strengths": near.tobytes(),
            }
            for material, (keys, near) in lists.items()
        ]  # fmt: skip
        for begin in range(0, len(rows), 100):
            with self._people.write() as session:
                upsert(session, NightList, rows[begin : begin + 100])


def _sound(weights: Mapping[str, Any]) -> dict[str, Any]:
    """What of kept weights is a number: one that is none leaves the weight as it is shipped."""
    numbers = {name: each for name, each in weights.items() if isinstance(each, int | float)}
    return {name: each for name, each in numbers.items() if math.isfinite(each)}


def no_worse(before: Floats, after: Floats) -> bool:
    """Whether what was found may be used: judged on the same moments, it is not below."""
    return bool(len(after)) and float(after.mean()) >= float(before.mean())
