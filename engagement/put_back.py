"""Clocks put back (时钟拨回): what was to be done in ten minutes is done in ten minutes.

Whatever waits was given its moment by the clock of then. Where that clock ran ahead and was put
right, those moments lie hours away, and nothing would be sent, asked or shown before they are past.
So the latest moment ever seen is noted, and once the clock stands before it they go back by as
much. What was promised for a moment (a schedule, a date) stays where it is. Which columns wait says
`stores.waiting`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select, tuple_

from channels.deliveries import Delivery, State
from engagement.reminders import Reminder
from engagement.rep_cards import RepCard
from kernel.clock import Clock
from stores.records import Base, Folded, Record, Records
from stores.waiting import waiting
from stores.watermarks import Watermarks

_MARK = "latest_moment"
_EVERY = timedelta(minutes=1)
"""How often the latest moment is noted."""
_JITTER = timedelta(seconds=5)
"""A clock that goes back by less is kept right by its machine, and delays nothing."""
_SLICE = 200
"""Rows a write."""
_PROMISED = and_(
    Delivery.state == State.DUE, Delivery.attempts == 0, Delivery.reason == "",
    Delivery.next_at > Delivery.created,
)  # fmt: skip
"""It was queued for a moment, and nothing has put it off since."""
_TO_COME = exists().where(
    Reminder.id == RepCard.reminder, Reminder.due == RepCard.next_at, Reminder.due > Reminder.made
)
"""A card of a reminder that is not due yet."""


class PutBack:
    """Notices that the clock was put back."""

    def __init__(self, records: Records, people: Records, clock: Clock) -> None:
        self._records = records
        self._people = people
        self._clock = clock
        self._marks = Watermarks(records, Record)

    def mend(self) -> int:
        """Let go back what waits for a moment of a clock that ran ahead; how much did. Broken off,
        it begins again: some of it is done earlier then, and nothing twice."""
        now, noted = self._clock(), self._marks.of(_MARK)
        latest = datetime.fromisoformat(noted) if noted else now - _EVERY
        if now >= latest - _JITTER:
            if now >= latest + _EVERY:
                self._note(now)
            return 0
        moved = self._pull(now, latest - now)
        self._note(now)
        return moved

    def _pull(self, now: datetime, by: timedelta) -> int:
        kept: tuple[tuple[Base, Records], ...] = (Record, self._records), (Folded, self._people)
        return sum(
            _let_back(records, kind, name, now, by)
            for base, records in kept
            for kind, name in waiting(base)
        )

    def _note(self, now: datetime) -> None:
        with self._records.write():
            self._marks.move(_MARK, now.isoformat())


def _let_back(records: Records, kind: Any, name: str, now: datetime, by: timedelta) -> int:
    """Those whose moment is to come, some in each write; how many."""
    moment, key = getattr(kind, name), kind.__mapper__.primary_key
    late = select(*key).where(moment > now, *_reckoned(kind, now))
    with records.read() as session:
        keys = [tuple(each) for each in session.execute(late)]
    for first in range(0, len(keys), _SLICE):
        these = select(kind).where(tuple_(*key).in_(keys[first : first + _SLICE]))
        with records.write() as session:
            for row in session.scalars(these.where(moment > now)):
                setattr(row, name, max(now, getattr(row, name) - by))
    return len(keys)


def _reckoned(kind: Any, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Which rows of a kind wait by the clock that ran ahead, where others hold a promised moment,
    or what a platform asked for before."""
    if kind is Delivery:
        since = or_(
            Delivery.state != State.DUE, Delivery.last_sent.is_(None), Delivery.last_sent > now
        )
        return Delivery.state != State.SENDING, not_(_PROMISED), since
    if kind is RepCard:
        return (not_(_TO_COME),)
    if kind is Reminder:
        return Reminder.made > now, Reminder.due <= Reminder.made
    return ()
