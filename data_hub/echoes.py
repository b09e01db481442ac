"""Echoes (余音): whose profiles may still tell of somebody who is being erased.

Noted before anything of hers goes, and gone with what she is known by: whatever breaks an erasure
off, the worker finds here whom to fold anew. Erases nobody: that is `data_hub.privacy`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.digest import Digest
from kernel.clock import Clock
from kernel.events import Handle
from stores.bulk import remove
from stores.personal import overwritten
from stores.records import Folded, Records, upsert
from stores.waiting import GOES_BACK

_PATIENCE = timedelta(minutes=1)
"""So long whoever erases is left to do it."""
_AGAIN = timedelta(hours=1)
"""While her erasure is not over, more of hers may go: they are folded anew so often."""

_FEW = 500
"""So many are noted in one write."""


class Echo(Folded, kw_only=True):
    """One handle of somebody else of which her events tell."""

    __tablename__ = "echoes"

    customer: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    """Who is being erased."""
    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    next_at: Mapped[datetime] = mapped_column(info=GOES_BACK)
    """When the worker looks at it."""


class Echoes:
    """Of everybody who is being erased, or whose erasure was broken off."""

    def __init__(self, people: Records, digest: Digest, clock: Clock) -> None:
        self._people = people
        self._digest = digest
        self._clock = clock

    def note(self, customer: str, handles: Collection[Handle]) -> None:
        """Her events tell of these, too, and are about to go."""
        at, told = self._clock() + _PATIENCE, sorted(map(str, handles))
        rows = [{"customer": customer, "handle": each, "next_at": at} for each in told]
        for begin in range(0, len(rows), _FEW):
            with self._people.write("digest") as session:
                upsert(session, Echo, rows[begin : begin + _FEW])

    def silence(self, customer: str) -> None:
        """Fold anew everybody of whom her events ever told since her erasure has begun."""
        with self._people.read() as session:
            told = list(session.scalars(select(Echo.handle).where(Echo.customer == customer)))
        self._fold_anew(told)
        for begin in range(0, len(told), _FEW):
            with self._people.write("digest") as session:
                overwritten(self._people, session)
                silent = [(customer, handle) for handle in told[begin : begin + _FEW]]
                remove(session, Echo, ("customer", "handle"), silent)

    def run(self, limit: int = 20) -> int:
        """The same for whose erasure was broken off, or goes on: how many handles there were."""
        over = select(Echo.handle).where(Echo.next_at <= self._clock()).distinct()
        with self._people.read() as session:
            told = list(session.scalars(over.order_by(Echo.handle).limit(limit)))
        self._fold_anew(told)
        if told:
            again = self._clock() + _AGAIN
            later = update(Echo).where(Echo.handle.in_(told)).values(next_at=again)
            with self._people.write("digest") as session:
                session.execute(later, execution_options={"synchronize_session": False})
        return len(told)

    def _fold_anew(self, told: Collection[str]) -> None:
        if told:
            self._digest.let_go(map(Handle.parse, told))
