"""Forerunning (提前消化): what is to be read of who acts now, while much waits for its turn.

Of whom all was digested but what is new it is that alone; of others all they ever did, and those
whom it names, a few thousand events at a time. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from data_hub.identities import Identities
from data_hub.profiles import SHAPE, Profile, Profiles
from data_hub.profiles.folding import key_of
from kernel.events import Event, Handle
from kernel.ids import PAGE_LIMIT
from stores.history import History

TOGETHER = 3_000
"""Events that are digested in one write, if nobody did more alone."""
_NEWS = 1_000


class News(NamedTuple):
    """What is new of some, and those of whom more must be read."""

    events: list[Event]
    others: set[Handle]


def news(
    history: History, identities: Identities, profiles: Profiles, handles: Collection[Handle]
) -> News:
    customers = identities.customers_of(handles)
    kept = profiles.many(set(customers.values()))
    theirs, told = identities.handles_of(kept), News([], set(handles))
    for customer, profile in kept.items():
        fresh = since(history, set(theirs.get(customer, ())), profile)
        if fresh is not None:
            told.events.extend(fresh)
            told.others.difference_update({h for h in handles if customers[str(h)] == customer})
    return told


def since(history: History, hers: Collection[Handle], profile: Profile) -> list[Event] | None:
    """What she did since her profile was folded; None where that is not what is new alone, or says
    that she hangs together with somebody else."""
    count = history.total(hers) - profile.events
    if profile.shape != SHAPE or not 0 <= count <= _NEWS:
        return None
    fresh = _latest(history, hers, count)
    if any(not _named(event) <= set(hers) for event in fresh):
        return None
    return None if fresh and key_of(fresh[0]) <= profile.last else fresh


def _latest(history: History, hers: Collection[Handle], count: int) -> list[Event]:
    """The latest so many that these did, oldest first."""
    found, before = list[Event](), None
    while len(found) < count:
        page = history.timeline(hers, before=before, limit=min(count - len(found), PAGE_LIMIT))
        found += page.items
        if (before := page.next) is None:
            break
    return found[::-1]


def together(
    history: History, handles: Collection[Handle], most: int = TOGETHER
) -> Iterator[list[Event]]:
    """All that these did and whoever they hang together with, oldest first, in any parts."""
    known, events = set[Handle](), dict[tuple[str, str], Event]()
    for handle in sorted(handles, key=str):
        ahead = {handle} - known
        while ahead:
            known |= ahead
            found = list(history.of(ahead))
            events |= {(event.account, event.id): event for event in found}
            ahead = {named for event in found for named in _named(event)} - known
        if len(events) >= most:
            yield sorted(events.values(), key=key_of)
            events.clear()
    if events:
        yield sorted(events.values(), key=key_of)


def _named(event: Event) -> set[Handle]:
    return {handle for handle in (event.handle, *event.links) if handle is not None}
