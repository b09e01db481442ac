"""Talks (聊过): what a rep notes with one tap where no channel of ours hears the conversation.

It counts as a word of the customer's, as a message in a chat that we hear does; what was said is
neither asked nor kept.
"""

from __future__ import annotations

from kernel.events import Handle
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Records


class Talks:
    """Talks that reps note."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes

    def note(self, handle: Handle, *, rep: str, once: str, by: str) -> bool:
        """Note it, unless this very tap did already."""
        tap = f"{by}/{once}"[:120] if once else new_id("tlk")
        with self._records.write(f"talk:{tap}"):
            if self._changes.latest("talk", tap, 1):
                return False
            self._changes.note("chatted", "talk", tap, by=by, handle=str(handle), rep=rep)
        return True
