"""Rewriting (旧账改写): what earlier versions kept of an act is kept as it would be kept today.

Follows the history from its beginning, once; what comes in afterwards is like that already, so it
finds nothing. Places that came inside acts become events of their own, or go where their time is
over; whoever else kept more than is kept today says how an event is told without it. Drops no
event: that is `data_hub.retention`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from data_hub.digest import Digest
from data_hub.emptying import Emptying
from data_hub.identities import Identities
from data_hub.intake import Intake
from data_hub.profiles import Profile, Profiles
from data_hub.whereabouts import LOCATED, parted
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event
from stores.history import History
from stores.records import Folded, Records
from stores.told import whose
from stores.watermarks import Watermarks

SLICE = 500
_MARK, _BEGUN = "rewriting.2", "rewriting.2.begun"
"""Counted up when more is rewritten than was: a home that was looked through is once more.

2: places told in millionths of a degree."""
_TOOK = declare("rewriting.took", "places are events of their own, acts still tell them, too")
_WROTE = declare("rewriting.wrote", "events are written anew, profiles still tell what they said")

Amend = Callable[[Event], Event]
"""The event as it is kept today: of another detail or none, and the same in all else."""


class Rewriting:
    """Goes through the history in slices; killed anywhere, it goes on there."""

    def __init__(
        self,
        history: History,
        people: Records,
        identities: Identities,
        profiles: Profiles,
        digest: Digest,
        emptying: Emptying,
        intake: Intake,
        clock: Clock,
        *,
        places: int,
        amends: Sequence[Amend] = (),
        zone: Zone | None = None,
    ) -> None:
        """``places`` is how many days a place is kept."""
        self._history = history
        self._people = people
        self._identities = identities
        self._profiles = profiles
        self._digest = digest
        self._emptying = emptying
        self._intake = intake
        self._clock = clock
        self._places = timedelta(days=places)
        self._amends = amends
        self._zone = zone or Zone()
        self._marks = Watermarks(people, Folded)

    def run(self, limit: int = 4 * SLICE) -> int:
        """Look through so many events; how many there were. 0 when all were looked through."""
        done = 0
        while done < limit and (seen := self._slice(min(SLICE, limit - done))):
            done += seen
        return done

    def _slice(self, limit: int) -> int:
        """What is begun is noted first: of a slice that was broken off, nobody knows any more
        which events said something else, so that all of them may have."""
        mark, begun = (int(self._marks.of(name) or 0) for name in (_MARK, _BEGUN))
        stretch = self._history.after(mark, limit)
        if not stretch:
            return 0
        last = stretch[-1][0]
        anew: dict[int, Event] = {}
        places: list[Event] = []
        for seq, event in stretch:
            act, place = self._today(event)
            if act != event:
                anew[seq] = act
            if place is not None:
                places.append(place)
        if anew and last > begun:
            self._move(_BEGUN, last)
        if places:
            self._intake.take(places)
            crash_point(_TOOK)
        if anew:
            self._history.amend(anew)
            crash_point(_WROTE)
            self._emptying.ask(_MARK)
        self._tell([event for seq, event in stretch if seq in anew or seq <= begun])
        self._move(_MARK, last)
        return len(stretch)

    def _move(self, name: str, seq: int) -> None:
        with self._people.write("retention"):
            self._marks.move(name, str(seq))

    def _today(self, event: Event) -> tuple[Event, Event | None]:
        """The act as it is kept today, and the place that it told if that is kept still."""
        for amend in self._amends:
            event = amend(event)
        act, place = parted(event)
        today = self._zone.day(self._clock())
        if place is None or place.detail.get("bot"):
            return act, None
        return act, place if self._zone.day(place.at) >= today - self._places else None

    def _tell(self, told: Sequence[Event]) -> None:
        """Profiles of which a word is of one of these events are folded anew."""
        if not told:
            return
        self._digest.void()  # whoever folds just now may have read them before
        customers = self._identities.customers_of({h for each in told if (h := whose(each))})
        moments: dict[str, set[float]] = {}
        placed: set[str] = set()
        for each in told:
            if her := whose(each):
                customer = customers[str(her)]
                moments.setdefault(customer, set()).add(each.at.timestamp())
                if each.kind == LOCATED:
                    placed.add(customer)
        kept = self._profiles.many(list(moments))
        stale = [her for her in kept if her in placed or _says(kept[her], moments[her])]
        self._digest.renew_all(stale)


def _says(profile: Profile, moments: set[float]) -> bool:
    """Is anything of what she is, or where she was, a word of one of these moments?"""
    if profile.place and profile.place[2] in moments:
        return True
    return any(at in moments for _, at, _ in profile.traits.values())
