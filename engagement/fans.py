"""Fans (粉丝专属响应): who asks under a video or in a private message there is answered in time.

A comment or a message on an account of the video ecosystem is a task for her rep, to be answered
within so many minutes of the company's hours. A fan whom nobody looks after is given to whoever
answers for that account. Answers nobody by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from channels.accounts import Accounts
from data_hub.customers import Customers
from data_hub.findings import Found
from data_hub.staff import StaffBook
from kernel.calendar import Hours, Zone
from kernel.events import Ecosystem, Handle

ASKS = "fan_asks"
"""The kind of their reminders."""
ASKED = ("commented", "messaged")
REPLIED = "replied_on_platform"
"""She was answered there: nobody has to any more."""
ANSWERS = "answered_by"
"""The setting of an account that names who answers there."""


class Fans:
    """Who has to answer a fan, and until when."""

    def __init__(
        self,
        accounts: Accounts,
        customers: Customers,
        staff: StaffBook,
        zone: Zone,
        hours: Hours,
        within: timedelta,
    ) -> None:
        self._accounts = accounts
        self._customers = customers
        self._staff = staff
        self._zone = zone
        self._hours = hours
        self._within = within

    def answerer(self, found: Found, handles: Sequence[Handle]) -> str:
        """Whose task it is; empty for what no fan asked, or if nobody answers there."""
        there = str(found.evidence.get("account"))
        if self._accounts.ecosystem_of(there) != Ecosystem.VIDEO or not handles:
            return ""
        if rep := self._customers.rep_of(handles) or found.rep:
            return rep
        named = str(self._accounts.one(there).settings.get(ANSWERS) or "")
        hers = self._staff.id_of(named) if named else ""
        if hers:
            self._customers.entrust(handles[0], hers, by="juzhen")
        return hers

    def evidence(self, found: Found) -> dict[str, Any]:
        """How she asked, and by when she is to be answered."""
        until = self._hours.after(found.at, self._within, self._zone)
        return {"asked": found.kind, "answer_by": until.isoformat()}


def answer_by(evidence: Mapping[str, Any]) -> datetime:
    """When the time to answer her is over."""
    return datetime.fromisoformat(evidence["answer_by"])
