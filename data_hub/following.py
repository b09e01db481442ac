"""Following (跟读发现): how far somebody who acts on findings has read, and the way on.

The mark lies in the records, where what followers do lies. It goes forward only: of two who read
the same stretch the slower one moves nothing, and whose acts are in the same write lets them be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from data_hub.findings import Findings, Found
from kernel.crash import crash_point, declare
from kernel.values import dataclass
from stores.records import Record, Records
from stores.watermarks import Watermarks

_ACTED = declare("following.acted", "what findings call for is done, the mark not moved")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Findings that somebody has not read, the oldest first."""

    found: Sequence[Found]
    before: str
    """The mark behind which they were read."""


class Following:
    """One follower's way through the findings."""

    def __init__(self, records: Records, findings: Findings, name: str) -> None:
        self.name = name
        self._records = records
        self._findings = findings
        self._marks = Watermarks(records, Record)

    def stretch(self, limit: int) -> Stretch:
        """What was found since the last time."""
        before = self._marks.of(self.name)
        return Stretch(self._findings.after(int(before or 0), limit), before)

    def behind(self) -> bool:
        """Is anything found that was not read?"""
        return int(self._marks.of(self.name) or 0) < self._findings.latest()

    def move(self, stretch: Stretch) -> bool:
        """Note in a write that names the follower that these are done; False if another has been
        here since they were read."""
        return self._marks.advance(self.name, stretch.before, str(stretch.found[-1].seq))

    def each(self, limit: int, take: Callable[[Found], object]) -> int:
        """Act on what was found since the last time, each in writes of its own; how much that was.
        Who dies among them acts on some again."""
        stretch = self.stretch(limit)
        for found in stretch.found:
            take(found)
        self.acted(stretch)
        return len(stretch.found)

    def acted(self, stretch: Stretch) -> None:
        """Note that these are done, after acts in writes of their own."""
        if stretch.found:
            crash_point(_ACTED)
            with self._records.write(self.name):
                self.move(stretch)
