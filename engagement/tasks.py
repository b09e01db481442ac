"""Tasks (任务): what is about to become a reminder of a rep's. Plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime, time
from typing import Any

from engagement.reminders import Cycle, Reminders
from kernel.events import Handle
from kernel.values import dataclass

MORNING = time(9)
"""When the day's reminders become red dots, in the company's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A reminder to be made, to be told more about, or, of `REPLIED`, to be done."""

    staff: str = ""
    kind: str
    about: str
    """The handle that it is about."""
    handles: Sequence[Handle]
    """All of hers."""
    cycle: str = ""
    due: datetime
    material: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    heard: datetime | None = None
    """When what it is about happened; None for what a date alone brings."""
    ends: datetime | None = None
    once: Collection[Cycle] = ()
    """What of a date is the same, whoever was reminded of it."""

    @property
    def keys(self) -> list[str]:
        return list(map(str, self.handles))

    def tell(self, reminders: Reminders) -> None:
        """Make it a red dot, if it is none yet."""
        reminders.remind(
            self.staff, self.kind, self.about, self.cycle, material=self.material, due=self.due,
            evidence=self.evidence, handles=self.keys, heard=self.heard, ends=self.ends,
            once=self.once,
        )  # fmt: skip
