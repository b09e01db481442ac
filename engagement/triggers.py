"""Triggers (触发): what was found becomes reminders; what day it is, in `engagement.day_round`.

Follows the findings of the digest with a watermark of its own, in slices, may die anywhere and may
be done twice. Looks at nothing but the past two days: who imports ten years of events wants no ten
years of red dots.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from data_hub import nurture
from data_hub.catalogue import OWN_ACCOUNT
from data_hub.customers import Customers
from data_hub.findings import CAME_BACK, FIRST_SEEN, Findings, Found
from data_hub.following import Following
from data_hub.identities import DEVICES, Identities
from data_hub.profiles import Profiles
from data_hub.staff import StaffBook
from data_hub.standings import MOVED
from engagement.fans import ASKED, ASKS, REPLIED, Fans
from engagement.own_links import OwnLinks
from engagement.reminders import Reminder, Reminders
from engagement.sittings import moments, sitting, sittings
from engagement.tasks import MORNING, Task
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import NotFound
from kernel.events import Event, Handle
from matching.needs import READING, SESSION
from stores.history import History
from stores.records import Records

FRESH = timedelta(days=2)
_SLICE = 50
_TOLD = declare("triggers.told", "reminders and the watermark behind them are committed")
_WARMED, _BOUGHT = f"{MOVED}_desire", "bought"
_WEIGHS = timedelta(minutes=10)
"""By so much later in the morning a step of nurture is due for each degree of its priority."""


class Triggers:
    """Turns findings into reminders. One at a time: under the worker's lease."""

    def __init__(
        self,
        *,
        records: Records,
        findings: Findings,
        history: History,
        reminders: Reminders,
        profiles: Profiles,
        identities: Identities,
        customers: Customers,
        staff: StaffBook,
        clock: Clock,
        zone: Zone,
        desire: Collection[str] = (),
        fans: Fans | None = None,
        own_links: OwnLinks | None = None,
    ) -> None:
        """``desire``: the steps of it that her rep is told of. ``fans``: who answers those who ask
        under a video; None: nobody is told. ``own_links`` says for whom a link was made."""
        self._fans, self._own_links = fans, own_links
        self._desire = frozenset(desire)
        self._records = records
        self._history = history
        self._reminders = reminders
        self._profiles = profiles
        self._identities = identities
        self._customers = customers
        self._staff = staff
        self._clock = clock
        self._zone = zone
        self._following = Following(records, findings, "triggers")

    def follow(self, limit: int = 200) -> int:
        """Follow up to so many findings and say how many."""
        done = 0
        while (stretch := self._following.stretch(min(_SLICE, limit - done))).found:
            tasks = [task for each in stretch.found if (task := self._task(each))]
            if not self._tell(tasks, partial(self._following.move, stretch)):
                break
            done += len(stretch.found)
        return done

    def _tell(self, tasks: Sequence[Task], moved: Callable[[], bool]) -> bool:
        """All reminders of a slice and its watermark, or nothing. False if another was faster."""
        with self._records.write(self._following.name):
            if not moved():
                return False
            for task in tasks:
                self._remind(task)
        crash_point(_TOLD)
        return True

    def _remind(self, task: Task) -> None:
        if task.kind == "read_your_share" and (going_on := self._going_on(task)):
            self._reminders.tell_more(going_on.id, task.evidence)
            return
        if task.kind == REPLIED:
            self._reminders.answered(ASKS, task.keys, task.due)
            return
        if task.kind == ASKS and self._waits_already(task):
            return  # she wrote again before anybody answered: the first hour stands
        task.tell(self._reminders)

    def _going_on(self, task: Task) -> Reminder | None:
        """The reminder of the viewing session that this reading is part of."""
        last = self._last(task)
        if last is None:
            return None
        began, ended = moments(last.evidence)
        own_began, own_ended = moments(task.evidence)
        return last if own_began <= ended + SESSION and began <= own_ended + SESSION else None

    def _waits_already(self, task: Task) -> bool:
        last = self._last(task)
        return last is not None and last.done is None

    def _last(self, task: Task) -> Reminder | None:
        return self._reminders.latest(task.staff, task.kind, task.keys, task.material)

    def _task(self, found: Found) -> Task | None:
        if self._clock() - found.at > FRESH or not self._handles(found):
            return None
        if found.kind in READING:
            return self._read(found)
        if found.kind in {CAME_BACK, FIRST_SEEN}:
            return self._turned_up(found)
        if found.kind == _BOUGHT:
            return self._nurture(found)
        if found.kind == _WARMED and found.evidence["after"] in self._desire:
            return self._warmed(found)
        if found.kind == REPLIED:
            hers = self._handles(found)
            return Task(kind=REPLIED, about=found.handle, handles=hers, due=found.at)
        if found.kind in ASKED and self._fans is not None:
            return self._asked(found, self._fans)
        return None

    def _asked(self, found: Found, fans: Fans) -> Task | None:
        """A fan commented or wrote: somebody answers her in time."""
        handles = self._handles(found)
        rep = fans.answerer(found, handles)
        if not self._staff.many([rep]):
            return None
        return Task(
            staff=rep, kind=ASKS, about=found.handle, handles=handles,
            material=found.material, due=found.at, cycle=str(found.evidence["event"])[:200],
            evidence=fans.evidence(found), heard=found.at,
        )  # fmt: skip

    def _read(self, found: Found) -> Task | None:
        """Somebody read what a rep had sent: the rep is told once a viewing session."""
        handles = self._handles(found)
        if not self._staff.many([found.rep]):
            return None
        page = self._history.timeline(handles, limit=50, kinds=READING)
        session = _session(page.items, found)
        if not session:
            return None
        evidence, about = sitting(session).evidence(), found.handle
        if whose := self._made_for(found, handles):
            handles, about, evidence["own_link"] = whose, str(whose[0]), True
        return Task(
            staff=found.rep, kind="read_your_share", about=about, handles=handles,
            material=found.material, due=found.at, evidence=evidence, heard=found.at,
            cycle=f"{found.material}:{session[0].at.isoformat()}",
        )  # fmt: skip

    def _made_for(self, found: Found, handles: Sequence[Handle]) -> list[Handle]:
        """Whom the rep is told of when nobody knows who reads: she for whom the link was made."""
        if self._own_links is None or any(each.kind not in DEVICES for each in handles):
            return []
        own = self._own_links.of(found)
        return own[1] if own and own[0].rep == found.rep else []

    def _warmed(self, found: Found) -> Task | None:
        """What she does shows more desire than before: once a day and step."""
        handles = self._handles(found)
        rep = self._customers.rep_of(handles) or found.rep
        if not self._staff.many([rep]):
            return None
        step = found.evidence["after"]
        return Task(
            staff=rep, kind="warmed", about=found.handle, handles=handles,
            material=found.material, due=found.at, cycle=f"{step}:{self._day(found)}",
            evidence={"step": step}, heard=found.at,
        )  # fmt: skip

    def _nurture(self, found: Found) -> Task | None:
        """One of her first five purchases: some days later she is looked after, once for each.

        Of one morning's reminders the latest stands first: what weighs more is due later in it.
        """
        handles = self._handles(found)
        rep = self._customers.rep_of(handles) or found.rep
        bought = self._profiles.of(found.customer).buying if self._staff.many([rep]) else []
        due = nurture.step(int(bought[0])) if bought else None
        if due is None:
            return None
        day = self._zone.day(found.at) + timedelta(days=due.days)
        return Task(
            staff=rep, kind="nurture", about=found.handle, handles=handles,
            due=self._zone.at(day, MORNING) + due.priority * _WEIGHS,
            cycle=str(due.nth), evidence={"nth": due.nth, "days": due.days},
        )  # fmt: skip

    def _turned_up(self, found: Found) -> Task | None:
        """A silent customer came back, or a new one can be turned to."""
        handles = self._handles(found)
        rep = self._customers.rep_of(handles) or found.rep
        if not self._staff.many([rep]) or all(each.kind in DEVICES for each in handles):
            return None
        came_back = found.kind == CAME_BACK
        evidence: dict[str, Any] = {"at": found.at.isoformat()}
        if came_back:
            evidence |= self._silence(handles, found)
        return Task(
            staff=rep, kind="came_back" if came_back else "new_customer", about=found.handle,
            handles=handles, material=found.material, due=found.at,
            cycle=self._day(found) if came_back else "once", evidence=evidence,
            heard=found.at,
        )  # fmt: skip

    def _day(self, found: Found) -> str:
        """The company's day on which it was found: one for what somebody is told once a day."""
        return self._zone.day(found.at).isoformat()

    def _silence(self, handles: Collection[Handle], found: Found) -> dict[str, Any]:
        """How long she had been silent before the event that broke it."""
        before: str | None = None
        while True:
            page = self._history.timeline(handles, before=before, limit=_SLICE)
            for event in page.items:
                if event.at < found.at and event.account != OWN_ACCOUNT:
                    return {"days": (found.at - event.at).days}
            before = page.next
            if before is None:
                return {}

    def _handles(self, found: Found) -> list[Handle]:
        try:
            return self._identities.handles(found.customer)
        except NotFound:  # her data was erased since, or what told of her was taken back
            return []


def _session(newest_first: Sequence[Event], found: Found) -> list[Event]:
    """The events of the viewing session that the finding is part of, oldest first."""
    own = [
        event
        for event in reversed(newest_first)
        if event.material == found.material and event.rep == found.rep
    ]
    for session in sittings(own):
        if session[0].at <= found.at <= session[-1].at:
            return session
    return []
