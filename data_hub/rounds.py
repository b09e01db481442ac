"""Rounds (巡看): everybody is looked at once more, some at a time, where nothing new was heard.

After a company drew its lines otherwise (`data_hub.terms`), profiles fold otherwise than they did,
all of them were made again or there are data enough to predict, and for segments of which not
everybody was asked yet. Says whom to look at; the digest looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from data_hub.profiles import SHAPE, Profiles
from data_hub.standings import Standings
from stores.records import Folded, Records
from stores.watermarks import Watermarks

_TERMS = "digest.terms"
"""By which terms everybody was looked at; and, while that goes on, up to whom."""
_AGAIN = "again"
"""In the place of terms: whatever anybody was looked at by counts for nothing."""


class Round(NamedTuple):
    """Whom to look at, and what to note in the write that keeps what was seen."""

    customers: Sequence[str]
    note: Callable[[], None]


class Rounds:
    """One at a time: whoever runs the digest."""

    def __init__(self, people: Records, profiles: Profiles, standings: Standings) -> None:
        self._people = people
        self._profiles = profiles
        self._standings = standings
        self._membership = standings.membership
        self._marks = Watermarks(people, Folded)
        self._terms = f"{SHAPE}.{standings.terms.signature}"
        self._begun = False

    def begin(self) -> None:
        """Before anybody is known: whoever comes is looked at by what holds now."""
        if self._begun:
            return
        self._begun = True
        if not self._marks.of(_TERMS) and not self._profiles.ids("", 1):
            with self._people.write("digest"):
                self._marks.move(_TERMS, self._now())

    def again(self) -> None:
        """Everybody is to be looked at, and asked about each segment. Joins the digest's write."""
        self._marks.move(_TERMS, _AGAIN)
        self._membership.fill_all()

    def next(self, limit: int) -> Round | None:
        """Some of those who wait to be looked at; None if nobody does."""
        told, filling = self._marks.of(_TERMS), self._membership.filling()
        now = self._now()
        terms, _, after = told.partition(" ")
        after = after if terms == now else ""
        waiting = [filling.after] if filling.segments else []
        if told != now:
            waiting.append(after)
        if not waiting:
            return None
        found = self._profiles.ids(min(waiting), limit)
        last = found[-1] if found else ""

        def note() -> None:
            if told != now and (not last or after < last):
                self._marks.advance(_TERMS, told, f"{now} {last}".rstrip())
            if filling.segments:
                self._membership.note_filled(filling, last or None)

        return Round(found, note)

    def _now(self) -> str:
        """What everybody is looked at by."""
        return self._terms + (".predicted" if self._standings.predicts else "")
