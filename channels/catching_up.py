"""Catching up (夜间同步): once a day platforms are asked for what their callbacks may have missed.

People first (who follows whom), then yesterday's figures. Both go in slices with a mark, may die
anywhere and may be done twice: what was told before is not told again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Protocol, runtime_checkable

from channels.accounts import Account, Accounts, Channels
from channels.base import Unanswered, wait_after
from channels.roll import Roll
from data_hub.intake import Intake
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Problem
from kernel.events import Event
from stores.records import Record, Records
from stores.watermarks import Watermarks

BEGINS = time(3)
FIGURES_FROM = time(9)
"""Platforms have yesterday's figures ready by eight or nine in the morning."""


@runtime_checkable
class KnowsPeople(Protocol):
    """A channel that can be asked for everybody it knows."""

    def people(self, mark: str) -> tuple[list[Event], str]:
        """Some more of them, and the mark to go on from; empty at the end."""
        ...


@runtime_checkable
class Counts(Protocol):
    """A channel that counts for us what happened on a day."""

    def figures(self, day: date) -> list[Event]: ...


class CatchingUp:
    """The walk over all accounts. Only one worker does it at a time."""

    def __init__(
        self,
        records: Records,
        accounts: Accounts,
        channels: Channels,
        intake: Intake,
        roll: Roll,
        clock: Clock,
        zone: Zone,
    ) -> None:
        self._accounts = accounts
        self._channels = channels
        self._intake = intake
        self._roll = roll
        self._clock = clock
        self._zone = zone
        self._marks = Watermarks(records, Record)
        self._records = records
        self._resting: dict[str, datetime] = {}
        """What was refused, until when it is left alone."""

    def run(self) -> int:
        """One slice of what is due today; 0 once everything was asked."""
        for account in self._accounts.all():
            if not account.paused and (found := self._one(account)):
                return found
        return 0

    def _one(self, account: Account) -> int:
        try:
            channel = self._channels.of(account)
        except Problem:
            return 0  # an account that cannot be used holds up no other
        now = self._zone.local(self._clock())
        today = now.date()
        if now.time() < BEGINS:
            return 0
        people = channel.people if isinstance(channel, KnowsPeople) else _nobody
        if self._step(f"people:{account.id}", today, people):
            return 1
        if now.time() >= FIGURES_FROM and isinstance(channel, Counts):
            return self._step(f"figures:{account.id}", today, self._yesterday(channel, today))
        return 0

    def _yesterday(self, channel: Counts, today: date) -> Callable[[str], tuple[list[Event], str]]:
        return lambda _: (channel.figures(today - timedelta(days=1)), "")

    def _step(self, name: str, today: date, ask: Callable[[str], tuple[list[Event], str]]) -> int:
        """Ask for a slice. A platform that says no is left alone for a while."""
        if (rests := self._resting.get(name)) and self._clock() < rests:
            return 0
        day, _, mark = self._marks.of(name).partition("|")
        if day == today.isoformat():
            if mark == _DONE:
                return 0
        else:
            mark = ""
        try:
            events, onward = ask(mark)
        except Unanswered:
            return 0
        except Problem as trouble:
            self._resting[name] = self._clock() + wait_after(trouble, timedelta(0))
            return 0
        news = self._roll.news(events)
        self._intake.take(self._roll.untold(news), door="catching_up")
        with self._records.write():
            self._roll.note(news)
            self._marks.move(name, f"{today.isoformat()}|{onward or _DONE}")
        return 1


def _nobody(_: str) -> tuple[list[Event], str]:
    return [], ""


_DONE = "\x7f"
"""Behind every mark that a platform could give."""
