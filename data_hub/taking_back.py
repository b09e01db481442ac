"""Taking back (撤回): events that should not have come are as if they never had.

They leave the history with every count of them, and whoever they were about is known by what else
is told of her: her traits are what others said, her handles are linked by what others show, and who
was known by nothing else is known no more. Decides nothing about which those are, and takes back
nothing that somebody did or was told because of them.
"""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.digest import Digest
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle
from stores.history import History
from stores.records import Folded, Records, upsert
from stores.told import names_of

_NOTED = declare("taking_back.noted", "who has to be worked out anew is noted, nothing is gone")
_GONE = declare("taking_back.gone", "events are taken back, profiles still tell of them")
_FEW = 20
"""So many handles are worked out anew in one write."""


class Awaiting(Folded, kw_only=True):
    """A handle of which something was taken back: who it is is worked out anew."""

    __tablename__ = "taking_back"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})


class TakingBack:
    """Takes events back. Killed anywhere, the next time ends it."""

    def __init__(self, history: History, people: Records, digest: Digest) -> None:
        self._history = history
        self._people = people
        self._digest = digest

    def take(self, told: Mapping[int, Event]) -> int:
        """Take these back, by their numbers in the history; how many were there still."""
        handles = {name for event in told.values() for name in names_of(event)}
        with self._people.write("digest") as session:
            upsert(session, Awaiting, [{"handle": each} for each in sorted(handles)])
            self._digest.unsay(told.values())
        crash_point(_NOTED)
        gone = self._history.take_back(told)
        crash_point(_GONE)
        self._digest.void()  # whoever folds just now may have read them before
        self.settle()
        return gone

    def settle(self) -> int:
        """Work out anew whoever waits for it; how many handles there were."""
        done = 0
        while few := self._waiting():
            handles = [Handle.parse(each) for each in few]
            while not self._digest.anew(handles, partial(self._done, few)):
                pass  # another digest was faster; nobody else would come to these again
            done += len(few)
        return done

    def _waiting(self) -> list[str]:
        with self._people.read() as session:
            first = select(Awaiting.handle).order_by(Awaiting.handle).limit(_FEW)
            return list(session.scalars(first))

    def _done(self, handles: list[str]) -> None:
        with self._people.write() as session:
            session.execute(delete(Awaiting).where(Awaiting.handle.in_(handles)))
