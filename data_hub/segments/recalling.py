"""What busy customers did, read on (往事): of whom the history was read is not read again.

Whoever acts again is asked for what is new alone, as long as nothing else came or went: her events
are as many more as are newer than the last one read, and pay nothing back. What was read is kept
packed, up to so many bytes, and none of it once anybody is erased.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

import orjson

from data_hub import ordering
from data_hub.details import details, order
from data_hub.profiles.folding import Lived, key_of, lived
from data_hub.segments.subject import Subject
from data_hub.segments.tree import Asked
from kernel.events import Event, Handle
from stores.history import History
from stores.records import Folded, Records
from stores.told import whose
from stores.watermarks import Watermarks

ERASED = "digest.erased"
"""The mark that says another number after each erasure."""
_MOST = 32 << 20
"""Bytes that are kept: some hundred thousand acts."""
_NEWS = 50
"""So many that are new are read on; more are read with all the rest."""


READ_ON, _AT_LEAST = 1_200, 200
"""So many acts are read, and so many customers asked whatever they did, while somebody waits."""


def affordable(acts: Iterable[int], most: int = READ_ON) -> int:
    """Of how many customers all can be read; ``acts``: how many those of each are."""
    asked = 0
    for many in acts:
        most -= many
        if most < 0 and asked >= _AT_LEAST:
            break
        asked += 1
    return asked


class _Read(NamedTuple):
    events: int
    last: tuple[float, str]
    """The order of the last one read."""
    packed: bytes


class Recalling:
    """Tells customers all they did. For one thread."""

    def __init__(self, history: History, people: Records, *, most: int = _MOST) -> None:
        self._history = history
        self._marks = Watermarks(people, Folded)
        self._most = most
        self._kept: OrderedDict[frozenset[Handle], _Read] = OrderedDict()
        self._held, self._as_of = 0, ""

    def tell(
        self, asked: Mapping[str, Subject], handles: Mapping[str, Collection[str]], *,
        keep: bool, only: Asked | None = None,
    ) -> None:  # fmt: skip
        """Let these know all they ever did one by one, or ``only`` that; ``handles``: those of
        each. ``keep``: they will be asked about again as they act, so that all is read."""
        if keep and (now := self._marks.of(ERASED)) != self._as_of:
            self._kept.clear()
            self._held, self._as_of = 0, now
        theirs = {each: frozenset(map(Handle.parse, handles[each])) for each in asked}
        if not keep:
            self._once(asked, theirs, only)
            return
        for customer, subject in asked.items():
            subject.learn(self._on(theirs[customer]))

    def _once(
        self, asked: Mapping[str, Subject], theirs: Mapping[str, Collection[Handle]],
        only: Asked | None,
    ) -> None:  # fmt: skip
        """In one walk over what all of these did."""
        now = min(each.now for each in asked.values())
        since = now - timedelta(days=only.days) if only and only.days else None
        whom = {handle: customer for customer, hers in theirs.items() for handle in hers}
        told: dict[str, list[Event]] = {customer: [] for customer in asked}
        for event in self._history.of(whom, since=since, kinds=only.kinds if only else None):
            if (her := whose(event)) in whom:
                told[whom[her]].append(event)
        for customer, subject in asked.items():
            subject.learn(lived(told[customer]))

    def _on(self, hers: frozenset[Handle]) -> Lived:
        """All she did, with the help of what was read before."""
        read, count = self._kept.pop(hers, None), self._history.total(hers)
        self._held -= len(read.packed) if read else 0
        if read is not None and 0 <= (fresh := count - read.events) <= _NEWS:
            newest = self._history.timeline(hers, limit=fresh + 1).items
            back = any(map(_looks_back, newest[:-1]))
            if newest and key_of(newest[-1]) == read.last and not back:
                told = _joined(read.packed, _told(newest[-2::-1], hers))
                self._keep(hers, count, key_of(newest[0]), told)
                return told
        events = list(self._history.of(hers))
        told = _told(events, hers)
        if events:
            self._keep(hers, len(events), key_of(events[-1]), told)
        return told

    def _keep(
        self, hers: frozenset[Handle], count: int, last: tuple[float, str], told: Lived
    ) -> None:
        read = _Read(count, last, orjson.dumps(tuple(told)))
        self._kept[hers] = read
        self._held += len(read.packed)
        while self._held > self._most:
            _, gone = self._kept.popitem(last=False)
            self._held -= len(gone.packed)


def _told(events: Iterable[Event], hers: Collection[Handle]) -> Lived:
    return lived(each for each in events if whose(each) in hers)


def _looks_back(event: Event) -> bool:
    """Does what it tells depend on what was told of the same order before?"""
    if event.kind == "refunded":
        return True
    return event.kind in ordering.KINDS and bool(order(details(event)).number)


def _joined(packed: bytes, after: Lived) -> Lived:
    return Lived(*([*one, *other] for one, other in zip(orjson.loads(packed), after, strict=True)))
