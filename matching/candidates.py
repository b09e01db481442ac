"""Candidates (候选): the arrays of one process, kept in step with the shelf and the counters.

Looks at the content version with every question (one cheap statement) and follows what changed;
the clock alone opens and closes. Shared by all threads of a process. Scores nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.clock import Clock
from matching.arrays import Floats, Keys, Places, Slice, Whole, keys_of
from matching.counters import Counters, Popularity, shown_as, worth, worth_lately
from matching.nightly import Nightly
from matching.placed import bound_to, rows
from stores.changes import Change, Changes
from stores.records import Records

_SLICES = 4
"""How many accounts' are kept at once; the least used goes first."""
_SETTLING = timedelta(seconds=5)
"""For so long after an edit changes are followed again where commits may overtake numbers, which
those of one file cannot."""
_COUNTED_AGAIN = timedelta(seconds=5)
_AHEAD = timedelta(seconds=1)
"""So much earlier the counts are read again aside, while somebody asks: nobody waits for them."""
_COLUMNS = len(Popularity._fields) - 1
_PATCHED = 5_000
"""More materials than this are read with all others."""
_HARMLESS = {"created_tag", "renamed_tag"}


class Unshown(NamedTuple):
    """What stands on a shelf and was on nobody's list yet."""

    standing: int
    never: int
    materials: list[str]
    """Some of these, those longest on a shelf first."""


class Candidates:
    """What may be shown to whom, right now, with how it has fared so far."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        counters: Counters,
        clock: Clock,
        nightly: Nightly,
    ) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock
        self._lock = threading.RLock()
        self._whole: Whole | None = None
        self._version = -1
        self._mark = ""
        self._settling = _SETTLING if records.on_postgres else timedelta()
        self._settled = clock()
        self._slices: OrderedDict[str, tuple[int, Slice]] = OrderedDict()
        """Each with the turn at which it was counted."""
        self._fared = _Fared(counters, nightly)
        self._turn = 0
        """Counted up whenever the counts are other ones."""
        self._aside = ThreadPoolExecutor(1, "counts")  # no thread before it is first needed
        self._counting: Future[None] | None = None

    def slice(self, account: str = "") -> Slice:
        """What ``account`` (empty: any) shows to anybody."""
        now = self._clock()
        with self._lock:
            whole = self._in_step(now)
            self._count(now)
            kept = self._slices.get(account)
            if kept is None or not kept[1].holds(now):
                kept = self._turn, self._fared.counted(whole.slice(account, now), now)
            elif kept[0] != self._turn:
                kept = self._turn, self._fared.counted(kept[1], now)
            self._slices[account] = kept
            if len(self._slices) > _SLICES:
                self._slices.popitem(last=False)
            self._slices.move_to_end(account)
            return kept[1]

    def warm(self) -> None:
        """Read what stands before anybody asks: at 100,000 materials that takes seconds."""
        now = self._clock()
        with self._lock:
            self._in_step(now)
            self._count(now)

    def close(self) -> None:
        """Wait for what is being counted."""
        self._aside.shutdown()

    @property
    def degraded(self) -> bool:
        """Are lists made from counts that are far behind what has happened?"""
        return self._fared.lags

    def company(self, keys: Keys) -> tuple[Floats, float]:
        """How often the whole company reads each of these, and everything: decayed counts, as
        `Counters` keeps them."""
        return self._fared.company(keys)

    def unshown(self, sight: Collection[str] | None, limit: int) -> Unshown:
        """What of the shelf was never recommended to anybody."""
        there = self.slice()
        seen = there.sight(sight).of(np.arange(len(there)))
        never = seen[there.shown[seen] == 0]
        first = never[np.argsort(there.opened[never], kind="stable")][:limit]
        return Unshown(len(seen), len(never), [str(each) for each in there.ids[first]])

    def _count(self, now: datetime) -> None:
        """Have the counts as they were a moment ago: read aside while lists are made from those
        before, or now by who asks first after a rest."""
        if self._fared.due(now):
            self._turn += self._fared.moved(now)
        elif self._fared.due(now + _AHEAD) and (self._counting is None or self._counting.done()):
            self._counting = self._aside.submit(self._count_ahead, now)

    def _count_ahead(self, now: datetime) -> None:
        """What fails here fails once more for who asks, when it is due."""
        if not self._fared.moved(now):
            return
        with self._lock:
            before = dict(self._slices)
        counted = {key: self._fared.counted(each, now) for key, (_, each) in before.items()}
        with self._lock:
            self._turn += 1
            for key, kept in before.items():
                if self._slices.get(key) is kept:
                    self._slices[key] = self._turn, counted[key].readied(kept[1])

    def _in_step(self, now: datetime) -> Whole:
        version = self._changes.version()
        if self._whole is None:
            return self._load(version)
        if version != self._version:
            self._settled = now + self._settling
        elif now >= self._settled:
            return self._whole
        stretch = self._changes.after(self._mark)
        while stretch.changes:
            touched = self._touched(stretch.changes)
            if touched is None or len(touched) > _PATCHED:
                return self._load(version)
            if touched:
                self._patch(touched)
            self._mark = stretch.mark  # what could not be read is read the next time
            stretch = self._changes.after(self._mark)
        self._version = version
        return self._whole

    def _load(self, version: int) -> Whole:
        with self._records.read() as session:
            mark = self._changes.end()
            self._whole = Whole.of(rows(session, None))
        self._mark, self._version = mark, version
        self._settled = self._clock() + self._settling
        self._slices.clear()
        return self._whole

    def _touched(self, changes: Iterable[Change]) -> set[str] | None:
        """The materials that changes are about; None if everything must be read again."""
        touched = set()
        for change in changes:
            if change.kind == "material":
                touched.add(change.subject)
            elif change.kind == "placement":
                touched.add(str(change.detail["material"]))
            elif change.kind == "product":
                with self._records.read() as session:
                    touched |= bound_to(session, change.subject)
            elif change.kind == "tag" and change.act not in _HARMLESS:
                return None
        return touched

    def _patch(self, materials: set[str]) -> None:
        if self._whole is None:
            return
        with self._records.read() as session:
            found = {row.material: row for row in rows(session, materials)}
        self._whole = self._whole.patched({each: found.get(each) for each in materials})
        self._slices.clear()


class _Counts(NamedTuple):
    """How every content has fared, as sorted columns. Never changed in place, so that nobody who
    looks at them waits for who counts on."""

    keys: Keys
    """Another array only when there are more of them."""
    columns: Floats

    def learnt(self, counts: Sequence[Popularity]) -> _Counts:
        """With what was counted since. Those counted before are found in their places, so that one
        event costs little however much has been counted."""
        keys = keys_of(each.material for each in counts)
        told = np.array([each[1:] for each in counts], np.float64).T
        at, known = self.places(keys)
        columns = self.columns.copy()
        columns[:, at[known]] = told[:, known]
        if known.all():
            return _Counts(self.keys, columns)
        joined = np.concatenate((self.keys, keys[~known]))
        order = np.argsort(joined, kind="stable")
        return _Counts(joined[order], np.concatenate((columns, told[:, ~known]), axis=1)[:, order])

    def places(self, keys: Keys) -> tuple[Places, npt.NDArray[np.bool_]]:
        """(where each stands, whether it does)."""
        at = np.minimum(np.searchsorted(self.keys, keys), max(0, len(self.keys) - 1))
        return at, self.keys[at] == keys if len(self.keys) else np.zeros(len(keys), bool)


_UNCOUNTED = _Counts(np.empty(0, np.uint64), np.empty((_COLUMNS, 0)))


class _Fared:
    """How every content has fared; read again every few seconds."""

    def __init__(self, counters: Counters, nightly: Nightly) -> None:
        self._counters = counters
        self._nightly = nightly
        self._lock = threading.Lock()
        self._night = -1
        self._mark = 0
        self._again: datetime | None = None
        self._counts = _UNCOUNTED
        self.lags = False

    def due(self, now: datetime) -> bool:
        """Were they read so long ago that they must be read again, or, by a clock that was put
        back, not yet?"""
        return self._again is None or not self._again - _COUNTED_AGAIN <= now < self._again

    def moved(self, now: datetime) -> bool:
        """Read what moved; did anything?"""
        with self._lock:
            moved = self._read()
            self._again = now + _COUNTED_AGAIN
        return moved

    def _read(self) -> bool:
        """What fails half way is read again, the next time."""
        night, before = self._nightly.number, self._night
        self.lags = self._counters.lags()
        mark = self._counters.mark()
        if mark == self._mark:
            self._night = night
            return night != before
        if mark < self._mark:  # folded again from the start
            self._counts, self._mark = _UNCOUNTED, 0
        if counts := self._counters.since(self._mark):
            self._counts = self._counts.learnt(counts)
        self._mark, self._night = mark, night
        return True

    def company(self, keys: Keys) -> tuple[Floats, float]:
        """How often each of these is read, and all."""
        counts = self._counts
        at, known = counts.places(keys)
        popular = counts.columns[0]
        read = np.zeros(len(keys))
        read[known] = popular[at[known]]
        return read, float(popular.sum())

    def counted(self, candidates: Slice, now: datetime) -> Slice:
        """The slice with its counts, popularity as of now."""
        counts, present = self._counts, now.timestamp()
        found, where = candidates.places_of_all(counts.keys)
        columns = np.zeros((_COLUMNS, len(candidates)))
        columns[:, where] = counts.columns[:, found]
        nightly = np.zeros(len(candidates), bool)
        nightly[candidates.places_of_all(self._nightly.known())[1]] = True
        return candidates.fared(
            popular=shown_as(columns[0] / worth(present)),
            lately=shown_as(columns[1] / worth_lately(present)),
            readers=columns[2], shown=columns[3], clicked=columns[4], nightly=nightly,
        )  # fmt: skip
