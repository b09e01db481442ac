"""Regrouping (旧账重新归并): who was grouped by an older rule is grouped by today's, step by step.

Goes through every known handle once after the rule was changed, or when all of them are to be
worked out again; whoever is heard of meanwhile is grouped by today's rule anyway. Reads no event.
"""

from __future__ import annotations

from sqlalchemy import select

from data_hub.digest import Digest
from data_hub.identities import Known
from stores.records import Folded, Records
from stores.watermarks import Watermarks

RULE = "0010"
"""The decision that says how links are followed; another one begins from the first handle again."""
_MARK = "regrouping"
STEP = 100


class Regrouping:
    """Groups anew what an older version grouped. Killed anywhere, it goes on there."""

    def __init__(self, people: Records, digest: Digest) -> None:
        self._people = people
        self._digest = digest
        self._marks = Watermarks(people, Folded)

    def again(self) -> None:
        """Begin from the first handle once more."""
        with self._people.write("digest"):
            self._marks.move(_MARK, "")

    def run(self, limit: int = 10 * STEP) -> int:
        """Look at so many handles, a step in each write; how many. 0 once all were looked at."""
        done = 0
        while done < limit and (seen := self._step()):
            done += seen
        return done

    def _step(self) -> int:
        rule, _, after = (mark := self._marks.of(_MARK)).partition(" ")
        if mark == RULE:
            return 0
        if rule != RULE:
            after = ""
        following = select(Known.handle).where(Known.handle > after).order_by(Known.handle)
        with self._people.read() as session:
            handles = list(session.scalars(following.limit(STEP)))
        moved = {_MARK: f"{RULE} {handles[-1]}" if handles else RULE}
        self._digest.regroup(handles, moved)
        return len(handles)
