"""Our own acts (自有行为): copies what we did ourselves to the journal, as events like any other.

So that measures read events and nothing else. Copying twice is harmless: the event carries the id
of the change. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle, pack
from stores.changes import Change, Changes
from stores.journal import Journal
from stores.watermarks import Watermarks

SOURCE = "juzhen"
_COPIED = declare("own_acts.copied", "acts are in the journal, the watermark has not moved")


class OwnActs:
    """Follows the changes with a watermark of its own."""

    def __init__(
        self,
        changes: Changes,
        journal: Journal,
        watermarks: Watermarks,
        clock: Clock,
        counted: Callable[[str, str], None] | None = None,
    ) -> None:
        """``counted`` is told the kind of the thing and the act of each that was copied."""
        self._changes = changes
        self._journal = journal
        self._watermarks = watermarks
        self._clock = clock
        self._counted = counted

    def copy(self, limit: int = 500) -> int:
        """Copy what came after the watermark, and say how much."""
        stretch = self._changes.after(self._watermarks.of("own_acts"), limit)
        if stretch.changes:
            received = self._clock()
            self._journal.append([pack(_told(each, received)) for each in stretch.changes])
            crash_point(_COPIED)
            self._watermarks.move("own_acts", stretch.mark)
            self._count(stretch.changes)
        return len(stretch.changes)

    def _count(self, changes: Iterable[Change]) -> None:
        if self._counted is not None:
            for each in changes:
                self._counted(each.kind, each.act)


def _told(change: Change, received: datetime) -> Event:
    about = change.detail.get("material", "")
    return Event(
        id=change.id,
        kind=change.act,
        at=change.at,
        account=SOURCE,
        handle=Handle.parse(change.handle) if change.handle else None,
        material=change.subject if change.kind == "material" else str(about or ""),
        rep=str(change.detail.get("rep", "") or ""),
        received=received,
        detail={change.kind: change.subject, "by": change.by} | change.detail,
    )
