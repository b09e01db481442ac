"""Rounds (巡看): everybody is looked at once more, some at a time, where nothing new was heard.

After a company drew its lines otherwise (`data_hub.terms`), profiles fold otherwise than they did
or there are data enough to predict, and for segments of which not everybody was asked yet. Says
whom to look at; the digest looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from data_hub.profiles import SHAPE, Profiles
from data_hub.standings import Standings
from stores.records import Folded, Records
from stores.watermarks import Watermarks

_TERMS = "digest.terms"
"""By which terms everybody was looked at; and, while that goes on, up to whom."""


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
        self._begun, self._done = False, ""

    def begin(self) -> None:
        """Before anybody is known: whoever comes is looked at by what holds now."""
        if self._begun:
            return
        self._begun = True
        if not self._marks.of(_TERMS) and not self._profiles.ids("", 1):
            with self._people.write("digest"):
                self._marks.move(_TERMS, self._now())

    def next(self, limit: int) -> Round | None:
        """Some of those who wait to be looked at; None if nobody does."""
        return self._by_terms(limit) or self._by_segments(limit)

    def _now(self) -> str:
        """What everybody is looked at by."""
        return self._terms + (".predicted" if self._standings.predicts else "")

    def _by_terms(self, limit: int) -> Round | None:
        now = self._now()
        if self._done == now:
            return None
        told, _, after = self._marks.of(_TERMS).partition(" ")
        if told == now and not after:
            self._done = now
            return None
        found = self._profiles.ids(after if told == now else "", limit)
        mark = f"{now} {found[-1]}" if found else now
        return Round(found, partial(self._marks.move, _TERMS, mark))

    def _by_segments(self, limit: int) -> Round | None:
        filling = self._membership.filling()
        if not filling.segments:
            return None
        found = self._profiles.ids(filling.after, limit)
        through = found[-1] if found else None
        return Round(found, partial(self._membership.note_filled, filling, through))
