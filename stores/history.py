"""The history (历史): every event once, by handle and by time, with counts kept beside it.

Written only by `Fold`; whoever wants to know what has happened asks here. It knows handles, not
customers: who is behind them is `data_hub.identities`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from kernel.calendar import Zone
from kernel.clock import Clock, utc_now
from kernel.crash import crash_point, declare
from kernel.events import REFUSED, Event, Handle, Refusal, unpack_refusal
from kernel.ids import Page
from stores.acts import Acts, Often, Wanted
from stores.journal import Journal
from stores.told import Label, Told

_READ = declare("fold.read", "entries of the journal were read and nothing was written")
_SLICED = declare("fold.sliced", "some of the entries are in the history, the mark has not moved")
_PUT = declare("fold.put", "the history took the entries; the journal still holds them")
_DROPPED = declare("fold.dropped", "finished stretches of the journal were dropped")

_SLICE = 2_000
"""How many events are put in one transaction."""
_SETTLED = timedelta(days=7)
"""So long after its end little comes late of a month."""


class Axis(StrEnum):
    """What events are counted by."""

    MATERIAL = "material"
    DAY = "day"
    ACCOUNT = "account"
    KIND = "kind"


class Count(NamedTuple):
    """How many events share the values asked for, in the order they were asked for."""

    key: tuple[str, ...]
    count: int  # type: ignore[assignment]  # a tuple has a method of that name; nobody calls it


class Sort(NamedTuple):
    """One sort of refusal: which door, why, and what was wrong."""

    door: str = ""
    reason: str = ""
    field: str = ""


ANY = Sort()
KEPT = 1_000
"""Refused things of one sort that are kept to be tried again; the count goes on."""


class History(Protocol):
    """What every engine of the history does; `stores.contract.history` is its suite."""

    zone: Zone
    """Whose days are counted by."""
    label: Label
    """What is kept of an event beside the act, for whoever counts over everybody."""

    def put(self, entries: Sequence[Event | Told | Refusal], *, upto: int) -> int:
        """Take entries in and move the watermark, in one transaction; how many events were new.

        An (account, id) heard before within the last three arrival days is dropped. Repeating a
        put does no harm: the watermark never goes down.
        """
        ...

    def watermark(self) -> int:
        """The journal position up to which everything is in here."""
        ...

    def after(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        """Events in the order of their arrival, for followers with a mark of their own."""
        ...

    def newest(self) -> int:
        """The number of the latest arrival, erased or not; 0 when nothing ever came."""
        ...

    def timeline(
        self,
        handles: Collection[Handle],
        *,
        before: str | None = None,
        limit: int = 20,
        kinds: Collection[str] | None = None,
    ) -> Page[Event]:
        """What these handles did, newest first by (at, id), each event once.

        A cursor neither repeats nor skips anything, whatever arrives meanwhile.
        """
        ...

    def of(
        self,
        handles: Collection[Handle],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Collection[str] | None = None,
    ) -> Iterator[Event]:
        """Everything these handles did from ``since`` on and before ``until``, of some kinds or
        all, oldest first by (at, id)."""
        ...

    def total(self, handles: Collection[Handle]) -> int:
        """How many different events these handles have."""
        ...

    def counts(
        self,
        by: Sequence[Axis],
        *,
        material: str | None = None,
        account: str | None = None,
        kind: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[Count]:
        """How many events, by the axes; both days are included, in the company's zone."""
        ...

    def of_kinds(
        self,
        kinds: Collection[str],
        *,
        account: str | None = None,
        material: str | None = None,
        since: date | None = None,
        until: date | None = None,
        before: str | None = None,
        limit: int = 20,
    ) -> Page[Event]:
        """The events behind a count: the newest day first, in a day the latest arrival first."""
        ...

    def acts(self, kinds: Sequence[str], *, since: date, until: date) -> Acts:
        """Who did which of these kinds when, and their labels, over days that are both included:
        all of it."""
        ...

    def stretches(self, kinds: Sequence[str], *, since: date, until: date) -> Iterator[Acts]:
        """The same in any parts, with the same numbers in all of them. Ask this history nothing
        else in this thread before the last of them is there."""
        ...

    def often(
        self,
        kind: str,
        *,
        handles: Collection[Handle] | None = None,
        account: str | None = None,
        material: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[Often]:
        """How often each of these handles did this, or each of all; both days are included.

        Who never did is left out, and so is what nobody did. A handle may come more than once:
        whoever asks adds up, over all handles of a person, too.
        """
        ...

    def often_each(
        self, wanted: Sequence[Wanted], handles: Collection[Handle]
    ) -> Iterator[tuple[int, Often]]:
        """Several such questions about the same handles in one walk; each answer with the place of
        its question."""
        ...

    def forget(self, handles: Collection[Handle]) -> int:
        """Erase every event that names one of the handles, counts too; how many there were."""
        ...

    def refusals(self, *, limit: int = 50) -> list[tuple[Refusal, int]]:
        """What was refused, by door, reason and field: the newest with how often, newest first."""
        ...

    def waiting(self) -> Mapping[Sort, int]:
        """How many refused things of each sort are kept to be tried again."""
        ...

    def refused(
        self, *, only: Sort = ANY, after: int = 0, limit: int = 200
    ) -> list[tuple[int, Refusal]]:
        """Refused things that may be tried again, by number; the newest `KEPT` of each sort.

        An empty field of ``only`` is any.
        """
        ...

    def settle(self, numbers: Collection[int]) -> None:
        """Let go of refused things that were taken after all. Repeating it does no harm."""
        ...

    def unsample(self, sorts: Collection[Sort]) -> None:
        """Show no sample of these sorts any more; they are counted on. Repeating it does no
        harm."""
        ...

    def let_go(self, kind: str, before: date, limit: int) -> list[Handle | None]:
        """Drop up to so many events of a kind whose day is over; whom each was about."""
        ...

    def take_back(self, told: Mapping[int, Event]) -> int:
        """Take events out by their numbers, as if they had never come; how many were there. The
        same may come again. Repeating it does no harm."""
        ...

    def amend(self, told: Mapping[int, Event]) -> int:
        """Write events anew, by their numbers; how many. Of each only what it tells beside the act
        becomes another, its detail and raw bytes: nothing that is counted or looked for.

        What is gone stays gone. Repeating it does no harm.
        """
        ...

    def drop_before(self, day: date) -> list[str]:
        """Drop every month that ended before this day, whole, counts too; which they were.

        Repeating it does no harm; what comes late for such a month is kept until the next time.
        """
        ...

    def seal(self, before: date, limit: int) -> int:
        """Lay about so many events of months that ended before this day together in less room;
        how many were. No answer changes; engines whose server does it themselves do nothing.
        """
        ...

    def pack(self, tell: Callable[[int, int], None] | None = None) -> int:
        """Give room that sealing and erasing left free back to the machine; how many bytes.

        Whoever writes waits for it, whoever reads does not. ``tell`` hears how many bytes of how
        many are written. Raises `Conflict` where the disk has no room for a second copy. Engines
        whose server does it themselves do nothing.
        """
        ...

    def emptied(self) -> bool:
        """Let nothing of what was erased or written anew stand in bytes beside the store; False
        while somebody who reads holds them. Nobody waits for it; repeating it does no harm."""
        ...

    def remake(self, tell: Callable[[int], None] | None = None) -> int:
        """Work out anew whatever is worked out from the events; how many there are. ``tell`` hears
        up to which number that is done.

        The fold may run beside it; stopped anywhere, it may begin again.
        """
        ...

    def flaws(self) -> Iterator[str]:
        """Where the store contradicts itself, for ``juzhen check``."""
        ...

    def close(self) -> None: ...


JOURNAL, UNREADABLE = "journal", "unreadable_in_journal"
"""The door and the reason of a line that nobody can read."""


class Fold:
    """Moves the journal into the history. Dying anywhere and starting again does no harm."""

    def __init__(
        self,
        journal: Journal,
        history: History,
        clock: Clock = utc_now,
        *,
        counted: Callable[[int], None] | None = None,
        fresh: Callable[[History, list[Told]], list[Told]] | None = None,
    ) -> None:
        """``counted`` is told how many entries each round moved; ``fresh`` leaves out what was told
        before, longer ago than the history remembers what it heard."""
        self._journal = journal
        self._history = history
        self._clock = clock
        self._counted = counted
        self._fresh = fresh or (lambda _, told: told)

    def run(self, limit: int = 5_000) -> int:
        """Move about ``limit`` entries and say how many; then drop what is finished."""
        mark = self._history.watermark()
        entries = self._journal.read(mark, limit)
        crash_point(_READ)
        told = [self._told(packed) for entry in entries for packed in entry.packed]
        if entries:
            last = entries[-1].position
            self._put(told, mark, last)
            mark = last
            crash_point(_PUT)
        self._journal.drop(mark)
        crash_point(_DROPPED)
        if told and self._counted is not None:
            self._counted(len(told))
        return len(told)

    def _put(self, told: list[Told | Refusal], mark: int, upto: int) -> None:
        """In slices, so that no write holds the lock for long.

        Only the last moves the mark. If we die before it, the others are repeats next time, and
        refusals, which cannot be told from their repeats, come with the last.
        """
        events = [each for each in told if isinstance(each, Told)]
        refusals = [each for each in told if isinstance(each, Refusal)]
        while len(events) > _SLICE:
            self._history.put(self._fresh(self._history, events[:_SLICE]), upto=mark)
            crash_point(_SLICED)
            events = events[_SLICE:]
        self._history.put([*self._fresh(self._history, events), *refusals], upto=upto)

    def seal(self, limit: int = 2_000) -> int:
        """Seal about so many events of months that are well over; 0 when all of them are."""
        today = self._history.zone.day(self._clock())
        return self._history.seal(today - _SETTLED, limit)

    def behind(self) -> int:
        """How many entries are acknowledged and not yet in the history."""
        return self._journal.backlog(self._history.watermark())

    def flaws(self) -> Iterator[str]:
        """Is the history ahead of the journal that it follows?"""
        mark, tip = self._history.watermark(), self._journal.tip()
        if mark > tip > 0:
            yield f"history: the watermark {mark} is ahead of the journal's end {tip}"

    def _told(self, packed: bytes) -> Told | Refusal:
        """One unreadable line is refused, so that it does not stop everything behind it."""
        try:
            if packed.startswith(REFUSED):
                return unpack_refusal(packed)
            return Told.read(packed, self._history.zone, self._history.label)
        except (ValueError, KeyError, TypeError, OverflowError):
            sample = packed[:4096].decode("utf-8", "replace")
            return Refusal(at=self._clock(), door=JOURNAL, reason=UNREADABLE, sample=sample)
