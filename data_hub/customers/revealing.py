"""Revealing (查看完整资料): what is masked is shown in full, written down and only so often a day.

Nobody scrapes a company's phones a page at a time. Says nothing of who may (`kernel.actors`).
"""

from __future__ import annotations

from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Conflict
from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.claims import Quotas
from stores.records import Records

A_DAY = 50
"""So many customers one person may have shown in full on one of the company's days."""


class Reveals:
    """Who had whom shown, counted by the day."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        clock: Clock,
        *,
        zone: Zone | None = None,
        a_day: int = A_DAY,
    ) -> None:
        self._records = records
        self._quotas = Quotas(records)
        self._changes = changes
        self._clock = clock
        self._zone = zone or Zone()
        self._a_day = a_day

    def note(self, handle: Handle, *, by: str) -> None:
        """Write it down. Raises `Conflict` when this day's are used up.

        The act knows her by her handle alone: that is emptied when she is erased.
        """
        key = f"reveals:{by}:{self._zone.day(self._clock()).isoformat()}"
        with self._records.write(f"quota:{key}"):
            if not self._quotas.take([key], self._a_day):
                raise Conflict("reveals_used_up", most=self._a_day)
            self._changes.note("revealed", "reveal", new_id("rvl"), by=by, handle=str(handle))
