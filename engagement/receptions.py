"""Receptions (内容反响): how one material was received, for whoever answers for it.

How often it was recommended, sent, opened and led to a contact; what reps said against it; how it
was looked at lately, day by day and sitting by sitting. Nobody's name is told: who read what is
the business of her rep. Counts nothing by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from engagement.sittings import Sitting, sitting, sittings
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.events import Event
from kernel.values import dataclass
from matching.counters import Counters
from matching.feedback import Feedback
from stores.history import Axis, History

DAYS = 30
MOST = 2_000
"""So many events of the last days are looked at; of a material that has more, the latest."""
_SITTINGS = 20
_LOOKED = (
    "opened_link", "read_material", "turned_page", "finished_material", "played_video",
    "downloaded_file", "used_tool", "entered_livestream",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """One sitting, and by whose link on which account she came."""

    sitting: Sitting
    account: str
    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What became of a material so far."""

    recommended: int
    """How often it was on a rep's list for a customer."""
    sent: int
    opened: int
    """How many people looked at it; machines that fetch pages are none."""
    contacts: int
    unfit: Mapping[str, int]
    """By a rep's reason, for how many customers it did not fit."""
    views: Sequence[tuple[date, int]]
    """How many sittings began on each of the last days, the oldest first."""
    looks: Sequence[Looked]
    """The latest sittings, the latest first."""
    whole: bool
    """Are the last days told from all of their events?"""

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        return tuple((each, int(getattr(self, each))) for each in STEPS)


STEPS = ("recommended", "sent", "opened", "contacts")


class Receptions:
    """How materials were received."""

    def __init__(
        self, counters: Counters, history: History, feedback: Feedback, clock: Clock, zone: Zone
    ) -> None:
        self._counters = counters
        self._history = history
        self._feedback = feedback
        self._clock = clock
        self._zone = zone

    def of(self, material: str) -> Reception:
        shown, readers = self._counters.shown(material)
        done = {
            count.key[0]: count.count
            for count in self._history.counts([Axis.KIND], material=material)
        }
        today = self._zone.day(self._clock())
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        events, whole = self._latest(material, days[0])
        looks = sorted(_looks(events), key=lambda each: each.sitting.began, reverse=True)
        began = Counter(self._zone.day(each.sitting.began) for each in looks)
        return Reception(
            recommended=shown,
            sent=done.get("sent", 0) + done.get("sent_script", 0),
            opened=readers,
            contacts=done.get("left_contact", 0),
            unfit=self._feedback.about([material]).get(material, {}),
            views=[(day, began[day]) for day in days],
            looks=looks[:_SITTINGS],
            whole=whole,
        )

    def likes(self, material: str) -> int:
        """How often somebody liked it: once a person and day."""
        counted = self._history.counts([], material=material, kind="liked_material")
        return sum(each.count for each in counted)

    def seen_through(self, material: str) -> list[tuple[str, int]]:
        """How many sittings of the last days came by whose link, most first; "" is nobody's."""
        today = self._zone.day(self._clock())
        events, _ = self._latest(material, today - timedelta(days=DAYS - 1))
        return Counter(each.rep for each in _looks(events)).most_common()

    def _latest(self, material: str, since: date) -> tuple[list[Event], bool]:
        """What people did with it since a day, in any order."""
        events: list[Event] = []
        before = None
        while len(events) < MOST:
            page = self._history.of_kinds(
                _LOOKED, material=material, since=since, before=before, limit=100
            )
            events += page.items
            if (before := page.next) is None:
                break
        return [each for each in events if not each.detail.get("bot")], before is None


def _looks(events: Sequence[Event]) -> Iterator[Looked]:
    """Everybody's sittings, in no order; whose link it was decides as well as who she is."""
    own: dict[tuple[str, str, str], list[Event]] = {}
    for event in sorted(events, key=lambda each: (each.at, each.id)):
        own.setdefault((str(event.handle or event.id), event.account, event.rep), []).append(event)
    for (_, account, rep), hers in own.items():
        for each in sittings(hers):
            yield Looked(sitting(each), account, rep)
