"""Topics (主题): what a material is about, as it was when an event arrived.

The content hub answers for today; the answer is stamped here and never rewritten, so that a
profile made again from history does not depend on today's taxonomy.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Protocol

from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from kernel.events import Event
from stores.bulk import among
from stores.records import Record, Records, upsert

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_Kept = dict[str, list[tuple[datetime, list[str]]]]
"""By material: from when on it was about what, the oldest first."""


class Topics(Protocol):
    """What a profile asks of the content hub; segments also ask which tags lie under one."""

    def about(self, materials: Collection[str]) -> Mapping[str, Collection[str]]:
        """The tag ids of each material, now. Materials nobody knows are left out."""
        ...


class TopicStamp(Record, kw_only=True):
    """From when on a material was about what. A new row only when that changed."""

    __tablename__ = "topic_stamps"

    material: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    tags: Mapped[list[str]]


class Stamps:
    """What materials were about, at any moment since the first event about them."""

    def __init__(self, records: Records, topics: Topics, clock: Clock) -> None:
        self._records = records
        self._topics = topics
        self._clock = clock

    def stamp(self, materials: Collection[str]) -> None:
        """Note what these materials are about, where that is not what was noted last."""
        now = self._clock()
        today = self._topics.about(materials)
        kept = self._kept(materials)
        rows = []
        for material in materials:
            tags = sorted(today.get(material, ()))
            stamps = kept.get(material)
            if stamps is None or (stamps[-1][1] != tags and stamps[-1][0] < now):
                since = now if stamps else _ALWAYS
                rows.append({"material": material, "since": since, "tags": tags})
        if rows:
            with self._records.write() as session:
                upsert(session, TopicStamp, rows)

    def of(self, events: Iterable[Event]) -> "Stamped":
        """What is needed to say what each of these events was about."""
        stamped = Stamped(self._kept, self.stamp)
        stamped.learn(events)
        return stamped

    def _kept(self, materials: Collection[str]) -> _Kept:
        columns = ("material", "since", "tags")
        with self._records.read() as session:
            rows = list(among(session, columns, TopicStamp.material, materials))
        found: _Kept = {}
        for material, since, tags in sorted(rows, key=itemgetter(1)):
            found.setdefault(material, []).append((since, tags))
        return found


class Stamped:
    """Answers what an event was about, from the stamps that were loaded for it."""

    def __init__(
        self,
        kept: Callable[[Collection[str]], _Kept],
        stamp: Callable[[Collection[str]], None],
    ) -> None:
        self._kept = kept
        self._stamp = stamp
        self._stamps: _Kept = {}

    def learn(self, events: Iterable[Event]) -> None:
        """Load what these events need besides what is loaded. Whoever is folded from the start is
        so ahead of her turn, too: what only later events of hers are about is stamped first."""
        if new := {event.material for event in events if event.material} - self._stamps.keys():
            self._stamps |= self._kept(new)
            if unstamped := new - self._stamps.keys():
                self._stamp(unstamped)
                self._stamps |= self._kept(unstamped)

    def about(self, event: Event) -> Sequence[str]:
        """The tags of its material when it arrived. Asking later gives the same."""
        stamps = self._stamps.get(event.material)
        if not stamps:
            return ()
        if len(stamps) == 1:
            return stamps[0][1]
        arrived = event.received or event.at
        return stamps[max(bisect_right(stamps, arrived, key=lambda each: each[0]) - 1, 0)][1]
