"""Rebuilding (重建): how far the past is folded again, and what is news meanwhile.

What was digested before was told of then: its findings stay, and of the same events nothing is told
again. Who has been known for years may seem new while the past is folded; whoever acts meanwhile is
told of as somebody new only if nobody was told so before. Folds nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_hub.findings import CAME_BACK, FIRST_SEEN, MERGED, Findings
from data_hub.identities import Noted
from kernel.events import Event
from stores.records import Folded, Records
from stores.watermarks import Watermarks

_UPTO = "digest.rebuilt"
_ABOUT_HER = {FIRST_SEEN, MERGED, CAME_BACK}
"""What is found of a customer by all that was known of her before, not by one event alone."""


class Rebuilding:
    """One at a time: whoever runs the digest."""

    def __init__(self, people: Records, findings: Findings) -> None:
        self._people = people
        self._findings = findings
        self._marks = Watermarks(people, Folded)

    def begin(self, mark: int, newest: int) -> None:
        """Whatever was digested up to now is the past, even if its last events are gone, and even
        if a rebuild of it was broken off. Joins the digest's write."""
        self._marks.move(_UPTO, str(min(max(mark, self._upto()), newest)))

    def under_way(self, mark: int) -> bool:
        """Is the past being folded again, with the digest at this mark?"""
        return self._upto() > mark

    def end(self, mark: int) -> None:
        """Nothing comes after the mark: the rest of the past was erased meanwhile."""
        if self.under_way(mark):
            with self._people.write("digest"):
                self._marks.move(_UPTO, str(mark))

    def parted(
        self, stretch: Sequence[tuple[int, Event]]
    ) -> tuple[Sequence[tuple[int, Event]], bool]:
        """The beginning of a stretch, as far as all of it was digested before, or none of it; and
        which of the two."""
        upto = self._upto()
        before = [each for each in stretch if each[0] <= upto]
        return before or stretch, bool(before)

    def news(self, found: list[dict[str, Any]], noted: Noted) -> list[dict[str, Any]]:
        """What of this nobody was told before, by whatever led to it then."""
        asked = [each["customer"] for each in found if each["kind"] in _ABOUT_HER]
        hers = [handle for handle, customer in noted.customers.items() if customer in asked]
        known = {noted.customers[each.handle] for each in self._findings.about(hers, {FIRST_SEEN})}
        return [
            each for each in found
            if each["kind"] not in _ABOUT_HER or each["customer"] not in known
        ]  # fmt: skip

    def _upto(self) -> int:
        return int(self._marks.of(_UPTO) or 0)
