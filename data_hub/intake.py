"""Intake (收数): where events become ours. Durable when it returns; decides nothing about persons.

Names are turned into kinds; what a machine fetched that pretends to read gets a kind of its own, so
that no figure counts it; and what could not be an event is kept beside the events, in the same
commit, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from data_hub.catalogue import KINDS, MACHINE, kind_of
from data_hub.details import ORDERS, SHOP
from data_hub.whereabouts import parted, unplaced
from kernel.clock import Clock
from kernel.events import Event, Refusal, pack, pack_refusal

_BOTS = re.compile(
    r"bot\b|crawl|spider|slurp|headless|preview|scrap|curl/|wget/|python-requests|"
    r"facebookexternalhit|baiduspider|bytespider|monitor",
    re.IGNORECASE,
)
_MOST_CORRECTION = timedelta(days=30)
"""A device clock may be off by so much; beyond, the correction itself is not believed."""


Counted = Callable[[str, int, int], None]


class Commit(Protocol):
    """Whoever makes packed entries durable, many callers at a time (`stores.journal`)."""

    def put(self, packed: Sequence[bytes], *, gather: bool = False) -> Future[None]: ...

    def now(self) -> None: ...


class Intake:
    """The one way in for events, whichever door they came to."""

    def __init__(
        self,
        commit: Commit,
        clock: Clock,
        *,
        counted: Counted | None = None,
        shops: Callable[[str], str] = lambda _: "",
    ) -> None:
        """``counted`` is told the door, how many were taken and how many were refused; ``shops``
        knows for which other account's shop an account tells of orders, if it does."""
        self._shops = shops
        self._commit = commit
        self._clock = clock
        self._counted = counted

    def take(
        self,
        events: Iterable[Event | bytes],
        refusals: Iterable[Refusal] = (),
        *,
        door: str = "inside",
    ) -> None:
        """Keep them. They are on the disk when this returns; raises `Overloaded` if it cannot."""
        self.begin(events, refusals, door=door).result()

    def begin(
        self,
        events: Iterable[Event | bytes],
        refusals: Iterable[Refusal] = (),
        *,
        door: str = "",
        gather: bool = False,
    ) -> Future[None]:
        """The same for a door that does not wait in a thread: the future is done when durable. A
        door that does not say its name counts for itself; one that says ``gather`` calls `now`
        once it has taken whatever is there.

        An event that a door has written already is taken as it is.
        """
        packed: list[bytes] = []
        taken = 0
        refused = [replace(each, sample=unplaced(each.sample)) for each in refusals]
        for event in events:
            if isinstance(event, bytes):
                packed.append(event)
            elif lines := _written(self._of_shop(event), self._clock()):
                packed += lines
            else:
                refused.append(_unwritten(event, door, self._clock()))
                continue
            taken += 1
        packed += map(pack_refusal, refused)
        kept = self._commit.put(packed, gather=gather) if packed else _nothing()
        if door and self._counted is not None:
            counted, left = self._counted, len(refused)
            kept.add_done_callback(
                lambda done: None if done.exception() else counted(door, taken, left)
            )
        return kept

    def _of_shop(self, event: Event) -> Event:
        """An order's event says whose shop it is, where another account has it."""
        if not event.id.startswith(ORDERS) or not (shop := self._shops(event.account)):
            return event
        return replace(event, detail={**event.detail, SHOP: shop})

    def now(self) -> None:
        """What was gathered is to become durable now; does not wait for it."""
        self._commit.now()

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Keep what could not be an event, with the reason."""
        self.take((), refusals)


def _nothing() -> Future[None]:
    kept: Future[None] = Future()
    kept.set_result(None)
    return kept


def _written(event: Event, now: datetime) -> list[bytes]:
    """As the journal keeps it; nothing if it is nested deeper than can be kept."""
    try:
        return [pack(each) for each in parted(_ours(event, now)) if each is not None]
    except TypeError:
        return []


def _unwritten(event: Event, door: str, now: datetime) -> Refusal:
    """Its neighbours are taken all the same."""
    return Refusal(
        at=now, door=door or "inside", reason="nested_too_deep", account=event.account,
        sample=f"{event.kind} {event.id}",
    )  # fmt: skip


def _ours(event: Event, now: datetime) -> Event:
    """The event under its kind's own name, stamped with its arrival."""
    kind = event.kind if event.kind in KINDS else kind_of(event.kind).name
    bot = event.detail.get("bot") or is_bot(event.detail.get("user_agent", ""))
    if kind == event.kind and event.received is not None and not bot:
        return event
    detail = event.detail
    if kind.startswith("track.") and kind != event.kind:
        detail = {**detail, "name": event.kind}
    if bot and kind != MACHINE:
        kind, detail = MACHINE, {**detail, "bot": True, "as": kind}
    return replace(event, kind=kind, received=event.received or now, detail=detail)


def is_bot(user_agent: object) -> bool:
    """Does this look like a machine that fetches pages?"""
    return isinstance(user_agent, str) and bool(user_agent) and bool(_BOTS.search(user_agent))


def behind(sent: datetime | None, received: datetime) -> timedelta:
    """How far a device's clock is behind ours, if what it says of itself is believed.

    ``sent`` is what time it thought it was when it sent what we ``received``. By Segment's rule a
    thing happened so much later than the device says; no event is moved into our future.
    """
    if sent is None or abs(received - sent) > _MOST_CORRECTION:
        return timedelta(0)
    return received - sent
