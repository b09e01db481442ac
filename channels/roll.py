"""The roll (名册): what the nightly walk over a platform's people has said before.

A walk tells of everybody every night, under ids of its own; the history forgets an id within days.
So what was told is kept here for good, and what a callback told already is not told again. Asks no
platform and tells nothing itself.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import orjson
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from kernel.events import Event
from stores.bulk import among
from stores.history import History
from stores.records import Record, Records, upsert

_BESIDE = timedelta(minutes=10)
"""A callback and the walk date the same act so far apart at most."""
_COLUMNS = ("handle", "about", "said")
_WHICH = ("UserID", "ChatId", "moment")
"""Whose friend, which group or whose moment: she may join or like two within a minute."""


class Line(Record, kw_only=True):
    """One thing that the walk said of one person."""

    __tablename__ = "roll"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    about: Mapped[str] = mapped_column(primary_key=True)
    said: Mapped[str]
    """A digest; of what she did there is only one."""


class Roll:
    """Everybody whom walks have told of. Only one worker walks at a time."""

    def __init__(self, records: Records, history: History, clock: Clock) -> None:
        self._records = records
        self._history = history
        self._clock = clock

    def news(self, events: Sequence[Event]) -> list[Event]:
        """Those that say what is not known yet.

        What she did a few minutes ago is its callback's to tell: it is left to the next walk.
        """
        with self._records.read() as session:
            asked = {_whose(event) for event in events}
            known = {tuple(row) for row in among(session, _COLUMNS, Line.handle, asked)}
        now = self._clock()
        return [
            event
            for event in events
            if _line(event) not in known and (_of_her(event) or now - event.at >= _BESIDE)
        ]

    def untold(self, events: Sequence[Event]) -> list[Event]:
        """Those that no callback told."""
        return [event for event in events if _of_her(event) or not self._told_beside(event)]

    def note(self, events: Sequence[Event]) -> None:
        """They are known now. Joins the walk's own write; noting twice does no harm."""
        rows = {line[:2]: dict(zip(_COLUMNS, line, strict=True)) for line in map(_line, events)}
        with self._records.part() as session:
            upsert(session, Line, list(rows.values()))

    def _told_beside(self, event: Event) -> bool:
        """Did a callback tell of the same act?"""
        if event.handle is None:
            return False
        heard = self._history.timeline([event.handle], kinds=[event.kind], limit=20).items
        return any(
            abs(each.at - event.at) <= _BESIDE
            and each.account == event.account
            and all(each.detail.get(name) == event.detail.get(name) for name in _WHICH)
            for each in heard
        )


def _whose(event: Event) -> str:
    return str(event.handle or "")


def _of_her(event: Event) -> bool:
    """Does it say how she is, and nothing that she did?"""
    return "traits" in event.detail


def _line(event: Event) -> tuple[str, str, str]:
    """What she did is said once; how she is, whenever it has changed."""
    if not _of_her(event):
        return _whose(event), event.id, ""
    traits = event.detail["traits"]
    said = orjson.dumps([traits, *map(str, event.links)], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(said).hexdigest()[:16]
    return _whose(event), ",".join([event.rep, *sorted(traits)]), digest
