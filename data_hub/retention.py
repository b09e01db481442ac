"""Retention (保存期限): what is kept for a purpose is let go of when its time is over.

Works on the history; whoever it was about is digested anew, so that her profile says only what is
still kept. Erases nobody: that is `data_hub.privacy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType

from data_hub.digest import Digest
from data_hub.emptying import Emptying
from data_hub.profiles import Profiles
from data_hub.whereabouts import tells_a_place, unplaced
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Invalid
from kernel.events import Refusal
from stores.history import History, Sort
from stores.records import Folded, Records
from stores.watermarks import Watermarks

EVERYTHING = "everything"
"""The purpose of whatever stands in no other: months that are over are dropped whole."""
SLICE = 500
_SORTS = 10_000
_MARK = "retention"
_BEGUN = "retention.begun"
_DONE = "."
_GONE = declare("retention.gone", "events are let go of, profiles still tell of them")
PURPOSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "location": ("located",),
        "conversations": (
            "messaged", "replied", "chatted", "called", "visited", "dialled_phone",
            "replied_on_platform",
        ),
        "browsing": (
            "viewed_page", "searched", "viewed_product", "opened_link", "turned_page",
            "opened_chat", "clicked_menu", "read_material", "finished_material", "played_video",
            "entered_livestream", "used_tool", "opened_form", "saved_image", "downloaded_file",
            "opened_app_link", "opened_expired_link",
        ),
        "advice": (
            "recommended", "reminded", "opened_reminder", "put_off", "refused_content",
            "copied_script", "edited_script",
        ),
        "refused": (),
    }
)  # fmt: skip
"""What each purpose keeps, by kind. What somebody bought, agreed to or complained about is kept for
as long as the law asks, and stands in none of them; nor do kinds that a company named itself. What
was refused is no event: it waits to be tried again, and no longer than so."""

LetGo = Callable[[datetime, int], int]
"""Drops up to so much that is from before a moment; how much that was."""


def periods(told: str) -> dict[str, int]:
    """Days by purpose, from the setting. Raises `Invalid`; location is never kept over 30 days, and
    what was refused has an end whatever is said."""
    found: dict[str, int] = {}
    for part in filter(None, told.replace(" ", "").split(",")):
        name, _, days = part.partition("=")
        if name not in PURPOSES and name != EVERYTHING:
            raise Invalid("retention", "not_a_choice", choices=[*PURPOSES, EVERYTHING])
        if not days.isdecimal() or not 1 <= int(days) <= 36_500:
            raise Invalid("retention", "not_a_number")
        found[name] = int(days)
    found["location"] = min(found.get("location", 30), 30)
    found.setdefault("refused", 180)
    return found


class Retention:
    """Lets go of what was kept long enough."""

    def __init__(
        self,
        history: History,
        people: Records,
        profiles: Profiles,
        digest: Digest,
        emptying: Emptying,
        clock: Clock,
        *,
        days: Mapping[str, int],
        zone: Zone | None = None,
        beside: Mapping[str, Sequence[LetGo]] = MappingProxyType({}),
    ) -> None:
        """``beside``: who else keeps what it was told of a purpose, and lets go of it."""
        self._history = history
        self._people = people
        self._profiles = profiles
        self._marks = Watermarks(people, Folded)
        self._digest = digest
        self._emptying = emptying
        self._clock = clock
        self.days = days
        self._zone = zone or Zone()
        self._beside = beside

    def run(self, limit: int = SLICE) -> int:
        """Let go of up to so many events; how many there were. 0 when nothing is over, and while
        many wait to be digested: who somebody is is known of what was, and stays so.

        What is begun is noted first: a run that was broken off may have let go of events of which
        profiles still tell, and the next ones look for these before anything else.
        """
        if self._digest.behind():
            return 0
        if begun := self._marks.of(_BEGUN):
            return self._look_again(begun, limit)
        today = self._zone.day(self._clock())
        over = {purpose: today - timedelta(days=days) for purpose, days in self.days.items()}
        self._note(max(over.values()).isoformat())
        gone = 0
        for purpose, before in over.items():
            for kind in PURPOSES.get(purpose, ()):
                if gone < limit:
                    gone += self._let_go(kind, before, limit - gone)
            for let_go in self._beside.get(purpose, ()):
                if gone < limit:
                    gone += self._asked(let_go(self._zone.at(before), limit - gone))
        if gone < limit:
            gone += self._let_go_of_refused(over)
        if gone < limit and EVERYTHING in over:
            gone += self._drop(over[EVERYTHING], limit)
        self._note("")
        return gone

    def _let_go(self, kind: str, before: date, limit: int) -> int:
        handles = self._history.let_go(kind, before, limit)
        crash_point(_GONE)
        if handles:
            self._emptying.ask(_MARK)
            self._digest.let_go({each for each in handles if each is not None})
        return len(handles)

    def _let_go_of_refused(self, over: Mapping[str, date]) -> int:
        """What was refused waits and is shown no longer than its own time; and what tells where
        somebody was, no longer than a place is kept."""
        times = {purpose: self._zone.at(over[purpose]) for purpose in ("refused", "location")}

        def is_over(told: Refusal, placed: bool) -> bool:
            return told.at < (max(times.values()) if placed else times["refused"])

        after, gone = 0, 0
        while stretch := self._history.refused(after=after):
            after = stretch[-1][0]
            waited = [n for n, told in stretch if is_over(told, tells_a_place(told.again))]
            self._history.settle(waited)
            gone += len(waited)
        shown = [
            Sort(told.door, told.reason, told.field)
            for told, _ in self._history.refusals(limit=_SORTS)
            if told.sample and is_over(told, unplaced(told.sample) != told.sample)
        ]
        if shown:
            self._history.unsample(shown)
        return self._asked(gone + len(shown))

    def _asked(self, gone: int) -> int:
        """If anything is gone, its bytes are to go, too."""
        if gone:
            self._emptying.ask(_MARK)
        return gone

    def _note(self, begun: str) -> None:
        with self._people.write("retention"):
            self._marks.move(_BEGUN, begun)

    def _look_again(self, begun: str, limit: int) -> int:
        """Look through so many profiles for what a run that was broken off has let go of."""
        before, _, after = begun.partition(" ")

        def upto(last: str) -> None:
            self._marks.move(_BEGUN, f"{before} {last}" if last else "")

        return self._renew(date.fromisoformat(before), after, limit, upto)

    def _drop(self, before: date, limit: int) -> int:
        """Drop the months that were over by then, and look through so many profiles for what was
        in them; how many there were."""
        first = before.replace(day=1)
        month, _, after = self._marks.of(_MARK).partition(" ")
        dropped = self._history.drop_before(first)
        crash_point(_GONE)
        if dropped:
            self._emptying.ask(_MARK)
            self._digest.void()
        if dropped or month != first.isoformat():
            month, after = first.isoformat(), ""
        elif after == _DONE:
            return 0

        def upto(last: str) -> None:
            self._marks.move(_MARK, f"{month} {last or _DONE}")

        return self._renew(first, after, limit, upto)

    def _renew(self, day: date, after: str, limit: int, upto: Callable[[str], None]) -> int:
        """Fold the next so many profiles anew that tell of what was before that day; how many were
        looked at. ``upto`` is told the last of them in the same write, nothing behind them all.
        As many events may wait for their turn as are gone: how many there are says nothing."""
        customers = self._profiles.ids(after, limit)
        kept = self._profiles.many(customers)
        begins = self._zone.at(day).timestamp()
        older = [her for her, profile in kept.items() if profile.began < begins]
        last = customers[-1] if customers else ""
        self._digest.renew(older, lambda: upto(last))
        return max(1, len(customers))
